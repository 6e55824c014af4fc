/**
 * The loopback endpoint: what `recorded` does for a fetch, for programs in any language. It adds no credentials and
 * answers on loopback alone, to callers that asked for it by a loopback name.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { AnswerableError } from '@answerable/core'
import { refuseStrangers } from '@answerable/node/gateway'
import type { Fetch, RecordedOptions } from './options.ts'
import { recorded } from './recorded.ts'
import { refusalOf } from './refusals.ts'

export interface ProxyOptions extends Omit<RecordedOptions, 'hold'> {
  /** The gateway. A `/v1` at its end is the same as none, since callers bring their own. */
  target: URL
  /** 0 picks one. */
  port: number
  /** Hold every answer until it is checked. */
  strict: boolean
  fetch?: Fetch
  /** Told of answers that need no receipt and have none: a gateway's 401, 413, 429 or 503. */
  onPassed?: (passed: { method: string; path: string; status: number }) => void
}

export interface RunningProxy {
  url: string
  close(): Promise<void>
}

const MOST_REQUEST = 64 * 1024 * 1024

/** Throws `port-taken`, and what `recorded` throws for its options. */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const { target, port, strict, fetch: inner = fetch, onPassed, ...rest } = options
  const base = target.origin + target.pathname.replace(/\/$/, '').replace(/\/v1$/, '')
  const send = recorded(inner, { ...rest, hold: strict ? 'everything' : 'nothing' })
  const most = rest.maxBytes ?? MOST_REQUEST

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const abort = new AbortController()
    response.on('close', () => {
      if (!response.writableFinished) abort.abort(new DOMException('the caller has gone', 'AbortError'))
    })
    try {
      refuseStrangers(request.headers)
      const url = urlUnder(base, request.url ?? '/')
      const method = request.method ?? 'GET'
      const body = await readBody(request, most)
      if (body.length > 0 && (method === 'GET' || method === 'HEAD'))
        throw new AnswerableError('bad-request', `a ${method} has no body here`)
      const answer = await send(url, {
        method,
        headers: requestHeaders(request),
        signal: abort.signal,
        redirect: 'manual',
        ...(body.length > 0 && { body }),
      })
      if (method !== 'GET' && method !== 'HEAD' && !answer.headers.has('answerable-receipt'))
        onPassed?.({ method, path: request.url ?? '/', status: answer.status })
      await passOn(answer, response, method, abort.signal)
    } catch (error) {
      if (!abort.signal.aborted) giveError(request, response, error)
    }
  }

  const server = createServer(
    { requestTimeout: 300_000 },
    (request, response) => void handle(request, response),
  )
  const address = await listen(server, port)
  return {
    url: `http://127.0.0.1:${address}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Throws `bad-request` for what would be asked of somebody else, or above the base. */
function urlUnder(base: string, path: string): string {
  const text = base + path
  if (!path.startsWith('/') || !URL.canParse(text) || !`${new URL(text).href}/`.startsWith(`${base}/`))
    throw new AnswerableError('bad-request', 'expected a path, as a server gets it')
  return text
}

async function readBody(request: IncomingMessage, most: number): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += (chunk as Buffer).length
    if (length > most) throw new AnswerableError('too-large', `the request is over ${most} bytes`)
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

/** Fields of one connection (RFC 9110 section 7.6.1), and those that fetch writes itself. */
const HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
]
const NOT_SENT = new Set([...HOP, 'host', 'expect', 'accept-encoding', 'origin'])
/** The body is decoded by now, and of another length. */
const NOT_GIVEN = new Set([...HOP, 'content-encoding'])

function requestHeaders({ headers }: IncomingMessage): Headers {
  const named = new Set((headers.connection ?? '').toLowerCase().split(/[\s,]+/))
  const out = new Headers({ 'accept-encoding': 'identity' })
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || NOT_SENT.has(name) || named.has(name)) continue
    for (const one of Array.isArray(value) ? value : [value]) out.append(name, one)
  }
  return out
}

async function passOn(
  answer: Response,
  response: ServerResponse,
  method: string,
  signal: AbortSignal,
): Promise<void> {
  const head: [string, string][] = []
  for (const [name, value] of answer.headers)
    if (!NOT_GIVEN.has(name) && name !== 'set-cookie') head.push([name, value])
  for (const cookie of answer.headers.getSetCookie()) head.push(['set-cookie', cookie])
  // Without a length the end of the message is a mark of its own, which a failing answer never gets.
  const length = answer.headers.get('content-length')
  if (method === 'HEAD' && length !== null) head.push(['content-length', length])
  response.writeHead(answer.status, answer.statusText, head.flat())
  response.flushHeaders()
  if (answer.body !== null)
    for await (const chunk of answer.body)
      if (!response.write(chunk)) await once(response, 'drain', { signal })
  response.end()
}

const STATUS: Partial<Record<AnswerableError['code'], number>> = {
  'bad-request': 400,
  'bad-encoding': 400,
  forbidden: 403,
  'too-large': 413,
  'not-writable': 503,
  'upstream-timeout': 504,
}

function giveError(request: IncomingMessage, response: ServerResponse, cause: unknown): void {
  // An orderly end would say that this was all.
  if (response.headersSent) return void response.socket?.resetAndDestroy()
  const error =
    refusalOf(cause) ??
    new AnswerableError('upstream-unreachable', 'the gateway cannot be reached', { cause })
  const { code, message } = error
  const body = Buffer.from(
    JSON.stringify({ error: { message, type: 'answerable_error', param: null, code } }),
  )
  response.writeHead(STATUS[code] ?? 502, {
    'content-type': 'application/json',
    'content-length': body.length,
    // A refusal is final: asking again would run the model again.
    ...((code === 'no-receipt' || code === 'receipt-rejected') && { 'x-should-retry': 'false' }),
    ...(!request.complete && { connection: 'close' }),
  })
  response.end(body)
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE'
      const message = taken ? `port ${port} is taken; --port 0 picks a free one` : cause.message
      reject(new AnswerableError(taken ? 'port-taken' : 'bad-config', message, { cause }))
    })
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      if (address !== null && typeof address === 'object') resolve(address.port)
    })
  })
}
