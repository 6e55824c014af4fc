/**
 * Verifier keys (C2SP signed-note, "Signatures" and "Verifier keys"). A vkey is the text
 *
 *     <key name>+<key ID, 8 lower-case hex digits>+<base64 of signature type || public key>
 *
 * in which the key ID is the first four bytes of SHA-256(name || 0x0A || signature type || public key).
 */
import { concat, equal, fromBase64, fromHex, toBase64, toHex, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import type { Suite } from '../suite.ts'
import { hasControl } from './text.ts'

/** Ed25519 over the note text (signed-note). */
export const SIG_ED25519 = 0x01
/** Timestamped Ed25519 witness cosignature, `cosignature/v1` (tlog-cosignature). */
export const SIG_COSIGNATURE_ED25519 = 0x04
/** Timestamped ML-DSA-44 cosignature, `subtree/v1` (tlog-cosignature). */
export const SIG_COSIGNATURE_MLDSA44 = 0x06

/** A named public key for notes. Made by {@link verifierKey} or {@link parseVkey}, which check it. */
export interface VerifierKey {
  /** Non-empty, without Unicode spaces, `+` and control characters. */
  readonly name: string
  /** Unsigned 32 bits; an identifier, not a strong hash. */
  readonly keyId: number
  /** One of the `SIG_` constants. */
  readonly type: number
  /** 32 bytes for the Ed25519 types, 1,312 for ML-DSA-44. */
  readonly publicKey: Uint8Array
}

const KEY_LENGTHS = new Map([
  [SIG_ED25519, 32],
  [SIG_COSIGNATURE_ED25519, 32],
  [SIG_COSIGNATURE_MLDSA44, 1312],
])

/** Whether a key may have this name: non-empty, no Unicode spaces, no `+`, no control characters. */
export function isKeyName(name: string): boolean {
  return name !== '' && !/[\p{White_Space}+]/u.test(name) && !hasControl(name) && name.isWellFormed()
}

/** The key ID: a big-endian unsigned 32-bit number. */
export function keyId(name: string, type: number, publicKey: Uint8Array, suite: Suite): number {
  const hash = suite.sha256(concat(utf8(`${name}\n`), Uint8Array.of(type), publicKey))
  return new DataView(hash.buffer, hash.byteOffset, 4).getUint32(0)
}

/**
 * A checked key of one of the three supported types. Throws `bad-vkey` for a bad name, an unsupported type, a wrong
 * length, and for Ed25519 encodings that are non-canonical or of small order: under a small-order key anyone can
 * make a signature that many messages share.
 */
export function verifierKey(name: string, type: number, publicKey: Uint8Array, suite: Suite): VerifierKey {
  if (!isKeyName(name)) throw bad('the key name is empty or has a space, a plus or a control character')
  const length = KEY_LENGTHS.get(type)
  if (length === undefined) throw bad(`signature type ${type} is not supported`)
  if (publicKey.length !== length)
    throw bad(`the public key has ${publicKey.length} bytes; type ${type} has ${length}`)
  if (length === 32 && !isSafeEd25519(publicKey))
    throw bad('the Ed25519 public key is non-canonical or of small order')
  // The cosigned_message structure holds the name in a vector of at most 255 bytes.
  if (type === SIG_COSIGNATURE_MLDSA44 && utf8(name).length > 255)
    throw bad('an ML-DSA-44 key name has at most 255 bytes')
  return { name, keyId: keyId(name, type, publicKey, suite), type, publicKey }
}

/** Parses a vkey. Throws `bad-vkey`: the text has exactly one spelling, and the key ID must be the key's own. */
export function parseVkey(text: string, suite: Suite): VerifierKey {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text)
  if (!match) throw bad('not of the form name+id+key')
  let material: Uint8Array
  try {
    material = fromBase64(match[3]!)
  } catch (cause) {
    throw new AnswerableError('bad-vkey', 'vkey: the key is not canonical base64', { cause })
  }
  if (material.length === 0) throw bad('the key is empty')
  const key = verifierKey(match[1]!, material[0]!, material.slice(1), suite)
  if (hexId(key.keyId) !== match[2]) throw bad(`the key ID is ${hexId(key.keyId)}, not ${match[2]}`)
  return key
}

/** The vkey text of a key: the inverse of {@link parseVkey}. */
export function formatVkey(key: VerifierKey): string {
  return `${key.name}+${hexId(key.keyId)}+${toBase64(concat(Uint8Array.of(key.type), key.publicKey))}`
}

/** A key ID as its 8 lower-case hex digits. */
export function hexId(id: number): string {
  return id.toString(16).padStart(8, '0')
}

/**
 * What two people compare: SHA-256 of the public key alone (no name, no type), in lower-case hex, as 16 groups of 4
 * digits with single spaces between.
 */
export function vkeyFingerprint(key: VerifierKey, suite: Suite): string {
  return toHex(suite.sha256(key.publicKey)).match(/.{4}/g)!.join(' ')
}

/** Whether two keys are one: same name, type and public key. */
export function sameKey(a: VerifierKey, b: VerifierKey): boolean {
  return a.name === b.name && a.type === b.type && equal(a.publicKey, b.publicKey)
}

/** The y coordinates of the eight points of order 1, 2, 4 and 8; each x is 0 or has both signs among them. */
const SMALL_ORDER_Y = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(text => fromHex(text))

/** RFC 8032, 5.1.3: y below 2^255 - 19, and not of small order. Whether it is on the curve shows at the first check. */
function isSafeEd25519(publicKey: Uint8Array): boolean {
  const y = publicKey.slice()
  y[31]! &= 0x7f
  if (y[31] === 0x7f && y[0]! >= 0xed && y.subarray(1, 31).every(byte => byte === 0xff)) return false
  return !SMALL_ORDER_Y.some(point => equal(point, y))
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-vkey', `vkey: ${message}`)
}
