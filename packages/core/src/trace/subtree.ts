/**
 * Parts of a tree by the leaves under them: what is shown of a tree at one step of a bisection, and whether that is a part
 * of the tree that was committed to.
 */
import { AnswerableError } from '../error.ts'
import type { Suite } from '../suite.ts'
import { nodeHash } from '../tlog/merkle.ts'
import { LEVELS } from './commitment.ts'

/** The leaves from `start`, up to but not including `end`: the whole tree, or what one of its nodes covers. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** The two children of a node of over one leaf: its first has the largest power of two of leaves that leaves one over. */
export function childrenOf({ start, end }: Range): [Range, Range] {
  let width = 1
  while (width * 2 < end - start) width *= 2
  return [
    { start, end: start + width },
    { start: start + width, end },
  ]
}

/** The nodes `levels` below, left to right; a leaf that lies higher stands for itself. */
export function descendantsOf(range: Range, levels: number = LEVELS): Range[] {
  if (levels === 0 || range.end - range.start <= 1) return [range]
  return childrenOf(range).flatMap(child => descendantsOf(child, levels - 1))
}

/** The hash of a node from those of `descendantsOf`. Throws `bad-proof` where there are not as many. */
export function foldHashes(
  range: Range,
  hashes: readonly Uint8Array[],
  suite: Suite,
  levels: number = LEVELS,
): Uint8Array {
  let at = 0
  const fold = (node: Range, left: number): Uint8Array => {
    if (left === 0 || node.end - node.start <= 1) {
      const hash = hashes[at++]
      if (hash?.length !== 32) throw new AnswerableError('bad-proof', 'too few hashes, or none of 32 bytes')
      return hash
    }
    const [first, second] = childrenOf(node)
    const a = fold(first, left - 1)
    return nodeHash(a, fold(second, left - 1), suite)
  }
  const hash = fold(range, levels)
  if (at !== hashes.length) throw new AnswerableError('bad-proof', 'too many hashes')
  return hash
}

/** The hash of a node from all the leaf hashes of its tree. */
export function rangeHash(range: Range, leaves: readonly Uint8Array[], suite: Suite): Uint8Array {
  if (range.end - range.start === 1) return leaves[range.start]!
  const [first, second] = childrenOf(range)
  return nodeHash(rangeHash(first, leaves, suite), rangeHash(second, leaves, suite), suite)
}

/** The inclusion proof of one leaf, its sibling first. */
export function inclusionOf(
  index: number,
  size: number,
  leaves: readonly Uint8Array[],
  suite: Suite,
): Uint8Array[] {
  const proof: Uint8Array[] = []
  let range: Range = { start: 0, end: size }
  while (range.end - range.start > 1) {
    const [first, second] = childrenOf(range)
    const inFirst = index < first.end
    proof.push(rangeHash(inFirst ? second : first, leaves, suite))
    range = inFirst ? first : second
  }
  return proof.reverse()
}
