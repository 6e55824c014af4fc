/** Byte strings: strict decoders, since every one of them stands at a boundary. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { AnswerableError } from './error.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/**
 * The bytes of `text` in `room`, which must have three for each UTF-16 unit. For bytes that are needed only for a moment:
 * a typed array of their own costs several times the encoding.
 */
export function utf8Into(text: string, room: Uint8Array): Uint8Array {
  return room.subarray(0, encoder.encodeInto(text, room).written)
}

/** Decodes UTF-8 strictly. Throws `not-utf8`. A byte order mark is kept, so that text and bytes map one to one. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new AnswerableError('not-utf8', 'the bytes are not valid UTF-8', { cause })
  }
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Compares in time that depends on the lengths alone. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}

export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes)
}

/** Decodes lower-case hex of exactly `length` bytes, where a length is given. Throws `bad-encoding`. */
export function fromHex(text: string, length?: number): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text))
    throw new AnswerableError('bad-encoding', 'not lower-case hexadecimal')
  return sized(hexToBytes(text), length)
}

/** Standard base64 (RFC 4648 section 4), padded. */
export function toBase64(bytes: Uint8Array): string {
  return bytes.toBase64 ? bytes.toBase64() : encodeBase64(bytes, STANDARD)
}

/** Decodes standard base64 (RFC 4648 section 4): padded, canonical, no spaces. Throws `bad-encoding`. */
export function fromBase64(text: string, length?: number): Uint8Array {
  if (text.length % 4 !== 0) throw new AnswerableError('bad-encoding', 'not canonical base64')
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  if (text.length < LONG || !Uint8Array.fromBase64)
    return sized(decodeBase64(text, text.length - padding, STANDARD_VALUES), length)
  let bytes: Uint8Array
  try {
    bytes = Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
  } catch (cause) {
    throw new AnswerableError('bad-encoding', 'not canonical base64', { cause })
  }
  // It skips white space, of which the length then tells.
  if (bytes.length !== (text.length / 4) * 3 - padding)
    throw new AnswerableError('bad-encoding', 'not canonical base64')
  return sized(bytes, length)
}

/** base64url (RFC 4648 section 5), unpadded. */
export function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64
    ? bytes.toBase64({ alphabet: 'base64url', omitPadding: true })
    : encodeBase64(bytes, URL_SAFE).replace(/=+$/, '')
}

/** Decodes unpadded base64url (RFC 4648 section 5), canonical, no spaces. Throws `bad-encoding`. */
export function fromBase64Url(text: string, length?: number): Uint8Array {
  return sized(decodeBase64(text, text.length, URL_SAFE_VALUES), length)
}

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** From this length on the platform's decoder is faster than ours. */
const LONG = 128
const STANDARD_VALUES = valueTable(STANDARD)
const URL_SAFE_VALUES = valueTable(URL_SAFE)

function valueTable(alphabet: string): Uint8Array {
  const table = new Uint8Array(128).fill(255)
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i
  return table
}

/** For runtimes from before `Uint8Array.prototype.toBase64` (Node 24). Exported for its test alone. */
export function encodeBase64(bytes: Uint8Array, alphabet: string = STANDARD): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    out += alphabet[word >> 18]! + alphabet[(word >> 12) & 63]!
    out += i + 1 < bytes.length ? alphabet[(word >> 6) & 63]! : '='
    out += i + 2 < bytes.length ? alphabet[word & 63]! : '='
  }
  return out
}

/**
 * The platform's own decoders skip white space or accept non-zero trailing bits, by which one value would have many
 * spellings; here every byte string has exactly one.
 */
function decodeBase64(text: string, length: number, values: Uint8Array): Uint8Array {
  const rest = length % 4
  const out = new Uint8Array((length >> 2) * 3 + (rest === 0 ? 0 : rest - 1))
  let word = 0
  let at = 0
  let bad = rest === 1 ? 255 : 0
  for (let i = 0; i < length; i++) {
    const value = values[text.charCodeAt(i)] ?? 255
    bad |= value & 128
    word = ((word << 6) | value) & 0xffffff
    if ((i & 3) === 3) {
      out[at++] = word >> 16
      out[at++] = word >> 8
      out[at++] = word
    }
  }
  if (rest === 2) {
    out[at] = word >> 4
    bad |= word & 15
  } else if (rest === 3) {
    out[at++] = word >> 10
    out[at] = word >> 2
    bad |= word & 3
  }
  if (bad !== 0) throw new AnswerableError('bad-encoding', 'not canonical base64')
  return out
}

function sized(bytes: Uint8Array, length: number | undefined): Uint8Array {
  if (length !== undefined && bytes.length !== length) {
    throw new AnswerableError('bad-encoding', `${bytes.length} bytes where ${length} were expected`)
  }
  return bytes
}
