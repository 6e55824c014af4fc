import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../bytes.ts'
import { flips, nativeSuite as suite, throwsCode } from '../note/fixtures.test.ts'
import { portableSuite } from '../portable.ts'
import * as m from './merkle.ts'
import * as r from './range.ts'
import { LEAVES, mth, path, readerOf } from './reference.test.ts'

/** The well-known tree of the Certificate Transparency implementations' tests: eight entries, and its roots. */
const CT_ENTRIES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]
const CT_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]
const N = {
  l1: '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
  n23: '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
  n47: '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  l4: 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
  n67: 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
  n45: '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
}
const CT_INCLUSION: [number, number, string[]][] = [
  [0, 1, []],
  [0, 8, [N.l1, N.n23, N.n47]],
  [5, 8, [N.l4, N.n67, CT_ROOTS[4]!]],
  [2, 3, [CT_ROOTS[2]!]],
  [1, 5, [CT_ROOTS[1]!, N.n23, N.l4]],
]
const CT_CONSISTENCY: [number, number, string[]][] = [
  [1, 1, []],
  [1, 8, [N.l1, N.n23, N.n47]],
  [6, 8, [N.n45, N.n67, CT_ROOTS[4]!]],
  [2, 5, [N.n23, N.l4]],
]

test('the tree and the proofs of the Certificate Transparency tests', () => {
  for (const each of [suite, portableSuite]) {
    const leaves = CT_ENTRIES.map(entry => m.leafHash(fromHex(entry), each))
    const read = readerOf(leaves)
    for (const [size, root] of CT_ROOTS.entries()) assert.equal(toHex(r.treeRoot(size, read, each)), root)
    assert.equal(toHex(m.EMPTY_ROOT), CT_ROOTS[0])
    for (const [index, size, expected] of CT_INCLUSION) {
      const proof = r.inclusionProof(index, size, read, each)
      assert.deepEqual(proof.map(toHex), expected)
      m.verifyInclusion(
        { index, size, leafHash: leaves[index]!, proof, root: fromHex(CT_ROOTS[size]!) },
        each,
      )
    }
    for (const [oldSize, newSize, expected] of CT_CONSISTENCY) {
      const proof = r.consistencyProof(oldSize, newSize, read, each)
      assert.deepEqual(proof.map(toHex), expected)
      const [oldRoot, newRoot] = [fromHex(CT_ROOTS[oldSize]!), fromHex(CT_ROOTS[newSize]!)]
      m.verifyConsistency({ oldSize, oldRoot, newSize, newRoot, proof }, each)
    }
  }
})

test('every change to an inclusion proof is refused', () => {
  const trees: [number, number][] = [
    [0, 1],
    [0, 2],
    [3, 7],
    [6, 7],
    [12, 13],
    [40, 70],
  ]
  for (const [index, size] of trees) {
    const leaves = LEAVES.slice(0, size)
    const input = { index, size, leafHash: leaves[index]!, proof: path(index, leaves), root: mth(leaves) }
    const refused = (change: Partial<typeof input>, what: string) =>
      throwsCode(
        () => m.verifyInclusion({ ...input, ...change }, suite),
        'bad-proof',
        `${index}/${size}: ${what}`,
      )
    for (const root of flips(input.root)) refused({ root }, 'root')
    for (const leafHash of flips(input.leafHash)) refused({ leafHash }, 'leaf')
    for (const [at, hash] of input.proof.entries())
      for (const changed of flips(hash)) refused({ proof: input.proof.with(at, changed) }, `hash ${at}`)
    for (let other = 0; other <= size + 1; other++)
      if (other !== index) refused({ index: other }, `index ${other}`)
    refused({ proof: [...input.proof, input.root] }, 'longer')
    if (size > 1) refused({ proof: input.proof.slice(1) }, 'without its first')
    if (size > 1) refused({ proof: input.proof.slice(0, -1) }, 'without its last')
    refused({ size: index }, 'outside')
    refused({ leafHash: input.leafHash.subarray(1) }, 'a short leaf')
    refused({ root: input.root.subarray(1) }, 'a short root')
    refused({ proof: [...input.proof, new Uint8Array(31)] }, 'a short hash')
    for (const odd of [-1, 0.5, Number.NaN, 2 ** 53]) {
      refused({ index: odd }, `index ${odd}`)
      refused({ size: odd }, `size ${odd}`)
    }
  }
})

test('every change to a consistency proof is refused', () => {
  const pairs: [number, number][] = [
    [0, 5],
    [3, 3],
    [4, 7],
    [3, 7],
    [6, 7],
    [1, 2],
    [33, 70],
    [64, 70],
  ]
  for (const [oldSize, newSize] of pairs) {
    const input = {
      oldSize,
      oldRoot: mth(LEAVES.slice(0, oldSize)),
      newSize,
      newRoot: mth(LEAVES.slice(0, newSize)),
      proof: r.consistencyProof(oldSize, newSize, readerOf(LEAVES), suite),
    }
    const refused = (change: Partial<typeof input>, what: string) =>
      throwsCode(
        () => m.verifyConsistency({ ...input, ...change }, suite),
        'bad-proof',
        `${oldSize}-${newSize}: ${what}`,
      )
    m.verifyConsistency(input, suite)
    for (const oldRoot of flips(input.oldRoot)) refused({ oldRoot }, 'old root')
    // From the empty tree every tree follows.
    if (oldSize > 0) for (const newRoot of flips(input.newRoot)) refused({ newRoot }, 'new root')
    for (const [at, hash] of input.proof.entries())
      for (const changed of flips(hash)) refused({ proof: input.proof.with(at, changed) }, `hash ${at}`)
    refused({ proof: [...input.proof, input.newRoot] }, 'longer')
    if (input.proof.length > 0) {
      refused({ proof: input.proof.slice(1) }, 'without its first')
      refused({ proof: input.proof.slice(0, -1) }, 'without its last')
      refused({ proof: [] }, 'empty')
    }
    refused({ oldSize: newSize + 1 }, 'backwards')
    for (const odd of [-1, 0.5, Number.NaN, 2 ** 53]) {
      refused({ oldSize: odd }, `old size ${odd}`)
      refused({ newSize: odd }, `new size ${odd}`)
    }
  }
})
