import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { makeCose, Pairs, writeCbor } from '../../../test/nitro.ts'
import { opensslSuite } from '../../../test/openssl-suite.ts'
import { alteredBytes } from '../../../test/tampering.ts'
import { concat, toHex, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { portableSuite } from '../../portable.ts'
import { parsePublicKey } from '../../x509/index.ts'
import { checkCoseSign1, parseCoseSign1 } from './sign1.ts'

const KINDS = [
  { name: 'ES256', id: -7, curve: 'P-256', digest: 'sha256' },
  { name: 'ES384', id: -35, curve: 'P-384', digest: 'sha384' },
] as const
const PAYLOAD = utf8('what is signed')

function publicOf(privateKey: KeyObject) {
  return parsePublicKey(new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' })))
}

function codeOf(bytes: Uint8Array): string {
  try {
    parseCoseSign1(bytes, 4096)
    return 'read'
  } catch (error) {
    assert.ok(error instanceof AnswerableError, `${error}`)
    return error.code
  }
}

for (const { name, id, curve, digest } of KINDS) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
  const key = publicOf(privateKey)
  const bytes = makeCose(PAYLOAD, privateKey, { algorithm: id, digest })

  test(`${name}: by the key that signed, in both suites, and by no other`, () => {
    const other = generateKeyPairSync('ec', { namedCurve: curve }).privateKey
    const wrongCurve = generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    for (const whole of [bytes, concat(Uint8Array.of(0xd2), bytes)]) {
      const cose = parseCoseSign1(whole, 4096)
      assert.equal(cose.algorithm, name)
      assert.deepEqual(cose.payload, PAYLOAD)
      assert.equal(checkCoseSign1(cose, key, opensslSuite), 'good')
      assert.equal(checkCoseSign1(cose, key, portableSuite), 'good')
      assert.equal(checkCoseSign1(cose, publicOf(other), opensslSuite), 'bad')
      assert.equal(checkCoseSign1(cose, publicOf(wrongCurve), opensslSuite), 'unknown-algorithm')
      assert.equal(checkCoseSign1(cose, publicOf(rsa), opensslSuite), 'unknown-algorithm')
    }
  })

  test(`${name}: not one altered bit is taken`, () => {
    for (const { at, altered } of alteredBytes(bytes, [1, 2, 4, 8, 16, 32, 64, 128])) {
      if (codeOf(altered) !== 'read') continue
      assert.notEqual(checkCoseSign1(parseCoseSign1(altered, 4096), key, opensslSuite), 'good', `byte ${at}`)
    }
    for (let end = 0; end < bytes.length; end++) assert.equal(codeOf(bytes.subarray(0, end)), 'truncated')
  })
}

test('what is signed is the structure of RFC 9052, section 4.4', () => {
  const header = Uint8Array.of(0xa1, 0x01, 0x38, 0x22)
  for (const length of [0, 23, 24, 255, 256, 1000]) {
    const payload = new Uint8Array(length)
    const { signed } = parseCoseSign1(writeCbor([header, new Pairs([]), payload, new Uint8Array(96)]), 4096)
    assert.equal(
      toHex(signed),
      toHex(writeCbor(['Signature1', header, new Uint8Array(), payload])),
      `${length}`,
    )
  }
})

test('headers: the algorithm, and nothing else', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const made = (header: Pairs | Uint8Array, more = {}) =>
    codeOf(
      makeCose(PAYLOAD, privateKey, {
        header: header instanceof Pairs ? writeCbor(header) : header,
        ...more,
      }),
    )
  assert.equal(made(new Pairs([[1, -35]])), 'read')
  assert.equal(made(new Pairs([[1, -36]])), 'unknown-algorithm')
  assert.equal(made(new Pairs([[1, 'ES384']])), 'unknown-algorithm')
  assert.equal(made(new Pairs([])), 'unknown-algorithm')
  // Section 3: a header of nothing may also be no bytes at all.
  assert.equal(made(new Uint8Array()), 'truncated')
  assert.equal(made(new Pairs([[1, -35], [4, new Uint8Array(2)]])), 'bad-evidence') // biome-ignore format: a row
  assert.equal(made(new Pairs([[1, -35], [1, -35]])), 'duplicate-key') // biome-ignore format: a row
  assert.equal(made(new Pairs([[1, -35]], true)), 'indefinite-length')
  assert.equal(made(Uint8Array.of(0xa1, 0x01, 0x38, 0x22, 0x00)), 'trailing-bytes')
  assert.equal(made(Uint8Array.of(0xa1, 0x01, 0x39, 0x00, 0x22)), 'bad-evidence')
  assert.equal(made(new Uint8Array(65)), 'too-large')
  assert.equal(made(new Pairs([[1, -35]]), { unprotected: new Pairs([[1, -35]]) }), 'bad-evidence')
  assert.equal(made(new Pairs([[1, -35]]), { unprotected: [] }), 'bad-evidence')
  assert.equal(codeOf(new Uint8Array(4097)), 'too-large')
})
