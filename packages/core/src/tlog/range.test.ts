import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { equal } from '../bytes.ts'
import { nativeSuite as suite, throwsCode } from '../note/fixtures.test.ts'
import * as m from './merkle.ts'
import * as r from './range.ts'
import { LEAVES, memoised, mth, oddTree, path, readerOf, subproof } from './reference.test.ts'

test('every inclusion proof up to size 70 is the reference’s, and checks', () => {
  for (let size = 1; size <= LEAVES.length; size++) {
    const leaves = LEAVES.slice(0, size)
    const read = memoised(readerOf(leaves))
    const root = mth(leaves)
    assert.deepEqual(r.treeRoot(size, read, suite), root)
    for (let index = 0; index < size; index++) {
      const proof = r.inclusionProof(index, size, read, suite)
      assert.deepEqual(proof, path(index, leaves))
      m.verifyInclusion({ index, size, leafHash: leaves[index]!, proof, root }, suite)
    }
  }
})

test('every consistency proof up to size 70 is the reference’s, and checks', () => {
  const roots = Array.from({ length: LEAVES.length + 1 }, (_, size) => mth(LEAVES.slice(0, size)))
  const read = memoised(readerOf(LEAVES))
  for (let newSize = 0; newSize <= LEAVES.length; newSize++) {
    const leaves = LEAVES.slice(0, newSize)
    for (let oldSize = 0; oldSize <= newSize; oldSize++) {
      const proof = r.consistencyProof(oldSize, newSize, read, suite)
      assert.deepEqual(proof, oldSize === 0 ? [] : subproof(oldSize, leaves, true))
      const [oldRoot, newRoot] = [roots[oldSize]!, roots[newSize]!]
      m.verifyConsistency({ oldSize, oldRoot, newSize, newRoot, proof }, suite)
    }
  }
})

test('a proof names what it reads, and no more', () => {
  fc.assert(
    fc.property(fc.nat(69), fc.nat(69), fc.nat(69), (a, b, c) => {
      const [oldSize, size] = [Math.min(a, b), Math.max(a, b) + 1]
      const index = c % size
      const asked: r.Subtree[] = []
      const read: r.HashReader = (level, place) => {
        asked.push({ level, index: place })
        return readerOf(LEAVES)(level, place)
      }
      r.inclusionProof(index, size, read, suite)
      assert.deepEqual(asked.splice(0), r.neededForInclusion(index, size))
      r.consistencyProof(oldSize, size, read, suite)
      assert.deepEqual(asked.splice(0), r.neededForConsistency(oldSize, size))
      r.treeRoot(size, read, suite)
      assert.deepEqual(asked, r.neededForRoot(size))
    }),
  )
})

const LARGE = fc.oneof(
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  fc
    .tuple(fc.integer({ min: 30, max: 52 }), fc.integer({ min: -3, max: 3 }))
    .map(([bit, by]) => 2 ** bit + by),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER),
)
test('proofs are right far above 2^32', () => {
  fc.assert(
    fc.property(LARGE, LARGE, LARGE, (a, b, c) => {
      const [oldSize, size] = [Math.min(a, b), Math.max(a, b)]
      const index = c % size
      const read = oddTree(index)
      const root = r.treeRoot(size, read, suite)
      const input = {
        index,
        size,
        leafHash: read(0, index),
        proof: r.inclusionProof(index, size, read, suite),
        root,
      }
      m.verifyInclusion(input, suite)
      if (index + 2 ** 32 < size)
        throwsCode(() => m.verifyInclusion({ ...input, index: index + 2 ** 32 }, suite), 'bad-proof')
      if (index > 0) throwsCode(() => m.verifyInclusion({ ...input, index: index - 1 }, suite), 'bad-proof')
      const proof = r.consistencyProof(oldSize, size, read, suite)
      const oldRoot = r.treeRoot(oldSize, read, suite)
      m.verifyConsistency({ oldSize, oldRoot, newSize: size, newRoot: root, proof }, suite)
      const other = r.treeRoot(oldSize, oddTree(index === 0 ? 1 : index - 1), suite)
      if (!equal(other, oldRoot))
        throwsCode(
          () => m.verifyConsistency({ oldSize, oldRoot: other, newSize: size, newRoot: root, proof }, suite),
          'bad-proof',
        )
    }),
    { numRuns: 200 },
  )
})

test('refuses to make proofs that do not exist', () => {
  const read = readerOf(LEAVES)
  throwsCode(() => r.inclusionProof(5, 5, read, suite), 'bad-proof')
  throwsCode(() => r.inclusionProof(0, 0, read, suite), 'bad-proof')
  throwsCode(() => r.inclusionProof(-1, 5, read, suite), 'bad-proof')
  throwsCode(() => r.inclusionProof(0, 2 ** 53, read, suite), 'bad-proof')
  throwsCode(() => r.consistencyProof(6, 5, read, suite), 'bad-proof')
  throwsCode(() => r.consistencyProof(0.5, 5, read, suite), 'bad-proof')
  throwsCode(() => r.treeRoot(-1, read, suite), 'bad-proof')
})
