/** Statements of this process's own: signed by its member's keys, and brought to whoever hosts. */
import { AnswerableError, type JsonObject } from '@answerable/core'
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
}

export class Submitter {
  readonly #options: SubmitterOptions
  /** No two statements of one member have one time: two ticks of a millisecond would be one statement. */
  #lastTime = 0

  constructor(options: SubmitterOptions) {
    this.#options = options
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
  submit(entry: Uint8Array): Promise<Submitted> {
    const { book, host, client } = this.#options
    if (this.hosting) return host.submit(entry)
    const url = hostUrl(book.state)
    if (url === undefined) return Promise.reject(new AnswerableError('unavailable', 'no host is known yet'))
    return client(url).submit(entry)
  }
}
