/**
 * The second listener: what other members and readers need, and nothing else. Calls, the page, how things stand here
 * and the metrics stay on the first one, which is loopback unless its configuration has keys.
 */
import { createServer } from 'node:http'
import { AnswerableError, errorCode } from '@answerable/core'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import type { NetworkConfig } from '../gateway/config.ts'
import { Connections } from '../gateway/connections.ts'
import { errorBody } from '../gateway/http.ts'
import { listen } from '../gateway/node.ts'

/** First parts of the paths that are served there. */
export const EXPOSED = [
  'registry',
  'validator',
  'witness',
  'network',
  'log',
  'logs',
  'receipts',
  'audit',
  'dispute',
  'documents',
  'models',
  'trust',
  'healthz',
] as const

type Fetch = (request: Request) => Response | Promise<Response>

/** Bounds of a listener that strangers reach. */
const BOUNDS = { connections: 1024, writeSeconds: 30 }
const REQUEST_MS = 30_000

export function exposedApp(all: Fetch): Hono {
  const app = new Hono()
  for (const part of EXPOSED) {
    app.all(`/${part}`, c => all(c.req.raw))
    app.all(`/${part}/*`, c => all(c.req.raw))
  }
  app.notFound(() => {
    const { status, body } = errorBody(
      new AnswerableError('not-found', 'this address is for members and readers; calls are not taken here'),
    )
    return new Response(new Uint8Array(body), { status, headers: { 'content-type': 'application/json' } })
  })
  return app
}

export interface Exposed {
  url: string
  close(): Promise<void>
}

/** Throws `port-taken` and `bad-config`. */
export async function listenExposed(
  all: Fetch,
  { host, port }: Pick<NetworkConfig, 'host' | 'port'>,
  bounds = BOUNDS,
): Promise<Exposed> {
  const app = exposedApp(all)
  const listener = getRequestListener(request => app.fetch(request), { overrideGlobalObjects: false })
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: 65_000 },
    (request, response) => {
      connections.watch(request, response)
      void listener(request, response)
    },
  )
  // Tiles are large: what nobody takes must not stay in memory.
  const connections = new Connections(server, bounds)
  const url = await listen(server, host, port).catch(cause => {
    if (errorCode(cause) !== 'port-taken') throw cause
    throw new AnswerableError('port-taken', `network.port: ${port} is taken; give another one`, { cause })
  })
  return {
    url,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeIdleConnections()
        setTimeout(() => server.closeAllConnections(), 5000).unref()
      }),
  }
}
