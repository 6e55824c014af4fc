/**
 * Sees to it that evidence is more than a digest: the documents that `evidence` statements name are here before a host takes
 * one in, before a validator stamps one, and before a witness cosigns a checkpoint over one. They are fetched from those
 * whom the registry knows, by the addresses that it has of them, and never by one that a request names.
 */
import { hash } from 'node:crypto'
import { AnswerableError, type JsonObject } from '@answerable/core'
import { hostUrl, openEntry, parseRegistryPayload } from '@answerable/core/registry'
import type { RegistryBook } from './book.ts'
import type { RegistryClient } from './client.ts'
import type { RegistryDocuments } from './documents.ts'

export interface EvidenceKeeperOptions {
  book: RegistryBook
  documents: RegistryDocuments
  member: string
  client(url: string): RegistryClient
  /** Base URLs of the other validators, by member. */
  peers(): Map<string, string>
  clock: () => number
}

/** A document as a statement names it. */
interface Named {
  digest: string
  size: number
}

interface Missing extends Named {
  /** Whose evidence it is. */
  member: string
  tries: number
  /** Unix milliseconds. */
  next: number
}

/** How long a host waits for others' documents, and a witness for a host's: less than who asks waits for the answer. */
const PATIENCE_MS = 3000
/** Members asked for one document at once. */
const AT_ONCE = 3
/** Statements of one member whose documents are fetched at once: it may answer as slowly as it likes. */
const MOST_WAITING = 2
/** Documents fetched in a round, beside everything else. */
const ROUND = 8
const FIRST_REST_MS = 1000
const LONGEST_REST_MS = 10 * 60_000
/** What no statement came to name is let go of. */
const UNNAMED_MS = 86_400_000

export class EvidenceKeeper {
  readonly #options: EvidenceKeeperOptions
  /** Of effective statements, as far as the log has been looked at. */
  readonly #named = new Set<string>()
  readonly #missing = new Map<string, Missing>()
  /** Statements whose documents are being fetched, by member. */
  readonly #waiting = new Map<string, number>()
  #reaching: { name: string; done: Promise<boolean> } | undefined
  #looked = 0
  #round: Promise<void> | undefined
  #swept = 0

  constructor(options: EvidenceKeeperOptions) {
    this.#options = options
  }

