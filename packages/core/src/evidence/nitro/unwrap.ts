/**
 * Nitro documents as they are handed about: by themselves, in the response of the Nitro Secure Module
 * (`{"Attestation": {"document": bytes}}` in CBOR), and in dstack's attestation of version 0, which is SCALE: a byte each
 * for version 0 and the kind of quote, 2, then the document's length in compact form, and after it what is not signed.
 */
import { errorCode } from '../../error.ts'
import { type Cbor, readCbor } from '../cose/cbor.ts'
import { MAX_NITRO_BYTES } from './document.ts'

/** An array of four and a protected header of four bytes that names an algorithm beyond -24, tagged or not. */
const BEGINNINGS = [
  [0x84, 0x44, 0xa1, 0x01, 0x38],
  [0xd2, 0x84, 0x44, 0xa1, 0x01, 0x38],
]

/** The exact bytes of the document in there, to be parsed; undefined where it is none of these. */
export function unwrapNitro(bytes: Uint8Array): Uint8Array | undefined {
  if (begins(bytes)) return bytes
  const inner = fromScale(bytes) ?? fromResponse(bytes)
  return inner !== undefined && begins(inner) ? inner : undefined
}

function begins(bytes: Uint8Array): boolean {
  return BEGINNINGS.some(start => start.every((byte, i) => bytes[i] === byte))
}

/** SCALE's compact lengths of two and four bytes, which hold all that a document can be long. */
function fromScale(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] !== 0 || bytes[1] !== 2 || bytes.length < 8) return undefined
  const size = (bytes[2]! & 3) === 1 ? 2 : (bytes[2]! & 3) === 2 ? 4 : undefined
  if (size === undefined) return undefined
  let length = 0
  for (let i = size - 1; i >= 0; i--) length = length * 256 + bytes[2 + i]!
  length = Math.floor(length / 4)
  const start = 2 + size
  return length <= MAX_NITRO_BYTES && start + length <= bytes.length
    ? bytes.subarray(start, start + length)
    : undefined
}

function fromResponse(bytes: Uint8Array): Uint8Array | undefined {
  let root: Cbor
  try {
    root = readCbor(bytes, { maxBytes: MAX_NITRO_BYTES + 64, maxDepth: 2, maxItems: 4 })
  } catch (error) {
    if (errorCode(error) === 'internal') throw error
    return undefined
  }
  const response = root instanceof Map ? root.get('Attestation') : undefined
  const document = response instanceof Map ? response.get('document') : undefined
  return document instanceof Uint8Array ? document : undefined
}
