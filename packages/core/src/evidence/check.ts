/**
 * What an appraisal of evidence is made of (RATS, RFC 9334): a list of checks, each with its outcome and a stable reason,
 * and never one yes or no. docs/evidence.md has the table of them.
 */

/** In the order in which they are shown. */
export const CHECKS = [
  /** Whether the platform's key signed these bytes. */
  'signature',
  /** Whether that key's certificates lead to a root that the reader trusts. */
  'chain',
  /** Whether all of it is within its time. */
  'validity',
  'revocation',
  /** The platform's patch level, and whether the certificate is of this very platform. */
  'platform',
  'debug',
  /** Vendor software that takes part: quoting enclave, TDX module. */
  'identity',
  'nonce',
  /** Whether what the workload had signed is what it should be: the key of a log. */
  'binding',
  /** Whether devices' evidence belongs to this workload. */
  'devices',
  'measurement',
  /** Where the measured image came from. */
  'provenance',
] as const
export type CheckName = (typeof CHECKS)[number]

export type Outcome = 'pass' | 'fail' | 'not-checked'

/** Which reasons each check can have, and with which outcome. Stable; new ones are added at the end of their row. */
export const EVIDENCE_REASONS = {
  signature: {
    pass: ['signed'],
    fail: ['bad-signature', 'unknown-algorithm', 'unsigned-bytes'],
    'not-checked': ['key-missing'],
  },
  chain: {
    pass: ['chained'],
    fail: [
      'root-not-trusted',
      'chain-incomplete',
      'bad-certificate',
      'bad-certificate-signature',
      'certificate-misused',
      'unknown-critical-extension',
      'unknown-algorithm',
    ],
    'not-checked': ['endorsement-missing'],
  },
  validity: {
    pass: ['in-time'],
    fail: [
      'certificate-expired',
      'certificate-not-yet-valid',
      'endorsement-expired',
      'endorsement-not-yet-valid',
      'token-expired',
      'token-not-yet-valid',
      'evidence-not-yet-made',
    ],
    'not-checked': ['undated', 'endorsement-missing'],
  },
  revocation: {
    pass: ['not-revoked'],
    fail: ['certificate-revoked', 'certificate-on-hold', 'bad-revocation-answer'],
    'not-checked': ['no-revocation-answer', 'revocation-answer-out-of-date'],
  },
  platform: {
    pass: ['platform-accepted'],
    fail: [
      'platform-out-of-date',
      'platform-needs-configuration',
      'platform-revoked',
      'no-matching-tcb-level',
      'platform-below-minimum',
      'platform-mismatch',
      'bad-endorsement',
      'bad-endorsement-signature',
      'privilege-not-accepted',
      'migration-agent',
      'rejected-by-service',
    ],
    'not-checked': ['endorsement-missing', 'no-platform-status'],
  },
  debug: { pass: ['not-debug'], fail: ['debug-mode'], 'not-checked': ['debug-not-stated'] },
  identity: {
    pass: ['identity-accepted'],
    fail: ['identity-mismatch', 'identity-out-of-date', 'identity-revoked', 'bad-endorsement-signature'],
    'not-checked': ['endorsement-missing'],
  },
  nonce: { pass: ['nonce-matches'], fail: ['wrong-nonce'], 'not-checked': ['no-nonce-expected'] },
  binding: {
    pass: ['bound'],
    fail: ['wrong-binding'],
    'not-checked': ['no-binding-expected', 'nothing-bound'],
  },
  devices: {
    pass: ['devices-bound'],
    fail: ['device-not-bound', 'device-rejected'],
    'not-checked': ['no-devices', 'device-incomplete', 'device-alone'],
  },
  measurement: {
    pass: ['measurement-approved', 'measurement-matches-reference'],
    fail: ['measurement-revoked', 'measurement-not-approved', 'measurement-differs-from-reference'],
    'not-checked': ['no-reference-values'],
  },
  provenance: {
    pass: ['provenance-shown'],
    fail: ['bad-provenance', 'provenance-of-another', 'provenance-by-another', 'root-not-trusted'],
    'not-checked': ['no-provenance', 'provenance-not-shown'],
  },
} as const satisfies Record<CheckName, Record<Outcome, readonly string[]>>

type ReasonsOf<C extends CheckName, O extends Outcome> = (typeof EVIDENCE_REASONS)[C][O][number]
export type EvidenceReason = { [C in CheckName]: ReasonsOf<C, Outcome> }[CheckName]

export interface Check {
  check: CheckName
  outcome: Outcome
  reason: EvidenceReason
  /** What was found, in plain words. */
  detail: string
}

/** A check whose reason is one of its own for that outcome: the compiler looks. */
export function check<C extends CheckName, O extends Outcome>(
  name: C,
  outcome: O,
  reason: ReasonsOf<C, O>,
  detail: string,
): Check {
  return { check: name, outcome, reason: reason as EvidenceReason, detail }
}
