/** Tokens and key sets made in tests. */
import { constants, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { toBase64Url, utf8 } from '../src/bytes.ts'
import type { JsonObject } from '../src/shape.ts'

export type Algorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'

export const ALGORITHMS: readonly Algorithm[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]

export interface TestKey {
  algorithm: Algorithm
  id: string
  privateKey: KeyObject
}

export function makeKey(algorithm: Algorithm, id = `key of ${algorithm}`): TestKey {
  const curve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[algorithm as string]
  const { privateKey } =
    curve !== undefined
      ? generateKeyPairSync('ec', { namedCurve: curve })
      : algorithm === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { algorithm, id, privateKey }
}

export interface TokenOptions {
  /** Beside `alg` and `kid`, or in their place. */
  header?: JsonObject
  /** The exact text of a part, in place of what would stand there. */
  headerText?: string
  claimsText?: string
  /** In place of the key that the header names. */
  signWith?: TestKey
}

export function makeToken(
  claims: JsonObject,
  key: TestKey,
  { header = {}, headerText, claimsText, signWith = key }: TokenOptions = {},
): string {
  const first = headerText ?? JSON.stringify({ alg: key.algorithm, kid: key.id, typ: 'JWT', ...header })
  const signed = `${part(first)}.${part(claimsText ?? JSON.stringify(claims))}`
  return `${signed}.${toBase64Url(signToken(utf8(signed), signWith))}`
}

export function part(text: string): string {
  return toBase64Url(utf8(text))
}

function signToken(message: Uint8Array, { algorithm, privateKey }: TestKey): Uint8Array {
  if (algorithm === 'EdDSA') return sign(null, message, privateKey)
  const digest = `sha${algorithm.slice(2)}`
  if (algorithm.startsWith('ES')) return sign(digest, message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return sign(
    digest,
    message,
    algorithm.startsWith('PS')
      ? {
          key: privateKey,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        }
      : privateKey,
  )
}

export function jwkOf({ algorithm, id, privateKey }: TestKey, more: JsonObject = {}): JsonObject {
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' }) as JsonObject
  return { ...jwk, kid: id, alg: algorithm, use: 'sig', ...more }
}

export function keySet(...keys: JsonObject[]): Uint8Array {
  return utf8(JSON.stringify({ keys }))
}
