import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { fromHex, toBase64, toHex } from '../bytes.ts'
import { portableSuite } from '../portable.ts'
import { nativeSuite, testSigner, throwsCode } from './fixtures.test.ts'
import * as v from './vkey.ts'

/** Of the example in the documentation of Go's golang.org/x/mod/sumdb/note. */
const NEUMANN = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'

test('reads and writes the published example', () => {
  const key = v.parseVkey(NEUMANN, portableSuite)
  assert.deepEqual(
    { ...key, publicKey: key.publicKey.length },
    { name: 'PeterNeumann', keyId: 0xc74f20a3, type: v.SIG_ED25519, publicKey: 32 },
  )
  assert.equal(v.formatVkey(key), NEUMANN)
})

test('every type round-trips, and its ID depends on name and type', () => {
  for (const type of [v.SIG_ED25519, v.SIG_COSIGNATURE_ED25519, v.SIG_COSIGNATURE_MLDSA44]) {
    const { key } = testSigner('example.com/log', type)
    assert.deepEqual(v.parseVkey(v.formatVkey(key), nativeSuite), key)
  }
  const { key } = testSigner('example.com/log')
  const ids = [
    v.keyId('a', 1, key.publicKey, nativeSuite),
    v.keyId('b', 1, key.publicKey, nativeSuite),
    v.keyId('a', 4, key.publicKey, nativeSuite),
  ]
  assert.equal(new Set(ids).size, 3)
})

test('an ID with leading zeroes keeps its 8 digits', () => {
  assert.equal(v.hexId(0xab), '000000ab')
  assert.equal(v.hexId(0xffffffff), 'ffffffff')
})

const [name, id, material] = NEUMANN.split('+') as [string, string, string]
const tampered: [string, string][] = [
  ['nothing', ''],
  ['no key', `${name}+${id}`],
  ['an empty key', `${name}+${id}+`],
  ['no name', `+${id}+${material}`],
  ['another ID', `${name}+c74f20a4+${material}`],
  ['an upper-case ID', `${name}+C74F20A3+${material}`],
  ['a short ID', `${name}+74f20a3+${material}`],
  ['another name', `PeterNeuman+${id}+${material}`],
  ['a space before', ` ${NEUMANN}`],
  ['a newline after', `${NEUMANN}\n`],
  ['a plus in the name', `Peter+Neumann+${id}+${material}`],
  ['base64 without its padding bits zero', `${name}+${id}+${material.slice(0, -1)}X`],
  ['URL-safe base64', `${name}+${id}+${material.replace('/', '_')}`],
]
test('refuses every other spelling of a key', () => {
  for (const [what, text] of tampered) throwsCode(() => v.parseVkey(text, nativeSuite), 'bad-vkey', what)
  for (let i = 0; i < NEUMANN.length; i++) {
    const unit = NEUMANN[i] === 'A' ? 'B' : 'A'
    throwsCode(
      () => v.parseVkey(NEUMANN.slice(0, i) + unit + NEUMANN.slice(i + 1), nativeSuite),
      'bad-vkey',
      `at ${i}`,
    )
  }
})

test('refuses unsupported types and wrong lengths', () => {
  const spell = (type: number, length: number) => {
    const key = { name: 'a', type, publicKey: new Uint8Array(length).fill(7) }
    const text = v.formatVkey({ ...key, keyId: v.keyId(key.name, type, key.publicKey, nativeSuite) })
    return () => v.parseVkey(text, nativeSuite)
  }
  spell(1, 32)()
  for (const [type, length] of [
    [0, 32],
    [2, 32],
    [5, 32],
    [255, 32],
    [1, 31],
    [1, 33],
    [4, 31],
    [6, 32],
    [6, 1311],
    [1, 0],
  ] as const)
    throwsCode(spell(type, length), 'bad-vkey', `${type}, ${length} bytes`)
})

test('key names: no spaces of any script, no plus, no control characters', () => {
  for (const good of ['a', 'example.com/log', 'é', '日本', '—', '\u200b', '\ufeff'])
    assert.ok(v.isKeyName(good), JSON.stringify(good))
  for (const bad of [
    '',
    ' ',
    'a b',
    'a+b',
    'a\tb',
    'a\nb',
    '\u0000',
    '\u001f',
    '\u0085',
    '\u00a0',
    '\u2003',
    '\u3000',
    '\ud800',
  ])
    assert.ok(!v.isKeyName(bad), JSON.stringify(bad))
})

test('refuses Ed25519 keys of small order and non-canonical ones', () => {
  const refused = (publicKey: Uint8Array) =>
    throwsCode(() => v.verifierKey('a', 1, publicKey, nativeSuite), 'bad-vkey', toHex(publicKey))
  // Every multiple of a point of order 8, found by clearing the prime-order part of arbitrary points.
  const order = ed25519.Point.Fn.ORDER
  const seen = new Set<string>()
  for (let i = 0; i < 256 && seen.size < 8; i++) {
    const bytes = new Uint8Array(32)
    bytes[0] = i
    let point: InstanceType<typeof ed25519.Point>
    try {
      point = ed25519.Point.fromBytes(bytes)
    } catch {
      continue
    }
    let torsion = point.multiplyUnsafe(order - 1n).add(point)
    for (let k = 0; k < 8; k++) {
      seen.add(toHex(torsion.toBytes()))
      torsion = torsion.add(point.multiplyUnsafe(order - 1n).add(point))
    }
  }
  assert.equal(seen.size, 8, 'all points of small order were found')
  for (const hex of seen) {
    refused(fromHex(hex))
    const flipped = fromHex(hex)
    flipped[31]! ^= 0x80
    refused(flipped)
  }
  for (let low = 0xed; low <= 0xff; low++)
    for (const top of [0x7f, 0xff]) {
      const publicKey = new Uint8Array(32).fill(0xff)
      publicKey[0] = low
      publicKey[31] = top
      refused(publicKey)
    }
  const largest = new Uint8Array(32).fill(0xff)
  largest[0] = 0xeb
  largest[31] = 0x7f
  v.verifierKey('a', 1, largest, nativeSuite)
})

test('an ML-DSA-44 key name fits the structure that it is signed in', () => {
  const { key } = testSigner('w', v.SIG_COSIGNATURE_MLDSA44)
  v.verifierKey('é'.repeat(127), key.type, key.publicKey, nativeSuite)
  throwsCode(() => v.verifierKey('é'.repeat(128), key.type, key.publicKey, nativeSuite), 'bad-vkey')
})

test('the fingerprint is the SHA-256 of the public key in groups of four', () => {
  const key = v.parseVkey(NEUMANN, nativeSuite)
  const fingerprint = v.vkeyFingerprint(key, nativeSuite)
  assert.match(fingerprint, /^[0-9a-f]{4}( [0-9a-f]{4}){15}$/)
  assert.equal(fingerprint.replaceAll(' ', ''), nativeSuite.sha256Hex(key.publicKey))
})

test('arbitrary text never parses to a key that is spelled otherwise', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
      fc.uint8Array({ minLength: 32, maxLength: 33 }),
      (who, key) => {
        const text = `${who}+${id}+${toBase64(key)}`
        throwsCode(() => v.parseVkey(text, nativeSuite), 'bad-vkey')
      },
    ),
  )
})
