/**
 * What a validator or an auditor makes of a node's evidence (an attestation result, RFC 9334): whether it meets the
 * charter's policy as of a time, and if not, why. Anyone can compute it again; two that differ are both on record.
 */
import { shape } from '../fields.ts'
import type { Kind } from '../kind.ts'
import type { EvidenceAppraisal } from '../records.ts'

export type StatedAppraisal = Omit<EvidenceAppraisal, 'by' | 'key' | 'stated'> & {
  /** SHA-256 of the evidence document. */
  evidence: string
}

const MOST_REASONS = 32
/** As in core/evidence: which there are is not a matter of the rules. */
const REASON = /^[a-z][a-z-]{0,31}:[a-z][a-z-]{0,63}$/
/** Of one document; beyond it those who said most lose what they said first. */
export const MOST_APPRAISALS = 64

export const appraisal: Kind<StatedAppraisal> = {
  purposes: ['member', 'validator'],
  roles: ['validator', 'auditor'],
  parse(body) {
    const parsed: StatedAppraisal = {
      evidence: shape.digest(body.evidence, 'evidence'),
      endorsements: shape.digest(body.endorsements, 'endorsements'),
      asOf: shape.time(body.asOf, 'asOf'),
      policy: shape.digest(body.policy, 'policy'),
      met: typeof body.met === 'boolean' ? body.met : shape.fail('met', 'true or false'),
      reasons: shape
        .array(body.reasons, 'reasons', MOST_REASONS)
        .map((one, i) => shape.string(one, `reasons[${i}]`, 96, REASON, 'a check and a reason of it')),
    }
    // Who finds that a policy is not met says why, so that another can look at the same.
    if (!parsed.met && parsed.reasons.length === 0) shape.fail('reasons', 'at least one')
    return parsed
  },
  check(state, { body, by }) {
    const found = state.evidence.get(body.evidence)
    if (found?.endorsements.some(({ digest }) => digest === body.endorsements) !== true) return 'not-found'
    const before = found.appraisals.some(
      one => one.by === by.member.id && one.endorsements === body.endorsements,
    )
    return before ? 'given-before' : undefined
  },
  apply(state, { body, by, index }) {
    const { evidence, endorsements, asOf, policy, met, reasons } = body
    const stated = state.moment(index)
    const { appraisals } = state.evidence.get(evidence)!
    const kept = appraisals.length < MOST_APPRAISALS ? appraisals : withRoom(appraisals)
    const next = { by: by.member.id, key: by.keyid, endorsements, asOf, policy, met, reasons, stated }
    state.evidence.update(evidence, { appraisals: [...kept, next] })
  },
}

/** Without the oldest of whoever has most: nobody's word goes because another talks a lot. */
function withRoom(appraisals: readonly EvidenceAppraisal[]): EvidenceAppraisal[] {
  const counts = new Map<string, number>()
  for (const { by } of appraisals) counts.set(by, (counts.get(by) ?? 0) + 1)
  const most = Math.max(...counts.values())
  const oldest = appraisals.findIndex(({ by }) => counts.get(by) === most)
  return appraisals.filter((_, i) => i !== oldest)
}
