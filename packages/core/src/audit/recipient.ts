/** The key that a record is encrypted to: X25519, as a JWK (RFC 8037), made for one request and used once. */
import { fromBase64Url, toBase64Url, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import type { Suite } from '../suite.ts'
import { only, shape } from './signed-statement.ts'

export interface RecipientKey {
  kty: 'OKP'
  crv: 'X25519'
  /** base64url of 32 bytes. */
  x: string
}

const KEY_BYTES = 32

/** Reads a public key. One that has a private part, or a field besides these, is refused. Throws `bad-statement`. */
export function parseRecipient(value: unknown, where = 'recipient'): RecipientKey {
  const fields = shape.object(value, where)
  only(fields, ['kty', 'crv', 'x'], where)
  const kty = shape.literal(fields.kty, `${where}.kty`, ['OKP'])
  const crv = shape.literal(fields.crv, `${where}.crv`, ['X25519'])
  const x = shape.string(fields.x, `${where}.x`, 43)
  try {
    fromBase64Url(x, KEY_BYTES)
  } catch (cause) {
    throw new AnswerableError('bad-statement', `${where}.x: expected ${KEY_BYTES} bytes in base64url`, {
      cause,
    })
  }
  return { kty, crv, x }
}

/** The key's thumbprint (RFC 7638): SHA-256 of its fields in order of their names, in base64url. */
export function thumbprintOf({ kty, crv, x }: RecipientKey, suite: Suite): string {
  return toBase64Url(suite.sha256(utf8(JSON.stringify({ crv, kty, x }))))
}
