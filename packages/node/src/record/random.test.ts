import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBase64Url } from '@answerable/core'
import { randomBytes, randomTexts } from './random.ts'

test('random texts are each of so many bytes, canonical, and none like another', () => {
  const seen = new Set<string>()
  for (let length = 16; length <= 48; length++) {
    for (const text of randomTexts(length, 7)) {
      // Strict: it refuses a last digit with bits that belong to no byte.
      assert.equal(fromBase64Url(text, length).length, length)
      assert.ok(!seen.has(text))
      seen.add(text)
    }
  }
  assert.equal(seen.size, 33 * 7)
})

test('every byte of them varies, also where pieces meet', () => {
  const differ = new Set<number>()
  const [first, ...rest] = Array.from({ length: 40 }, () =>
    Buffer.concat(randomTexts(32, 5).map(text => fromBase64Url(text, 32))),
  )
  for (const other of rest) for (const [at, byte] of other.entries()) if (byte !== first![at]) differ.add(at)
  assert.equal(differ.size, 5 * 32)
})

test('bytes from the pool are of their own', () => {
  const one = randomBytes(32)
  const kept = Buffer.from(one)
  for (let i = 0; i < 3000; i++) randomBytes(32)
  assert.deepEqual(one, kept)
})
