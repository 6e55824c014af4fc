/**
 * The registry over HTTP, to be mounted under `/registry`: its log as C2SP tlog-tiles has it, and beside it
 *
 *     POST statements            an envelope for the log; the host alone takes it, others name the host
 *     GET  statements/<digest>   what came of a statement, by the SHA-256 of its payload
 *     GET  documents/<sha256>    a document that a statement names: evidence, or an archive of endorsements
 *     PUT  documents/<sha256>    leaves one for a while that a statement is about to name
 *     GET  state                 how things stand, in short
 *     GET  state/<collection>    the records of one sort
 */
import { AnswerableError } from '@answerable/core'
import { COLLECTIONS, type CollectionName, hostUrl } from '@answerable/core/registry'
import { encodeBundle, parseTilePath } from '@answerable/core/tlog'
import { Hono } from 'hono'
import { readBounded } from '../witness/bounded.ts'
import type { RegistryBook } from './book.ts'
import { MAX_DOCUMENT_BYTES, type RegistryDocuments } from './documents.ts'
import type { Host } from './host.ts'
import type { Mirror } from './mirror.ts'

export interface RegistryAppOptions {
  book: RegistryBook
  host: Host
  mirror: Mirror
  documents: RegistryDocuments
  /** Whether this process is the host, and what it published last. */
  published(): string | undefined
}

export const MAX_ENTRY = 65_535
const IMMUTABLE = 'public, max-age=31536000, immutable'
const MOST_RECORDS = 1000
/** Documents that strangers send at once: each may take as much memory as it has bytes. */
const MOST_SENDING = 4

export function registryApp({ book, host, mirror, documents, published }: RegistryAppOptions): Hono {
  const app = new Hono()
  app.get('/checkpoint', c => {
    const note = published() ?? mirror.official?.note
    if (note === undefined) throw new AnswerableError('not-found', 'no checkpoint yet')
    return c.body(note, 200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' })
  })
  app.get('/vkey', c => c.text(`${book.state.host?.vkey ?? ''}\n`))
  app.get('/tile/*', async c => {
    const path = c.req.path.slice(c.req.path.indexOf('/tile/') + 1)
    const { level, index, width } = parseTilePath(path)
    const bytes =
      level === 'entries'
        ? encodeBundle(await book.entries(index * 256, width))
        : await book.log.tile(level, index, width)
    return c.body(new Uint8Array(bytes), 200, {
      'content-type': 'application/octet-stream',
      // A mirror's end may yet prove to be an abandoned one.
      'cache-control': width === 256 ? IMMUTABLE : 'no-cache',
    })
  })
  app.post('/statements', async c => {
    const entry = await bodyOf(c.req.raw)
    if (book.state.host?.origin !== book.origin)
      throw new AnswerableError('wrong-host', `the host is ${hostUrl(book.state) ?? 'not known yet'}`)
    return c.json(await host.submit(entry))
  })
  app.get('/statements/:digest', c => {
    const outcome = book.find(c.req.param('digest'))
    if (outcome === undefined) throw new AnswerableError('not-found', 'the registry holds no such statement')
    return c.json(outcome)
  })
  app.get('/documents/:digest', async c => {
    const bytes = await documents.get(c.req.param('digest'))
    if (bytes === undefined) throw new AnswerableError('not-found', 'no such document here')
    return c.body(new Uint8Array(bytes), 200, {
      'content-type': 'application/octet-stream',
      'cache-control': IMMUTABLE,
      // Whoever brought it chose its bytes: no browser is to make a page of them.
      'x-content-type-options': 'nosniff',
      'content-disposition': 'attachment',
    })
  })
  let sending = 0
  app.put('/documents/:digest', async c => {
    if (sending >= MOST_SENDING)
      throw new AnswerableError('too-many-requests', 'too many documents are on their way; come again')
    sending++
    try {
      const body = await readBounded(c.req.raw.body, MAX_DOCUMENT_BYTES)
      if (body === undefined)
        throw new AnswerableError('too-large', `a document has at most ${MAX_DOCUMENT_BYTES} bytes`)
      documents.leave(c.req.param('digest'), body)
      return c.json({ bytes: body.length })
    } finally {
      sending--
    }
  })
  app.get('/state', c => c.json(summary(book, mirror)))
  app.get('/state/:collection', c => {
    const name = c.req.param('collection') as CollectionName
    if (!COLLECTIONS.includes(name))
      throw new AnswerableError('not-found', `there are ${COLLECTIONS.join(', ')}`)
    const from = Number(c.req.query('from') ?? 0)
    if (!Number.isSafeInteger(from) || from < 0)
      throw new AnswerableError('bad-request', 'from: expected a non-negative integer')
    const records = [...book.state[name].entries()].slice(from, from + MOST_RECORDS)
    return c.json({
      size: book.size,
      count: book.state[name].size,
      from,
      records: Object.fromEntries(records),
    })
  })
  app.all('*', () => {
    throw new AnswerableError(
      'not-found',
      'a registry has checkpoint, vkey, tile/..., statements, documents and state',
    )
  })
  return app
}

/** An envelope from a request, bounded. Throws `too-large`. */
export async function bodyOf(request: Request, limit: number = MAX_ENTRY): Promise<Uint8Array> {
  const body = await readBounded(request.body, limit)
  if (body === undefined)
    throw new AnswerableError('too-large', `a registry entry has at most ${limit} bytes`)
  return body
}

export function summary(book: RegistryBook, mirror: Mirror): Record<string, unknown> {
  const { state, registry } = book
  return {
    network: state.network,
    name: state.name,
    size: book.size,
    official: mirror.official?.size ?? 0,
    rules: state.rules,
    time: state.time,
    clock: state.clock,
    epoch: state.epoch,
    host: state.host === undefined ? null : { ...state.host, url: hostUrl(state) },
    owners: state.groups(['validator']),
    due: registry.due ?? null,
    terms: state.terms,
  }
}
