/**
 * The Merkle tree of RFC 6962, section 2.1, and the checks of its proofs (RFC 9162, sections 2.1.3.2 and 2.1.4.2;
 * C2SP merkle-tree). Sizes and indexes are safe integers, up to 2^53 - 1: halved by division, never shifted, since
 * the shift operators see 32 bits.
 */
import { equal, fromHex } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import type { Suite } from '../suite.ts'

export const HASH_LENGTH = 32

/** MTH of the empty list: SHA-256 of the empty string. */
export const EMPTY_ROOT: Uint8Array = fromHex(
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
)

// Reused, because a typed array over 64 bytes costs an allocation outside the heap, about as much as hashing it. A
// suite reads its input before it returns and keeps none of it.
const leafInput = new Uint8Array(4096)
const nodeInput = new Uint8Array(65)
nodeInput[0] = 0x01

/** SHA-256(0x00 || entry). */
export function leafHash(entry: Uint8Array, suite: Suite): Uint8Array {
  const length = entry.length + 1
  const data = length <= leafInput.length ? leafInput.subarray(0, length) : new Uint8Array(length)
  data.set(entry, 1)
  return suite.sha256(data)
}

/** SHA-256(0x01 || left || right) of two 32-byte hashes. */
export function nodeHash(left: Uint8Array, right: Uint8Array, suite: Suite): Uint8Array {
  nodeInput.set(left, 1)
  nodeInput.set(right, 33)
  return suite.sha256(nodeInput)
}

export interface InclusionInput {
  /** Zero-based index of the entry. */
  readonly index: number
  /** Entries in the tree. */
  readonly size: number
  readonly leafHash: Uint8Array
  /** From the leaf's sibling up to the root's child. */
  readonly proof: readonly Uint8Array[]
}

/**
 * The root that an inclusion proof leads to, for callers who check many proofs against few roots. Throws `bad-proof`
 * where the index is outside the tree or the proof has the wrong number or length of hashes.
 */
export function rootFromInclusion(
  { index, size, leafHash, proof }: InclusionInput,
  suite: Suite,
): Uint8Array {
  checkSize(index, 'index')
  checkSize(size, 'size')
  if (index >= size) throw bad(`index ${index} is outside a tree of ${size}`)
  checkHash(leafHash)
  let node = index
  let last = size - 1
  let hash = leafHash
  for (const sibling of proof) {
    if (last === 0) throw bad('more hashes than the path has')
    checkHash(sibling)
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash, suite)
      // A last node without a sibling rises unhashed until it is a right child.
      while (node % 2 === 0 && node !== 0) {
        node = half(node)
        last = half(last)
      }
    } else {
      hash = nodeHash(hash, sibling, suite)
    }
    node = half(node)
    last = half(last)
  }
  if (last !== 0) throw bad('fewer hashes than the path has')
  return hash
}

/** Checks that a leaf is in the tree with this root. Throws `bad-proof`. */
export function verifyInclusion(input: InclusionInput & { readonly root: Uint8Array }, suite: Suite): void {
  if (!equal(rootFromInclusion(input, suite), input.root))
    throw bad('the inclusion proof leads to another root')
}

export interface ConsistencyInput {
  readonly oldSize: number
  /** `EMPTY_ROOT` for size 0. */
  readonly oldRoot: Uint8Array
  readonly newSize: number
  readonly newRoot: Uint8Array
  /** Empty where the old size is 0 or the sizes are equal. */
  readonly proof: readonly Uint8Array[]
}

/** Checks that the new tree begins with the old one. Throws `bad-proof`. */
export function verifyConsistency(input: ConsistencyInput, suite: Suite): void {
  const { oldSize, oldRoot, newSize, newRoot, proof } = input
  checkSize(oldSize, 'old size')
  checkSize(newSize, 'new size')
  checkHash(oldRoot)
  checkHash(newRoot)
  if (oldSize > newSize) throw bad(`the new tree (${newSize}) is smaller than the old (${oldSize})`)
  if (oldSize === 0 && !equal(oldRoot, EMPTY_ROOT)) throw bad('the old root is not that of the empty tree')
  if (oldSize === newSize && !equal(oldRoot, newRoot)) throw bad(`two roots at size ${oldSize}`)
  if (oldSize === 0 || oldSize === newSize) {
    if (proof.length > 0) throw bad('a proof where none is needed')
    return
  }
  const roots = rootsFromConsistency(oldSize, oldRoot, newSize, proof, suite)
  if (!equal(roots.oldRoot, oldRoot)) throw bad('the consistency proof leads to another old root')
  if (!equal(roots.newRoot, newRoot)) throw bad('the consistency proof leads to another new root')
}

/** For 0 < oldSize < newSize: both roots, computed from the proof. */
function rootsFromConsistency(
  oldSize: number,
  oldRoot: Uint8Array,
  newSize: number,
  proof: readonly Uint8Array[],
  suite: Suite,
): { oldRoot: Uint8Array; newRoot: Uint8Array } {
  let node = oldSize - 1
  let last = newSize - 1
  while (node % 2 === 1) {
    node = half(node)
    last = half(last)
  }
  // Where the old size is a power of two, the old tree is itself the first hash and the proof leaves it out.
  const path = node === 0 ? [oldRoot, ...proof] : proof
  if (path.length === 0) throw bad('an empty proof between different sizes')
  for (const hash of path) checkHash(hash)
  let before = path[0]!
  let after = before
  for (const sibling of path.slice(1)) {
    if (last === 0) throw bad('more hashes than the path has')
    if (node % 2 === 1 || node === last) {
      before = nodeHash(sibling, before, suite)
      after = nodeHash(sibling, after, suite)
      while (node % 2 === 0 && node !== 0) {
        node = half(node)
        last = half(last)
      }
    } else {
      after = nodeHash(after, sibling, suite)
    }
    node = half(node)
    last = half(last)
  }
  if (last !== 0) throw bad('fewer hashes than the path has')
  return { oldRoot: before, newRoot: after }
}

function half(n: number): number {
  return Math.floor(n / 2)
}

function checkSize(n: number, what: string): void {
  if (!Number.isSafeInteger(n) || n < 0) throw bad(`the ${what} is not an integer between 0 and 2^53 - 1`)
}

function checkHash(hash: Uint8Array): void {
  if (hash.length !== HASH_LENGTH) throw bad(`a hash of ${hash.length} bytes`)
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-proof', message)
}
