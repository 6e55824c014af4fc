/**
 * A column of 32-byte values in a file: one tile level of a tree, or the entries of a log of digests. Values are
 * appended in memory and made durable by `flush`; reads see both.
 */
import { basename, dirname } from 'node:path'
import { AnswerableError } from '@answerable/core'
import type { Disk, DiskFile } from '../storage/disk.ts'

const BYTES = 32
const FIRST_TAIL = 256 * BYTES

export class HashFile {
  readonly #file: DiskFile
  readonly #path: string
  /** Values on disk, of those that count. Behind them may be some of a flush that failed; they are written again. */
  #flushed: number
  /**
   * Values behind those on disk, side by side and with room for more: as objects they would live just long enough to be
   * the garbage collector's dearest.
   */
  #tail: Buffer = Buffer.allocUnsafe(FIRST_TAIL)
  #pending = 0
  /** One at a time: two would write the same values, and count them twice. */
  #flushing: Promise<void> | undefined

  private constructor(file: DiskFile, path: string, count: number) {
    this.#file = file
    this.#path = path
    this.#flushed = count
  }

  /** Opens the file with its first `count` values; what lies behind them is from a publication that never finished. */
  static async open(disk: Disk, path: string, count: number): Promise<HashFile> {
    const there = (await disk.list(dirname(path))).includes(basename(path))
    if (!there && count > 0)
      throw new AnswerableError('corrupt', `${path}: missing, and ${count} hashes were published`)
    const file = await disk.open(path, !there)
    const size = await file.size()
    if (size >= count * BYTES) return new HashFile(file, path, count)
    await file.close()
    throw new AnswerableError(
      'corrupt',
      `${path}: ${count} hashes were published, and not all of them are here`,
    )
  }

  get length(): number {
    return this.#flushed + this.#pending
  }

  /** Values that wait for `flush`. */
  get pending(): number {
    return this.#pending
  }

  append(value: Uint8Array): void {
    const at = this.#pending * BYTES
    if (at === this.#tail.length) {
      const larger = Buffer.allocUnsafe(this.#tail.length * 2)
      larger.set(this.#tail)
      this.#tail = larger
    }
    this.#tail.set(value, at)
    this.#pending++
  }

  /** Makes durable all that was appended before. Appending may go on meanwhile. */
  async flush(): Promise<void> {
    // One that is under way may have begun before the last values came.
    await this.#flushing?.catch(() => undefined)
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined
    })
    await this.#flushing
  }

  async #flush(): Promise<void> {
    const count = this.#pending
    if (count === 0) return
    // What is appended meanwhile comes behind these, here or in a larger copy.
    await this.#file.write(this.#tail.subarray(0, count * BYTES), this.#flushed * BYTES)
    this.#flushed += count
    this.#tail.copyWithin(0, count * BYTES, this.#pending * BYTES)
    this.#pending -= count
  }

  /** `count` values from `start`, side by side; fewer only beyond the last. Throws `corrupt` where the file was cut. */
  async read(start: number, count: number): Promise<Buffer> {
    // What is in memory is taken before waiting, so that a flush in between leaves no gap.
    const place = (index: number) => Math.max(0, Math.min(index - this.#flushed, this.#pending)) * BYTES
    const memory = Buffer.from(this.#tail.subarray(place(start), place(start + count)))
    const onDisk = Math.max(0, Math.min(count, this.#flushed - start))
    if (onDisk === 0) return memory
    const disk = await this.#file.read(start * BYTES, onDisk * BYTES)
    if (disk.length < onDisk * BYTES)
      throw new AnswerableError('corrupt', `${this.#path}: ends before hash ${start + onDisk}`)
    return memory.length === 0 ? disk : Buffer.concat([disk, memory])
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
