/**
 * What one requester may ask for: nothing twice, nothing long signed, and no more at a time than leaves others their
 * part. All of it in memory, and bounded: what is forgotten is refused for its age.
 */
import { AnswerableError } from '@answerable/core'

export interface GuardLimits {
  /** How far a request's time may be off the clock here, in milliseconds. */
  windowMs: number
  /** Requests of one member in a minute, and under way at once; and of all together at once. */
  perMinute: number
  concurrentEach: number
  concurrent: number
}

export const GUARD_LIMITS: GuardLimits = {
  windowMs: 120_000,
  perMinute: 240,
  concurrentEach: 2,
  concurrent: 4,
}

const MINUTE = 60_000
/** A network of so many requests in one window has other limits. */
const MOST_SEEN = 65_536

interface Requester {
  /** What is left of its share, and as of when. */
  left: number
  at: number
  running: number
}

export class Guard {
  readonly #limits: GuardLimits
  /** Digests of requests, and when each may be forgotten: in the order in which they came. */
  readonly #seen = new Map<string, number>()
  readonly #requesters = new Map<string, Requester>()
  #running = 0

  constructor(limits: Partial<GuardLimits> = {}) {
    this.#limits = { ...GUARD_LIMITS, ...limits }
  }

  /**
   * Takes in a request whose signature is good, or throws `out-of-time`, `replayed` or `too-many-requests`. Whoever is
   * refused for the rate may send the same again.
   */
  admit(by: string, digest: string, time: number, now: number): void {
    const { windowMs, perMinute } = this.#limits
    if (Math.abs(time - now) > windowMs)
      throw new AnswerableError(
        'out-of-time',
        `the request’s time is over ${windowMs / 1000} s off the clock here`,
      )
    this.#forget(now)
    if (this.#seen.has(digest)) throw new AnswerableError('replayed', 'this request was made before')
    const requester = this.#requester(by, now)
    if (requester.left < 1 || this.#seen.size >= MOST_SEEN)
      throw new AnswerableError(
        'too-many-requests',
        `at most ${perMinute} requests of one member in a minute`,
      )
    requester.left--
    // Until it is out of time by anyone's clock.
    this.#seen.set(digest, now + 2 * windowMs)
  }

  /** Does work in a place of this member's, or throws `too-many-requests` at once. */
  async run<T>(by: string, now: number, work: () => Promise<T>): Promise<T> {
    const { concurrent, concurrentEach } = this.#limits
    const requester = this.#requester(by, now)
    if (this.#running >= concurrent || requester.running >= concurrentEach)
      throw new AnswerableError('too-many-requests', 'too many records are being opened; come again')
    this.#running++
    requester.running++
    try {
      return await work()
    } finally {
      this.#running--
      requester.running--
    }
  }

  #requester(by: string, now: number): Requester {
    const { perMinute } = this.#limits
    const known = this.#requesters.get(by) ?? { left: perMinute, at: now, running: 0 }
    const passed = Math.max(0, now - known.at)
    known.left = Math.min(perMinute, known.left + (passed * perMinute) / MINUTE)
    known.at = Math.max(known.at, now)
    this.#requesters.set(by, known)
    return known
  }

  #forget(now: number): void {
    for (const [digest, until] of this.#seen) {
      if (until > now) break
      this.#seen.delete(digest)
    }
    // Members come and go; one whose share is whole again has nothing to be remembered by.
    if (this.#requesters.size < 1024) return
    for (const [by, { running, at }] of this.#requesters)
      if (running === 0 && now - at > MINUTE) this.#requesters.delete(by)
  }
}
