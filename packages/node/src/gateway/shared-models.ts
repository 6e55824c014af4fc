/** Models that the operator shares: what they are, their signature files, and their files, of which parts can be asked for. */
import { type FileHandle, open } from 'node:fs/promises'
import { AnswerableError } from '@answerable/core'
import { Hono } from 'hono'

export interface SharedModel {
  name: string
  version: string
  signed: { manifest: string }
  /** The signature file. */
  bytes: Uint8Array
  files: { name: string; path: string; sha256: string; size: number }[]
}

const PIECE = 256 * 1024
const IMMUTABLE = 'public, max-age=31536000, immutable'

export function sharedModelsApp(models: readonly SharedModel[]): Hono {
  const app = new Hono()
  const files = new Map(models.flatMap(model => model.files.map(file => [file.sha256, file] as const)))
  app.get('/', c =>
    c.json({
      models: models.map(({ name, version, signed, files: list }) => ({
        name,
        version,
        manifest: signed.manifest,
        files: list.map(({ name: file, sha256, size }) => ({ name: file, sha256, size })),
      })),
    }),
  )
  app.get('/:manifest/signature', c => {
    const model = models.find(({ signed }) => signed.manifest === c.req.param('manifest'))
    if (model === undefined) throw new AnswerableError('not-found', 'no such model is shared here')
    return c.body(new Uint8Array(model.bytes), 200, {
      'content-type': 'application/json',
      'cache-control': IMMUTABLE,
    })
  })
  app.get('/files/:sha256', async c => {
    const file = files.get(c.req.param('sha256'))
    if (file === undefined) throw new AnswerableError('not-found', 'no such file is shared here')
    const range = rangeOf(c.req.header('range'), file.size)
    const headers: Record<string, string> = {
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      'cache-control': IMMUTABLE,
      etag: `"${file.sha256}"`,
    }
    if (range === 'beyond') return c.body(null, 416, { ...headers, 'content-range': `bytes */${file.size}` })
    const { start, end } = range ?? { start: 0, end: file.size - 1 }
    headers['content-length'] = String(end - start + 1)
    if (range !== undefined) headers['content-range'] = `bytes ${start}-${end}/${file.size}`
    return new Response(streamOf(file.path, start, end), {
      status: range === undefined ? 200 : 206,
      headers,
    })
  })
  return app
}

/** One range of bytes (RFC 9110 section 14.1.2); several, or another unit, are answered with the whole. */
function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'beyond' | undefined {
  const [, from, to] = /^bytes=(\d{1,15})-(\d{1,15})?$/.exec(header ?? '') ?? []
  if (from === undefined) return undefined
  const start = Number(from)
  const end = Math.min(to === undefined ? size - 1 : Number(to), size - 1)
  return start > end ? 'beyond' : { start, end }
}

/** A file as it is read: opened when its first part is wanted. One that has become shorter cuts the answer off. */
function streamOf(path: string, start: number, end: number): ReadableStream {
  let file: FileHandle | undefined
  let at = start
  return new ReadableStream(
    {
      async pull(controller) {
        file ??= await open(path)
        const bytes = new Uint8Array(Math.min(PIECE, end - at + 1))
        const { bytesRead } = await file.read(bytes, 0, bytes.length, at)
        at += bytesRead
        if (bytesRead > 0) controller.enqueue(bytes.subarray(0, bytesRead))
        if (bytesRead > 0 && at <= end) return
        await file.close()
        if (at <= end) controller.error(new Error('the file became shorter'))
        else controller.close()
      },
      cancel: () => file?.close(),
    },
    // Nothing is read ahead, so that a question for the head alone opens no file.
    { highWaterMark: 0 },
  )
}
