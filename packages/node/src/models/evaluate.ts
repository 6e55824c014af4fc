/** How good a model's decisions are, over all and by group. */
import type { Applicant } from './credit-schema.ts'
import { GROUPS, type LabelledApplicant } from './dataset.ts'
import type { Decision } from './network.ts'

/** Shares of a group's applicants, 0 to 1. */
export interface Figures {
  applicants: number
  /** Decisions that agree with the label on record. */
  accuracy: number
  approved: number
  /** Declined, of those on record as good. */
  goodDeclined: number
  /** Approved, of those on record as bad. */
  badApproved: number
  /** Declined, of those who would repay; only where the truth is known. */
  wouldRepayDeclined?: number
  /** Statlog's cost: 5 for approving a bad applicant, 1 for declining a good one; the sum over the applicants. */
  cost: number
}

export interface Case extends LabelledApplicant {
  wouldRepay?: boolean
}

/** The figures of `all` and of each of `GROUPS`. */
export function evaluate(
  cases: readonly Case[],
  decideFor: (applicant: Applicant) => Pick<Decision, 'approved'>,
): Record<string, Figures> {
  const decided = cases.map(one => ({ ...one, approved: decideFor(one.applicant).approved }))
  const groups = Object.entries(GROUPS).map(([name, has]) => [
    name,
    figures(decided.filter(one => has(one.applicant))),
  ])
  return { all: figures(decided), ...Object.fromEntries(groups) }
}

function figures(cases: readonly (Case & { approved: boolean })[]): Figures {
  const good = cases.filter(one => one.good)
  const bad = cases.filter(one => !one.good)
  const wouldRepay = cases.filter(one => one.wouldRepay)
  const goodDeclined = good.filter(one => !one.approved).length
  const badApproved = bad.filter(one => one.approved).length
  const result: Figures = {
    applicants: cases.length,
    accuracy: share(cases.length - goodDeclined - badApproved, cases.length),
    approved: share(cases.filter(one => one.approved).length, cases.length),
    goodDeclined: share(goodDeclined, good.length),
    badApproved: share(badApproved, bad.length),
    cost: 5 * badApproved + goodDeclined,
  }
  if (wouldRepay.length > 0)
    result.wouldRepayDeclined = share(wouldRepay.filter(one => !one.approved).length, wouldRepay.length)
  return result
}

/** To four places: what is printed is what was measured. */
function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10000) / 10000
}
