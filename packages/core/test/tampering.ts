/** What every format of evidence is held to: no altered byte goes unnoticed, and nothing makes it throw what it may not. */
import { toBase64Url } from '../src/bytes.ts'
import { AnswerableError } from '../src/error.ts'
import {
  type AppraisalContext,
  DEFAULT_EVIDENCE_POLICY,
  type EvidenceFormat,
  NO_ENDORSEMENTS,
} from '../src/evidence/index.ts'
import type { Suite } from '../src/suite.ts'
import { opensslSuite } from './openssl-suite.ts'

/**
 * A suite that remembers which signatures hold while `run` has it, and takes those and no others. A signature over bytes
 * that were altered holds with negligible chance, so this says as much of an altered document as the real one, and fast
 * enough for all of its bytes.
 */
export function recordedSuite(run: (suite: Suite) => void): Suite {
  const good = new Set<string>()
  const part = (value: unknown): string =>
    value instanceof Uint8Array
      ? opensslSuite.sha256Hex(value)
      : JSON.stringify(value, (_, one) => (one instanceof Uint8Array ? toBase64Url(one) : one))
  const name = (parts: readonly unknown[]): string => parts.map(part).join(' ')
  run({
    ...opensslSuite,
    verifyEcdsa: (...parts) => opensslSuite.verifyEcdsa(...parts) && good.add(name(parts)) !== undefined,
    verifyRsa: (...parts) => opensslSuite.verifyRsa(...parts) && good.add(name(parts)) !== undefined,
  })
  return {
    ...opensslSuite,
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
    suite: opensslSuite,
    ...options,
  }
}

/**
 * Why a document is not believed to be its platform's: a code of the parser, or the reason of a check of signature or chain that
 * does not pass, as every policy asks. Undefined where it is believed.
 */
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
    .checks.find(({ check, outcome }) => outcome !== 'pass' && (check === 'signature' || check === 'chain'))
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
