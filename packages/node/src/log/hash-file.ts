/**
 * A column of 32-byte values in a file: one tile level of a tree, or the entries of a log of digests. Values are
 * appended in memory and made durable by `flush`; reads see both.
 */
import { basename, dirname } from 'node:path'
import { AnswerableError } from '@answerable/core'
import type { Disk, DiskFile } from '../storage/disk.ts'

const BYTES = 32

export class HashFile {
  readonly #file: DiskFile
  /** Values on disk, of those that count. */
  #flushed: number
  /** Values behind those on disk. */
  #tail: Uint8Array[] = []

  private constructor(file: DiskFile, count: number) {
    this.#file = file
    this.#flushed = count
  }

  /** Opens the file with its first `count` values; what lies behind them is from a publication that never finished. */
  static async open(disk: Disk, path: string, count: number): Promise<HashFile> {
    const there = (await disk.list(dirname(path))).includes(basename(path))
    const file = await disk.open(path, !there)
    if ((await file.size()) < count * BYTES)
      throw new AnswerableError(
        'corrupt',
        `${path}: ${count} hashes were published, and not all of them are here`,
      )
    return new HashFile(file, count)
  }

  get length(): number {
    return this.#flushed + this.#tail.length
  }

  /** Values that wait for `flush`. */
  get pending(): number {
    return this.#tail.length
  }

  append(value: Uint8Array): void {
    this.#tail.push(value)
  }

  /** Writes what was appended, durably. Appending may go on meanwhile. */
  async flush(): Promise<void> {
    const values = this.#tail.slice()
    if (values.length === 0) return
    await this.#file.write(Buffer.concat(values), this.#flushed * BYTES)
    this.#flushed += values.length
    this.#tail = this.#tail.slice(values.length)
  }

  /** `count` values from `start`, side by side; fewer only where the file is cut short. */
  async read(start: number, count: number): Promise<Buffer> {
    // What is in memory is taken before waiting, so that a flush in between leaves no gap.
    const memory = this.#tail.slice(
      Math.max(0, start - this.#flushed),
      Math.max(0, start + count - this.#flushed),
    )
    const onDisk = Math.max(0, Math.min(count, this.#flushed - start))
    const disk = onDisk === 0 ? Buffer.alloc(0) : await this.#file.read(start * BYTES, onDisk * BYTES)
    return memory.length === 0 ? disk : Buffer.concat([disk, ...memory])
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
