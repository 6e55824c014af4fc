/**
 * The gateway's HTTP server. Calls take the short way, on node:http itself; everything else goes to the Hono app of
 * `public.ts`, which may take its time.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { AnswerableError } from '@answerable/core'
import { getRequestListener } from '@hono/node-server'
import type { Backend } from './backend.ts'
import { Call, type CallContext } from './call.ts'
import type { CallProtocol } from './call-paths.ts'
import type { Callers } from './callers.ts'
import { Connections, refuseTwoHosts } from './connections.ts'
import { readBody, sendError } from './http.ts'
import { handleInfer, type ServedModels } from './kserve.ts'
import type { Metrics } from './metrics.ts'
import { handleOpenAI } from './openai.ts'
import type { Routes } from './opinions/routes.ts'
import { StrangerCheck } from './strangers.ts'

export interface ServerOptions {
  /** Whether calls have to wait for the node to be ready: they are refused until then. */
  starting(): boolean
  context: CallContext
  callers: Callers
  backends: readonly Backend[]
  models: ServedModels
  /** Names under which several models are asked. */
  routes: Routes
  metrics: Metrics
  callProtocol(path: string): CallProtocol | undefined
  /** Everything that is not a call. */
  fetch(request: Request): Response | Promise<Response>
  /** Faults of ours, for the operator. */
  report(error: unknown): void
}

export function createGateway(options: ServerOptions): Server {
  const other = getRequestListener(options.fetch, { overrideGlobalObjects: false })
  const { starting, context, callers, backends, models, routes, metrics, callProtocol, report } = options
  const { limits } = context.config
  const { concurrent, bodySeconds } = limits
  const pending = new Map<string, Promise<void>>()
  const { publicUrl } = context.config
  const strangers = new StrangerCheck(publicUrl === undefined ? [] : [new URL(publicUrl).hostname])
  let running = 0
  metrics.observe('answerable_calls_running', 'Calls under way', () => running)

  async function handle(
    request: IncomingMessage,
    response: ServerResponse,
    protocol: CallProtocol,
    goOn?: () => void,
  ): Promise<void> {
    const started = performance.now()
    running++
    try {
      if (running > concurrent)
        throw new AnswerableError('too-many-requests', `this gateway takes ${concurrent} calls at a time`)
      if (starting())
        throw new AnswerableError(
          'unavailable',
          'this node is being stated in the registry; try again in a second',
        )
      const { problem } = context.recorder
      if (problem !== undefined) throw problem
      const caller = callers.admit(request.headers.authorization, Date.now())
      const body = await readBody(request, { most: limits.requestBytes, seconds: bodySeconds, goOn })
      const call = new Call(context, request, response, caller, body)
      const run = () =>
        protocol === 'kserve' ? handleInfer(call, models, routes) : handleOpenAI(call, backends, routes)
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

  function receive(request: IncomingMessage, response: ServerResponse, goOn?: () => void): void {
    connections.watch(request, response)
    const path = pathOf(request.url ?? '/')
    try {
      refuseTwoHosts(request)
      // Receipts are opened by a secret that no browser sends by itself, so any page may check one.
      const { host, origin } = request.headers
      if (!callers.closed)
        strangers.refuse({ host, origin: path.startsWith('/receipts/') ? undefined : origin })
    } catch (error) {
      sendError(request, response, error)
      return
    }
    const protocol = request.method === 'POST' ? callProtocol(path) : undefined
    if (protocol !== undefined) return void handle(request, response, protocol, goOn)
    goOn?.()
    void other(request, response)
  }

  const timeouts = {
    keepAliveTimeout: 65_000,
    headersTimeout: HEADERS_SECONDS * 1000,
    // The bound of the body itself comes first, and can be answered.
    requestTimeout: (HEADERS_SECONDS + bodySeconds + 10) * 1000,
  }
  const server = createServer(timeouts, (request, response) => receive(request, response))
  // Nothing is sent on by a caller who asked first and is refused.
  server.on('checkContinue', (request, response) =>
    receive(request, response, () => response.writeContinue()),
  )
  const connections = new Connections(server, limits)
  metrics.observe('answerable_connections_refused', 'Connections over the limit', () => connections.refused)
  metrics.observe(
    'answerable_answers_unread',
    'Connections ended with an unread answer',
    () => connections.unread,
  )
  return server
}

const HEADERS_SECONDS = 30

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
