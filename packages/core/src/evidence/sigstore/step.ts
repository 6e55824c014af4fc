/** What looking at a bundle consists of, step by step, each with its outcome and a stable reason. */
import type { Outcome } from '../check.ts'

/** In the order in which they are shown. New reasons are added at the end of their row. */
export const PROVENANCE_REASONS = {
  /** What the reader takes for Sigstore's. */
  'trusted-root': {
    pass: ['root-trusted'],
    fail: ['root-not-trusted', 'bad-trusted-root'],
    'not-checked': ['root-missing'],
  },
  bundle: { pass: ['readable'], fail: ['bad-bundle'], 'not-checked': [] },
  /** Whether logs of signatures have it. */
  log: {
    pass: ['logged'],
    fail: ['no-log-entry', 'unknown-log', 'bad-promise', 'bad-inclusion-proof', 'bad-checkpoint'],
    'not-checked': [],
  },
  /** Whether what they have is this. */
  entry: {
    pass: ['entry-matches'],
    fail: ['bad-entry', 'entry-of-another'],
    'not-checked': ['unknown-entry-kind'],
  },
  /** Timestamps of other authorities (RFC 3161). */
  timestamps: { pass: ['timestamped'], fail: ['bad-timestamp'], 'not-checked': ['no-timestamps'] },
  /** When it was signed, by the word of a log or of such an authority. */
  time: { pass: ['dated'], fail: ['not-yet-logged'], 'not-checked': ['undated'] },
  /** Whom the certificate names, and whether it leads to an authority of the trusted root, at that time. */
  certificate: {
    pass: ['chained'],
    fail: [
      'bad-certificate',
      'unknown-authority',
      'bad-certificate-signature',
      'certificate-misused',
      'certificate-out-of-time',
    ],
    'not-checked': ['undated'],
  },
  /** Whether a log of certificates has that certificate. */
  'certificate-log': {
    pass: ['certificate-logged'],
    fail: ['no-certificate-timestamp', 'unknown-log', 'bad-certificate-timestamp'],
    'not-checked': ['undated'],
  },
  signature: { pass: ['signed'], fail: ['bad-signature'], 'not-checked': ['unknown-algorithm'] },
  subject: {
    pass: ['about-this-image'],
    fail: ['about-another', 'bad-statement'],
    'not-checked': ['no-image-named'],
  },
  identity: {
    pass: ['identity-accepted'],
    fail: ['identity-not-accepted'],
    'not-checked': ['no-identity-named'],
  },
} as const satisfies Record<string, Record<Outcome, readonly string[]>>

export type StepName = keyof typeof PROVENANCE_REASONS
type ReasonsOf<S extends StepName, O extends Outcome> = (typeof PROVENANCE_REASONS)[S][O][number]
export type ProvenanceReason = { [S in StepName]: ReasonsOf<S, Outcome> }[StepName]

export interface ProvenanceStep {
  step: StepName
  outcome: Outcome
  reason: ProvenanceReason
  /** What was found, in plain words. */
  detail: string
}

const MOST_TEXT = 4096

/** A step whose reason is one of its own for that outcome: the compiler looks. */
export function step<S extends StepName, O extends Outcome>(
  name: S,
  outcome: O,
  reason: ReasonsOf<S, O>,
  detail: string,
): ProvenanceStep {
  return { step: name, outcome, reason: reason as ProvenanceReason, detail: plain(detail) }
}

/** Some of it comes from bundles: what must not reach a terminal or a page goes. */
function plain(text: string): string {
  return text.slice(0, MOST_TEXT).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
}
