/**
 * The cryptography that the rules need, as values passed in. Core holds rules, not platforms: `portable.ts` gives a
 * suite that runs anywhere, and a server passes one built on its own faster library. All of it is synchronous, so
 * that a check is one uninterrupted function from bytes to a result.
 */
export interface Suite {
  /** SHA-256 (FIPS 180-4), 32 bytes. */
  sha256(data: Uint8Array): Uint8Array
  /** SHA-256 as lower-case hex: the spelling that in-toto digests use. */
  sha256Hex(data: Uint8Array): string
  /** HMAC-SHA-256 (RFC 2104), 32 bytes. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array
  /** Ed25519 (RFC 8032): 32-byte public key, 64-byte signature. False for anything malformed; never throws. */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** ECDSA (FIPS 186-5), hashed with SHA-256, 384 or 512 by the curve's size: uncompressed point, DER. Never throws. */
  verifyEcdsa(curve: EcdsaCurve, publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** RSA (RFC 8017, sections 8.1.2 and 8.2.2). The caller bounds the key's size. Never throws. */
  verifyRsa(scheme: RsaScheme, key: RsaKey, message: Uint8Array, signature: Uint8Array): boolean
  /** ML-DSA-44 (FIPS 204), empty context: 1,312-byte public key, 2,420-byte signature. Never throws. */
  verifyMlDsa44(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

export type EcdsaCurve = 'P-256' | 'P-384' | 'P-521'

/** How a signature is padded, and the hash under it, which is also that of PSS's mask. */
export interface RsaScheme {
  padding: 'pss' | 'pkcs1'
  hash: 'SHA-256' | 'SHA-384' | 'SHA-512'
  /** Bytes of PSS's salt; as many as the hash has unless told. */
  saltLength?: number
}

/** Both big-endian, without leading zeros. */
export interface RsaKey {
  modulus: Uint8Array
  exponent: Uint8Array
}
