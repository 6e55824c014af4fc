import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat, utf8 } from '../bytes.ts'
import { nativeSuite as suite, throwsCode } from '../note/fixtures.test.ts'
import { Frontier } from './frontier.ts'
import { EMPTY_ROOT, leafHash, verifyConsistency, verifyInclusion } from './merkle.ts'
import * as r from './range.ts'
import * as t from './tile.ts'
import { tileHashReader, tilesForSubtrees } from './tile-reader.ts'

/** Over 256^2, so that there are three levels of tiles. */
const SIZE = 66_000
const tiles = new Map<string, Uint8Array[]>()
const roots = new Map<number, Uint8Array>()
const frontier = new Frontier(suite)
const nodes = new Map<string, Uint8Array>()
for (let i = 0; i < SIZE; i++) {
  roots.set(i, frontier.root())
  frontier.append(leafHash(utf8(String(i)), suite), (level, index, hash) => {
    nodes.set(`${level}/${index}`, hash)
    if (level % 8 !== 0) return
    const name = `${level / 8}/${Math.floor(index / 256)}`
    const tile = tiles.get(name) ?? []
    assert.equal(tile.push(hash) - 1, index % 256, 'hashes come in order')
    tiles.set(name, tile)
  })
}
roots.set(SIZE, frontier.root())
const readNode: r.HashReader = (level, index) => nodes.get(`${level}/${index}`)!
/** The tile as it was served at a size. */
const served = (level: number, index: number, width: number) =>
  concat(...tiles.get(`${level}/${index}`)!.slice(0, width))

test('the frontier’s root is the tree’s at every size', () => {
  assert.deepEqual(roots.get(0), EMPTY_ROOT)
  for (let size = 0; size <= 600; size++)
    assert.deepEqual(roots.get(size), r.treeRoot(size, readNode, suite), `${size}`)
  assert.deepEqual(roots.get(SIZE), r.treeRoot(SIZE, readNode, suite))
})

test('appending hashes one node a leaf on average', () => {
  const counting = countingSuite()
  const counted = new Frontier(counting)
  for (let i = 0; i < 4096; i++) counted.append(leafHash(utf8(String(i)), suite))
  assert.equal(counting.hashed, 4095)
})

test('a frontier goes through bytes, through tiles and through a copy', () => {
  for (const size of [0, 1, 2, 3, 255, 256, 257, 1000, 65_536, SIZE]) {
    const hashes = r.neededForRoot(size).map(({ level, index }) => readNode(level, index))
    const built = Frontier.fromHashes(size, hashes, suite)
    const read = Frontier.fromBytes(built.toBytes(), suite)
    const copy = read.clone()
    for (const each of [built, read, copy]) {
      assert.equal(each.size, size)
      assert.deepEqual(each.root(), roots.get(size))
    }
    read.append(leafHash(utf8(String(size)), suite))
    if (size < SIZE) assert.deepEqual(read.root(), roots.get(size + 1))
    assert.deepEqual(copy.root(), roots.get(size), 'the copy is independent')
  }
  const bytes = frontier.toBytes()
  throwsCode(() => Frontier.fromBytes(bytes.subarray(0, 7), suite), 'bad-tile')
  throwsCode(() => Frontier.fromBytes(bytes.subarray(0, -1), suite), 'bad-tile')
  throwsCode(() => Frontier.fromBytes(concat(bytes, new Uint8Array(32)), suite), 'bad-tile')
  throwsCode(() => Frontier.fromBytes(new Uint8Array(8).fill(255), suite), 'bad-tile')
  throwsCode(() => Frontier.fromHashes(-1, [], suite), 'bad-tile')
  throwsCode(() => new Frontier(suite).append(new Uint8Array(31)), 'bad-tile')
})

