/**
 * Where a header is read from: a file of which pieces are asked for, or the first bytes of one. Readers of headers go
 * through a `Cursor`, which bounds what they read in all; so whatever lengths a file claims, little is read and kept.
 */
import { AnswerableError } from '../error.ts'

export interface ByteSource {
  /** Bytes in all, also where not all of them can be read. */
  size: number
  /** Up to `length` bytes from `at`; fewer where there are no more, or no more are at hand. */
  read(at: number, length: number): Uint8Array
}

/** The first bytes of a file of `size`; of one that is no longer where it is left out. */
export function bytesSource(bytes: Uint8Array, size: number = bytes.length): ByteSource {
  return { size, read: (at, length) => bytes.subarray(at, at + length) }
}

/** A header goes on beyond what can be read, or beyond the bound. What was read before stands. */
export class HeaderCut extends Error {}

/** What a reader may take from a file in all; most of a real header is vocabulary, a few megabytes, that is passed over. */
export const MAX_HEADER_BYTES = 32 * 1024 * 1024
/** How often it may ask: each jump over a tensor is one. */
const MAX_READS = 16_384
/** After a jump little is read, since another jump may follow; reading on takes ever more at once. */
const LEAST_WINDOW = 4 * 1024
const MOST_WINDOW = 64 * 1024

export function badModel(message: string): AnswerableError {
  return new AnswerableError('bad-model', message)
}

/** Reads forward, a window at a time. */
export class Cursor {
  readonly #source: ByteSource
  #window: Uint8Array = new Uint8Array(0)
  #start = 0
  #next = LEAST_WINDOW
  #bytesLeft = MAX_HEADER_BYTES
  #readsLeft = MAX_READS
  at = 0

  constructor(source: ByteSource) {
    this.#source = source
  }

  get size(): number {
    return this.#source.size
  }

  /** The next `length` bytes, not a copy. Throws `HeaderCut`, and `bad-model` where the file is shorter than it says. */
  take(length: number): Uint8Array {
    this.#fill(length)
    const from = this.at - this.#start
    this.at += length
    return this.#window.subarray(from, from + length)
  }

  /** Passes over bytes without reading them. Throws `bad-model` where there are not as many. */
  skip(length: number): void {
    if (!(length <= this.size - this.at)) throw badModel(`byte ${this.at}: a part is longer than the file`)
    this.at += length
  }

  u8(): number {
    this.#fill(1)
    return this.#window[this.at++ - this.#start]!
  }

  u32(): number {
    this.#fill(4)
    const from = this.at - this.#start
    const bytes = this.#window
    this.at += 4
    return (bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16)) + bytes[from + 3]! * 2 ** 24
  }

  /** An unsigned integer of 64 bits. Beyond 2^53 it is not exact; nothing that is counted here is as large. */
  u64(): number {
    const low = this.u32()
    return low + this.u32() * 2 ** 32
  }

  #fill(length: number): void {
    const from = this.at - this.#start
    if (from >= 0 && from + length <= this.#window.length) return
    if (!(length <= this.size - this.at)) throw badModel(`byte ${this.at}: a part is longer than the file`)
    // Bounded before anything is allocated for it.
    if (length > this.#bytesLeft || this.#readsLeft-- <= 0)
      throw new HeaderCut('the header is over its bound')
    const jumped = from < 0 || from > this.#window.length
    this.#next = jumped ? LEAST_WINDOW : Math.min(this.#next * 2, MOST_WINDOW)
    this.#window = this.#source.read(this.at, Math.min(Math.max(length, this.#next), this.#bytesLeft))
    this.#start = this.at
    this.#bytesLeft -= this.#window.length
    if (this.#window.length < length) throw new HeaderCut('the header goes on beyond what is at hand')
  }
}

const decoder = new TextDecoder('utf-8')
/** Text that is kept of a header: a licence or description in full may be longer, and is cut. */
export const MAX_TEXT = 4096

/** For showing: not UTF-8 is replaced, too long is cut. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes.subarray(0, MAX_TEXT))
}
