/**
 * JWK Sets (RFC 7517), as services publish them and as they are archived: one counts only by the SHA-256 of its exact bytes.
 * A key that cannot be read is left out of its set (section 5), so that one of a new kind does not cost the others.
 */
import { concat, equal, fromBase64, fromBase64Url } from '../../bytes.ts'
import { AnswerableError, errorCode } from '../../error.ts'
import { parseJson } from '../../json.ts'
import { type JsonObject, Shape } from '../../shape.ts'
import { type Certificate, type PublicKey, parseCertificate, parsePublicKey, TAG } from '../../x509/index.ts'

export interface SetKey {
  id: string
  /** The only algorithm that it is for, where it says so. */
  algorithm?: string
  key: PublicKey
  /** The certificate that came along with it: its dates count. */
  certificate?: Certificate
}

const MAX_SET_BYTES = 512 * 1024
const MOST_KEYS = 128
const shape = new Shape('bad-endorsement')

/** AlgorithmIdentifiers (RFC 3279, RFC 5480, RFC 8410) in DER. */
const IDENTIFIERS: Record<string, Uint8Array> = {
  RSA: hex('300d06092a864886f70d0101010500'),
  'P-256': hex('301306072a8648ce3d020106082a8648ce3d030107'),
  'P-384': hex('301006072a8648ce3d020106052b81040022'),
  'P-521': hex('301006072a8648ce3d020106052b81040023'),
  Ed25519: hex('300506032b6570'),
}
const COORDINATES: Record<string, number> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 }

/** The keys of a set that sign, and have an id. Throws `bad-endorsement`, and what `parseJson` throws. */
export function parseKeySet(bytes: Uint8Array): SetKey[] {
  const root = shape.object(parseJson(bytes, { maxBytes: MAX_SET_BYTES, maxDepth: 8 }), 'key set')
  return shape.array(root.keys, 'keys', MOST_KEYS).flatMap((one, i) => {
    try {
      return [readKey(shape.object(one, `keys[${i}]`))]
    } catch (error) {
      if (errorCode(error) === 'internal') throw error
      return []
    }
  })
}

function readKey(fields: JsonObject): SetKey {
  if (fields.use !== undefined) shape.literal(fields.use, 'use', ['sig'])
  const read: SetKey = { id: shape.string(fields.kid, 'kid', 1024), key: keyOf(fields) }
  if (fields.alg !== undefined) read.algorithm = shape.string(fields.alg, 'alg', 16)
  if (fields.x5c !== undefined) {
    read.certificate = certificateOf(fields)
    // Section 4.7: it must be of this very key.
    if (!equal(read.certificate.key.spki, read.key.spki)) shape.fail('x5c', 'a certificate of this key')
  }
  return read
}

/** Microsoft's sets have keys in certificates alone. */
function keyOf(fields: JsonObject): PublicKey {
  switch (fields.kty) {
    case 'RSA':
      return fields.n === undefined && fields.x5c !== undefined
        ? certificateOf(fields).key
        : publicKey('RSA', tlv(TAG.sequence, number(fields.n, 'n'), number(fields.e, 'e')))
    case 'EC': {
      if (fields.x === undefined && fields.x5c !== undefined) return certificateOf(fields).key
      const curve = shape.literal(fields.crv, 'crv', ['P-256', 'P-384', 'P-521'])
      const [x, y] = [fields.x, fields.y].map(one => base64Url(one, 'point', COORDINATES[curve]))
      return publicKey(curve, concat(Uint8Array.of(4), x!, y!))
    }
    case 'OKP':
      shape.literal(fields.crv, 'crv', ['Ed25519'])
      return publicKey('Ed25519', base64Url(fields.x, 'x', 32))
    default:
      return shape.fail('kty', 'RSA, EC or OKP')
  }
}

function certificateOf({ x5c }: JsonObject): Certificate {
  const [first] = shape.array(x5c, 'x5c', 8)
  return parseCertificate(fromBase64(shape.string(first, 'x5c', MAX_SET_BYTES)))
}

function base64Url(value: unknown, where: string, length?: number): Uint8Array {
  return fromBase64Url(shape.string(value, where, 4096), length)
}

/** Base64urlUInt (RFC 7518 section 2), without leading zeros, as an INTEGER. */
function number(value: unknown, where: string): Uint8Array {
  const bytes = base64Url(value, where)
  if (bytes.length === 0 || bytes[0] === 0)
    throw new AnswerableError('bad-endorsement', `${where}: expected a number without leading zeros`)
  return tlv(TAG.integer, bytes[0]! > 127 ? Uint8Array.of(0) : new Uint8Array(), bytes)
}

/** By way of the one reader of keys, which also bounds them. */
function publicKey(kind: string, bits: Uint8Array): PublicKey {
  return parsePublicKey(tlv(TAG.sequence, IDENTIFIERS[kind]!, tlv(TAG.bitString, Uint8Array.of(0), bits)))
}

function tlv(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const content = concat(...parts)
  const { length } = content
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return concat(Uint8Array.of(tag, ...head), content)
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], pair => Number.parseInt(pair, 16))
}
