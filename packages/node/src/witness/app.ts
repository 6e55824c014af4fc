/**
 * A witness over HTTP, to be mounted under any prefix: `POST add-checkpoint` of C2SP tlog-witness, and two paths of
 * our own for readers, which the specification leaves open:
 *
 *     GET vkey                                     the witness's vkey, one a line
 *     GET checkpoint/<hex SHA-256 of the origin>   the newest checkpoint cosigned, as a note with the cosignature
 */
import { Hono } from 'hono'
import { readBounded } from './bounded.ts'
import { MAX_WITNESS_BODY, refusal, TEXT_CONTENT_TYPE, type Witness, type WitnessAnswer } from './witness.ts'

export interface WitnessAppOptions {
  /** Told of errors that are the witness's own; the caller hears no more than `internal`. */
  onError?: (error: unknown) => void
  /** Decides before the witness does: an answer in its place, or undefined. */
  gate?: (body: Uint8Array) => Promise<WitnessAnswer | undefined>
}

export function witnessApp(witness: Witness, { onError, gate }: WitnessAppOptions = {}): Hono {
  const app = new Hono()

  app.post('/add-checkpoint', async c => {
    let body: Uint8Array | undefined
    try {
      body = await readBounded(c.req.raw.body, MAX_WITNESS_BODY)
    } catch {
      return respond(refusal(400, 'bad-request', 'the body broke off'))
    }
    if (body === undefined) return respond(refusal(413, 'too-large', 'the body is over 1 MiB'))
    return respond((await gate?.(body)) ?? witness.addCheckpoint(body))
  })

  app.get('/vkey', () =>
    respond({ status: 200, contentType: TEXT_CONTENT_TYPE, body: `${witness.vkeys.join('\n')}\n` }),
  )

  app.get('/checkpoint/:id', c => {
    const record = witness.latest(c.req.param('id'))
    if (record === undefined) return respond(refusal(404, 'not-found', 'nothing of that origin was cosigned'))
    return respond({ status: 200, contentType: TEXT_CONTENT_TYPE, body: record.note })
  })

  app.notFound(() => respond(refusal(404, 'not-found', 'no such path')))
  app.onError(error => {
    onError?.(error)
    return respond(refusal(500, 'internal', 'the witness could not answer'))
  })
  return app
}

function respond({ status, contentType, body }: WitnessAnswer): Response {
  return new Response(body, {
    status,
    headers: {
      'content-type': contentType,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  })
}
