/** An OpenAI-compatible upstream. Bytes pass as they are; what is added or taken away is in the lists below. */
import { AnswerableError } from '@answerable/core'
import { type Dispatcher, Pool } from 'undici'
import type { Backend, BackendCall, Exchange, Sink } from './backend.ts'
import type { UpstreamConfig } from './config.ts'

/** Faults from before anything was sent: the only ones after which a call is tried again. */
const NOTHING_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])
const CONNECT_ATTEMPTS = 2

export class Upstream implements Backend {
  readonly name: string
  readonly models: readonly string[]
  readonly #pool: Pool
  readonly #prefix: string
  readonly #authorization: string | undefined
  readonly #host: string
  readonly #descriptions = new Map<string, string>()

  constructor(config: UpstreamConfig, environment: Record<string, string | undefined>) {
    const url = new URL(config.url)
    this.name = config.name
    this.models = config.models
    this.#host = url.host
    // Clients ask for /v1/...; a base that ends in /v1 already holds that part.
    this.#prefix = url.pathname.replace(/\/$/, '').replace(/\/v1$/, '')
    const key = config.apiKeyEnv === undefined ? undefined : environment[config.apiKeyEnv]
    this.#authorization = key === undefined ? undefined : `Bearer ${key}`
    this.#pool = new Pool(url.origin, {
      connections: config.connections,
      pipelining: 1,
      connect: { timeout: 10_000 },
      headersTimeout: config.headersTimeoutSeconds * 1000,
      bodyTimeout: config.bodyTimeoutSeconds * 1000,
    })
  }

  describe(model: string | undefined, answered: string | undefined): string {
    const name = `${model}\n${answered}`
    let text = this.#descriptions.get(name)
    if (text === undefined) {
      text = JSON.stringify({
        name: model ?? null,
        answered: answered ?? null,
        runtime: { name: 'upstream', upstream: this.name, host: this.#host },
      })
      if (this.#descriptions.size >= 1024) this.#descriptions.clear()
      this.#descriptions.set(name, text)
    }
    return text
  }

  send(call: BackendCall, sink: Sink): Exchange {
    const headers: Record<string, string> = { ...call.headers, 'accept-encoding': 'identity' }
    if (this.#authorization !== undefined) headers.authorization = this.#authorization
    const options: Dispatcher.DispatchOptions = {
      method: call.method as Dispatcher.HttpMethod,
      path: this.#prefix + call.path,
      headers,
      body: call.body.length === 0 ? null : call.body,
    }
    const attempt = new Attempt(this.#pool, options, sink)
    attempt.start()
    return attempt
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}

class Attempt implements Exchange, Dispatcher.DispatchHandler {
  readonly #pool: Pool
  readonly #options: Dispatcher.DispatchOptions
  readonly #sink: Sink
  #controller: Dispatcher.DispatchController | undefined
  #aborted = false
  #tries = 0

  constructor(pool: Pool, options: Dispatcher.DispatchOptions, sink: Sink) {
    this.#pool = pool
    this.#options = options
    this.#sink = sink
  }

  start(): void {
    this.#tries++
    this.#pool.dispatch(this.#options, this)
  }

  abort(): void {
    this.#aborted = true
    this.#controller?.abort(new Error('the caller has gone'))
  }

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#aborted) controller.abort(new Error('the caller has gone'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status >= 200 && !this.#aborted) this.#sink.head({ status, headers })
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#aborted) this.#sink.data(chunk)
  }

  onResponseEnd(): void {
    if (!this.#aborted) this.#sink.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#aborted) return
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (NOTHING_SENT.has(code) && this.#tries < CONNECT_ATTEMPTS) this.start()
    else this.#sink.error(translate(error, code))
  }
}

function translate(cause: Error, code: string): AnswerableError {
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
    return new AnswerableError('upstream-timeout', 'the upstream did not answer in time', { cause })
  if (NOTHING_SENT.has(code))
    return new AnswerableError('upstream-unreachable', 'the upstream cannot be reached', { cause })
  return new AnswerableError('upstream-broken', 'the upstream broke off its answer', { cause })
}
