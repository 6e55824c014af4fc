/**
 * Documents that the registry's statements name by digest: evidence of nodes, and archives of what vendors say. A file each,
 * by its SHA-256, durable before it counts as here. Beside them is a small place in memory where anybody may leave
 * documents that a statement is about to name: bounded in number, bytes and time, the oldest going first.
 */
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { MAX_ARCHIVE_BYTES } from '@answerable/core/registry'
import type { Disk } from '../storage/disk.ts'

export const MAX_DOCUMENT_BYTES = MAX_ARCHIVE_BYTES
/** What strangers may leave here at once, and for how long. */
const STAGED = { count: 64, bytes: 16 << 20, ms: 10 * 60_000 }
const NAME = /^([0-9a-f]{64})-(\d{1,7})$/

interface Held {
  size: number
  /** Unix milliseconds; of what was here at start, then. */
  since: number
}

export class RegistryDocuments {
  readonly #disk: Disk
  readonly #folder: string
  readonly #clock: () => number
  readonly #held = new Map<string, Held>()
  readonly #staged = new Map<string, { bytes: Uint8Array; until: number }>()
  #stagedBytes = 0
  #lost = false

  private constructor(disk: Disk, folder: string, clock: () => number) {
    this.#disk = disk
    this.#folder = folder
    this.#clock = clock
  }

  static async open(disk: Disk, folder: string, clock: () => number = Date.now): Promise<RegistryDocuments> {
    const documents = new RegistryDocuments(disk, folder, clock)
    for (const name of await disk.list(folder)) {
      const [, digest, size] = NAME.exec(name) ?? []
      if (digest !== undefined) documents.#held.set(digest, { size: Number(size), since: clock() })
    }
    return documents
  }

  /** Whether a document of this size is here, durable. */
  has(digest: string, size: number): boolean {
    return this.#held.get(digest)?.size === size
  }

  /** Digests of all that is here, and since when. */
  held(): [string, number][] {
    return [...this.#held].map(([digest, { since }]) => [digest, since])
  }

  /** A document that is here, durable or left for a while. */
  async get(digest: string): Promise<Uint8Array | undefined> {
    const held = this.#held.get(digest)
    if (held === undefined) return this.#left(digest)
    const bytes = await this.#disk.readFile(this.#path(digest, held.size))
    if (bytes !== undefined && hash('sha256', bytes, 'hex') === digest) return bytes
    // No longer what its name says: it is as good as none, and can be had again.
    await this.remove(digest)
    this.#lost = true
    return undefined
  }

  /** Whether something that was here turned out to be damaged since this was last asked. */
  takeLost(): boolean {
    const lost = this.#lost
    this.#lost = false
    return lost
  }

  /** Keeps a document, and resolves with its digest once it is durable. Throws `too-large`. */
  async keep(bytes: Uint8Array): Promise<string> {
    refuseLarge(bytes)
    const digest = hash('sha256', bytes, 'hex')
    if (!this.#held.has(digest)) await this.#disk.replace(this.#path(digest, bytes.length), bytes)
    this.#held.set(digest, { size: bytes.length, since: this.#clock() })
    return digest
  }

  /** Takes a document that anybody brings, for a while. Throws `too-large`, and `bad-request` where it is another. */
  leave(digest: string, bytes: Uint8Array): void {
    refuseLarge(bytes)
    if (hash('sha256', bytes, 'hex') !== digest)
      throw new AnswerableError('bad-request', 'the bytes are not those of that digest')
    if (this.#held.has(digest)) return
    this.#drop(digest)
    this.#staged.set(digest, { bytes, until: this.#clock() + STAGED.ms })
    this.#stagedBytes += bytes.length
    for (const [oldest, { until }] of this.#staged) {
      const full = this.#staged.size > STAGED.count || this.#stagedBytes > STAGED.bytes
      if (!full && until > this.#clock()) break
      this.#drop(oldest)
    }
  }

  /** Keeps what was left here. Resolves with whether it was. */
  async take(digest: string): Promise<boolean> {
    const bytes = this.#left(digest)
    if (bytes === undefined) return false
    await this.keep(bytes)
    this.#drop(digest)
    return true
  }

  async remove(digest: string): Promise<void> {
    const held = this.#held.get(digest)
    if (held === undefined) return
    this.#held.delete(digest)
    await this.#disk.remove(this.#path(digest, held.size))
  }

  #left(digest: string): Uint8Array | undefined {
    const staged = this.#staged.get(digest)
    return staged !== undefined && staged.until > this.#clock() ? staged.bytes : undefined
  }

  #drop(digest: string): void {
    this.#stagedBytes -= this.#staged.get(digest)?.bytes.length ?? 0
    this.#staged.delete(digest)
  }

  #path(digest: string, size: number): string {
    return join(this.#folder, `${digest}-${size}`)
  }
}

function refuseLarge({ length }: Uint8Array): void {
  if (length > MAX_DOCUMENT_BYTES)
    throw new AnswerableError(
      'too-large',
      `a document of the registry has at most ${MAX_DOCUMENT_BYTES} bytes`,
    )
}
