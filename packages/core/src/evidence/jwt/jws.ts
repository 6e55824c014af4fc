/**
 * JSON Web Signatures in compact form (RFC 7515 section 7.1), read strictly: one spelling of each part, no member twice, an
 * algorithm that uses a public key, and no critical header. Keys in or behind the header (`jwk`, `jku`, `x5u`) are never
 * looked at: a key is the reader's, or in a chain to a root of the reader's.
 */
import { fromBase64, fromBase64Url, fromUtf8, utf8 } from '../../bytes.ts'
import { AnswerableError, errorCode } from '../../error.ts'
import { parseJson } from '../../json.ts'
import { type JsonObject, Shape } from '../../shape.ts'
import type { EcdsaCurve, RsaScheme, Suite } from '../../suite.ts'
import { checkSignature, ecdsaDer, type PublicKey } from '../../x509/index.ts'

type Algorithm =
  | { kind: 'rsa'; scheme: RsaScheme }
  | { kind: 'ecdsa'; curve: EcdsaCurve; hash: RsaScheme['hash']; size: number }
  | { kind: 'ed25519' }

/** RFC 7518 section 3.1 and RFC 8037: no `none`, and nothing with a shared secret. */
const ALGORITHMS: Record<string, Algorithm> = {
  RS256: { kind: 'rsa', scheme: { padding: 'pkcs1', hash: 'SHA-256' } },
  RS384: { kind: 'rsa', scheme: { padding: 'pkcs1', hash: 'SHA-384' } },
  RS512: { kind: 'rsa', scheme: { padding: 'pkcs1', hash: 'SHA-512' } },
  PS256: { kind: 'rsa', scheme: { padding: 'pss', hash: 'SHA-256' } },
  PS384: { kind: 'rsa', scheme: { padding: 'pss', hash: 'SHA-384' } },
  PS512: { kind: 'rsa', scheme: { padding: 'pss', hash: 'SHA-512' } },
  ES256: { kind: 'ecdsa', curve: 'P-256', hash: 'SHA-256', size: 32 },
  ES384: { kind: 'ecdsa', curve: 'P-384', hash: 'SHA-384', size: 48 },
  ES512: { kind: 'ecdsa', curve: 'P-521', hash: 'SHA-512', size: 66 },
  EdDSA: { kind: 'ed25519' },
}

export interface Jws {
  /** By its name in the registry. */
  algorithm: string
  /** Which key it says that it is signed by. */
  keyId?: string
  /** The certificates that came along in `x5c`, DER, the leaf first. */
  chain?: Uint8Array[]
  claims: JsonObject
  /** The exact bytes that are signed. */
  signed: Uint8Array
  signature: Uint8Array
}

export const MAX_TOKEN_BYTES = 64 * 1024
const MOST_CERTIFICATES = 8
const shape = new Shape('bad-evidence')

/**
 * Reads one token of claims. Throws `too-large`, `too-deep`, `duplicate-key`, `unknown-algorithm`, and `bad-evidence` for
 * whatever else is wrong with it.
 */
export function parseJws(input: Uint8Array | string, where = 'token'): Jws {
  return strictly(where, () => {
    if (input.length > MAX_TOKEN_BYTES)
      throw new AnswerableError('too-large', `${where}: over ${MAX_TOKEN_BYTES} bytes`)
    const text = typeof input === 'string' ? input : fromUtf8(input)
    const parts = text.split('.')
    if (parts.length !== 3) shape.fail(where, 'three parts between dots')
    const [header, payload, signature] = parts as [string, string, string]
    const fields = jsonPart(header, `${where}: header`)
    const algorithm = shape.string(fields.alg, `${where}: alg`, 16)
    if (!Object.hasOwn(ALGORITHMS, algorithm))
      throw new AnswerableError(
        'unknown-algorithm',
        `${where}: signed with none of ${Object.keys(ALGORITHMS).join(', ')}`,
      )
    if (fields.crit !== undefined || fields.b64 !== undefined)
      shape.fail(where, 'no header that must be understood')
    const jws: Jws = {
      algorithm,
      claims: jsonPart(payload, `${where}: claims`),
      signed: utf8(`${header}.${payload}`),
      signature: fromBase64Url(signature),
    }
    if (fields.kid !== undefined) jws.keyId = shape.string(fields.kid, `${where}: kid`, 1024)
    if (fields.x5c !== undefined)
      jws.chain = shape
        .array(fields.x5c, `${where}: x5c`, MOST_CERTIFICATES)
        .map((one, i) => fromBase64(shape.string(one, `${where}: x5c[${i}]`, MAX_TOKEN_BYTES)))
    if (jws.chain?.length === 0) shape.fail(`${where}: x5c`, 'at least one certificate')
    return jws
  })
}

function jsonPart(text: string, where: string): JsonObject {
  const limits = { maxBytes: MAX_TOKEN_BYTES, maxDepth: 16, maxKeys: 2048 }
  return shape.object(parseJson(fromBase64Url(text), limits), where)
}

/** What is no UTF-8, base64 or JSON is bad evidence; other codes stay. */
export function strictly<T>(where: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const code = errorCode(cause)
    if (code !== 'not-utf8' && code !== 'bad-encoding' && code !== 'bad-json') throw cause
    throw new AnswerableError('bad-evidence', `${where}: ${(cause as Error).message}`, { cause })
  }
}

/** Whether `key` signed it. A key of another sort than the algorithm's did not: the header does not choose what a key is for. */
export function checkJws({ algorithm, signed, signature }: Jws, key: PublicKey, suite: Suite): boolean {
  const wanted = ALGORITHMS[algorithm]!
  if (wanted.kind === 'rsa')
    return key.kind === 'rsa' && checkSignature(key, wanted, signed, signature, suite) === 'good'
  if (wanted.kind === 'ed25519')
    return key.kind === 'ed25519' && checkSignature(key, wanted, signed, signature, suite) === 'good'
  if (key.kind !== 'ecdsa' || key.curve !== wanted.curve) return false
  const der = ecdsaDer(signature, wanted.size)
  return der !== undefined && checkSignature(key, wanted, signed, der, suite) === 'good'
}
