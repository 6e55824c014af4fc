/** Serving a fetch-style app over node:http. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { AnswerableError } from '@answerable/core'
import { codeOf } from './home.ts'

export interface Served {
  url: string
  close(): Promise<void>
}

type Fetch = (request: Request) => Response | Promise<Response>

/** Throws `port-taken`, and `bad-config` for an address that cannot be listened on. */
export function serve(fetch: Fetch, host: string, port: number): Promise<Served> {
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    // The app answers its own errors; what comes here is a client that went away.
    answer(fetch, request, response).catch(() => response.destroy())
  })
  return new Promise((resolve, reject) => {
    server.once('error', cause => {
      const taken = codeOf(cause) === 'EADDRINUSE'
      const message = taken
        ? `port ${port} is taken; give another with --port, or --port 0 for any`
        : `cannot listen on ${host}, port ${port} (${codeOf(cause)})`
      reject(new AnswerableError(taken ? 'port-taken' : 'bad-config', message, { cause }))
    })
    server.listen(port, host, () => {
      const address = server.address() as { port: number }
      resolve({
        url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
        close: () =>
          new Promise(done => {
            server.close(() => done())
            server.closeIdleConnections()
          }),
      })
    })
  })
}

async function answer(fetch: Fetch, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/', headers } = request
  const body =
    method === 'GET' || method === 'HEAD' ? null : (Readable.toWeb(request) as ReadableStream<Uint8Array>)
  const given = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as [string, string]] : [],
  )
  // The host is the client's word; apps here look at the path alone.
  const answered = await fetch(
    new Request(`http://localhost${url.startsWith('/') ? url : '/'}`, {
      method,
      headers: given,
      ...(body && { body: body as never, duplex: 'half' }),
    }),
  )
  response.writeHead(answered.status, Object.fromEntries(answered.headers))
  response.end(Buffer.from(await answered.arrayBuffer()))
}
