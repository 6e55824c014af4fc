import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '@answerable/core'
import {
  consistencyProof,
  type HashReader,
  inclusionProof,
  leafHash,
  nodeHash,
  treeRoot,
} from '@answerable/core/tlog'
import fc from 'fast-check'
import { FaultyDisk } from '../../test/faulty-disk.ts'
import { nodeSuite as suite } from './suite.ts'
import { Tiles } from './tiles.ts'

const FOLDER = '/tiles'
const MOST = 1400
const LEAVES = Array.from({ length: MOST }, (_, i) => leafHash(utf8(`entry ${i}`), suite))
const known = new Map<string, Uint8Array>()

/** The tree by its definition. */
const reference: HashReader = (level, index) => {
  if (level === 0) return LEAVES[index]!
  const name = `${level}/${index}`
  let hash = known.get(name)
  if (hash === undefined) {
    hash = nodeHash(reference(level - 1, index * 2), reference(level - 1, index * 2 + 1), suite)
    known.set(name, hash)
  }
  return hash
}

const plain = (hashes: Uint8Array[]) => hashes.map(hash => Buffer.from(hash).toString('hex'))

test('proofs out of memory and out of files are those of the tree, at any size, before and after opening', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: MOST }),
      fc.constantFrom(1, 4, 64, 4096),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 20 }),
      fc.boolean(),
      async (size, recent, asked, reopen) => {
        const disk = new FaultyDisk()
        let tiles = await Tiles.open(disk, FOLDER, 0, suite, recent)
        for (let i = 0; i < size; i++) {
          tiles.append(utf8(`entry ${i}`))
          if (i % 400 === 399) await tiles.flush()
        }
        if (reopen) {
          await tiles.flush()
          await tiles.close()
          tiles = await Tiles.open(disk, FOLDER, size, suite, recent)
        }
        assert.deepEqual(plain([tiles.root()]), plain([treeRoot(size, reference, suite)]))
        for (const [a, b] of asked) {
          const newSize = 1 + (a % size)
          const index = b % newSize
          const root = treeRoot(newSize, reference, suite)
          const proof = await tiles.inclusionProof(index, newSize, root)
          assert.deepEqual(plain(proof), plain(inclusionProof(index, newSize, reference, suite)))
          const growth = await tiles.consistencyProof(index, newSize, root)
          assert.deepEqual(plain(growth), plain(consistencyProof(index, newSize, reference, suite)))
        }
        await tiles.close()
        assert.equal(disk.handles, 0)
      },
    ),
    { numRuns: 25 },
  )
})

test('a damaged tile is found before a proof of it is given out, never taken for a fork', async () => {
  const size = 600
  const disk = new FaultyDisk()
  const made = await Tiles.open(disk, FOLDER, 0, suite)
  for (let i = 0; i < size; i++) made.append(utf8(`entry ${i}`))
  await made.flush()
  await made.close()
  disk.tamper(`${FOLDER}/level-0.hashes`, bytes => {
    bytes[10 * 32]! ^= 1
    return bytes
  })
  const tiles = await Tiles.open(disk, FOLDER, size, suite)
  const root = treeRoot(size, reference, suite)
  assert.deepEqual(plain([tiles.root()]), plain([root]))
  for (const index of [10, 11, 14])
    await assert.rejects(tiles.inclusionProof(index, size, root), { code: 'corrupt', message: /tiles/ })
  await assert.rejects(tiles.consistencyProof(9, size, root), { code: 'corrupt' })
  await assert.rejects(tiles.checkEntries(10, [utf8('entry 10')]), { code: 'corrupt', message: /entry 10/ })
  await tiles.inclusionProof(500, size, root)
  await tiles.close()
})
