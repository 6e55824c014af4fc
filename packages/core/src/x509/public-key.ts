/** Keys in certificates (SubjectPublicKeyInfo), the algorithms that sign, and one function that checks a signature. */
import { AnswerableError } from '../error.ts'
import type { EcdsaCurve, RsaKey, RsaScheme, Suite } from '../suite.ts'
import {
  contextTag,
  type Der,
  readBits,
  readDer,
  readOid,
  readSmall,
  readUnsigned,
  TAG,
  within,
} from './der.ts'

export type PublicKey =
  | { kind: 'ecdsa'; curve: EcdsaCurve; point: Uint8Array; spki: Uint8Array }
  | { kind: 'rsa'; key: RsaKey; spki: Uint8Array }
  | { kind: 'ed25519'; key: Uint8Array; spki: Uint8Array }
  /** One that nothing here can check. */
  | { kind: 'unknown'; algorithm: string; spki: Uint8Array }

export type SignatureAlgorithm =
  | { kind: 'ecdsa'; hash: RsaScheme['hash'] }
  | { kind: 'rsa'; scheme: RsaScheme }
  | { kind: 'ed25519' }
  | { kind: 'unknown'; algorithm: string }

const CURVES: Record<string, { curve: EcdsaCurve; bytes: number }> = {
  '1.2.840.10045.3.1.7': { curve: 'P-256', bytes: 65 },
  '1.3.132.0.34': { curve: 'P-384', bytes: 97 },
  '1.3.132.0.35': { curve: 'P-521', bytes: 133 },
}
/** The hash that the suite uses with each curve. */
const CURVE_HASH: Record<EcdsaCurve, RsaScheme['hash']> = {
  'P-256': 'SHA-256',
  'P-384': 'SHA-384',
  'P-521': 'SHA-512',
}
const RSA = '1.2.840.113549.1.1.1'
const RSA_PSS = '1.2.840.113549.1.1.10'
const MGF1 = '1.2.840.113549.1.1.8'
const ED25519 = '1.3.101.112'
const ALGORITHMS: Record<string, SignatureAlgorithm> = {
  '1.2.840.10045.4.3.2': { kind: 'ecdsa', hash: 'SHA-256' },
  '1.2.840.10045.4.3.3': { kind: 'ecdsa', hash: 'SHA-384' },
  '1.2.840.10045.4.3.4': { kind: 'ecdsa', hash: 'SHA-512' },
  '1.2.840.113549.1.1.11': { kind: 'rsa', scheme: { padding: 'pkcs1', hash: 'SHA-256' } },
  '1.2.840.113549.1.1.12': { kind: 'rsa', scheme: { padding: 'pkcs1', hash: 'SHA-384' } },
  '1.2.840.113549.1.1.13': { kind: 'rsa', scheme: { padding: 'pkcs1', hash: 'SHA-512' } },
  [ED25519]: { kind: 'ed25519' },
}
const HASHES: Record<string, RsaScheme['hash']> = {
  '2.16.840.1.101.3.4.2.1': 'SHA-256',
  '2.16.840.1.101.3.4.2.2': 'SHA-384',
  '2.16.840.1.101.3.4.2.3': 'SHA-512',
}
/** Bits of an RSA modulus. Below, it is no longer safe; above, checking takes longer than anyone should wait. */
const RSA_BITS = [2048, 4096] as const

/** Throws `bad-encoding` and its like, and `unknown-algorithm` for an RSA key of a size that is not taken. */
export function readPublicKey(element: Der): PublicKey {
  const [algorithm, bits] = within(element, TAG.sequence, 'public key', 2)
  const [id, parameters] = within(algorithm, TAG.sequence, 'public key algorithm', 2)
  const oid = readOid(id, 'public key algorithm')
  const key = readBits(bits, 'public key')
  const spki = element.whole
  if (oid === '1.2.840.10045.2.1') {
    const named = parameters?.tag === TAG.oid ? CURVES[readOid(parameters)] : undefined
    if (named === undefined) return { kind: 'unknown', algorithm: oid, spki }
    if (key.length !== named.bytes || key[0] !== 4)
      throw new AnswerableError('bad-encoding', `public key: not an uncompressed point of ${named.curve}`)
    return { kind: 'ecdsa', curve: named.curve, point: key, spki }
  }
  if (oid === RSA || oid === RSA_PSS) return { kind: 'rsa', key: readRsa(key), spki }
  if (oid === ED25519 && key.length === 32) return { kind: 'ed25519', key, spki }
  return { kind: 'unknown', algorithm: oid, spki }
}

/** Reads a SubjectPublicKeyInfo by itself. */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  return readPublicKey(readDer(spki))
}

