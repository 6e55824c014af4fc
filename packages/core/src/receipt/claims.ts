/** The six claims, what can come of each, and on what basis. */

export const CLAIMS = ['recorded', 'model', 'place', 'output', 'quality', 'accountability'] as const
export type ClaimName = (typeof CLAIMS)[number]

export type Result = 'pass' | 'fail' | 'not-checked'

/** Weakest first. `proof` is reserved: nothing produces it yet. */
export const BASES = ['assertion', 'signature', 'statistics', 'recomputation', 'hardware', 'proof'] as const
export type Basis = (typeof BASES)[number]

/** Why a claim came out as it did. Stable; docs/claims.md holds the table of them. */
export const REASONS = [
  // recorded
  'witnessed',
  'committed',
  'unknown-log',
  'quorum-not-met',
  'cosigned-in-future',
  'cosigned-undated',
  'begin-missing',
  'malformed-proof',
  'bad-log-signature',
  'bad-cosignature',
  'not-included',
  'malformed-statement',
  'wrong-log',
  'begin-mismatch',
  'key-revoked',
  'request-mismatch',
  'response-mismatch',
  'document-mismatch',
  'registry-checkpoint-mismatch',
  // any claim that rests on a disclosure
  'disclosure-altered',
  'disclosure-malformed',
  'not-disclosed',
  'not-stated',
  // any claim of a receipt whose record is not shown
  'record-not-shown',
  // model, place, output, quality, accountability
  'operator-assertion',
  'upstream-assertion',
  'signed-manifest',
  'model-signature-mismatch',
  'manifest-mismatch',
  'bad-model-signature',
  'no-evidence',
  'evidence-not-checked',
  'not-recomputed',
  'recomputed-exact',
  'recomputed-consistent',
  'recomputed-by-operator',
  'recomputed-otherwise',
  'recomputation-contested',
  'recomputed-model',
  'no-evaluations',
  'parties-asserted',
  'operator-registered',
  'operator-left',
  'operator-in-default',
  'node-not-registered',
  'registry-evidence-mismatch',
  'registered-model',
  // evidence of hardware
  'hardware-attested',
  'evidence-missing',
  'evidence-undated',
  'evidence-out-of-time',
  'evidence-incomplete',
  'measurement-not-approved',
  'evidence-rejected',
  'evidence-not-bound',
  'device-not-bound',
  'measurement-revoked',
  'measured-weights',
  'weights-mismatch',
  // receipts of other systems
  'no-log',
  'unknown-signer',
  'bad-receipt-signature',
  'signer-mismatch',
  'signer-assertion',
  'not-signed',
  'nobody-answers',
] as const
export type Reason = (typeof REASONS)[number]

export interface Claim {
  claim: ClaimName
  result: Result
  /** What the result rests on; absent where nothing was checked. */
  basis?: Basis
  reason: Reason
  /** What was found, in plain words. */
  sentence: string
  /** What this does not show, in plain words. */
  notShown: string
}

/** Whether basis `a` is at least as strong as `b`. */
export function atLeast(a: Basis, b: Basis): boolean {
  return BASES.indexOf(a) >= BASES.indexOf(b)
}
