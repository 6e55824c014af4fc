/**
 * Documents of ACI/1 (https://github.com/Dstack-TEE/private-ai-gateway, spec/aci.md, appendix A): hashed and signed in the
 * canonical form of RFC 8785, which for their numbers, integers alone, is compact JSON with sorted names.
 */
import { fromHex, toHex, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { type JsonLimits, parseJson } from '../../json.ts'
import { type Json, type JsonObject, Shape } from '../../shape.ts'
import type { Suite } from '../../suite.ts'

export const aciShape: Shape = new Shape('bad-format')
const LIMITS: JsonLimits = { maxBytes: 4 * 1024 * 1024, maxDepth: 32 }
const DIGEST = /^sha256:[0-9a-f]{64}$/
const NONCE = /^[0-9A-Za-z_-]{1,128}$/

/** Throws `bad-format`, and what `parseJson` throws. */
export function readAciDocument(bytes: Uint8Array, what: string): JsonObject {
  return aciShape.object(parseJson(bytes, LIMITS), what)
}

/** RFC 8785. Throws `bad-format` for a number that is no integer. */
export function canonicalAci(value: Json): string {
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw new AnswerableError('bad-format', 'ACI/1: a number that is not an integer')
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalAci).join(',')}]`
  // By UTF-16 unit (section 3.2.3), as JavaScript sorts.
  const members = Object.keys(value).sort()
  return `{${members.map(key => `${JSON.stringify(key)}:${canonicalAci(value[key]!)}`).join(',')}}`
}

/** `sha256:` and hex, over a document or over bytes as they are. */
export function aciDigest(of: JsonObject | Uint8Array, suite: Suite): string {
  return `sha256:${suite.sha256Hex(of instanceof Uint8Array ? of : utf8(canonicalAci(of)))}`
}

export function readDigest(value: unknown, where: string): string {
  return aciShape.string(value, where, 71, DIGEST, 'sha256: and a digest in hex')
}

/** What a quote must hold (section 3.2): a fixed text with the digest of the keys, and the nonce. */
export function aciStatement(keysetDigest: string, nonce: string | null): string {
  if (nonce !== null && !NONCE.test(nonce))
    throw new AnswerableError('bad-request', 'nonce: expected 1 to 128 letters, digits, - or _')
  const named = nonce === null ? 'null' : `"${nonce}"`
  return `{"keyset_digest":"${keysetDigest}","nonce":${named},"purpose":"aci.report_data.v1"}`
}

export function aciReportData(keysetDigest: string, nonce: string | null, suite: Suite): Uint8Array {
  return suite.sha256(utf8(aciStatement(keysetDigest, nonce)))
}

/** By which receipts name a session (section 8). */
export function aciSessionId(session: JsonObject, suite: Suite): string {
  return toHex(suite.sha256(utf8(canonicalAci(session))))
}

/** What a receipt's signature is over (section 7.2): the document without it. */
export function aciSigningInput({ signature: _, ...rest }: JsonObject): Uint8Array {
  return utf8(canonicalAci(rest))
}

export interface AciKey {
  algorithm: string
  bytes: Uint8Array
}

/** The key of this name among those that sign receipts. */
export function receiptKey(keyset: JsonObject, keyId: string): AciKey | undefined {
  const keys = aciShape.array(keyset.receipt_signing_keys, 'receipt_signing_keys', 64)
  const found = keys
    .map((one, i) => aciShape.object(one, `receipt_signing_keys[${i}]`))
    .filter(({ key_id: id }) => id === keyId)
  if (found.length > 1) aciShape.fail('receipt_signing_keys', 'names used once')
  const [entry] = found
  if (entry === undefined) return undefined
  return {
    algorithm: aciShape.string(entry.algo, 'algo', 64),
    bytes: hexOf(entry.public_key, 'public_key', 256),
  }
}

export function hexOf(value: unknown, where: string, mostBytes: number): Uint8Array {
  return fromHex(aciShape.string(value, where, mostBytes * 2, /^(?:[0-9a-f]{2})*$/, 'lower-case hex'))
}