function readRsa(bytes: Uint8Array): RsaKey {
  const [n, e] = within(readDer(bytes), TAG.sequence, 'RSA key', 2)
  const modulus = readUnsigned(n, 'modulus')
  const exponent = readUnsigned(e, 'exponent')
  return boundedRsa({ modulus, exponent })
}

/** The key, where its size is one that is taken. Throws `unknown-algorithm`. */
export function boundedRsa(key: RsaKey): RsaKey {
  const { modulus, exponent } = key
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  if (bits < RSA_BITS[0] || bits > RSA_BITS[1] || modulus.at(-1)! % 2 === 0)
    throw new AnswerableError('unknown-algorithm', `RSA key: a modulus of ${bits} bits is not taken`)
  const value = exponent.reduce((sum, byte) => sum * 256 + byte, 0)
  if (exponent.length > 4 || value < 3 || value % 2 === 0)
    throw new AnswerableError('unknown-algorithm', 'RSA key: this exponent is not taken')
  return key
}

/** Throws `bad-encoding` and its like; an algorithm that is not known is `unknown`. */
export function readSignatureAlgorithm(element: Der | undefined): SignatureAlgorithm {
  const [id, parameters] = within(element, TAG.sequence, 'signature algorithm', 2)
  const oid = readOid(id, 'signature algorithm')
  if (oid !== RSA_PSS) return ALGORITHMS[oid] ?? { kind: 'unknown', algorithm: oid }
  const scheme = pssScheme(parameters)
  return scheme === undefined ? { kind: 'unknown', algorithm: oid } : { kind: 'rsa', scheme }
}

/** RSASSA-PSS-params (RFC 4055 section 3.1). The defaults are SHA-1, which is not taken. */
function pssScheme(parameters: Der | undefined): RsaScheme | undefined {
  const fields = within(parameters, TAG.sequence, 'RSASSA-PSS parameters', 4)
  const tagged = (number: number): Der | undefined => {
    const field = fields.find(({ tag }) => tag === contextTag(number))
    return field === undefined ? undefined : readDer(field.content)
  }
  const hash = hashOf(tagged(0))
  const [mask, maskHash] = within(tagged(1), TAG.sequence, 'mask generation', 2)
  const saltLength = tagged(2)
  const trailer = tagged(3)
  if (hash === undefined || readOid(mask) !== MGF1 || hashOf(maskHash) !== hash) return undefined
  if (trailer !== undefined && readSmall(trailer) !== 1) return undefined
  const salt = saltLength === undefined ? 20 : readSmall(saltLength)
  return salt > 64 ? undefined : { padding: 'pss', hash, saltLength: salt }
}

function hashOf(element: Der | undefined): RsaScheme['hash'] | undefined {
  return HASHES[readOid(within(element, TAG.sequence, 'hash algorithm', 2)[0])]
}

/** Whether `key` signed `message`; `unknown-algorithm` where nothing here can tell. */
export function checkSignature(
  key: PublicKey,
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
  suite: Suite,
): 'good' | 'bad' | 'unknown-algorithm' {
  if (key.kind === 'unknown' || algorithm.kind === 'unknown') return 'unknown-algorithm'
  if (key.kind === 'ecdsa' && algorithm.kind === 'ecdsa') {
    if (CURVE_HASH[key.curve] !== algorithm.hash) return 'unknown-algorithm'
    return good(suite.verifyEcdsa(key.curve, key.point, message, signature))
  }
  if (key.kind === 'rsa' && algorithm.kind === 'rsa')
    return good(suite.verifyRsa(algorithm.scheme, key.key, message, signature))
  if (key.kind === 'ed25519' && algorithm.kind === 'ed25519')
    return good(suite.verifyEd25519(key.key, message, signature))
  // A key of one sort, and a signature said to be of another.
  return 'bad'
}

function good(is: boolean): 'good' | 'bad' {
  return is ? 'good' : 'bad'
}

/**
 * A signature of two numbers of one length, as COSE, JWS, Intel and NVIDIA have it, in the DER that X.509 has (RFC 3279
 * section 2.2.3). Undefined where it is not of `2 * size` bytes.
 */
export function ecdsaDer(raw: Uint8Array, size: number): Uint8Array | undefined {
  if (raw.length !== 2 * size) return undefined
  const parts = [raw.subarray(0, size), raw.subarray(size)].map(integer)
  const length = parts[0]!.length + parts[1]!.length
  const header = length > 127 ? [TAG.sequence, 0x81, length] : [TAG.sequence, length]
  return Uint8Array.from([...header, ...parts[0]!, ...parts[1]!])
}

function integer(bytes: Uint8Array): number[] {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const digits = [...bytes.subarray(start)]
  if (digits[0]! > 127) digits.unshift(0)
  return [TAG.integer, digits.length, ...digits]
}
