/** One HTTP request to somebody who may be slow, down or lying: a bounded answer in bounded time, or why not. */
import { readBounded } from './bounded.ts'

/** Sends a request; `app.fetch` of a witness in the same process is one. */
export type Fetch = (request: Request) => Response | Promise<Response>

export type ExchangeFault = 'unreachable' | 'timeout' | 'aborted' | 'too-large' | 'redirect'

export type Exchange =
  | { readonly status: number; readonly contentType: string; readonly body: Uint8Array }
  | { readonly fault: ExchangeFault; readonly message: string }

/** A time limit, which the caller's own signal may cut short. `clear` ends it. */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal | undefined
  readonly #timer: NodeJS.Timeout
  readonly #abort = () => this.#controller.abort()
  #expired = false

  constructor(milliseconds: number, outer?: AbortSignal) {
    this.#outer = outer
    this.#timer = setTimeout(() => {
      this.#expired = true
      this.#abort()
    }, milliseconds)
    if (outer?.aborted) this.#abort()
    outer?.addEventListener('abort', this.#abort, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get expired(): boolean {
    return this.#expired
  }

  clear(): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#abort)
  }
}

/** Never rejects. A redirect is not followed: it would hand the choice of the witness's address to whoever sent it. */
export async function exchange(
  send: Fetch,
  url: string,
  init: { method: 'GET' | 'POST' | 'PUT'; body?: string | Uint8Array<ArrayBuffer> },
  limit: number,
  deadline: Deadline,
): Promise<Exchange> {
  try {
    const { signal } = deadline
    const request = new Request(url, { ...init, redirect: 'manual', signal })
    // Raced, since a fetch that was passed in may not heed the signal.
    const response = await raced(Promise.resolve(send(request)), signal)
    if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
      void response.body?.cancel().catch(() => undefined)
      return { fault: 'redirect', message: 'answered with a redirect' }
    }
    const body = await raced(readBounded(response.body, limit), signal)
    if (body === undefined) return { fault: 'too-large', message: `answered over ${limit} bytes` }
    return { status: response.status, contentType: response.headers.get('content-type') ?? '', body }
  } catch (error) {
    if (deadline.expired) return { fault: 'timeout', message: 'no answer in time' }
    if (deadline.signal.aborted) return { fault: 'aborted', message: 'given up' }
    return { fault: 'unreachable', message: reasonOf(error) }
  }
}

function raced<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error('aborted'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** undici hides the reason in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  const code = (cause as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : cause instanceof Error ? cause.message : 'no connection'
}
