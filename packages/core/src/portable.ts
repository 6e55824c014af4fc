/** A suite in plain JavaScript (the noble libraries), for browsers and anywhere else. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import { toHex } from './bytes.ts'
import type { EcdsaCurve, Suite } from './suite.ts'

const CURVES: Record<EcdsaCurve, typeof p256> = { 'P-256': p256, 'P-384': p384, 'P-521': p521 }

export const portableSuite: Suite = {
  sha256: data => sha256(data),
  sha256Hex: data => toHex(sha256(data)),
  hmacSha256: (key, data) => hmac(sha256, key, data),
  verifyEd25519(publicKey, message, signature) {
    try {
      // zip215: false asks for RFC 8032's strict decoding, which is what OpenSSL-based suites do as well.
      return ed25519.verify(signature, message, publicKey, { zip215: false })
    } catch {
      return false
    }
  },
  verifyEcdsa(curve, publicKey, message, signature) {
    try {
      // Both values of s are valid: only some protocols, and not this one, ask for the lower.
      return CURVES[curve].verify(signature, message, publicKey, { format: 'der', lowS: false })
    } catch {
      return false
    }
  },
  verifyMlDsa44(publicKey, message, signature) {
    try {
      return ml_dsa44.verify(signature, message, publicKey)
    } catch {
      return false
    }
  },
}
