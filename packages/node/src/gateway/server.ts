/**
 * The gateway's HTTP server. Calls take the short way, on node:http itself; everything else goes to the Hono app of
 * `public.ts`, which may take its time.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { AnswerableError } from '@answerable/core'
import { getRequestListener } from '@hono/node-server'
import type { Backend } from './backend.ts'
import { Call, type CallContext } from './call.ts'
import type { Callers } from './callers.ts'
import { readBody, sendError } from './http.ts'
import { handleInfer, isInfer, type ServedModels } from './kserve.ts'
import type { Metrics } from './metrics.ts'
import { handleOpenAI, READ_PATHS } from './openai.ts'
import { StrangerCheck } from './strangers.ts'

export interface ServerOptions {
  context: CallContext
  callers: Callers
  backends: readonly Backend[]
  models: ServedModels
  metrics: Metrics
  /** Everything that is not a call. */
  fetch(request: Request): Response | Promise<Response>
  /** Faults of ours, for the operator. */
  report(error: unknown): void
}

export function createGateway(options: ServerOptions): Server {
  const other = getRequestListener(options.fetch, { overrideGlobalObjects: false })
  const { context, callers, backends, models, metrics, report } = options
  const passThrough = new Set(context.config.passThrough)
  const { concurrent, requestBytes } = context.config.limits
  const pending = new Map<string, Promise<void>>()
  const { publicUrl } = context.config
  const strangers = new StrangerCheck(publicUrl === undefined ? [] : [new URL(publicUrl).hostname])
  let running = 0
  metrics.observe('answerable_calls_running', 'Calls under way', () => running)

  async function handle(request: IncomingMessage, response: ServerResponse, infer: boolean): Promise<void> {
    const started = performance.now()
    running++
    try {
      if (running > concurrent)
        throw new AnswerableError('too-many-requests', `this gateway takes ${concurrent} calls at a time`)
      const { problem } = context.recorder
      if (problem !== undefined) throw problem
      const caller = callers.admit(request.headers.authorization, Date.now())
      const body = await readBody(request, requestBytes)
      const call = new Call(context, request, response, caller, body)
      const run = () => (infer ? handleInfer(call, models) : handleOpenAI(call, backends))
      if (call.idempotency === undefined) await run()
      else await onlyOnce(pending, call, run)
    } catch (error) {
      if (!(error instanceof AnswerableError)) report(error)
      sendError(request, response, error)
    } finally {
      running--
      metrics.call(response.statusCode, performance.now() - started)
    }
  }

  const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 60_000 }, (request, response) => {
    const path = pathOf(request.url ?? '/')
    if (!callers.closed) {
      try {
        // Receipts are opened by a secret that no browser sends by itself, so any page may check one.
        const { host, origin } = request.headers
        strangers.refuse({ host, origin: path.startsWith('/receipts/') ? undefined : origin })
      } catch (error) {
        sendError(request, response, error)
        return
      }
    }
    if (request.method === 'POST') {
      if (READ_PATHS.has(path) || passThrough.has(path)) return void handle(request, response, false)
      if (isInfer(path)) return void handle(request, response, true)
    }
    void other(request, response)
  })
  // A client error before there is a request: answer plainly, and say nothing of us.
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
  })
  return server
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

/** A repeated call waits for the first of its key, and gets the same answer and receipt. */
async function onlyOnce(
  pending: Map<string, Promise<void>>,
  call: Call,
  run: () => Promise<void>,
): Promise<void> {
  const digest = call.idempotency!
  for (let first = pending.get(digest); first !== undefined; first = pending.get(digest)) {
    await first.catch(() => undefined)
  }
  let finished!: () => void
  pending.set(
    digest,
    new Promise(resolve => {
      finished = resolve
    }),
  )
  try {
    if (!(await call.replay(digest))) await run()
  } finally {
    pending.delete(digest)
    finished()
  }
}
