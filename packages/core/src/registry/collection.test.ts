import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { suite } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'
import { leafHash, nodeHash, verifyInclusion } from '../tlog/merkle.ts'
import { treeRoot } from '../tlog/range.ts'
import { Collection, recordText } from './collection.ts'

/** RFC 6962, section 2.1, word for word. */
function merkle(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return nodeHash(merkle(leaves.slice(0, split)), merkle(leaves.slice(split)), suite)
}

test('after any changes, the root is that of a tree made anew, and every record proves to it', () => {
  // Names that objects have of themselves are ids like any other.
  const id = fc.oneof(
    fc.constantFrom('__proto__', 'constructor', 'toString', ''),
    fc.integer({ max: 40 }).map(String),
  )
  const change = fc.record({ id, value: fc.integer(), look: fc.boolean() })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 120 }), changes => {
      const collection = new Collection<{ value: number }>()
      const model = new Map<string, { value: number }>()
      for (const { id, value, look } of changes) {
        collection.set(id, { value })
        model.set(id, { value })
        // Roots in between: what is hashed already must be made anew where it changed.
        if (look) collection.root(suite)
      }
      const root = collection.root(suite)
      const leaves = [...model].map(([id, value]) => leafHash(utf8(recordText(id, value)), suite))
      assert.deepEqual(root, leaves.length === 0 ? treeRoot(0, () => root, suite) : merkle(leaves))
      for (const [at, id] of [...model.keys()].entries()) {
        const { index, hashes } = collection.prove(id, suite)!
        assert.equal(index, at)
        verifyInclusion({ index, size: model.size, root, leafHash: leaves[at]!, proof: hashes }, suite)
      }
      assert.equal(collection.prove('nobody', suite), undefined)
      assert.deepEqual([...collection.entries()], [...model])
    }),
    { numRuns: 150 },
  )
})
