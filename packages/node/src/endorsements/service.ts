/**
 * Asking a vendor's service, or a cache of it. It may be slow, down or lying: every answer is bounded in bytes and time,
 * asked for again only a few times, and never fetched from another host than the one that was named.
 */

import { setTimeout as wait } from 'node:timers/promises'
import { AnswerableError } from '@answerable/core'
import { readBounded } from '../witness/bounded.ts'
import { Deadline, type Fetch } from '../witness/exchange.ts'

export interface ServiceOptions {
  timeoutMs: number
  /** How often a question is asked at most. */
  attempts: number
  fetch?: Fetch
  signal?: AbortSignal
  /** Between two attempts; the second pause is twice as long. */
  pauseMs?: number
}

export interface Question {
  url: string
  /** The most bytes of its answer. */
  most: number
  /** What is sent along, by POST. */
  body?: Uint8Array
  type?: string
}

export interface ServiceAnswer {
  bytes: Uint8Array
  headers: Headers
}

const MOST_REDIRECTS = 2
const PAUSE_MS = 250
const MOST_WAIT_MS = 5000

/** Another attempt may help. */
class Passing extends Error {
  readonly after: number

  constructor(message: string, after = 0) {
    super(message)
    this.after = after
  }
}

/** The body of a 200 answer. Throws `unavailable`, with whom was asked and why nothing came. */
export async function ask(question: Question, options: ServiceOptions): Promise<ServiceAnswer> {
  const { attempts, signal, pauseMs = PAUSE_MS } = options
  const where = new URL(question.url)
  for (let attempt = 1; ; attempt++) {
    try {
      return await once(question, options)
    } catch (error) {
      if (!(error instanceof Passing) || attempt >= attempts || signal?.aborted)
        throw new AnswerableError(
          'unavailable',
          `${where.host}${where.pathname.slice(0, 128)}: ${(error as Error).message}`,
          { cause: error },
        )
      const pause = Math.min(MOST_WAIT_MS, Math.max(error.after, pauseMs * 2 ** (attempt - 1)))
      await wait(pause, undefined, signal && { signal }).catch(() => undefined)
    }
  }
}

async function once(
  { url, most, body, type }: Question,
  { timeoutMs, fetch: send = request => fetch(request), signal }: ServiceOptions,
): Promise<ServiceAnswer> {
  const deadline = new Deadline(timeoutMs, signal)
  const gone = new Promise<never>((_, reject) => {
    const late = () =>
      reject(new Passing(deadline.expired ? `no answer within ${timeoutMs / 1000} s` : 'given up'))
    if (deadline.signal.aborted) late()
    deadline.signal.addEventListener('abort', late, { once: true })
  })
  try {
    let at = new URL(url)
    for (let redirects = 0; ; redirects++) {
      const request = new Request(at, {
        method: body === undefined ? 'GET' : 'POST',
        ...(body !== undefined && { body: new Uint8Array(body) }),
        ...(type !== undefined && { headers: { 'content-type': type } }),
        redirect: 'manual',
        signal: deadline.signal,
      })
      const response = await Promise.race([reached(send, request), gone])
      const next = nextOf(response, at)
      if (next !== undefined) {
        void response.body?.cancel().catch(() => undefined)
        if (redirects === MOST_REDIRECTS) throw new Error('redirects on and on')
        at = next
        continue
      }
      if (response.status !== 200) {
        void response.body?.cancel().catch(() => undefined)
        throw refusal(response)
      }
      const bytes = await Promise.race([broken(readBounded(response.body, most)), gone])
      if (bytes === undefined) throw new Error(`answers with over ${most} bytes`)
      return { bytes, headers: response.headers }
    }
  } finally {
    deadline.clear()
    gone.catch(() => undefined)
  }
}

async function reached(send: Fetch, request: Request): Promise<Response> {
  try {
    return await send(request)
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw new Passing(`cannot be reached (${(cause as NodeJS.ErrnoException).code ?? 'no connection'})`)
  }
}

function broken<T>(reading: Promise<T>): Promise<T> {
  return reading.catch(() => {
    throw new Passing('its answer broke off')
  })
}

/** Where a redirect leads. Throws where that is another host. */
function nextOf(response: Response, at: URL): URL | undefined {
  const { status, headers } = response
  if (status < 300 || status >= 400) return undefined
  const next = URL.parse(headers.get('location') ?? '', at)
  if (next === null || next.origin !== at.origin) throw new Error('redirects to another host')
  return next
}

function refusal({ status, headers }: Response): Error {
  if (status !== 429 && status < 500) return new Error(`answers with status ${status}`)
  const after = Number(headers.get('retry-after') ?? 0)
  return new Passing(`answers with status ${status}`, Number.isFinite(after) ? after * 1000 : 0)
}
