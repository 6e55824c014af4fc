/**
 * Making proofs. Every hash of a proof is the Merkle hash of a range of entries (RFC 6962, sections 2.1.1 and 2.1.2),
 * and every such range is a run of complete subtrees, which a {@link HashReader} answers for. A shell whose hashes
 * are behind I/O asks the `needed` functions first, fetches, and then makes the proof without waiting.
 */
import { AnswerableError } from '../error.ts'
import type { Suite } from '../suite.ts'
import { EMPTY_ROOT, nodeHash } from './merkle.ts'

/**
 * Answers with MTH(D[index * 2^level : (index + 1) * 2^level]), the hash of a complete subtree. Level 0 are leaf
 * hashes. Asked only for subtrees that are complete in the tree at hand; throws where it has no such hash.
 */
export type HashReader = (level: number, index: number) => Uint8Array

/** A complete subtree by name: the entries from `index * 2^level`, `2^level` of them. */
export interface Subtree {
  readonly level: number
  readonly index: number
}

/** Entries from `start`, up to but not including `end`. */
interface Range {
  readonly start: number
  readonly end: number
}

/** The root of the tree of the first `size` entries. */
export function treeRoot(size: number, read: HashReader, suite: Suite): Uint8Array {
  checkIndex(size)
  return size === 0 ? EMPTY_ROOT : rangeHash({ start: 0, end: size }, read, suite)
}

/** The inclusion proof of the entry at `index` in the tree of `size`, leaf's sibling first. Throws `bad-proof`. */
export function inclusionProof(index: number, size: number, read: HashReader, suite: Suite): Uint8Array[] {
  return inclusionRanges(index, size).map(range => rangeHash(range, read, suite))
}

/** The consistency proof between two sizes; empty for an old size of 0 and for equal sizes. Throws `bad-proof`. */
export function consistencyProof(
  oldSize: number,
  newSize: number,
  read: HashReader,
  suite: Suite,
): Uint8Array[] {
  return consistencyRanges(oldSize, newSize).map(range => rangeHash(range, read, suite))
}

/** The hashes that {@link treeRoot} reads. */
export function neededForRoot(size: number): Subtree[] {
  checkIndex(size)
  return subtrees({ start: 0, end: size })
}

/** The hashes that {@link inclusionProof} reads. */
export function neededForInclusion(index: number, size: number): Subtree[] {
  return inclusionRanges(index, size).flatMap(subtrees)
}

/** The hashes that {@link consistencyProof} reads. */
export function neededForConsistency(oldSize: number, newSize: number): Subtree[] {
  return consistencyRanges(oldSize, newSize).flatMap(subtrees)
}

/** PATH(m, D[n]) of RFC 6962, section 2.1.1, as the ranges it hashes. */
function inclusionRanges(index: number, size: number): Range[] {
  checkIndex(index)
  checkIndex(size)
  if (index >= size) throw new AnswerableError('bad-proof', `index ${index} is outside a tree of ${size}`)
  const path: Range[] = []
  let start = 0
  let end = size
  while (end - start > 1) {
    const middle = start + splitPoint(end - start)
    if (index < middle) {
      path.push({ start: middle, end })
      end = middle
    } else {
      path.push({ start, end: middle })
      start = middle
    }
  }
  return path.reverse()
}

/** PROOF(m, D[n]) of RFC 6962, section 2.1.2, as the ranges it hashes. */
function consistencyRanges(oldSize: number, newSize: number): Range[] {
  checkIndex(oldSize)
  checkIndex(newSize)
  if (oldSize > newSize)
    throw new AnswerableError('bad-proof', `the old size ${oldSize} is over the new size ${newSize}`)
  if (oldSize === 0) return []
  const path: Range[] = []
  let start = 0
  let end = newSize
  while (oldSize !== end) {
    const middle = start + splitPoint(end - start)
    if (oldSize <= middle) {
      path.push({ start: middle, end })
      end = middle
    } else {
      path.push({ start, end: middle })
      start = middle
    }
  }
  // The range that ends where the old tree ends is left out only where it is the whole old tree.
  if (start !== 0) path.push({ start, end })
  return path.reverse()
}

/** The complete subtrees of a range that starts at a multiple of its own size rounded up to a power of two. */
function subtrees({ start, end }: Range): Subtree[] {
  const out: Subtree[] = []
  for (let at = start; at < end; ) {
    const level = bitLength(end - at) - 1
    const width = 2 ** level
    out.push({ level, index: at / width })
    at += width
  }
  return out
}

function rangeHash(range: Range, read: HashReader, suite: Suite): Uint8Array {
  return subtrees(range)
    .map(({ level, index }) => read(level, index))
    .reduceRight((right, left) => nodeHash(left, right, suite))
}

/** The largest power of two smaller than n, for n > 1. */
function splitPoint(n: number): number {
  return 2 ** (bitLength(n - 1) - 1)
}

/** How many bits a safe integer has. Exact, where the floating-point logarithm is not. */
function bitLength(n: number): number {
  return n < 2 ** 32 ? 32 - Math.clz32(n) : 64 - Math.clz32(Math.floor(n / 2 ** 32))
}

function checkIndex(n: number): void {
  if (!Number.isSafeInteger(n) || n < 0)
    throw new AnswerableError('bad-proof', 'a size or index is not an integer between 0 and 2^53 - 1')
}
