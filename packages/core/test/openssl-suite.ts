/** A suite on OpenSSL, fast enough for tables of every altered byte, and another implementation than the portable one. */
import { constants, createPublicKey, verify } from 'node:crypto'
import { toBase64Url } from '../src/bytes.ts'
import { nativeSuite } from '../src/note/fixtures.test.ts'
import type { Suite } from '../src/suite.ts'

const ECDSA = {
  'P-256': { name: 'P-256', bytes: 32, digest: 'sha256' },
  'P-384': { name: 'P-384', bytes: 48, digest: 'sha384' },
  'P-521': { name: 'P-521', bytes: 66, digest: 'sha512' },
} as const

export const opensslSuite: Suite = {
  ...nativeSuite,
  verifyEcdsa(curve, point, message, signature) {
    const { name, bytes, digest } = ECDSA[curve]
    const coordinate = (at: number) => toBase64Url(point.subarray(1 + at * bytes, 1 + (at + 1) * bytes))
    try {
      const jwk = { kty: 'EC', crv: name, x: coordinate(0), y: coordinate(1) }
      return verify(digest, message, createPublicKey({ key: jwk, format: 'jwk' }), signature)
    } catch {
      return false
    }
  },
  verifyRsa({ padding, hash, saltLength }, { modulus, exponent }, message, signature) {
    try {
      const jwk = { kty: 'RSA', n: toBase64Url(modulus), e: toBase64Url(exponent) }
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      const pss = padding === 'pss'
      return verify(
        hash.replace('-', '').toLowerCase(),
        message,
        {
          key,
          padding: pss ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING,
          ...(pss && { saltLength: saltLength ?? constants.RSA_PSS_SALTLEN_DIGEST }),
        },
        signature,
      )
    } catch {
      return false
    }
  },
}
