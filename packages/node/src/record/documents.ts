/** Documents that statements name by digest (node descriptor, charter, terms, registry checkpoints), kept for good. */
import { hash } from 'node:crypto'
import { join } from 'node:path'
import type { Disk } from '../storage/disk.ts'

export class Documents {
  readonly #disk: Disk
  readonly #folder: string
  readonly #known = new Map<string, Uint8Array>()

  private constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  static async open(disk: Disk, folder: string): Promise<Documents> {
    await disk.list(folder)
    return new Documents(disk, folder)
  }

  /** Keeps a document and returns its SHA-256 in hex. */
  async put(bytes: Uint8Array): Promise<string> {
    const digest = hash('sha256', bytes, 'hex')
    if ((await this.get(digest)) === undefined) await this.#disk.replace(join(this.#folder, digest), bytes)
    this.#remember(digest, bytes)
    return digest
  }

  async get(digest: string): Promise<Uint8Array | undefined> {
    if (!/^[0-9a-f]{64}$/.test(digest)) return undefined
    const known = this.#known.get(digest)
    if (known !== undefined) return known
    const bytes = await this.#disk.readFile(join(this.#folder, digest))
    // A document that is no longer what its name says is as good as none.
    if (bytes === undefined || hash('sha256', bytes, 'hex') !== digest) return undefined
    this.#remember(digest, bytes)
    return bytes
  }

  /** Keeps the note of a witnessed registry checkpoint, by what a statement names it by. */
  async putCheckpoint(root: string, size: number, note: string): Promise<void> {
    await this.#disk.replace(join(this.#folder, `registry-${size}-${root}`), Buffer.from(note))
  }

  async getCheckpoint(root: string, size: number): Promise<string | undefined> {
    return (await this.#disk.readFile(join(this.#folder, `registry-${size}-${root}`)))?.toString()
  }

  #remember(digest: string, bytes: Uint8Array): void {
    if (this.#known.size >= 64) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(digest, bytes)
  }
}
