/** What every format of evidence is held to: no altered byte goes unnoticed, and nothing makes it throw what it may not. */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { toBase64Url } from '../src/bytes.ts'
import { AnswerableError } from '../src/error.ts'
import {
  type AppraisalContext,
  DEFAULT_EVIDENCE_POLICY,
  type EvidenceFormat,
  NO_ENDORSEMENTS,
} from '../src/evidence/index.ts'
import { nativeSuite } from '../src/note/fixtures.test.ts'
import type { EcdsaCurve, RsaScheme, Suite } from '../src/suite.ts'

const DIGESTS: Record<EcdsaCurve | RsaScheme['hash'], string> = {
  'P-256': 'sha256',
  'P-384': 'sha384',
  'P-521': 'sha512',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
}

/** OpenSSL's ECDSA and RSA beside its hashes. */
export const fastSuite: Suite = {
  ...nativeSuite,
  verifyEcdsa(curve, point, message, signature) {
    const size = (point.length - 1) / 2
    const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)].map(toBase64Url)
    const key = keyOf({ kty: 'EC', crv: curve, x, y })
    return key !== undefined && verify(DIGESTS[curve], message, key, signature)
  },
  verifyRsa({ padding, hash, saltLength }, { modulus, exponent }, message, signature) {
    const key = keyOf({ kty: 'RSA', n: toBase64Url(modulus), e: toBase64Url(exponent) })
    if (key === undefined) return false
    const digest = DIGESTS[hash]
    const padded =
      padding === 'pss'
        ? {
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength: saltLength ?? constants.RSA_PSS_SALTLEN_DIGEST,
          }
        : { padding: constants.RSA_PKCS1_PADDING }
    return verify(digest, message, { key, ...padded }, signature)
  },
}

function keyOf(jwk: Record<string, string | undefined>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

/**
 * A suite that remembers which signatures hold while `run` has it, and takes those and no others. A signature over bytes
 * that were altered holds with negligible chance, so this says as much of an altered document as the real one, and fast
 * enough for all of its bytes.
 */
export function recordedSuite(run: (suite: Suite) => void): Suite {
  const good = new Set<string>()
  const part = (value: unknown): string =>
    value instanceof Uint8Array
      ? fastSuite.sha256Hex(value)
      : JSON.stringify(value, (_, one) => (one instanceof Uint8Array ? toBase64Url(one) : one))
  const name = (parts: readonly unknown[]): string => parts.map(part).join(' ')
  run({
    ...fastSuite,
    verifyEcdsa: (...parts) => fastSuite.verifyEcdsa(...parts) && good.add(name(parts)) !== undefined,
    verifyRsa: (...parts) => fastSuite.verifyRsa(...parts) && good.add(name(parts)) !== undefined,
  })
  return {
    ...fastSuite,
    verifyEcdsa: (...parts) => good.has(name(parts)),
    verifyRsa: (...parts) => good.has(name(parts)),
  }
}

export function contextOf(
  time: string | number,
  options: Partial<Omit<AppraisalContext, 'time'>> = {},
): AppraisalContext {
  return {
    time: typeof time === 'string' ? Date.parse(time) : time,
    policy: DEFAULT_EVIDENCE_POLICY,
    endorsements: NO_ENDORSEMENTS,
    suite: fastSuite,
    ...options,
  }
}

/** Why a document is not believed to be its platform's: a code of the parser, or a check's reason. Undefined where it is. */
export function refusal<P>(
  format: EvidenceFormat<P>,
  bytes: Uint8Array,
  context: AppraisalContext,
): string | undefined {
  let parsed: P
  try {
    parsed = format.parse(bytes)
  } catch (error) {
    if (!(error instanceof AnswerableError)) throw error
    return error.code
  }
  return format
    .check(parsed, context)
    .checks.find(({ check, outcome }) => outcome === 'fail' && (check === 'signature' || check === 'chain'))
    ?.reason
}

/** Copies with one byte altered, each bit pattern in `flips` at each place; one bit unless told, another at each place. */
export function* alteredBytes(
  bytes: Uint8Array,
  flips?: readonly number[],
  step = 1,
): Generator<{ at: number; altered: Uint8Array }> {
  for (let at = 0; at < bytes.length; at += step)
    for (const flip of flips ?? [1 << (at % 8)]) {
      // A Buffer's own slice would be the same memory.
      const altered = new Uint8Array(bytes)
      altered[at]! ^= flip
      yield { at, altered }
    }
}
