/** Trying again what may pass: with pauses that grow, that differ from one caller to the next, and that a server may set. */
import { setTimeout as sleep } from 'node:timers/promises'
import { AnswerableError, type ErrorCode, errorCode } from '@answerable/core'

export interface RetryOptions {
  /** Milliseconds before each further try; as many as there are further tries. */
  pauses: readonly number[]
  signal: AbortSignal
}

/** A server that asks for a longer pause than this is answered with this one. */
const LONGEST_PAUSE_MS = 60_000

/** What a server said of when to come back, beside what went wrong. */
export class ComeBackLater extends AnswerableError {
  readonly afterMs: number | undefined

  constructor(code: ErrorCode, message: string, afterMs: number | undefined) {
    super(code, message)
    this.afterMs = afterMs
  }
}

/** Refusals: the next call would be refused as well. */
const LASTING: ReadonlySet<ErrorCode> = new Set([
  'unauthorized',
  'forbidden',
  'not-found',
  'bad-request',
  'bad-config',
  'unknown-model',
])

export function isLasting(error: unknown): boolean {
  return LASTING.has(errorCode(error)) || errorCode(error) === 'internal'
}

/** Answers that are no answers: once more, since a proxy may have had a bad moment, and then no more. */
const LYING: ReadonlySet<ErrorCode> = new Set(['upstream-broken', 'too-large'])

export async function retried<T>(work: () => Promise<T>, { pauses, signal }: RetryOptions): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work()
    } catch (error) {
      const most = LYING.has(errorCode(error)) ? Math.min(1, pauses.length) : pauses.length
      if (signal.aborted || isLasting(error) || tries >= most) throw error
      const asked = error instanceof ComeBackLater ? (error.afterMs ?? 0) : 0
      const pause = pauses[tries]! * (0.5 + Math.random())
      await sleep(Math.min(LONGEST_PAUSE_MS, Math.max(asked, pause)), undefined, { signal })
    }
  }
}

/** `Retry-After` (RFC 9110 section 10.2.3) in milliseconds. */
export function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