  /** Whether all documents that an `evidence` statement names are here. */
  holds(entry: Uint8Array): boolean {
    return namedBy(entry).every(one => this.#has(one))
  }

  /**
   * Has the documents of a statement kept here: those that somebody left, or else from its author and the validators. Throws
   * `unavailable` where one cannot be had.
   */
  async require(entry: Uint8Array, first: readonly string[] = []): Promise<void> {
    const { book, peers } = this.#options
    const { by } = parseRegistryPayload(openEntry(entry).payload)
    const author = book.state.members.get(by)?.url
    const urls = [...first, ...(author ? [author] : []), ...peers().values()]
    const named = namedBy(entry)
    for (const one of named) if (!this.#has(one)) await this.#options.documents.take(one.digest)
    const waiting = this.#waiting.get(by) ?? 0
    if (waiting < MOST_WAITING && !this.holds(entry)) {
      this.#waiting.set(by, waiting + 1)
      await Promise.all(named.map(one => this.#fetch(one, urls)))
      this.#waiting.set(by, this.#waiting.get(by)! - 1)
    }
    const lacking = named.find(one => !this.#has(one))
    if (lacking !== undefined)
      throw new AnswerableError(
        'unavailable',
        `bring the documents first: there is none of ${lacking.size} bytes and digest ${lacking.digest}`,
      )
  }

  /**
   * Fetches from a host what the evidence among its entries names, from one index up to another, as far as that comes in
   * the time that a witness has. Resolves with whether all of it is here.
   */
  reach(from: number, to: number, host: string): Promise<boolean> {
    const name = `${from} ${to} ${host}`
    // Asked of each of this member's witnesses, and by whoever likes to ask again.
    if (this.#reaching?.name !== name) {
      const done = this.#reach(from, to, host).finally(() => {
        if (this.#reaching?.name === name) this.#reaching = undefined
      })
      this.#reaching = { name, done }
    }
    return this.#reaching.done
  }

  async #reach(from: number, to: number, host: string): Promise<boolean> {
    const { book } = this.#options
    if (book.noted < to) return false
    const end = Date.now() + PATIENCE_MS
    for (const { index, effective } of book.ofKind('evidence', from)) {
      if (index >= to) break
      if (!effective) continue
      const [entry] = await book.entries(index, 1)
      const lacking = namedBy(entry!).filter(one => !this.#has(one))
      await Promise.all(lacking.map(one => this.#fetch(one, [host], end)))
      if (lacking.some(one => !this.#has(one))) return false
    }
    return true
  }

  /** One round of catching up, and of letting go. What cannot be had now is tried again later. Never rejects. */
  perform(): Promise<void> {
    this.#round ??= this.#perform()
      .catch(() => undefined)
      .finally(() => {
        this.#round = undefined
      })
    return this.#round
  }

  /** Resolves when the round under way is over. */
  async idle(): Promise<void> {
    await this.#round
  }

  async #perform(): Promise<void> {
    const { book, member, peers, clock } = this.#options
    await this.#look()
    await this.#sweep()
    const { state } = book
    const { status, roles = [] } = state.members.get(member) ?? {}
    const keepsAll = status === 'active' && roles.some(role => role === 'validator' || role === 'auditor')
    const due = [...this.#missing.values()].filter(
      one => (keepsAll || one.member === member) && one.next <= clock(),
    )
    const host = hostUrl(state)
    await Promise.all(
      due.slice(0, ROUND).map(async one => {
        const author = state.members.get(one.member)?.url
        const urls = [host, author, ...peers().values()].filter(url => typeof url === 'string')
        if (!this.#has(one)) await this.#fetch(one, urls)
        if (this.#has(one)) this.#missing.delete(one.digest)
        else one.next = clock() + Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** one.tries++)
      }),
    )
  }

  /** Goes on through the log from where the last round ended; from its beginning, where that was another log's, or a file is gone. */
  async #look(): Promise<void> {
    const { book, documents, clock } = this.#options
    const to = book.noted
    if (to < this.#looked || documents.takeLost()) {
      this.#looked = 0
      this.#named.clear()
      this.#missing.clear()
    }
    for (const { index, effective, member } of book.ofKind('evidence', this.#looked)) {
      if (!effective || index >= to) continue
      const [entry] = await book.entries(index, 1)
      for (const one of namedBy(entry!)) {
        this.#named.add(one.digest)
        if (!this.#has(one))
          this.#missing.set(one.digest, { ...one, member: member!, tries: 0, next: clock() })
      }
    }
    this.#looked = to
  }

  async #sweep(): Promise<void> {
    const { documents, clock } = this.#options
    if (clock() - this.#swept < UNNAMED_MS / 24) return
    this.#swept = clock()
    for (const [digest, since] of documents.held())
      if (!this.#named.has(digest) && clock() - since > UNNAMED_MS) await documents.remove(digest)
  }

  #has({ digest, size }: Named): boolean {
    return this.#options.documents.has(digest, size)
  }

  /** Asks one, and then the others some at a time, until one has it or the time is over. Never rejects. */
  async #fetch(one: Named, urls: readonly string[], end = Date.now() + PATIENCE_MS): Promise<void> {
    const [first, ...others] = new Set(urls)
    const groups = first === undefined ? [] : [[first]]
    for (let at = 0; at < others.length; at += AT_ONCE) groups.push(others.slice(at, at + AT_ONCE))
    for (const [i, group] of groups.entries()) {
      // One that does not answer leaves some of the time to the next.
      const wait = (end - Date.now()) / (i + 1 < groups.length ? 2 : 1)
      if (wait < 1 || this.#has(one)) return
      await Promise.allSettled(group.map(url => this.#fetchFrom(url, one, wait)))
    }
  }

  async #fetchFrom(url: string, { digest, size }: Named, wait: number): Promise<void> {
    const { client, documents } = this.#options
    const bytes = await client(url).document(digest, size, wait)
    if (bytes.length === size && hash('sha256', bytes, 'hex') === digest) await documents.keep(bytes)
  }
}

/** The documents that an `evidence` statement names. The rules have read it before. */
function namedBy(entry: Uint8Array): Named[] {
  const { body } = parseRegistryPayload(openEntry(entry).payload)
  const { evidence, endorsements, bytes } = body as JsonObject & { bytes: [number, number] }
  return [
    { digest: String(evidence), size: bytes[0] },
    { digest: String(endorsements), size: bytes[1] },
  ]
}
