/** Serves the built page: a handful of files, read once at start, under a policy that lets nothing else in. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { Hono } from 'hono'

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
}

const HEADERS = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}
const MOST_BYTES = 16 << 20

/** Throws `not-found` where the page was not built. */
export function pageApp(folder: string): Hono {
  const files = new Map<string, { body: Uint8Array<ArrayBuffer>; type: string }>()
  let bytes = 0
  const walk = (at: string, path: string) => {
    for (const name of readdirSync(at)) {
      const file = join(at, name)
      if (statSync(file).isDirectory()) walk(file, `${path}${name}/`)
      else {
        const body = new Uint8Array(readFileSync(file))
        bytes += body.length
        if (bytes > MOST_BYTES) throw new AnswerableError('too-large', `${folder}: more than a page`)
        files.set(path + name, { body, type: TYPES[extname(name)] ?? 'application/octet-stream' })
      }
    }
  }
  try {
    walk(folder, '/')
  } catch (cause) {
    if (cause instanceof AnswerableError) throw cause
    throw new AnswerableError(
      'not-found',
      `${folder}: the page is not built; run: npm run build -w @answerable/web`,
      { cause },
    )
  }
  const app = new Hono()
  for (const [path, { body, type }] of files) {
    const headers = {
      ...HEADERS,
      'content-type': type,
      // Built files carry a digest in their names; the page itself must be asked for each time.
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    }
    app.get(path === '/index.html' ? '/' : path, c => c.body(body, 200, headers))
  }
  return app
}
