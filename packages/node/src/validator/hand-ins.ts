/**
 * Statements that were handed in: kept until they are in the log, so that a host that leaves one out is found out. A
 * file each, since there are few and each was promised.
 */
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { openEntry, parseRegistryPayload } from '@answerable/core/registry'
import { nodeSuite } from '../log/suite.ts'
import type { Disk } from '../storage/disk.ts'

export interface HandedIn {
  digest: string
  /** The statement's entry. */
  entry: Uint8Array
  /** The stamp's entry: a validator's own statement that it was handed in. */
  stamp: Uint8Array
  /** Unix milliseconds by this process's clock. */
  since: number
}

/** Those that wait at once; each is at most 64 KiB, twice. */
const MOST = 1024

export class HandIns {
  readonly #disk: Disk
  readonly #folder: string
  readonly #waiting = new Map<string, HandedIn>()
  /** Who stamped each, and the stamp's own digest, by the statement's. */
  readonly #stamps = new Map<string, { by: string; digest: string }>()

  private constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  static async open(disk: Disk, folder: string): Promise<HandIns> {
    const handIns = new HandIns(disk, folder)
    for (const name of await disk.list(folder)) {
      if (!/^[0-9a-f]{64}\.json$/.test(name)) continue
      const bytes = await disk.readFile(join(folder, name))
      const { entry, stamp, since } = JSON.parse(bytes!.toString()) as Record<string, string>
      const digest = name.slice(0, 64)
      handIns.#keep({
        digest,
        entry: Buffer.from(entry!, 'base64'),
        stamp: Buffer.from(stamp!, 'base64'),
        since: Number(since),
      })
    }
    return handIns
  }

  get size(): number {
    return this.#waiting.size
  }

  get(digest: string): HandedIn | undefined {
    return this.#waiting.get(digest)
  }

  /** Oldest first. */
  values(): HandedIn[] {
    return [...this.#waiting.values()]
  }

  /** Digests of the stamps by this member that wait. */
  stampedBy(member: string): string[] {
    return [...this.#stamps.values()].filter(({ by }) => by === member).map(({ digest }) => digest)
  }

  /** Durable before it is acknowledged. Throws `too-many-requests`. */
  async add(one: HandedIn): Promise<void> {
    if (this.#waiting.has(one.digest)) return
    if (this.#waiting.size >= MOST)
      throw new AnswerableError('too-many-requests', `${MOST} statements wait here already`)
    const text = JSON.stringify({
      entry: Buffer.from(one.entry).toString('base64'),
      stamp: Buffer.from(one.stamp).toString('base64'),
      since: one.since,
    })
    await this.#disk.replace(join(this.#folder, `${one.digest}.json`), Buffer.from(text))
    this.#keep(one)
  }

  async remove(digest: string): Promise<void> {
    this.#stamps.delete(digest)
    if (!this.#waiting.delete(digest)) return
    await this.#disk.remove(join(this.#folder, `${digest}.json`))
  }

  #keep(one: HandedIn): void {
    const { payload } = openEntry(one.stamp)
    this.#stamps.set(one.digest, {
      by: parseRegistryPayload(payload).by,
      digest: nodeSuite.sha256Hex(payload),
    })
    this.#waiting.set(one.digest, one)
  }
}
