/** A suite in plain JavaScript (the noble libraries), for browsers and anywhere else. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import { toHex } from './bytes.ts'
import type { Suite } from './suite.ts'

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
  verifyMlDsa44(publicKey, message, signature) {
    try {
      return ml_dsa44.verify(signature, message, publicKey)
    } catch {
      return false
    }
  },
}
