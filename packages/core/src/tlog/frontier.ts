/**
 * The right edge of a growing tree: one hash for each complete subtree on it, at most 53. It is all that appending
 * and the root need.
 */
import { concat } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import type { Suite } from '../suite.ts'
import { EMPTY_ROOT, HASH_LENGTH, nodeHash } from './merkle.ts'

/** Told of each complete subtree as its last leaf arrives, the leaf itself (level 0) first. */
export type NodeListener = (level: number, index: number, hash: Uint8Array) => void

export class Frontier {
  readonly #suite: Suite
  #size = 0
  /** One hash for each set bit of the size, the largest subtree first. */
  #hashes: Uint8Array[] = []

  constructor(suite: Suite) {
    this.#suite = suite
  }

  /** Entries so far. */
  get size(): number {
    return this.#size
  }

  /**
   * Adds a leaf by its hash, which is kept and not copied: on average one node is hashed. `onNode` hears of every
   * subtree that this leaf completes, which is what tiles are made of. Throws `bad-tile` for a wrong length.
   */
  append(leafHash: Uint8Array, onNode?: NodeListener): void {
    if (leafHash.length !== HASH_LENGTH) throw bad('a leaf hash is not 32 bytes')
    if (this.#size === Number.MAX_SAFE_INTEGER) throw bad('the tree is full')
    let hash = leafHash
    let level = 0
    let index = this.#size
    onNode?.(level, index, hash)
    while (index % 2 === 1) {
      hash = nodeHash(this.#hashes.pop()!, hash, this.#suite)
      level++
      index = (index - 1) / 2
      onNode?.(level, index, hash)
    }
    this.#hashes.push(hash)
    this.#size++
  }

  /** The root of the tree so far: one node hash fewer than the size has set bits. */
  root(): Uint8Array {
    if (this.#size === 0) return EMPTY_ROOT
    return this.#hashes.reduceRight((right, left) => nodeHash(left, right, this.#suite))
  }

  /** An independent copy, to append to before it is known that the entries are durable. */
  clone(): Frontier {
    const copy = new Frontier(this.#suite)
    copy.#size = this.#size
    copy.#hashes = [...this.#hashes]
    return copy
  }

  /** The size as 8 bytes, big-endian, and the hashes, the largest subtree first. */
  toBytes(): Uint8Array {
    const size = new Uint8Array(8)
    new DataView(size.buffer).setBigUint64(0, BigInt(this.#size))
    return concat(size, ...this.#hashes)
  }

  /** The inverse of `toBytes`. Throws `bad-tile`. */
  static fromBytes(bytes: Uint8Array, suite: Suite): Frontier {
    if (bytes.length < 8) throw bad('shorter than its size')
    const size = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0)
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw bad('the size is over 2^53 - 1')
    return Frontier.fromHashes(Number(size), hashesOf(bytes.subarray(8)), suite)
  }

  /** From the hashes that `neededForRoot(size)` names, in its order. Throws `bad-tile`. */
  static fromHashes(size: number, hashes: readonly Uint8Array[], suite: Suite): Frontier {
    if (!Number.isSafeInteger(size) || size < 0)
      throw bad('the size is not an integer between 0 and 2^53 - 1')
    let bits = 0
    for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2
    if (hashes.length !== bits || hashes.some(hash => hash.length !== HASH_LENGTH))
      throw bad(`a tree of ${size} has ${bits} hashes of 32 bytes on its edge`)
    const frontier = new Frontier(suite)
    frontier.#size = size
    frontier.#hashes = [...hashes]
    return frontier
  }
}

function hashesOf(bytes: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += HASH_LENGTH) out.push(bytes.slice(at, at + HASH_LENGTH))
  return out
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-tile', `frontier: ${message}`)
}