test('proofs come out of the tiles that are named beforehand', () => {
  const check = (index: number, oldSize: number, size: number) => {
    const needed = [
      ...r.neededForInclusion(index, size),
      ...r.neededForConsistency(oldSize, size),
      ...r.neededForRoot(size),
    ]
    const fetched = new Map<string, Uint8Array>()
    for (const { level, index, width } of tilesForSubtrees(needed, size)) {
      assert.ok(width > 0 && !fetched.has(`${level}/${index}`))
      fetched.set(`${level}/${index}`, served(level, index, width))
    }
    const read = tileHashReader((level, at) => fetched.get(`${level}/${at}`)!, suite)
    const root = r.treeRoot(size, read, suite)
    assert.deepEqual(root, roots.get(size))
    const proof = r.inclusionProof(index, size, read, suite)
    verifyInclusion({ index, size, leafHash: leafHash(utf8(String(index)), suite), proof, root }, suite)
    const consistency = r.consistencyProof(oldSize, size, read, suite)
    verifyConsistency(
      { oldSize, oldRoot: roots.get(oldSize)!, newSize: size, newRoot: root, proof: consistency },
      suite,
    )
  }
  for (const size of [1, 2, 255, 256, 257, 512, 65_535, 65_536, 65_537, SIZE])
    for (const index of [0, size >> 1, size - 1]) check(index, size - (size >> 2), size)
  fc.assert(
    fc.property(fc.nat(SIZE - 1), fc.nat(SIZE - 1), fc.nat(SIZE - 1), (a, b, c) => {
      const size = Math.max(a, b) + 1
      check(c % size, Math.min(a, b), size)
    }),
    { numRuns: 60 },
  )
})

test('the reader hashes the inside of a tile once', () => {
  const counting = countingSuite()
  const read = tileHashReader((level, index) => served(level, index, 256), counting)
  for (const level of [7, 7, 6, 5, 1]) read(level, 0)
  assert.equal(counting.hashed, 127)
})

test('a tile that is too narrow or not whole hashes is refused', () => {
  const read = (tile: Uint8Array) => tileHashReader(() => tile, suite)
  throwsCode(() => read(new Uint8Array(32))(0, 1), 'bad-tile')
  throwsCode(() => read(new Uint8Array(33))(0, 0), 'bad-tile')
  throwsCode(() => read(new Uint8Array(0))(0, 0), 'bad-tile')
  throwsCode(() => read(new Uint8Array(96))(2, 0), 'bad-tile')
})

const PATHS: [number | 'entries', number, number, string][] = [
  [0, 0, 256, 'tile/0/000'],
  [0, 1_234_067, 256, 'tile/0/x001/x234/067'],
  [63, 999, 1, 'tile/63/999.p/1'],
  [1, 1000, 255, 'tile/1/x001/000.p/255'],
  ['entries', 1_234_067, 8, 'tile/entries/x001/x234/067.p/8'],
  [0, Number.MAX_SAFE_INTEGER, 256, 'tile/0/x009/x007/x199/x254/x740/991'],
]
test('paths of tiles', () => {
  for (const [level, index, width, path] of PATHS) {
    assert.equal(t.tilePath(level, index, width), path)
    assert.deepEqual(t.parseTilePath(path), { level, index, width })
  }
  fc.assert(
    fc.property(
      fc.oneof(fc.nat(63), fc.constant('entries' as const)),
      fc.maxSafeNat(),
      fc.integer({ min: 1, max: 256 }),
      (level, index, width) =>
        assert.deepEqual(t.parseTilePath(t.tilePath(level, index, width)), { level, index, width }),
    ),
  )
})

