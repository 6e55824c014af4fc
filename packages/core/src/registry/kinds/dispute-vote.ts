/**
 * A drawn validator says who was wrong, having computed anew what the two sides part over. More than half of the panel
 * decides. Nobody earns by voting with the majority: the votes stay on record, and so does a report's digest with each.
 */
import { decide, majorityOf } from '../disputes.ts'
import { line, shape } from '../fields.ts'
import type { Kind } from '../kind.ts'
import { type DisputeVerdict, VERDICTS } from '../records.ts'

export interface DisputeVote {
  dispute: string
  wrong: DisputeVerdict
  /** By what it was found: the referee, the canonical runtime, the record, an opening that does not fit. */
  how: string
  /** SHA-256 of the report. */
  report: string
}

export const disputeVote: Kind<DisputeVote> = {
  purposes: ['validator'],
  roles: ['validator'],
  parse: body => ({
    dispute: shape.digest(body.dispute, 'dispute'),
    wrong: shape.literal(body.wrong, 'wrong', VERDICTS),
    how: line(body.how, 'how', 64),
    report: shape.digest(body.report, 'report'),
  }),
  check(state, { body: { dispute }, by }) {
    const found = state.disputes.get(dispute)
    if (found === undefined) return 'not-found'
    if (found.status !== 'panel') return 'not-open'
    if (!found.panel.includes(by.member.id)) return 'not-drawn'
    return found.votes.some(({ member }) => member === by.member.id) ? 'given-before' : undefined
  },
  apply(state, { body: { dispute, wrong, how, report }, by, index }) {
    const found = state.disputes.get(dispute)!
    state.disputes.update(dispute, { votes: [...found.votes, { member: by.member.id, wrong, how, report }] })
    const said = majorityOf(state, state.disputes.get(dispute)!)
    if (said !== undefined) decide(state, dispute, said, index)
  },
}
