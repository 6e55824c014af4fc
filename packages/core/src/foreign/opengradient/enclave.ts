/**
 * Evidence of OpenGradient's gateway: a Nitro document whose user data is two multihashes of SHA-256, of the TLS certificate
 * and of the key that signs (nitriding: `0x1220`, 32 bytes, twice).
 */
import { concat, equal, fromBase64, fromUtf8, toHex } from '../../bytes.ts'
import { AnswerableError, messageOf } from '../../error.ts'
import { appraise, evidenceFormat } from '../../evidence/index.ts'
import { type NitroDocument, unwrapNitro } from '../../evidence/nitro/index.ts'
import type { PublicKey } from '../../x509/index.ts'
import { type AttestationFound, clock, type ForeignOptions } from '../findings.ts'
import { keccak256 } from '../hashes.ts'

const MULTIHASH = Uint8Array.of(0x12, 0x20)
const MAX_TEXT = 64 * 1024

export interface Enclave {
  found: AttestationFound
  /** keccak256 of PCR0, PCR1 and PCR2: how OpenGradient's registry names an image. */
  pcrHash?: string
}

/** Never throws. */
export function readEnclave(key: PublicKey, options: ForeignOptions, signedAt: number): Enclave {
  const { attestation = new Uint8Array(), evidencePolicy: policy, endorsements, suite } = options
  const format = evidenceFormat('nitro')
  if (format === undefined)
    return { found: { outcome: 'not-checked', detail: 'there is no verifier for it here' } }
  let document: NitroDocument
  try {
    document = format.parse(documentOf(attestation))
  } catch (error) {
    return { found: { outcome: 'unreadable', detail: messageOf(error) } }
  }
  const pcrs = [0, 1, 2].map(index => document.pcrs.get(index))
  const pcrHash = pcrs.every(one => one !== undefined) ? `0x${toHex(keccak256(...pcrs))}` : undefined
  const named = pcrHash === undefined ? {} : { pcrHash }
  const { userData } = document
  if (userData === undefined || !isTwoHashes(userData))
    return { found: { outcome: 'of-another', detail: 'it holds no digest of a signing key' }, ...named }
  if (!equal(userData.subarray(36), suite.sha256(key.spki)))
    return { found: { outcome: 'of-another', detail: 'it is about another signing key' }, ...named }
  const time = clock(options, signedAt)
  const binding = concat(userData.subarray(0, 36), suite.sha256(key.spki).subarray(0, 32))
  const appraisal = appraise(format, document, {
    time,
    policy,
    endorsements,
    suite,
    binding,
    also: ['binding'],
  })
  return { found: { outcome: 'appraised', appraisal, time }, ...named }
}

function isTwoHashes(userData: Uint8Array): boolean {
  return (
    userData.length === 68 &&
    equal(userData.subarray(0, 2), MULTIHASH) &&
    equal(userData.subarray(34, 36), MULTIHASH)
  )
}

/** By itself, in base64 as the gateway serves it, or in a wrapper. */
function documentOf(bytes: Uint8Array): Uint8Array {
  const isText = bytes.length < MAX_TEXT && bytes.every(byte => byte >= 0x0a && byte < 0x7f)
  const document = unwrapNitro(isText ? fromBase64(fromUtf8(bytes).replace(/\s+/g, '')) : bytes)
  if (document === undefined) throw new AnswerableError('unknown-format', 'it is no Nitro document')
  return document
}
