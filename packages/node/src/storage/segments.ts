/**
 * The segments of a store, in order: their headers, the bytes in them, and the change from one to the next. A batch
 * goes to the last one; those before it are only read.
 */
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import type { Disk } from './disk.ts'
import { OpenFiles } from './open-files.ts'
import {
  BATCH_HEADER_BYTES,
  decodeSegmentHeader,
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
import type { Position } from './storage.ts'
import { Window } from './window.ts'

export interface Segment extends SegmentHeader {
  sequence: number
  path: string
  bytes: number
}

/** A place between two batches: the byte in its segment, and the index of the record that follows. */
export interface Mark {
  at: number
  index: number
}

/** Segments double from the first size up to the last. Bytes. */
export interface SegmentSizes {
  firstSegmentBytes: number
  lastSegmentBytes: number
}

export class Segments {
  readonly #disk: Disk
  readonly #folder: string
  readonly #sizes: SegmentSizes
  readonly #segments: Segment[] = []
  readonly #files: OpenFiles
  /** The size of the file that waits to be the next segment, once it is there. A crash may leave one; it is written anew. */
  #spare: Promise<number | undefined> | undefined

  private constructor(disk: Disk, folder: string, sizes: SegmentSizes) {
    this.#disk = disk
    this.#folder = folder
    this.#sizes = sizes
    this.#files = new OpenFiles(disk)
  }

  /** Reads the headers, and makes the first segment in an empty folder. Throws `corrupt`. */
  static async open(disk: Disk, folder: string, sizes: SegmentSizes): Promise<Segments> {
    const segments = new Segments(disk, folder, sizes)
    try {
      await segments.#load()
    } catch (error) {
      await segments.close()
      throw error
    }
    return segments
  }

  get all(): readonly Segment[] {
    return this.#segments
  }

  get last(): Segment {
    return this.#segments.at(-1)!
  }

  /** Writes a batch into the last segment, durably. */
  write(bytes: Uint8Array, at: number): Promise<void> {
    return this.#files.use(this.last.path, file => file.write(bytes, at))
  }

  /** Makes durable what another process may have left in the last segment. */
  sync(): Promise<void> {
    return this.#files.use(this.last.path, file => file.sync())
  }

  /** Throws `corrupt` where no record can stand there, and `not-found` for a segment that is not kept. */
  async read({ segment, offset }: Position): Promise<StoredRecord> {
    const first = this.#segments[0]!.sequence
    const known = this.#segments[segment - first]
    if (known === undefined) throw new AnswerableError('not-found', `segment ${segment} is no longer kept`)
    return this.#files.use(known.path, file => readRecord(file, offset, known.bytes, known.path))
  }

  /** The whole, valid batches from one mark on, until another or the first that is neither. */
  async *batches(
    segment: Segment,
    { at, index }: Mark,
    limit: number = segment.bytes,
  ): AsyncGenerator<ScannedBatch> {
    const window = this.#window(segment)
    for (;;) {
      const batch = await readBatch(window, at, index, limit)
      if (batch === undefined) return
      yield batch
      at = batch.end
      index += batch.records.length
    }
  }

  /** The batches between two marks. Throws `corrupt` where they do not lead exactly from the one to the other. */
  async *batchesUpTo(segment: Segment, from: Mark, to: Mark): AsyncGenerator<ScannedBatch> {
    let { at, index } = from
    for await (const batch of this.batches(segment, from, to.at)) {
      yield batch
      at = batch.end
      index += batch.records.length
    }
    if (at !== to.at || index !== to.index) throw damaged(segment, { at, index })
  }

  /** Throws `corrupt` where what a crash would have left last in a segment has batches behind it. */
  async checkEnd(segment: Segment, { at, index }: Mark): Promise<void> {
    if (await hasLaterBatch(this.#window(segment), at + 1, index, segment.bytes))
      throw damaged(segment, { at, index })
  }

  /**
   * Starts the next segment behind `end`, with room for at least `least` bytes. Its header is durable before anything
   * follows it. May be tried again after a failure: then a segment of the same number takes the place of the first.
   */
  async roll(end: Mark, least: number): Promise<void> {
    const { sequence, bytes } = this.last
    const header = { firstIndex: end.index, previousEnd: end.at }
    const path = this.#path(sequence + 1)
    const spare = await this.#spare
    this.#spare = undefined
    const size = spare !== undefined && spare >= least ? spare : Math.max(least, this.#nextBytes(bytes))
    if (size === spare) {
      const file = await this.#disk.open(this.#sparePath())
      try {
        await file.write(encodeSegmentHeader(header), 0)
      } finally {
        await file.close()
      }
      await this.#disk.rename(this.#sparePath(), path)
    } else {
      await this.#disk.preallocate(path, size, encodeSegmentHeader(header))
    }
    this.#segments.push({ ...header, sequence: sequence + 1, path, bytes: size })
    this.#prepareSpare()
  }

  async close(): Promise<void> {
    await this.#spare
    await this.#files.close()
  }

  async #load(): Promise<void> {
    const names = await this.#disk.list(join(this.#folder, 'segments'))
    for (const name of names.filter(one => /^\d{8}\.seg$/.test(one))) {
      const sequence = Number(name.slice(0, 8))
      const path = this.#path(sequence)
      const before = this.#segments.at(-1)
      if (before !== undefined && sequence !== before.sequence + 1)
        throw new AnswerableError('corrupt', `${this.#path(before.sequence + 1)} is missing`)
      const [head, bytes] = await this.#files.use(path, async file => {
        return [await file.read(0, SEGMENT_HEADER_BYTES), await file.size()] as const
      })
      const header = decodeSegmentHeader(head, path)
      if (before !== undefined && !follows(header, before))
        throw new AnswerableError('corrupt', `${path}: does not continue the segment before it`)
      this.#segments.push({ ...header, sequence, path, bytes })
    }
    if (this.#segments.length > 0) return
    const header = { firstIndex: 0, previousEnd: SEGMENT_HEADER_BYTES }
    const bytes = this.#sizes.firstSegmentBytes
    await this.#disk.preallocate(this.#path(0), bytes, encodeSegmentHeader(header))
    this.#segments.push({ ...header, sequence: 0, path: this.#path(0), bytes })
  }

  /** Writes the zeros of the segment after this one while this one fills. A failure shows when the spare is needed. */
  #prepareSpare(): void {
    const bytes = this.#nextBytes(this.last.bytes)
    this.#spare = this.#disk.preallocate(this.#sparePath(), bytes, Buffer.alloc(0)).then(
      () => bytes,
      () => undefined,
    )
  }

  #nextBytes(bytes: number): number {
    const most = Math.max(this.#sizes.lastSegmentBytes, SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES)
    return Math.min(bytes * 2, most)
  }

  #window({ path }: Segment): Window {
    return new Window((at, length) => this.#files.use(path, file => file.read(at, length)))
  }

  #path(sequence: number): string {
    return join(this.#folder, 'segments', segmentName(sequence))
  }

  #sparePath(): string {
    return join(this.#folder, 'segments', 'spare')
  }
}

function follows({ firstIndex, previousEnd }: SegmentHeader, before: Segment): boolean {
  return firstIndex >= before.firstIndex && previousEnd >= SEGMENT_HEADER_BYTES && previousEnd <= before.bytes
}

function damaged({ path }: Segment, { at, index }: Mark): AnswerableError {
  return new AnswerableError('corrupt', `${path}: damaged at byte ${at} (record ${index})`)
}
