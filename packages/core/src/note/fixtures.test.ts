/**
 * Keys and suites for the tests of notes and logs. There are no tests in here: the name keeps it out of the package.
 */
import assert from 'node:assert/strict'
import * as crypto from 'node:crypto'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import { concat, toBase64Url, toHex, utf8 } from '../bytes.ts'
import { AnswerableError, type ErrorCode } from '../error.ts'
import { portableSuite } from '../portable.ts'
import type { Suite } from '../suite.ts'
import type { NoteSigner } from './signer.ts'
import { SIG_COSIGNATURE_MLDSA44, SIG_ED25519, verifierKey } from './vkey.ts'

/** OpenSSL's Ed25519 and SHA-256: fast, and another implementation than the portable suite. */
export const nativeSuite: Suite = {
  ...portableSuite,
  sha256: data => new Uint8Array(crypto.hash('sha256', data, 'buffer')),
  sha256Hex: data => crypto.hash('sha256', data, 'hex'),
  verifyEd25519(publicKey, message, signature) {
    const key = crypto.createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) },
      format: 'jwk',
    })
    return crypto.verify(null, message, key, signature)
  },
}

/** A suite whose Ed25519 signatures are hashes: for tests of counting, where thousands are made and checked. */
export const fakeSuite: Suite = {
  ...nativeSuite,
  verifyEd25519: (publicKey, message, signature) =>
    toHex(signature) === toHex(fakeSignature(publicKey, message)),
}

function fakeSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  const half = nativeSuite.sha256(concat(publicKey, message))
  return concat(half, half)
}

function seedOf(name: string): Uint8Array {
  return nativeSuite.sha256(utf8(`seed of ${name}`))
}

export function fakeSigner(name: string, type: number = SIG_ED25519): NoteSigner {
  const key = verifierKey(name, type, seedOf(name), nativeSuite)
  return { key, sign: message => fakeSignature(key.publicKey, message) }
}

/** A signer from a seed made of `name`, or of `seedName` where keys of one name are to differ. */
export function testSigner(name: string, type: number = SIG_ED25519, seedName: string = name): NoteSigner {
  const seed = seedOf(seedName)
  if (type === SIG_COSIGNATURE_MLDSA44) {
    const { publicKey, secretKey } = ml_dsa44.keygen(seed)
    return {
      key: verifierKey(name, type, publicKey, nativeSuite),
      sign: message => ml_dsa44.sign(message, secretKey),
    }
  }
  const der = concat(Buffer.from('302e020100300506032b657004220420', 'hex'), seed)
  const privateKey = crypto.createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  const { x } = crypto.createPublicKey(privateKey).export({ format: 'jwk' })
  const publicKey = new Uint8Array(Buffer.from(x!, 'base64url'))
  return {
    key: verifierKey(name, type, publicKey, nativeSuite),
    sign: message => new Uint8Array(crypto.sign(null, message, privateKey)),
  }
}

/** Asserts that `run` throws an error of ours with this code. */
export function throwsCode(run: () => unknown, code: ErrorCode, message?: string): void {
  assert.throws(
    run,
    (error: unknown) => {
      if (!(error instanceof AnswerableError)) throw error
      assert.equal(error.code, code, `${message ?? ''}: ${error.message}`)
      return true
    },
    message,
  )
}

/** Every copy of `bytes` with one byte changed by one bit, the bit moving along. */
export function* flips(bytes: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < bytes.length; i++) {
    const copy = bytes.slice()
    copy[i]! ^= 1 << (i % 8)
    yield copy
  }
}
