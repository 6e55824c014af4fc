/** One witness as the publisher sees it: whether it answers, what it has, and when to ask it again. */
import type { WitnessClient, WitnessFault } from './client.ts'

export interface WitnessStatus {
  readonly name: string
  /** Whether it answered as it should the last time; false before the first. */
  readonly up: boolean
  /** Entries in the newest checkpoint that it cosigned for us, as far as known. */
  readonly lastSize: number | undefined
  /** `ahead`: it says that it has another tree than ours, and brought no proof of it. */
  readonly lastError: { readonly code: WitnessFault | 'ahead'; readonly message: string } | undefined
  /** POSIX milliseconds: when `up` became what it is. */
  readonly since: number
}

export interface BackoffOptions {
  /** The longest wait after a first failure; it doubles with each one more. */
  firstMs: number
  mostMs: number
}

export class Peer {
  readonly client: WitnessClient
  readonly #backoff: BackoffOptions
  readonly #clock: () => number
  #failures = 0
  /** On the monotonic clock. */
  #notBefore = 0
  #status: Omit<WitnessStatus, 'name'>
  /** The call under way, if any: a witness is asked one thing at a time. */
  asking: Promise<void> | undefined

  constructor(client: WitnessClient, backoff: BackoffOptions, clock: () => number) {
    this.client = client
    this.#backoff = backoff
    this.#clock = clock
    this.#status = { up: false, lastSize: undefined, lastError: undefined, since: clock() }
  }

  get status(): WitnessStatus {
    return { name: this.client.name, ...this.#status }
  }

  get lastSize(): number | undefined {
    return this.#status.lastSize
  }

  get due(): boolean {
    return this.asking === undefined && performance.now() >= this.#notBefore
  }

  /** Whether it failed the last time. */
  get failing(): boolean {
    return this.#failures > 0
  }

  /** Where it is known from before that the witness cosigned this size. */
  remember(size: number): void {
    this.#status = { ...this.#status, lastSize: size }
  }

  cosigned(size: number): void {
    this.#failures = 0
    this.#set(true, { lastSize: size, lastError: undefined })
  }

  failed(code: WitnessFault | 'ahead', message: string): void {
    const { firstMs, mostMs } = this.#backoff
    const wait = Math.min(mostMs, firstMs * 2 ** Math.min(this.#failures, 30))
    this.#failures++
    // Half of it by chance, so that the logs that one witness serves do not all come back at once.
    this.#notBefore = performance.now() + wait * (0.5 + Math.random() / 2)
    this.#set(false, { lastSize: this.lastSize, lastError: { code, message } })
  }

  /** It has a newer checkpoint of ours than it was asked for: not its fault, and nothing to wait for. */
  overtaken(message: string): void {
    this.#failures = 0
    this.#set(true, { lastSize: this.lastSize, lastError: { code: 'stale', message } })
  }

  #set(up: boolean, rest: Pick<WitnessStatus, 'lastSize' | 'lastError'>): void {
    this.#status = { up, since: this.#status.up === up ? this.#status.since : this.#clock(), ...rest }
  }
}
