/** A member's yes to an application or a proposal. Counts for the member's owner group, in the chambers it sits in. */
import { shape } from '../fields.ts'
import type { Kind } from '../kind.ts'
import { admit, approve, isNew } from '../membership.ts'
import type { Approvals } from '../records.ts'
import { accept } from './proposal.ts'

export interface Approval {
  /** Digest of the application or proposal. */
  of: string
}

export const approval: Kind<Approval> = {
  purposes: ['member'],
  spare: true,
  parse: body => ({ of: shape.digest(body.of, 'of') }),
  check(state, { body: { of }, by }) {
    const application = state.applications.get(of)
    const found = application ?? state.proposals.get(of)
    if (found === undefined) return 'not-found'
    if (found.status !== 'open') return 'not-open'
    if (application?.member.id === by.member.id) return 'own-approval'
    return isNew(found.approvals, approve(state, found.approvals, by.member.ownerGroup))
      ? undefined
      : 'given-before'
  },
  apply(state, { body: { of }, by, index, suite }) {
    const group = by.member.ownerGroup
    const application = state.applications.get(of)
    if (application !== undefined) {
      const approvals: Approvals = approve(state, application.approvals, group)
      state.applications.update(of, { approvals })
      if (!state.isApproved(approvals)) return
      const due = state.clock + state.terms.waitingSeconds * 1000
      state.applications.update(of, { status: 'waiting', due })
      if (state.terms.waitingSeconds > 0) return
      admit(state, state.applications.get(of)!, index, suite)
      return
    }
    const approvals = approve(state, state.proposals.get(of)!.approvals, group)
    state.proposals.update(of, { approvals })
    if (state.isApproved(approvals)) accept(state, of, index)
  },
}
