/**
 * What a validator offers over HTTP, to be mounted under `/validator`:
 *
 *     POST hand-ins   a statement for the registry that the host may not want; answered with a stamp
 *     POST stamps     from another validator: a statement and its stamp
 *     POST moves      from another validator: a host's move, for a signature
 *     GET  notes      checkpoints that the host signed, as seen from here, to compare with
 *     GET  status
 */
import { AnswerableError } from '@answerable/core'
import { openEntry, parseRegistryPayload } from '@answerable/core/registry'
import { Hono } from 'hono'
import { z } from 'zod'
import { bodyOf, MAX_ENTRY } from '../registry/app.ts'
import type { RegistryBook } from '../registry/book.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { Moves } from './moves.ts'
import type { Validator } from './validator.ts'

export interface ValidatorAppOptions {
  book: RegistryBook
  validator: Validator
  moves: Moves
  client(url: string): RegistryClient
}

const Stamped = z.strictObject({ entry: z.string().max(MAX_ENTRY), stamp: z.string().max(MAX_ENTRY) })

export function validatorApp({ book, validator, moves, client }: ValidatorAppOptions): Hono {
  const app = new Hono()
  app.post('/hand-ins', async c => c.json(await validator.handIn(await bodyOf(c.req.raw))))
  app.post('/stamps', async c => {
    const body = await bodyOf(c.req.raw, 4 * MAX_ENTRY)
    const parsed = Stamped.safeParse(jsonOf(body))
    if (!parsed.success) throw new AnswerableError('bad-request', 'expected an entry and its stamp')
    await validator.noteStamp(Buffer.from(parsed.data.entry), Buffer.from(parsed.data.stamp))
    return c.json({})
  })
  app.post('/moves', async c => {
    const entry = await bodyOf(c.req.raw)
    // Back to the proposer by the address that the registry has of it, never by one that the request names.
    const { by } = parseRegistryPayload(openEntry(entry).payload)
    const url = book.state.members.get(by)?.url
    if (!url) throw new AnswerableError('forbidden', 'the proposer is no member with an address')
    const answer = await moves.sign(entry, client(url))
    return c.json('entry' in answer ? { entry: Buffer.from(answer.entry).toString() } : answer)
  })
  app.get('/notes', c => c.json({ notes: validator.notes }))
  app.get('/status', c => c.json(validator.status))
  return app
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString())
  } catch {
    return undefined
  }
}
