/**
 * A disclosure is a salted part of a statement that opens by itself, after SD-JWT (RFC 9901 section 4.2): the text of
 * a JSON array `[salt, name, value]`. The statement names only the SHA-256 of that text, so that without the text
 * nothing can be learnt or guessed from it; with it, the value is shown to be what was recorded.
 */
import { fromBase64Url, utf8, utf8Into } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { parseJson } from '../json.ts'
import { type JsonObject, Shape } from '../shape.ts'
import type { Suite } from '../suite.ts'

/** The parts of an inference that open one by one. */
export const DISCLOSURES = ['request', 'response', 'model', 'sampling', 'parties'] as const
export type DisclosureName = (typeof DISCLOSURES)[number]

export interface Disclosure {
  /** The exact text, as hashed. */
  text: string
  name: DisclosureName
  value: JsonObject
}

/** Bytes of randomness in a salt. */
export const SALT_BYTES = 32
/** A disclosure holds digests and settings, never content, so it stays small. */
export const MAX_DISCLOSURE_BYTES = 64 * 1024

const shape = new Shape('bad-disclosure')

/**
 * The text of a disclosure from its salt (base64url of 32 random bytes) and the JSON text of its value. It is
 * assembled rather than serialised, because a value such as a model's description is the same text call after call.
 */
export function disclosureText(salt: string, name: DisclosureName, valueJson: string): string {
  return `["${salt}","${name}",${valueJson}]`
}

/** The digest by which a statement names a disclosure: SHA-256 of its text, in hex. */
export function disclosureDigest(text: string, suite: Suite): string {
  const bytes = text.length * 3 > room.length ? utf8(text) : utf8Into(text, room)
  return suite.sha256Hex(bytes)
}

// Of most disclosures, and there are five to a receipt. A suite reads its input before it returns and keeps none of it.
const room = new Uint8Array(8 * 1024)

/** Reads a disclosure's text. Throws `bad-disclosure` and what `parseJson` throws. */
export function parseDisclosure(text: string): Disclosure {
  const value = parseJson(text, { maxBytes: MAX_DISCLOSURE_BYTES, maxDepth: 16 })
  const parts = shape.array(value, 'disclosure', 3)
  if (parts.length !== 3)
    throw new AnswerableError('bad-disclosure', 'disclosure: expected [salt, name, value]')
  try {
    fromBase64Url(shape.string(parts[0], 'disclosure[0]', 43), SALT_BYTES)
  } catch (cause) {
    throw new AnswerableError('bad-disclosure', `disclosure[0]: expected ${SALT_BYTES} bytes in base64url`, {
      cause,
    })
  }
  const name = shape.literal(parts[1], 'disclosure[1]', DISCLOSURES)
  return { text, name, value: shape.object(parts[2], 'disclosure[2]') }
}
