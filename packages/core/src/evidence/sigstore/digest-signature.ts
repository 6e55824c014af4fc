/** ECDSA over a digest, where the hash is another than the suite takes with the curve, or the message is not here. */
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import type { EcdsaCurve, RsaScheme } from '../../suite.ts'

const CURVES = { 'P-256': p256, 'P-384': p384, 'P-521': p521 } as const satisfies Record<EcdsaCurve, unknown>
const HASHES = { 'SHA-256': sha256, 'SHA-384': sha384, 'SHA-512': sha512 }
const OPTIONS = { format: 'der', lowS: false, prehash: false } as const

export function digestOf(hash: RsaScheme['hash'], bytes: Uint8Array): Uint8Array {
  return HASHES[hash](bytes)
}

/** Never throws. */
export function isDigestSigned(
  { curve, point }: { curve: EcdsaCurve; point: Uint8Array },
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    return CURVES[curve].verify(signature, digest, point, OPTIONS)
  } catch {
    return false
  }
}
