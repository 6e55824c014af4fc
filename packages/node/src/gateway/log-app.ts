/** A log over HTTP, as C2SP tlog-tiles has it: `checkpoint`, `tile/...`, and its key as one `vkey` line. */
import { AnswerableError } from '@answerable/core'
import { formatVkey, type VerifierKey } from '@answerable/core/note'
import { encodeBundle, parseTilePath } from '@answerable/core/tlog'
import { Hono } from 'hono'
import type { Log } from '../log/log.ts'

const IMMUTABLE = 'public, max-age=31536000, immutable'

export function logApp(log: () => Log, key: VerifierKey): Hono {
  const app = new Hono()
  app.get('/checkpoint', c =>
    c.body(log().published.note, 200, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-cache',
    }),
  )
  app.get('/vkey', c => c.text(`${formatVkey(key)}\n`))
  app.get('/tile/*', async c => {
    const path = c.req.path.slice(c.req.path.indexOf('/tile/') + 1)
    const { level, index, width } = parseTilePath(path)
    // Tiles are served up to what was signed: a receipt's own checkpoint may be newer than the published one.
    const bytes =
      level === 'entries'
        ? encodeBundle(await log().entries(index * 256, width))
        : await log().tile(level, index, width)
    return c.body(new Uint8Array(bytes), 200, {
      'content-type': 'application/octet-stream',
      'cache-control': IMMUTABLE,
    })
  })
  app.all('*', () => {
    throw new AnswerableError('not-found', 'a log has checkpoint, vkey and tile/...')
  })
  return app
}
