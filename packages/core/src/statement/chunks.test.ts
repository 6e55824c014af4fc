import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat, toHex, utf8 } from '../bytes.ts'
import { nativeSuite as suite } from '../note/fixtures.test.ts'
import { leafHash } from '../tlog/merkle.ts'
import { mth } from '../tlog/reference.test.ts'
import { ChunkSplitter, ChunkTree, chunkTreeOf, MAX_CHUNK_BYTES } from './chunks.ts'

/** The chunks of bytes that arrive in these pieces; each piece's buffer is overwritten after it was given. */
function split(pieces: readonly Uint8Array[]): Uint8Array[] {
  const splitter = new ChunkSplitter()
  const chunks: Uint8Array[] = []
  for (const piece of pieces) {
    const own = piece.slice()
    chunks.push(...splitter.push(own).map(chunk => chunk.slice()))
    own.fill(0x58)
  }
  const last = splitter.end()
  assert.equal(splitter.end(), undefined, 'nothing is left after the end')
  return last === undefined ? chunks : [...chunks, last]
}
const texts = (chunks: readonly Uint8Array[]) => chunks.map(chunk => Buffer.from(chunk).toString())
const cut = (text: string) => texts(split([utf8(text)]))

test('a chunk is an event with its blank line', () => {
  const table: [string, string[]][] = [
    ['', []],
    ['data: a', ['data: a']],
    ['data: a\n', ['data: a\n']],
    ['data: a\n\n', ['data: a\n\n']],
    ['data: a\n\ndata: b\n\n', ['data: a\n\n', 'data: b\n\n']],
    ['data: a\r\n\r\ndata: b\r\n\r\n', ['data: a\r\n\r\n', 'data: b\r\n\r\n']],
    ['data: a\n\r\ndata: b\r\n\nx', ['data: a\n\r\n', 'data: b\r\n\n', 'x']],
    ['event: e\ndata: a\ndata: b\n\n', ['event: e\ndata: a\ndata: b\n\n']],
    [': ping\n\n', [': ping\n\n']],
    ['\n\n\n', ['\n', '\n', '\n']],
    ['\r\n\r\n', ['\r\n', '\r\n']],
    // A CR that no LF follows is a byte of its line.
    ['a\r\rb\r\r', ['a\r\rb\r\r']],
    ['a\n\r\r\nb\n\n', ['a\n\r\r\nb\n\n']],
    ['a\n\r', ['a\n\r']],
    ['a\n\rb\n\n', ['a\n\rb\n\n']],
  ]
  for (const [text, expected] of table) assert.deepEqual(cut(text), expected, JSON.stringify(text))
})

const stream = fc
  .array(fc.constantFrom('a', 'data: x', '\n', '\r', '\r\n', '\n\n', '\r\n\r\n', 'é', '\0'), {
    maxLength: 60,
  })
  .map(parts => utf8(parts.join('')))

/** The bytes cut at these places. */
function piecesOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map(at => at % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return places.slice(1).map((end, i) => bytes.subarray(places[i]!, end))
}

test('however the bytes arrive, the chunks are the same, and together they are the bytes', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (bytes, cuts) => {
      const whole = split([bytes])
      assert.deepEqual(texts(split(piecesOf(bytes, cuts))), texts(whole))
      assert.deepEqual(texts(split([...bytes].map(byte => Uint8Array.of(byte)))), texts(whole))
      assert.deepEqual(concat(...whole), concat(bytes))
      for (const chunk of whole) assert.ok(chunk.length > 0)
      // By the definition: a chunk ends with the first line in it that is empty, and the last may have none.
      for (const [i, text] of texts(whole).entries()) {
        const end = /(?:^|\n)\r?\n/.exec(text)
        if (i < whole.length - 1) assert.ok(end !== null)
        if (end !== null) assert.equal(end.index + end[0].length, text.length)
      }
    }),
    { numRuns: 2000 },
  )
})

test('an event without end is cut at 1 MiB, at the same byte however it arrives', () => {
  const long = concat(new Uint8Array(MAX_CHUNK_BYTES - 1).fill(0x61), utf8('\r\n\r\nnext\n\n'))
  const bytes = concat(utf8('data: first\n\n'), long, new Uint8Array(2 * MAX_CHUNK_BYTES + 5).fill(0x62))
  const lengths = (pieces: readonly Uint8Array[]) => split(pieces).map(chunk => chunk.length)
  // The cut falls on the CR; the lines after it are as they were.
  const expected = [13, MAX_CHUNK_BYTES, 3, 6, MAX_CHUNK_BYTES, MAX_CHUNK_BYTES, 5]
  assert.deepEqual(lengths([bytes]), expected)
  for (const size of [1, 4096, MAX_CHUNK_BYTES - 1, MAX_CHUNK_BYTES, MAX_CHUNK_BYTES + 1]) {
    const pieces: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
    const cuts = lengths(pieces)
    assert.deepEqual(cuts, expected, `in pieces of ${size}`)
  }
  assert.deepEqual(lengths([new Uint8Array(MAX_CHUNK_BYTES).fill(0x61)]), [MAX_CHUNK_BYTES])
})

test('the root is RFC 6962’s over keyed leaves', () => {
  const key = suite.sha256(utf8('key'))
  fc.assert(
    fc.property(stream, bytes => {
      const chunks = split([bytes])
      const tree = chunkTreeOf(bytes, key, suite)
      const leaves = chunks.map(chunk => leafHash(suite.hmacSha256(key, chunk), suite))
      assert.equal(tree.count, chunks.length)
      assert.equal(toHex(tree.root()), toHex(mth(leaves)))
      const one = new ChunkTree(key, suite)
      for (const chunk of chunks) one.add(chunk)
      assert.deepEqual([one.count, toHex(one.root())], [tree.count, toHex(tree.root())])
    }),
  )
  const bytes = utf8('data: a\n\n'.repeat(20_000))
  assert.equal(chunkTreeOf(bytes, key, suite).count, 20_000)
  assert.ok(chunkTreeOf(bytes, key, suite, 10).count > 10)
  assert.ok(chunkTreeOf(bytes, key, suite, 10).count < 10_000, 'it stops')
  assert.equal(chunkTreeOf(bytes, key, suite, 20_000).count, 20_000)
  assert.notEqual(
    toHex(chunkTreeOf(bytes, suite.sha256(key), suite).root()),
    toHex(chunkTreeOf(bytes, key, suite).root()),
  )
})