test('refuses every other spelling of a path', () => {
  for (const path of [
    '',
    'tile',
    'tile/0',
    'tile/0/',
    'tile/0/0',
    'tile/0/00',
    'tile/0/0000',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/x000/000',
    'tile/0/x001',
    'tile/0/001/000',
    'tile/0/x1/000',
    'tile/0/x001/x000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/0/000.p',
    '/tile/0/000',
    'tile/0/000/',
    'tile/0/../000',
    'tile/entry/000',
    'tile/0/000\n',
    'tile/0/x009/x007/x199/x254/x740/992',
    'tile/0/x001/x009/x007/x199/x254/x740/991',
    'tile/data/000',
  ])
    throwsCode(() => t.parseTilePath(path), 'bad-tile', path)
  throwsCode(() => t.tilePath(64, 0), 'bad-tile')
  throwsCode(() => t.tilePath(0.5, 0), 'bad-tile')
  throwsCode(() => t.tilePath(0, -1), 'bad-tile')
  throwsCode(() => t.tilePath(0, 2 ** 53), 'bad-tile')
  throwsCode(() => t.tilePath(0, 0, 0), 'bad-tile')
  throwsCode(() => t.tilePath(0, 0, 257), 'bad-tile')
})

test('the tiles of the specification’s example, a tree of 70,000', () => {
  const all = [...t.tilesForSize(70_000)]
  const count = (level: number, full: boolean) =>
    all.filter(tile => tile.level === level && (tile.width === 256) === full).length
  assert.deepEqual(
    [count(0, true), count(0, false), count(1, true), count(1, false), count(2, false)],
    [273, 1, 1, 1, 1],
  )
  assert.equal(all.length, 277)
  assert.deepEqual(
    [0, 1, 2, 3].map(level => t.partialWidth(level, 70_000)),
    [112, 17, 1, 0],
  )
  assert.deepEqual(
    [...t.tilesForSize(256)],
    [
      { level: 0, index: 0, width: 256 },
      { level: 1, index: 0, width: 1 },
    ],
  )
  assert.deepEqual([...t.tilesForSize(0)], [])
  assert.equal(t.partialWidth(0, Number.MAX_SAFE_INTEGER), 255)
  assert.equal(t.partialWidth(6, Number.MAX_SAFE_INTEGER), 31)
  assert.equal(t.partialWidth(63, Number.MAX_SAFE_INTEGER), 0)
})

test('the tiles that growth adds are those that were not there', () => {
  const names = (size: number) => new Set([...t.tilesForSize(size)].map(tile => JSON.stringify(tile)))
  fc.assert(
    fc.property(fc.nat(70_000), fc.nat(1500), (from, more) => {
      const before = names(from)
      const added = [...t.tilesForSize(from + more, from)].map(tile => JSON.stringify(tile))
      assert.deepEqual(new Set(added), new Set([...names(from + more)].filter(name => !before.has(name))))
      assert.equal(new Set(added).size, added.length)
    }),
    { numRuns: 60 },
  )
})

test('bundles round-trip, and hold exactly as many entries as they are said to', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), entries => {
      const bundle = t.encodeBundle(entries)
      assert.deepEqual(
        t.parseBundle(bundle, entries.length).map(entry => [...entry]),
        entries.map(entry => [...entry]),
      )
      for (const count of [entries.length - 1, entries.length + 1])
        throwsCode(() => t.parseBundle(bundle, count), 'bad-tile')
      if (bundle.length > 0)
        throwsCode(() => t.parseBundle(bundle.subarray(0, -1), entries.length), 'bad-tile')
    }),
  )
  const longest = new Uint8Array(t.MAX_ENTRY_BYTES).fill(1)
  assert.deepEqual(t.parseBundle(t.encodeBundle([longest]), 1), [longest])
  assert.deepEqual([...t.encodeBundle([utf8('ab'), utf8('')])], [0, 2, 97, 98, 0, 0])
  throwsCode(() => t.encodeBundle([new Uint8Array(65_536)]), 'bad-tile')
  throwsCode(() => t.encodeBundle(Array(257).fill(new Uint8Array(0))), 'bad-tile')
  throwsCode(() => t.parseBundle(Uint8Array.of(0), 1), 'bad-tile')
})

function countingSuite() {
  const counting = {
    ...suite,
    hashed: 0,
    sha256(data: Uint8Array) {
      counting.hashed++
      return suite.sha256(data)
    },
  }
  return counting
}
