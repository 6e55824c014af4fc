/**
 * A publisher's key: ECDSA on P-256, P-384 or P-521, each with the hash of its size (OMS v1.0, algorithm registry), or
 * Ed25519, which the registry does not list and the reference implementation does not read.
 */
import { equal, fromBase64, toBase64, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import type { EcdsaCurve, Suite } from '../suite.ts'
import { type ModelSignature, signedBytes } from './signature.ts'

export interface PublisherKey {
  algorithm: EcdsaCurve | 'Ed25519'
  /** The point, uncompressed, or the 32 bytes of an Ed25519 key. */
  publicKey: Uint8Array
  /** SubjectPublicKeyInfo in PEM, in its one spelling. */
  pem: string
  /** SHA-256 of that text, in hex: the hint by which a signature file names the key. */
  id: string
  /** SHA-256 of the SubjectPublicKeyInfo itself, in hex, by which other implementations may name it. */
  derDigest: string
}

/** SubjectPublicKeyInfo up to the key itself (RFC 5480 section 2, RFC 8410 section 4), and how long the key is. */
const KINDS: { algorithm: PublisherKey['algorithm']; prefix: string; length: number }[] = [
  { algorithm: 'P-256', prefix: 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA=', length: 65 },
  { algorithm: 'P-384', prefix: 'MHYwEAYHKoZIzj0CAQYFK4EEACIDYgA=', length: 97 },
  { algorithm: 'P-521', prefix: 'MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAA==', length: 133 },
  { algorithm: 'Ed25519', prefix: 'MCowBQYDK2VwAyEA', length: 32 },
]
const MOST_PEM = 8192
const BLOCK = /-----BEGIN PUBLIC KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END PUBLIC KEY-----/

/** The first public key in a PEM text; what stands around it is passed over. Throws `bad-key`. */
export function parsePublisherKey(text: string, suite: Suite): PublisherKey {
  const block = text.length > MOST_PEM ? undefined : BLOCK.exec(text)?.[1]
  if (block === undefined) throw new AnswerableError('bad-key', 'no public key in PEM (BEGIN PUBLIC KEY)')
  let der: Uint8Array
  try {
    der = fromBase64(block.replace(/[\r\n]/g, ''))
  } catch (cause) {
    throw new AnswerableError('bad-key', 'the PEM of the key is not base64', { cause })
  }
  return publisherKeyOf(der, suite)
}

/** The key in a SubjectPublicKeyInfo (DER). Throws `bad-key`. */
export function publisherKeyOf(der: Uint8Array, suite: Suite): PublisherKey {
  for (const { algorithm, prefix, length } of KINDS) {
    const head = fromBase64(prefix)
    if (der.length !== head.length + length || !equal(der.subarray(0, head.length), head)) continue
    const publicKey = der.slice(head.length)
    if (algorithm !== 'Ed25519' && publicKey[0] !== 4) break
    const pem = pemOf(der)
    return { algorithm, publicKey, pem, id: suite.sha256Hex(utf8(pem)), derDigest: suite.sha256Hex(der) }
  }
  throw new AnswerableError(
    'bad-key',
    'not a key that signs models: expected ECDSA on P-256, P-384 or P-521, or Ed25519',
  )
}

/** As OpenSSL writes it. */
function pemOf(der: Uint8Array): string {
  const lines = toBase64(der).match(/.{1,64}/g) ?? []
  return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`
}

/**
 * Whether `key` made this signature. What the file says of its signer must not contradict it; else nothing in the file
 * is believed. A certificate in the file is not looked at.
 */
export function isSignedBy(
  { payload, sig, signer }: ModelSignature,
  key: PublisherKey,
  suite: Suite,
): boolean {
  if (signer.mode === 'key') {
    if (signer.hint !== undefined && signer.hint !== key.id && signer.hint !== key.derDigest) return false
    if (signer.pem !== undefined && !namesKey(signer.pem, key, suite)) return false
  }
  const message = signedBytes(payload)
  return key.algorithm === 'Ed25519'
    ? suite.verifyEd25519(key.publicKey, message, sig)
    : suite.verifyEcdsa(key.algorithm, key.publicKey, message, sig)
}

function namesKey(pem: string, key: PublisherKey, suite: Suite): boolean {
  try {
    return parsePublisherKey(pem, suite).id === key.id
  } catch {
    return false
  }
}
