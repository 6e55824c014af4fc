/**
 * Which of two sets of endorsements to keep. What was fetched is appraised first: a service that lies, or that serves what is
 * old, must not take good ones away; but bad news that a vendor signed is news.
 */
import { AnswerableError, type Suite } from '@answerable/core'
import {
  type AnyFormat,
  type Appraisal,
  appraise,
  type Endorsement,
  EVIDENCE_FORMATS,
  type EvidenceItem,
  type EvidencePolicy,
  type EvidenceReason,
  endorsementsFrom,
  evidenceFormat,
} from '@answerable/core/evidence'

export interface JudgeOptions {
  /** Unix milliseconds. */
  time: number
  policy: EvidencePolicy
  suite: Suite
  formats?: readonly AnyFormat[]
}

/** Reasons that tell of the endorsements themselves, and not of the platform that they are about. */
const FAULTS: readonly EvidenceReason[] = [
  'bad-endorsement',
  'bad-endorsement-signature',
  'bad-revocation-answer',
  'endorsement-expired',
  'endorsement-not-yet-valid',
  'endorsement-missing',
  'no-revocation-answer',
  'revocation-answer-out-of-date',
  'key-missing',
  'no-platform-status',
  'chain-incomplete',
  'root-not-trusted',
  'bad-certificate',
  'bad-certificate-signature',
  // With the key of another chip, a good report looks altered.
  'bad-signature',
  'platform-mismatch',
]

/** The better of two for an item. The fresh ones are, where they are no worse and not older. */
export function betterEndorsements(
  item: EvidenceItem,
  kept: readonly Endorsement[],
  fresh: readonly Endorsement[],
  options: JudgeOptions,
): readonly Endorsement[] {
  const format = evidenceFormat(item.format, options.formats ?? EVIDENCE_FORMATS)
  if (format === undefined) return fresh
  let parsed: unknown
  try {
    parsed = format.parse(item.bytes)
  } catch (error) {
    if (error instanceof AnswerableError) return fresh
    throw error
  }
  const judge = (list: readonly Endorsement[]): Appraisal | undefined => {
    try {
      return appraise(format, parsed, { ...options, endorsements: endorsementsFrom(list) })
    } catch (error) {
      // Too many, or too much.
      if (error instanceof AnswerableError) return undefined
      throw error
    }
  }
  const after = judge(fresh)
  if (after === undefined) return kept
  const before = judge(kept)
  if (before === undefined) return fresh
  if (isRevoked(after) !== isRevoked(before)) return isRevoked(after) ? fresh : kept
  const more = faults(after) - faults(before)
  if (more !== 0) return more < 0 ? fresh : kept
  return after.window.from >= before.window.from ? fresh : kept
}

function faults({ checks }: Appraisal): number {
  return checks.filter(({ reason }) => FAULTS.includes(reason)).length
}

function isRevoked({ checks }: Appraisal): boolean {
  return checks.some(({ reason }) => reason === 'certificate-revoked' || reason === 'certificate-on-hold')
}
