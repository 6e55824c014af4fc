/**
 * Record storage in files: segments of batches, and key slots beside them.
 *
 * Invariants:
 * - at most one batch is being written at a time, so after a crash at most the last one is torn;
 * - a batch counts only if it is whole and each of its records' key slots is its own;
 * - a segment's header says where the one before it ends, so a batch that failed there is never read again;
 * - damage anywhere else is `corrupt` and stops the start: a store never continues from another tree.
 */
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import type { Disk, DiskFile } from './disk.ts'
import { KeyFile, keyCheck } from './keys.ts'
import {
  BATCH_HEADER_BYTES,
  decodeSegmentHeader,
  encodeBatch,
  encodeSegmentHeader,
  hasLaterBatch,
  readBatch,
  readRecord,
  type ScannedBatch,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  type StoredRecord,
  segmentName,
} from './segment.ts'
import type { NewRecord, Position, RecordStorage, ScannedRecord } from './storage.ts'

export interface FileStorageOptions {
  /** Segments double from the first size up to the last. Bytes. */
  firstSegmentBytes?: number
  lastSegmentBytes?: number
  /** The entry of a statement, to match key slots with: SHA-256. */
  entryOf(statement: Uint8Array): Uint8Array
}

interface Segment extends SegmentHeader {
  sequence: number
  path: string
  bytes: number
}

export class FileStorage implements RecordStorage {
  readonly #disk: Disk
  readonly #folder: string
  readonly #keys: KeyFile
  readonly #options: Required<FileStorageOptions>
  readonly #segments: Segment[] = []
  readonly #open = new Map<number, Promise<DiskFile>>()
  #size = 0
  /** Where the next batch goes in the last segment. */
  #end = SEGMENT_HEADER_BYTES
  #failed = false
  #spare: Promise<number | undefined> | undefined

  private constructor(disk: Disk, folder: string, options: FileStorageOptions) {
    this.#disk = disk
    this.#folder = folder
    this.#keys = new KeyFile(disk, join(folder, 'keys'))
    this.#options = { firstSegmentBytes: 4 << 20, lastSegmentBytes: 64 << 20, ...options }
  }

  /** Opens the folder, or makes it. Throws `corrupt` where what was acknowledged is no longer whole. */
  static async open(disk: Disk, folder: string, options: FileStorageOptions): Promise<FileStorage> {
    const storage = new FileStorage(disk, folder, options)
    await storage.#load()
    return storage
  }

  get size(): number {
    return this.#size
  }

  get writable(): boolean {
    return !this.#failed
  }

