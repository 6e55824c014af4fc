/**
 * Receipts of other systems, read and put into the same six claims: what each shows, and what it leaves to somebody's word.
 * docs/other-receipts.md has the table.
 */

import { fromUtf8 } from '../bytes.ts'
import { errorCode } from '../error.ts'
import { budgeted } from '../evidence/budget.ts'
import type { Check } from '../evidence/index.ts'
import { parseJson } from '../json.ts'
import { type AcceptancePolicy, judge, type Verdict } from '../receipt/acceptance.ts'
import type { Claim, ClaimName } from '../receipt/claims.ts'
import { RECEIPT_TYPE } from '../receipt/receipt.ts'
import { detailOf } from '../receipt/words.ts'
import { readAci } from './aci/verify.ts'
import { foreignClaims } from './claims.ts'
import type { ForeignFindings, ForeignOptions, ForeignSystem } from './findings.ts'
import { readNear } from './near/verify.ts'
import { readOpenGradient } from './opengradient/verify.ts'

export { FOREIGN_SYSTEMS, type ForeignOptions, type ForeignSystem } from './findings.ts'

export interface ForeignVerification {
  system: ForeignSystem
  /** Whose receipt it is, in words. */
  title: string
  claims: Record<ClaimName, Claim>
  verdict: Verdict
  /** What the file, or the request, holds that no signature covers: bounded, and without control characters. */
  unsigned: string[]
  /** What else the evidence says: of OpenGradient's, how its registry names the image (`pcrHash`). */
  facts: Record<string, string>
  /** The checks of evidence that came along, where it could be read. */
  evidence?: { platform: string; checks: Check[] }
}

export const MAX_FOREIGN_BYTES = 16 * 1024 * 1024
const MOST_UNSIGNED = 32

/** By which fields each is known. */
const MARKS: Record<ForeignSystem, readonly string[]> = {
  opengradient: ['tee_signature', 'tee_request_hash', 'tee_output_hash'],
  aci: ['api_version', 'event_log', 'workload_keyset_digest', 'receipt_id'],
  near: ['text', 'signature', 'signing_address', 'signing_algo'],
}
const READERS: Record<ForeignSystem, (bytes: Uint8Array, options: ForeignOptions) => ForeignFindings> = {
  opengradient: readOpenGradient,
  aci: readAci,
  near: readNear,
}

/** Whose receipt this is; undefined where it is none of these, or of two at once. Never throws. */
export function foreignSystem(bytes: Uint8Array): ForeignSystem | undefined {
  if (bytes.length > MAX_FOREIGN_BYTES) return undefined
  let root: unknown
  try {
    // Most files are receipts of ours, which none of these words are in.
    const text = fromUtf8(bytes)
    const candidates = Object.entries(MARKS).filter(([, marks]) =>
      marks.every(mark => text.includes(`"${mark}"`)),
    )
    if (candidates.length === 0) return undefined
    root = parseJson(text, { maxBytes: MAX_FOREIGN_BYTES, maxDepth: 48 })
  } catch (error) {
    if (errorCode(error) === 'internal') throw error
    return undefined
  }
  if (typeof root !== 'object' || root === null || Array.isArray(root)) return undefined
  // One of ours, with a few words more, is one of ours.
  if ((root as { type?: unknown }).type === RECEIPT_TYPE) return undefined
  const found = Object.entries(MARKS).filter(([, marks]) => marks.every(mark => Object.hasOwn(root, mark)))
  return found.length === 1 ? (found[0]![0] as ForeignSystem) : undefined
}

/**
 * Reads a receipt of another system. Throws `bad-format`, `bad-key`, `bad-request` and what `parseJson` throws, where what
 * was given cannot be read; what it says and does not hold is in the claims.
 */
export function verifyForeign(
  system: ForeignSystem,
  bytes: Uint8Array,
  policy: AcceptancePolicy,
  options: ForeignOptions,
): ForeignVerification {
  const findings = READERS[system](bytes, { ...options, suite: budgeted(options.suite) })
  const claims = foreignClaims(findings)
  const { title, unsigned, attestation, facts } = findings
  const shown = unsigned.slice(0, MOST_UNSIGNED).map(detailOf)
  if (unsigned.length > MOST_UNSIGNED) shown.push(`and ${unsigned.length - MOST_UNSIGNED} more`)
  return {
    system,
    title,
    claims,
    verdict: judge(claims, policy),
    unsigned: shown,
    facts,
    ...(attestation?.outcome === 'appraised' && {
      evidence: { platform: attestation.appraisal.platform, checks: attestation.appraisal.checks },
    }),
  }
}
