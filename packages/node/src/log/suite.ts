/** Core's suite on node:crypto, several times faster than the portable one. */
import { constants, createHmac, createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import { type EcdsaCurve, type RsaScheme, type Suite, toBase64Url } from '@answerable/core'
import { portableSuite } from '@answerable/core/portable'

/** SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410 section 4). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex')
/** Importing a key costs as much as half a verification, and the same few keys sign everything. */
const KEYS = new Map<string, KeyObject>()
const MOST_KEYS = 16_384

export function ed25519Key(publicKey: Uint8Array): KeyObject {
  const name = Buffer.from(publicKey).toString('latin1')
  let key = KEYS.get(name)
  if (key === undefined) {
    key = createPublicKey({ key: Buffer.concat([ED25519_SPKI, publicKey]), format: 'der', type: 'spki' })
    if (KEYS.size >= MOST_KEYS) KEYS.clear()
    KEYS.set(name, key)
  }
  return key
}

/** SubjectPublicKeyInfo of a key on each curve up to its point (RFC 5480 section 2), and the hash that goes with it. */
const ECDSA: Record<EcdsaCurve, { spki: Buffer; digest: string }> = {
  'P-256': {
    spki: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'),
    digest: 'sha256',
  },
  'P-384': { spki: Buffer.from('3076301006072a8648ce3d020106052b81040022036200', 'hex'), digest: 'sha384' },
  'P-521': {
    spki: Buffer.from('30819b301006072a8648ce3d020106052b8104002303818600', 'hex'),
    digest: 'sha512',
  },
}

const RSA_HASHES: Record<RsaScheme['hash'], { digest: string; bytes: number }> = {
  'SHA-256': { digest: 'sha256', bytes: 32 },
  'SHA-384': { digest: 'sha384', bytes: 48 },
  'SHA-512': { digest: 'sha512', bytes: 64 },
}

/** As a string and copied: a Buffer from `hash` has memory of its own outside the heap, which takes twice as long. */
function sha256(data: Uint8Array): Uint8Array {
  const text = hash('sha256', data, 'binary')
  const out = new Uint8Array(32)
  for (let i = 0; i < 32; i++) out[i] = text.charCodeAt(i)
  return out
}

export const nodeSuite: Suite = {
  sha256,
  sha256Hex: data => hash('sha256', data, 'hex'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  verifyEd25519(publicKey, message, signature) {
    try {
      return verify(null, message, ed25519Key(publicKey), signature)
    } catch {
      return false
    }
  },
  verifyEcdsa(curve, publicKey, message, signature) {
    try {
      const { spki, digest } = ECDSA[curve]
      const key = createPublicKey({ key: Buffer.concat([spki, publicKey]), format: 'der', type: 'spki' })
      return verify(digest, message, key, signature)
    } catch {
      return false
    }
  },
  verifyRsa({ padding, hash: name, saltLength }, { modulus, exponent }, message, signature) {
    try {
      const jwk = { kty: 'RSA', n: toBase64Url(modulus), e: toBase64Url(exponent) }
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      const { digest, bytes } = RSA_HASHES[name]
      const padded =
        padding === 'pss'
          ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltLength ?? bytes }
          : { padding: constants.RSA_PKCS1_PADDING }
      return verify(digest, message, { key, ...padded }, signature)
    } catch {
      return false
    }
  },
  verifyMlDsa44: portableSuite.verifyMlDsa44,
}