  async commit(records: readonly NewRecord[]): Promise<Position[]> {
    if (this.#failed)
      throw new AnswerableError('not-writable', 'the store could not be written; it is being retried')
    try {
      const { bytes, offsets } = encodeBatch(this.#size, records)
      if (this.#end + bytes.length > this.#last().bytes) await this.#roll(SEGMENT_HEADER_BYTES + bytes.length)
      const { sequence } = this.#last()
      const start = this.#end
      const slots = records.map(({ key, entry }) => key && { key, check: keyCheck(key, entry) })
      await Promise.all([
        this.#file(sequence).then(file => file.write(bytes, start)),
        slots.some(slot => slot !== undefined) ? this.#keys.write(this.#size, slots) : undefined,
      ])
      this.#end = start + bytes.length
      this.#size += records.length
      return offsets.map(offset => ({ segment: sequence, offset: start + offset }))
    } catch (cause) {
      // After a failed sync the kernel may have dropped the pages, so the file is not written to again: recover()
      // starts a new segment, whose header cuts this one off before the failed batch.
      this.#failed = true
      throw new AnswerableError('not-writable', 'the store could not be written; nothing was recorded', {
        cause,
      })
    }
  }

  async recover(): Promise<boolean> {
    if (!this.#failed) return true
    try {
      await this.#roll(SEGMENT_HEADER_BYTES)
      this.#failed = false
      return true
    } catch {
      return false
    }
  }

  async read({ segment, offset }: Position): Promise<StoredRecord> {
    const known = this.#segments.find(({ sequence }) => sequence === segment)
    if (known === undefined) throw new AnswerableError('not-found', `segment ${segment} is no longer kept`)
    return readRecord(await this.#file(segment), offset, known.path)
  }

  async key(index: number): Promise<Uint8Array | undefined> {
    const slot = await this.#keys.read(index)
    return slot.state === 'held' ? slot.key : undefined
  }

  eraseKey(index: number): Promise<void> {
    return this.#keys.erase(index)
  }

  async *scan(index: number): AsyncGenerator<ScannedRecord> {
    const size = this.#size
    let start = this.#segments.findLastIndex(({ firstIndex }) => firstIndex <= index)
    if (start === -1) start = 0
    for (let i = start; i < this.#segments.length; i++) {
      const segment = this.#segments[i]!
      for await (const batch of this.#batches(segment, this.#segments[i + 1])) {
        for (const [j, { offset, ...record }] of batch.records.entries()) {
          const at = batch.firstIndex + j
          if (at >= size) return
          if (at >= index) yield { ...record, index: at, position: { segment: segment.sequence, offset } }
        }
      }
    }
  }

  async close(): Promise<void> {
    await this.#spare
    const files = [...this.#open.values()]
    this.#open.clear()
    for (const file of files) await (await file.catch(() => undefined))?.close()
    await this.#keys.close()
  }

  async #load(): Promise<void> {
    const names = (await this.#disk.list(join(this.#folder, 'segments'))).filter(name =>
      /^\d{8}\.seg$/.test(name),
    )
    for (const name of names) {
      const sequence = Number(name.slice(0, 8))
      const path = this.#path(sequence)
      const expected = this.#segments.at(-1)
      if (expected !== undefined && sequence !== expected.sequence + 1)
        throw new AnswerableError('corrupt', `${this.#path(expected.sequence + 1)} is missing`)
      const file = await this.#file(sequence)
      const header = decodeSegmentHeader(await file.read(0, SEGMENT_HEADER_BYTES), path)
      this.#segments.push({ ...header, sequence, path, bytes: await file.size() })
    }
    if (this.#segments.length === 0) {
      await this.#create(
        { firstIndex: 0, previousEnd: SEGMENT_HEADER_BYTES },
        0,
        this.#options.firstSegmentBytes,
      )
    }
    const last = this.#last()
    this.#size = last.firstIndex
    this.#end = SEGMENT_HEADER_BYTES
    for await (const batch of this.#batches(last, undefined)) {
      this.#size = batch.firstIndex + batch.records.length
      this.#end = batch.end
    }
    await this.#keys.prepare(this.#size)
  }

  /**
   * The valid batches of a segment. With a next segment they must lead exactly to where its header says; in the last
   * one they end at the first batch that is not whole, which must be the last thing written.
   */
  async *#batches(segment: Segment, next: Segment | undefined): AsyncGenerator<ScannedBatch> {
    const file = await this.#file(segment.sequence)
    const stop = next?.previousEnd ?? Number.POSITIVE_INFINITY
    let at = SEGMENT_HEADER_BYTES
    let index = segment.firstIndex
    let held: ScannedBatch | undefined
    while (at < stop) {
      const batch = await readBatch(file, at, index)
      if (batch === undefined) break
      if (held !== undefined) yield held
      held = batch
      at = batch.end
      index += batch.records.length
    }
    // Only the last batch can be whole here and still lack its keys, for the next is written when both are durable.
    if (held !== undefined && (next !== undefined || (await this.#ownsKeys(held)))) yield held
    else if (held !== undefined) {
      at = held.start
      index = held.firstIndex
    }
    if (next !== undefined && (at !== stop || index !== next.firstIndex))
      throw new AnswerableError('corrupt', `${segment.path}: damaged at byte ${at} (record ${index})`)
    if (next === undefined && (await hasLaterBatch(file, at + 1, index)))
      throw new AnswerableError('corrupt', `${segment.path}: damaged at byte ${at} (record ${index})`)
  }

  /** Whether the key slots of a batch became durable with it. An erased slot was, once. */
  async #ownsKeys(batch: ScannedBatch): Promise<boolean> {
    for (const [i, { statement, content }] of batch.records.entries()) {
      if (content.length === 0) continue
      const slot = await this.#keys.read(batch.firstIndex + i)
      if (slot.state === 'empty') return false
      if (slot.state === 'held' && slot.check !== keyCheck(slot.key, this.#options.entryOf(statement)))
        return false
    }
    return true
  }

  /** Starts the next segment, with room for at least `least` bytes. Its header is durable before anything follows it. */
  async #roll(least: number): Promise<void> {
    const last = this.#last()
    const header = { firstIndex: this.#size, previousEnd: this.#end }
    const sequence = last.sequence + 1
    const spare = await this.#spare
    this.#spare = undefined
    if (spare !== undefined && spare >= least) {
      const file = await this.#disk.open(this.#sparePath())
      try {
        await file.write(encodeSegmentHeader(header), 0)
      } finally {
        await file.close()
      }
      await this.#disk.rename(this.#sparePath(), this.#path(sequence))
      this.#segments.push({ ...header, sequence, path: this.#path(sequence), bytes: spare })
    } else {
      await this.#create(header, sequence, Math.max(least, this.#nextBytes(last.bytes)))
    }
    this.#end = SEGMENT_HEADER_BYTES
    await this.#keys.prepare(this.#size)
    this.#prepareSpare()
  }

  async #create(header: SegmentHeader, sequence: number, bytes: number): Promise<void> {
    const path = this.#path(sequence)
    await this.#disk.preallocate(path, bytes, encodeSegmentHeader(header))
    this.#segments.push({ ...header, sequence, path, bytes })
  }

  /** Writes the zeros of the segment after this one while this one fills. A failure shows when the spare is needed. */
  #prepareSpare(): void {
    const bytes = this.#nextBytes(this.#last().bytes)
    this.#spare = this.#disk.preallocate(this.#sparePath(), bytes, Buffer.alloc(0)).then(
      () => bytes,
      () => undefined,
    )
  }

  #nextBytes(bytes: number): number {
    return Math.min(
      bytes * 2,
      Math.max(this.#options.lastSegmentBytes, SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES),
    )
  }

  #last(): Segment {
    return this.#segments.at(-1)!
  }

  #path(sequence: number): string {
    return join(this.#folder, 'segments', segmentName(sequence))
  }

  #sparePath(): string {
    return join(this.#folder, 'segments', 'spare')
  }

  #file(sequence: number): Promise<DiskFile> {
    const open = this.#open.get(sequence)
    if (open !== undefined) return open
    const opening = this.#disk.open(this.#path(sequence))
    this.#open.set(sequence, opening)
    opening.catch(() => this.#open.delete(sequence))
    return opening
  }
}
