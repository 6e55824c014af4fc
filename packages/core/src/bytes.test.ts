import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as b from './bytes.ts'

const codecs = [
  ['hex', b.toHex, b.fromHex],
  ['base64', b.toBase64, b.fromBase64],
  ['base64url', b.toBase64Url, b.fromBase64Url],
] as const

for (const [name, encode, decode] of codecs) {
  test(`${name} round-trips, and no two texts decode to the same bytes`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), bytes =>
        assert.deepEqual(decode(encode(bytes)), new Uint8Array(bytes)),
      ),
    )
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), text => {
        let bytes: Uint8Array
        try {
          bytes = decode(text)
        } catch (error) {
          assert.equal((error as { code: string }).code, 'bad-encoding')
          return
        }
        assert.equal(encode(bytes), text)
      }),
    )
  })
}

test('decoders refuse what only looks right', () => {
  for (const text of [
    'A',
    'AB=',
    'AB==',
    'AA==\n',
    ' AA==',
    'AA',
    'AAA',
    'A===',
    'QQ=Q',
    'Q\u0141==',
    '====',
  ]) {
    if (text === 'AB==')
      assert.throws(() => b.fromBase64(text), { code: 'bad-encoding' }, 'non-zero trailing bits')
    else assert.throws(() => b.fromBase64(text), { code: 'bad-encoding' }, JSON.stringify(text))
  }
  for (const text of ['AA==', 'A+', 'AB', 'A A'])
    assert.throws(() => b.fromBase64Url(text), { code: 'bad-encoding' }, text)
  for (const text of ['A', 'AA', 'aA', '0g', ' 00'])
    assert.throws(() => b.fromHex(text), { code: 'bad-encoding' }, text)
  assert.throws(() => b.fromHex('00', 2), { code: 'bad-encoding' })
  assert.throws(() => b.fromUtf8(Uint8Array.of(0xc0, 0x80)), { code: 'not-utf8' })
})

test('the base64 encoder for older runtimes agrees with the platform', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), bytes =>
      assert.equal(b.encodeBase64(bytes), Buffer.from(bytes).toString('base64')),
    ),
  )
})

test('long base64 is read as strictly as short', () => {
  const bytes = fc.uint8Array({ minLength: 96, maxLength: 400 })
  fc.assert(
    fc.property(
      bytes,
      fc.nat(),
      fc.constantFrom('', ' ', '\n', '    ', '=', 'A', '-', '\u0141'),
      (each, at, put) => {
        const text = b.toBase64(each)
        assert.deepEqual(b.fromBase64(text), new Uint8Array(each))
        const place = at % (text.length + 1)
        for (const cut of [0, put.length]) {
          const other = text.slice(0, place) + put + text.slice(place + cut)
          let read: Uint8Array
          try {
            read = b.fromBase64(other)
          } catch (error) {
            assert.equal((error as { code: string }).code, 'bad-encoding')
            continue
          }
          assert.equal(b.toBase64(read), other)
        }
      },
    ),
    { numRuns: 1000 },
  )
})

test('equal', () => {
  assert.ok(b.equal(b.utf8('ab'), b.utf8('ab')))
  assert.ok(!b.equal(b.utf8('ab'), b.utf8('ac')))
  assert.ok(!b.equal(b.utf8('ab'), b.utf8('abc')))
})
