/** Reading a file front to back in large pieces, however small the things in it are. */
import type { DiskFile } from './disk.ts'

const PIECE_BYTES = 1 << 20

export class Window {
  readonly #read: DiskFile['read']
  #start = 0
  #bytes: Buffer = Buffer.alloc(0)

  /** `read` must give fewer bytes than asked for only at the end of the file. */
  constructor(read: DiskFile['read']) {
    this.#read = read
  }

  /** Up to `length` bytes from `at`, as a view that later reads leave as it is. */
  async read(at: number, length: number): Promise<Buffer> {
    if (at < this.#start || at + length > this.#start + this.#bytes.length) {
      this.#bytes = await this.#read(at, Math.max(length, PIECE_BYTES))
      this.#start = at
    }
    return this.#bytes.subarray(at - this.#start, at - this.#start + length)
  }
}
