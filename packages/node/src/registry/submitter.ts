/** Statements of this process's own: signed by its member's keys, and brought to whoever hosts. */
import { AnswerableError, errorCode, type JsonObject } from '@answerable/core'
import { hostUrl, registryPayload, type StatementSigner, signEnvelope } from '@answerable/core/registry'
import type { RegistryBook } from './book.ts'
import type { RegistryClient } from './client.ts'
import type { Host, Submitted } from './host.ts'

export interface SubmitterOptions {
  book: RegistryBook
  /** SHA-256 of the charter's statement. */
  network: string
  member: string
  host: Host
  /** A client for a member's base URL. */
  client(url: string): RegistryClient
  clock?: () => number
  /** SHA-256 of an entry's payload, in hex. */
  digestOf(entry: Uint8Array): string
}

/** A few minutes' worth of one member's statements. */
const MOST_KEPT = 4096
/** A round of bringing them again: a host that answers slowly must not hold up the rest. */
const ROUND_MS = 5000

export class Submitter {
  readonly #options: SubmitterOptions
  /** No two statements of one member have one time: two ticks of a millisecond would be one statement. */
  #lastTime = 0
  /** Statements that a host took and that no quorum has seen yet: a host that goes may take them along. */
  readonly #unofficial = new Map<string, Uint8Array>()

  constructor(options: SubmitterOptions) {
    this.#options = options
  }

  /** Keeps entries until a quorum has seen them, and brings them to the host again as long as the log lacks them. */
  keep(entries: readonly Uint8Array[]): void {
    for (const entry of entries) {
      if (this.#unofficial.size >= MOST_KEPT) return
      this.#unofficial.set(this.#options.digestOf(entry), entry)
    }
  }

  /** Lets go of what is official up to this size, and brings again what the log no longer has. */
  async settle(official: number): Promise<void> {
    const { book } = this.#options
    const end = Date.now() + ROUND_MS
    for (const [digest, entry] of [...this.#unofficial]) {
      const outcome = book.find(digest)
      if (outcome !== undefined && outcome.index < official) this.#unofficial.delete(digest)
      if (outcome !== undefined || Date.now() > end) continue
      await this.#bring(entry).catch(error => {
        // What a rule forbids by now was overtaken: an old tick, say.
        this.#unofficial.delete(digest)
        // The others come first next time.
        if (errorCode(error) !== 'rule-forbids') this.#unofficial.set(digest, entry)
      })
    }
  }

  get hosting(): boolean {
    const { book } = this.#options
    return book.state.host?.origin === book.origin
  }

  /** A statement's entry, signed. */
  entry(kind: string, body: JsonObject, signers: readonly StatementSigner[]): Uint8Array {
    const { network, member, clock = Date.now } = this.#options
    this.#lastTime = Math.max(clock(), this.#lastTime + 1)
    return signEnvelope(registryPayload({ kind, network, by: member, time: this.#lastTime, body }), signers)
  }

  state(kind: string, body: JsonObject, signers: readonly StatementSigner[]): Promise<Submitted> {
    return this.submit(this.entry(kind, body, signers))
  }

  /** Brings an entry to the host. Rejects with `rule-forbids`, `unavailable` and what else a host may say. */
  async submit(entry: Uint8Array): Promise<Submitted> {
    const submitted = await this.#bring(entry)
    this.keep([entry])
    return submitted
  }

  #bring(entry: Uint8Array): Promise<Submitted> {
    const { book, host, client } = this.#options
    if (this.hosting) return host.submit(entry)
    const url = hostUrl(book.state)
    if (url === undefined) return Promise.reject(new AnswerableError('unavailable', 'no host is known yet'))
    return client(url).submit(entry)
  }
}
