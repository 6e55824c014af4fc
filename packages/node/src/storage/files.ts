/**
 * Record storage in files: segments of batches, and key slots beside them.
 *
 * Invariants:
 * - at most one batch is being written at a time, so after a crash at most the last one is torn;
 * - a batch counts only if it is whole and each of its records' key slots is its own; one that counts is made durable
 *   again at the start, since a process that was killed may have left it in memory alone;
 * - the key files of a batch are there before it is written, so one that is missing was removed, not lost in a crash;
 * - a failed batch has no write under way any more when its failure is known, so that none comes after a later one;
 * - a segment's header says where the one before it ends, so a batch that failed there is never read again;
 * - damage anywhere else is `corrupt` and stops the start: a store never continues from another tree.
 */
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import type { Disk } from './disk.ts'
import { KeyFile, keyCheck } from './keys.ts'
import { Marks } from './marks.ts'
import { encodeBatch, type ScannedBatch, SEGMENT_HEADER_BYTES, type StoredRecord } from './segment.ts'
import { type Mark, type SegmentSizes, Segments } from './segments.ts'
import type { NewRecord, Position, RecordStorage, ScannedRecord } from './storage.ts'

export interface FileStorageOptions extends Partial<SegmentSizes> {
  /** Stays what it was when the folder was made. */
  keysPerFile?: number
  /** The entry of a statement, to match key slots with: SHA-256. */
  entryOf(statement: Uint8Array): Uint8Array
}

export class FileStorage implements RecordStorage {
  readonly #segments: Segments
  readonly #keys: KeyFile
  readonly #entryOf: FileStorageOptions['entryOf']
  /** Records that are durable, and where the next batch goes in the last segment. */
  #size = 0
  #end = SEGMENT_HEADER_BYTES
  /** Where each batch of the last segment begins. */
  #marks: Mark[] = []
  /** And some of those of segments before it, once they were read. */
  readonly #passed = new Marks()
  #failed = false
  #recovering: Promise<boolean> | undefined

  private constructor(segments: Segments, keys: KeyFile, entryOf: FileStorageOptions['entryOf']) {
    this.#segments = segments
    this.#keys = keys
    this.#entryOf = entryOf
  }

