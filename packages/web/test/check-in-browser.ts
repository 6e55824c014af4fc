/** The verifiers of evidence, to be bundled for a browser and called from a test. */
import {
  appraise,
  type Check,
  type EndorsementKind,
  type EvidencePolicy,
  endorsementsFrom,
  evidenceFormat,
  readEvidence,
} from '@answerable/core/evidence'
import { portableSuite as suite } from '@answerable/core/portable'

export interface Asked {
  /** In base64. */
  bytes: string
  given: { kind: EndorsementKind; bytes: string }[]
  time: number
  policy: EvidencePolicy
}

export function check({ bytes, given, time, policy }: Asked): Check[] {
  const [one] = readEvidence(Uint8Array.fromBase64(bytes)).found
  const own = given.map(({ kind, bytes: text }) => ({ kind, bytes: Uint8Array.fromBase64(text) }))
  const endorsements = endorsementsFrom([...one!.endorsements, ...own])
  return appraise(evidenceFormat(one!.format)!, one!.parsed, { time, policy, endorsements, suite }).checks
}
