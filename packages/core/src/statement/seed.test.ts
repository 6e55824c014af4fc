import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat, fromHex, utf8 } from '../bytes.ts'
import { nativeSuite as suite, throwsCode } from '../note/fixtures.test.ts'
import { deriveSeed } from './seed.ts'

const BEGIN = new Uint8Array(32).fill(0xab)

test('the seed is the first 32 bits of the digest', () => {
  // printf 'answerable/seed/v1\n' and 32 times 0xab, then the nonce, through sha256sum.
  assert.equal(deriveSeed(BEGIN, utf8(''), suite), 0xcb7ac1d4)
  assert.equal(deriveSeed(BEGIN, utf8('a caller’s nonce'), suite), 0x0f308595)
})

test('the same beginning and nonce give the same seed, at any length of nonce', () => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(bytes, fc.string(), (begin, nonce) => {
      const seed = deriveSeed(begin, utf8(nonce), suite)
      assert.ok(Number.isInteger(seed) && seed >= 0 && seed < 0xffffffff)
      assert.equal(seed, deriveSeed(begin.slice(), utf8(nonce), suite))
      const message = concat(utf8('answerable/seed/v1\n'), begin, utf8(nonce))
      assert.equal(seed, Buffer.from(suite.sha256(message)).readUInt32BE(0))
    }),
    { numRuns: 500, seed: 1 },
  )
})

test('the number that llama.cpp takes for a random seed is passed over', () => {
  const giving = (digest: string) => ({ ...suite, sha256: () => fromHex(digest) })
  const seed = (digest: string) => deriveSeed(BEGIN, utf8(''), giving(digest))
  assert.equal(seed('fffffffe'.padEnd(64, '0')), 0xfffffffe)
  assert.equal(seed(`ffffffff${'00000007'.padEnd(56, '0')}`), 7)
  assert.equal(seed('f'.repeat(64)), 0)
})

test('what is no log entry is refused', () => {
  throwsCode(() => deriveSeed(new Uint8Array(31), utf8(''), suite), 'bad-statement')
})
