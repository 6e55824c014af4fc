/**
 * RFC 6962's definitions word for word, and trees to try the code on. There are no tests in here: the name keeps it out
 * of the package.
 */
import assert from 'node:assert/strict'
import { utf8 } from '../bytes.ts'
import { nativeSuite as suite } from '../note/fixtures.test.ts'
import { leafHash, nodeHash } from './merkle.ts'
import type { HashReader } from './range.ts'

/** RFC 6962, section 2.1, word for word. */
export function mth(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return suite.sha256(new Uint8Array(0))
  if (leaves.length === 1) return leaves[0]!
  const k = split(leaves.length)
  return suite.sha256(Buffer.concat([Buffer.of(1), mth(leaves.slice(0, k)), mth(leaves.slice(k))]))
}
export function path(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return []
  const k = split(leaves.length)
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)]
  return index < k ? [...path(index, left), mth(right)] : [...path(index - k, right), mth(left)]
}
export function subproof(old: number, leaves: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  if (old === leaves.length) return whole ? [] : [mth(leaves)]
  const k = split(leaves.length)
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)]
  return old <= k
    ? [...subproof(old, left, whole), mth(right)]
    : [...subproof(old - k, right, false), mth(left)]
}
export function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}
export const readerOf =
  (leaves: readonly Uint8Array[]): HashReader =>
  (level, index) => {
    const subtree = leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)
    assert.equal(subtree.length, 2 ** level, 'only complete subtrees are read')
    return mth(subtree)
  }

export const LEAVES = Array.from({ length: 70 }, (_, i) => leafHash(utf8(`entry ${i}`), suite))

/** A tree of any size in which all entries are alike but one, so that each subtree's hash can be computed. */
export function oddTree(odd: number): HashReader {
  const plain = [leafHash(utf8('plain'), suite)]
  for (let level = 1; level <= 53; level++) plain.push(nodeHash(plain[level - 1]!, plain[level - 1]!, suite))
  const read: HashReader = (level, index) => {
    if (BigInt(odd) >> BigInt(level) !== BigInt(index)) return plain[level]!
    if (level === 0) return leafHash(utf8('odd'), suite)
    return nodeHash(read(level - 1, index * 2), read(level - 1, index * 2 + 1), suite)
  }
  return read
}

export function memoised(read: HashReader): HashReader {
  const known = new Map<string, Uint8Array>()
  return (level, index) => {
    const name = `${level}/${index}`
    if (!known.has(name)) known.set(name, read(level, index))
    return known.get(name)!
  }
}
