/**
 * A stream's chunks: each is one complete server-sent event (WHATWG HTML, section 9.2.6), with the blank line that
 * ends it, byte for byte; what follows the last blank line is a chunk too. The chunk root is the RFC 6962 root over
 * keyed leaves, so that one chunk can be shown by itself without the others becoming guessable.
 */
import { concat } from '../bytes.ts'
import type { Suite } from '../suite.ts'
import { Frontier } from '../tlog/frontier.ts'
import { leafHash } from '../tlog/merkle.ts'

/** An event that grows beyond this is cut there: memory stays bounded, and both sides cut at the same byte. */
export const MAX_CHUNK_BYTES = 1024 * 1024
export const CHUNK_KEY_BYTES = 32

const LF = 10
const CR = 13

/** Cuts bytes, however they arrive, into chunks. A line ends at LF or CR LF; a CR alone ends none. */
export class ChunkSplitter {
  /** Of the open chunk, the first `#length` bytes. It grows by doubling: bytes may arrive one by one. */
  #pending = new Uint8Array(0)
  #length = 0
  /** Bytes in the current line, a closing CR not counted. */
  #line = 0
  #afterCr = false

  /** The chunks that these bytes complete. A chunk may be a view of `bytes`. */
  push(bytes: Uint8Array): Uint8Array[] {
    const chunks: Uint8Array[] = []
    let start = 0
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!
      let ends = false
      if (byte === LF) {
        ends = this.#line === 0
        this.#line = 0
        this.#afterCr = false
      } else {
        if (this.#afterCr) this.#line++
        this.#afterCr = byte === CR
        if (!this.#afterCr) this.#line++
      }
      if (ends || this.#length + i + 1 - start >= MAX_CHUNK_BYTES) {
        chunks.push(this.#take(bytes.subarray(start, i + 1)))
        start = i + 1
      }
    }
    if (start < bytes.length) this.#keep(bytes.subarray(start))
    return chunks
  }

  /** What is left at the end, if anything. */
  end(): Uint8Array | undefined {
    return this.#length === 0 ? undefined : this.#take(new Uint8Array(0))
  }

  /** Copies, since the caller's buffer is its own to use again. */
  #keep(bytes: Uint8Array): void {
    const length = this.#length + bytes.length
    if (length > this.#pending.length) {
      const grown = new Uint8Array(Math.max(length, Math.min(2 * this.#pending.length, MAX_CHUNK_BYTES)))
      grown.set(this.#pending.subarray(0, this.#length))
      this.#pending = grown
    }
    this.#pending.set(bytes, this.#length)
    this.#length = length
  }

  #take(last: Uint8Array): Uint8Array {
    const chunk = this.#length === 0 ? last : concat(this.#pending.subarray(0, this.#length), last)
    if (this.#length > MOST_KEPT) this.#pending = new Uint8Array(0)
    this.#length = 0
    return chunk
  }
}

/** The room that one large event took is not kept for the small ones after it. */
const MOST_KEPT = 64 * 1024

/** Collects the keyed leaves of a stream's chunks. */
export class ChunkTree {
  readonly #key: Uint8Array
  readonly #suite: Suite
  readonly #frontier: Frontier

  constructor(key: Uint8Array, suite: Suite) {
    this.#key = key
    this.#suite = suite
    this.#frontier = new Frontier(suite)
  }

  get count(): number {
    return this.#frontier.size
  }

  add(chunk: Uint8Array): void {
    this.#frontier.append(leafHash(this.#suite.hmacSha256(this.#key, chunk), this.#suite))
  }

  root(): Uint8Array {
    return this.#frontier.root()
  }
}

/** Bytes given to the splitter at a time: the chunks that they complete are all in memory at once. */
const PIECE = 64 * 1024

/** Count and root of a whole stream's bytes. With `most`, it stops at the first chunk over that many. */
export function chunkTreeOf(
  bytes: Uint8Array,
  key: Uint8Array,
  suite: Suite,
  most: number = Number.POSITIVE_INFINITY,
): ChunkTree {
  const splitter = new ChunkSplitter()
  const tree = new ChunkTree(key, suite)
  for (let at = 0; at < bytes.length && tree.count <= most; at += PIECE) {
    for (const chunk of splitter.push(bytes.subarray(at, at + PIECE))) tree.add(chunk)
  }
  const last = splitter.end()
  if (last !== undefined) tree.add(last)
  return tree
}
