/** A suite in plain JavaScript (the noble libraries), for browsers and anywhere else. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js'
import * as rsa from 'micro-rsa-dsa-dh/rsa.js'
import { toHex } from './bytes.ts'
import type { EcdsaCurve, RsaScheme, Suite } from './suite.ts'

const CURVES: Record<EcdsaCurve, typeof p256> = { 'P-256': p256, 'P-384': p384, 'P-521': p521 }

const HASHES = { 'SHA-256': sha256, 'SHA-384': sha384, 'SHA-512': sha512 }
const PKCS1: Record<RsaScheme['hash'], rsa.Signer> = {
  'SHA-256': rsa.PKCS1_SHA256,
  'SHA-384': rsa.PKCS1_SHA384,
  'SHA-512': rsa.PKCS1_SHA512,
}

function rsaVerifier({ padding, hash, saltLength }: RsaScheme): rsa.Signer {
  if (padding === 'pkcs1') return PKCS1[hash]
  const algorithm = HASHES[hash]
  return rsa.PSS(algorithm, rsa.mgf1(algorithm), saltLength ?? algorithm.outputLen)
}

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
  verifyRsa(scheme, { modulus, exponent }, message, signature) {
    try {
      const key = { n: BigInt(`0x${toHex(modulus)}`), e: BigInt(`0x${toHex(exponent)}`) }
      return rsaVerifier(scheme).verify(key, message, signature)
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
