/**
 * What a registry says of evidence: who said of which measurements that they are of an image, who took that back, and what
 * others found of the same evidence. Every reader weighs it anew.
 */
import type { Check, ReferenceValue } from '../evidence/index.ts'
import type { Member, Moment } from '../registry/records.ts'
import type { RegistryView } from './registered.ts'

/** Somebody's word that measurements are of an image. */
export interface Approval {
  reference: ReferenceValue
  /** Absent where it is the reader's own policy. */
  by?: Member
  /** Of another owner group than the operator; the reader always is. */
  independent: boolean
  since?: Moment
  /** From when on it does not count, Unix milliseconds, and whether a quorum of validators says so, or its author. */
  revoked?: { since: number; reason: string; quorum: boolean }
  /** Where the image came from, if the approval names a bundle that says so. */
  provenance?: Check
}

/** What somebody else found of the same evidence. */
export interface OtherAppraisal {
  by: Member
  met: boolean
  /** Checks that failed or are missing, each with its reason. */
  reasons: readonly string[]
}

export interface KnownEvidence {
  approvals: readonly Approval[]
  appraisals: readonly OtherAppraisal[]
  /** When the operator stated the evidence; absent where it did not. */
  stated?: Moment
}

/**
 * Approvals of all images; which of them are of these measurements shows later. `until` is the end of the record's interval,
 * Unix milliseconds: who was no active member by then answers for no image, and can take nothing back.
 */
export function knownEvidence(
  registry: Pick<RegistryView, 'members' | 'references' | 'evidence'>,
  digest: string | undefined,
  operator: Member,
  until: number | undefined,
): KnownEvidence {
  if (digest === undefined) return { approvals: [], appraisals: [] }
  const approvals: Approval[] = []
  for (const { by, reference, stated, revoked } of registry.references.values()) {
    const member = registry.members.get(by)
    if (member === undefined) continue
    // That an image was revoked stands, whoever approved it.
    if (revoked === null && standingOf(member, until) !== 'active') continue
    const approval: Approval = {
      reference,
      by: member,
      independent: member.ownerGroup !== operator.ownerGroup,
      since: stated,
    }
    if (revoked !== null)
      approval.revoked = { since: revoked.since, reason: revoked.reason, quorum: revoked.groups !== null }
    approvals.push(approval)
  }
  const record = registry.evidence.get(digest)
  // Another's statement of the same document says nothing of this operator's node.
  if (record === undefined || record.member !== operator.id) return { approvals, appraisals: [] }
  // Of each member the last word.
  const last = new Map(record.appraisals.map(one => [one.by, one]))
  const appraisals = [...last.values()].flatMap(({ by, met, reasons }) => {
    const member = registry.members.get(by)
    return member === undefined ? [] : [{ by: member, met, reasons }]
  })
  return { approvals, appraisals, stated: record.stated }
}

/** A member's standing at the end of an interval, Unix milliseconds, or now where it has no end. */
export function standingOf({ status, ended }: Member, until: number | undefined): Member['status'] {
  if (status === 'active' || ended === null) return status
  return until !== undefined && ended.time > until ? 'active' : status
}

/** Of two copies of one registry: an approval that either shows as revoked is revoked. */
export function bothKnown(own: KnownEvidence, later: KnownEvidence): KnownEvidence {
  const approvals = [...own.approvals]
  for (const one of later.approvals) {
    const at = approvals.findIndex(
      ({ by, since }) => by?.id === one.by?.id && since?.index === one.since?.index,
    )
    if (at < 0) approvals.push(one)
    else if (one.revoked !== undefined) approvals[at] = one
  }
  const appraisals = new Map([...own.appraisals, ...later.appraisals].map(one => [one.by.id, one]))
  const stated = own.stated ?? later.stated
  return { approvals, appraisals: [...appraisals.values()], ...(stated && { stated }) }
}

/** Of approvals of the same measurements, those that stand at the end of an interval, Unix milliseconds, and those that do not. */
export function standingApprovals(
  approvals: readonly Approval[],
  until: number,
): { standing: Approval[]; revoked: Approval[] } {
  const revoked = approvals.filter(one => one.revoked !== undefined && one.revoked.since <= until)
  // What a quorum of validators took back, nobody's approval alone upholds; the reader's own policy does.
  const byQuorum = revoked.some(one => one.revoked!.quorum)
  const standing = approvals.filter(one => !revoked.includes(one) && (!byQuorum || one.by === undefined))
  return { standing, revoked }
}