  /** Opens the folder, or makes it. Throws `corrupt` where what was acknowledged is no longer whole. */
  static async open(
    disk: Disk,
    folder: string,
    { entryOf, keysPerFile, firstSegmentBytes = 4 << 20, lastSegmentBytes = 64 << 20 }: FileStorageOptions,
  ): Promise<FileStorage> {
    const keys = await KeyFile.open(disk, join(folder, 'keys'), keysPerFile)
    const segments = await Segments.open(disk, folder, { firstSegmentBytes, lastSegmentBytes })
    const storage = new FileStorage(segments, keys, entryOf)
    try {
      await storage.#load()
    } catch (error) {
      await storage.close()
      throw error
    }
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
      const first = this.#size
      const { bytes, offsets } = encodeBatch(first, records)
      if (this.#end + bytes.length > this.#segments.last.bytes)
        await this.#roll(SEGMENT_HEADER_BYTES + bytes.length)
      if (!this.#keys.has(first, records.length)) await this.#keys.prepare(first, records.length)
      const { sequence } = this.#segments.last
      const start = this.#end
      const slots = records.map(({ key, entry }) => key && { key, check: keyCheck(key, entry) })
      const outcomes = await Promise.allSettled([
        this.#segments.write(bytes, start),
        slots.some(slot => slot !== undefined) ? this.#keys.write(first, slots) : undefined,
      ])
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
      this.#marks.push({ at: start, index: first })
      this.#end = start + bytes.length
      this.#size += records.length
      this.#keys.prepareNext(this.#size)
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

  recover(): Promise<boolean> {
    if (!this.#failed) return Promise.resolve(true)
    this.#recovering ??= this.#roll(SEGMENT_HEADER_BYTES)
      .then(
        () => {
          this.#failed = false
          return true
        },
        () => false,
      )
      .finally(() => {
        this.#recovering = undefined
      })
    return this.#recovering
  }

  read(position: Position): Promise<StoredRecord> {
    return this.#segments.read(position)
  }

  async key(index: number): Promise<Uint8Array | undefined> {
    const slot = await this.#keys.read(index)
    if (slot.state === 'damaged')
      throw new AnswerableError(
        'corrupt',
        `${this.#keys.pathOf(index)}: the key of record ${index} is damaged`,
      )
    return slot.state === 'held' ? slot.key : undefined
  }

  async eraseKey(index: number, count = 1): Promise<void> {
    // A slot beyond the last record would make the record that comes there look erased.
    if (index + count > this.#size)
      throw new AnswerableError('not-found', `there is no record ${index + count - 1} yet`)
    await this.#keys.erase(index, count)
  }

  /** The record at an index. Throws `not-found` where there is none yet. */
  async at(index: number): Promise<ScannedRecord> {
    for await (const record of this.scan(index)) return record
    throw new AnswerableError('not-found', `there is no record ${index} yet`)
  }

  async *scan(index: number): AsyncGenerator<ScannedRecord> {
    // What is committed meanwhile is left out: behind this mark a batch may be half written.
    const end = { at: this.#end, index: this.#size }
    const segments = [...this.#segments.all]
    const marks = this.#marks
    if (index >= end.index) return
    const start = Math.max(
      0,
      segments.findLastIndex(({ firstIndex }) => firstIndex <= index),
    )
    for (let i = start; i < segments.length; i++) {
      const segment = segments[i]!
      const next = segments[i + 1]
      const known =
        next === undefined
          ? marks.findLast(mark => mark.index <= index)
          : this.#passed.before(segment.sequence, index)
      const from = known ?? { at: SEGMENT_HEADER_BYTES, index: segment.firstIndex }
      const to = next === undefined ? end : { at: next.previousEnd, index: next.firstIndex }
      for await (const batch of this.#segments.batchesUpTo(segment, from, to)) {
        if (next !== undefined)
          this.#passed.add(segment.sequence, { at: batch.start, index: batch.firstIndex })
        for (const [j, { offset, ...record }] of batch.records.entries()) {
          const at = batch.firstIndex + j
          if (at >= index) yield { ...record, index: at, position: { segment: segment.sequence, offset } }
        }
      }
    }
  }

  async close(): Promise<void> {
    await this.#recovering
    await this.#segments.close()
    await this.#keys.close()
  }

  async #load(): Promise<void> {
    const { last } = this.#segments
    this.#size = last.firstIndex
    let held: ScannedBatch | undefined
    for await (const batch of this.#segments.batches(last, { at: this.#end, index: this.#size })) {
      held = batch
      this.#marks.push({ at: batch.start, index: batch.firstIndex })
      this.#end = batch.end
      this.#size += batch.records.length
    }
    // Only the last batch can be whole here and still lack its keys, for the next is written when both are durable.
    if (held !== undefined && !(await this.#ownsKeys(held))) {
      this.#marks.pop()
      this.#end = held.start
      this.#size = held.firstIndex
    }
    await this.#segments.checkEnd(last, { at: this.#end, index: this.#size })
    await this.#segments.sync()
    if (held !== undefined) await this.#keys.sync(held.firstIndex, held.records.length)
    await this.#keys.prepare(this.#size)
  }

  /** Whether the key slots of a batch became durable with it. An erased slot did, and so did those of a missing file. */
  async #ownsKeys(batch: ScannedBatch): Promise<boolean> {
    for (const [i, { statement, content }] of batch.records.entries()) {
      const index = batch.firstIndex + i
      if (content.length === 0 || !this.#keys.has(index)) continue
      const slot = await this.#keys.read(index)
      if (slot.state === 'erased') continue
      if (slot.state !== 'held' || slot.check !== keyCheck(slot.key, this.#entryOf(statement))) return false
    }
    return true
  }

  async #roll(least: number): Promise<void> {
    await this.#segments.roll({ at: this.#end, index: this.#size }, least)
    this.#end = SEGMENT_HEADER_BYTES
    this.#marks = []
  }
}
