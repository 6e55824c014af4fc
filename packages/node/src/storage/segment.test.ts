import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ByteReader, encodeBatch, hasLaterBatch, readBatch } from './segment.ts'

const EMPTY = Buffer.alloc(0)

function reader(bytes: Buffer): ByteReader {
  return { read: async (at, length) => bytes.subarray(at, at + length) }
}

function batch(firstIndex: number, ...statements: Uint8Array[]): Buffer {
  return encodeBatch(
    firstIndex,
    statements.map(statement => ({ statement, content: EMPTY })),
  ).bytes
}

/** A batch that is whole but for one byte of its last record. */
function torn(firstIndex: number, ...statements: Uint8Array[]): Buffer {
  const bytes = batch(firstIndex, ...statements)
  bytes[bytes.length - 1]! ^= 1
  return bytes
}

test('any byte of a batch that is another makes it none', async () => {
  const bytes = batch(7, Buffer.from('one'), Buffer.from('two'))
  assert.equal((await readBatch(reader(bytes), 0, 7, bytes.length))!.records.length, 2)
  for (let at = 0; at < bytes.length; at++) {
    const flipped = Buffer.from(bytes)
    flipped[at]! ^= 0x10
    assert.equal(await readBatch(reader(flipped), 0, 7, bytes.length), undefined, `byte ${at}`)
  }
  for (let length = 0; length < bytes.length; length++)
    assert.equal(await readBatch(reader(bytes.subarray(0, length)), 0, 7, bytes.length), undefined)
  assert.equal(await readBatch(reader(bytes), 0, 7, bytes.length - 1), undefined)
  assert.equal(await readBatch(reader(bytes), 0, 8, bytes.length), undefined)
})

test('a later batch is found wherever it begins, also across the pieces that are read', async () => {
  for (const gap of [1, 100, (1 << 20) - 30, (1 << 20) - 24, (1 << 20) - 3, 1 << 20, (1 << 21) + 5]) {
    const bytes = Buffer.alloc(gap + 200)
    bytes.set(batch(9, Buffer.from('later')), gap)
    assert.equal(await hasLaterBatch(reader(bytes), 0, 8, bytes.length), true, `after ${gap} bytes`)
    assert.equal(await hasLaterBatch(reader(bytes), 0, 9, bytes.length), false)
  }
})

test('what a torn batch holds is not taken for a later one', async () => {
  const magics = Buffer.alloc(4000, 'ABT1')
  // A batch in a text: no byte of an index that letters spell is zero, so it is far beyond any record that fits.
  const spelt = batch(0x2020_2020_2020, Buffer.from('x'))
  const same = batch(5, Buffer.from('y'))
  const bytes = Buffer.concat([torn(5, magics, spelt, same), Buffer.alloc(3000)])
  assert.equal(await hasLaterBatch(reader(bytes), 1, 5, bytes.length), false)
})
