/**
 * The host: orders entries, and cannot make them valid. It refuses what a rule forbids with that rule's name, so that
 * the log is not filled with it; but a statement that a validator stamped goes in whatever comes of it, since leaving
 * it out is what hosts are moved for.
 */
import { AnswerableError } from '@answerable/core'
import type { Outcome } from '@answerable/core/registry'
import type { RegistryBook } from './book.ts'

export interface Submitted {
  index: number
  digest: string
}

interface Waiting {
  entry: Uint8Array
  resolve(submitted: Submitted): void
  reject(error: unknown): void
}

/** What sees to the documents that statements name. */
export interface HostDocuments {
  holds(entry: Uint8Array): boolean
  /** Throws `unavailable`. */
  require(entry: Uint8Array): Promise<void>
}

/** Submissions that wait at once; more are asked to come again. */
const MOST_WAITING = 4096
/** How far a tick may be off the host's clock, in milliseconds (design, section 3). */
const MOST_OFF = 60_000

export class Host {
  readonly #book: RegistryBook
  readonly #clock: () => number
  readonly #documents: HostDocuments | undefined
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined

  constructor(book: RegistryBook, clock: () => number = Date.now, documents?: HostDocuments) {
    this.#book = book
    this.#clock = clock
    this.#documents = documents
  }

  /**
   * Takes a statement in. Resolves once it is durable; the same statement again resolves with the entry it has.
   * Rejects with `rule` (and the rule's name), `too-many-requests`, `not-writable` and `too-large`; with `unavailable` where
   * documents that it names cannot be had: no validator would cosign it.
   */
  async submit(entry: Uint8Array): Promise<Submitted> {
    try {
      return await this.#submit(entry)
    } catch (error) {
      if (!(error instanceof DocumentsMissing)) throw error
      await this.#documents?.require(entry)
      return this.#submit(entry)
    }
  }

  #submit(entry: Uint8Array): Promise<Submitted> {
    if (this.#waiting.length >= MOST_WAITING)
      return Promise.reject(new AnswerableError('too-many-requests', 'too many submissions wait; come again'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    // Those that come in one turn of the event loop are written together.
    await new Promise(resolve => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, 256)
      try {
        const results = await this.#book.append(
          batch.map(({ entry }) => entry),
          (outcome, entry) => this.#takes(outcome, entry),
        )
        for (const [i, { outcome, taken }] of results.entries()) this.#answer(batch[i]!, outcome, taken)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    // At once, and not when the promise settles: who submits in between would wait for nobody.
    this.#running = undefined
  }

  #takes(outcome: Outcome, entry: Uint8Array): boolean {
    const { effective, settles, tick } = outcome
    // It may have been moved since this was asked for.
    if (this.#book.state.host?.origin !== this.#book.origin) return false
    if (tick !== undefined && Math.abs(tick - this.#clock()) > MOST_OFF) return false
    if (this.#lacks(outcome, entry)) return false
    // What a validator stamped goes in whatever comes of it; an altered copy of it does not.
    return effective || settles === true
  }

  /** Whether it would name documents that are not here. */
  #lacks({ kind, effective }: Outcome, entry: Uint8Array): boolean {
    return kind === 'evidence' && effective && this.#documents?.holds(entry) === false
  }

  #answer({ entry, resolve, reject }: Waiting, outcome: Outcome, taken: boolean): void {
    const { digest, index, rule, detail, tick } = outcome
    const before = rule === 'duplicate' ? this.#book.find(digest!) : undefined
    if (taken) resolve({ index, digest: digest! })
    else if (before !== undefined) resolve({ index: before.index, digest: digest! })
    else if (rule === undefined && this.#book.state.host?.origin !== this.#book.origin)
      reject(new AnswerableError('wrong-host', 'the registry has another host now'))
    else if (rule === undefined && tick !== undefined)
      reject(ruleError('tick-off', 'over 60 s off the host’s clock'))
    else if (this.#lacks(outcome, entry)) reject(new DocumentsMissing())
    else reject(ruleError(rule ?? 'malformed-envelope', detail))
  }
}

class DocumentsMissing extends AnswerableError {
  constructor() {
    super('unavailable', 'bring the documents first')
  }
}

export function ruleError(rule: string, detail?: string): AnswerableError {
  return new AnswerableError('rule-forbids', detail === undefined ? rule : `${rule}: ${detail}`)
}
