/** The header by which an answer says that not all who were asked agree. */
import { type OpinionsOnRecord, tally } from '@answerable/core/opinions'

/** Adds it where someone dissents, or too few agree. What is said of who decides is percent-encoded UTF-8. */
export function addDissent(head: string[], { asked, outcome, decides }: OpinionsOnRecord): void {
  const { agree, dissent, abstain } = tally(asked.map(one => one.outcome))
  if (outcome === 'no-answer' || (outcome === 'agreed' && dissent === 0)) return
  const parts = [outcome, `agree=${agree}`, `dissent=${dissent}`, `abstain=${abstain}`]
  if (outcome === 'escalated') parts.push('pending', `decides=${encodeURIComponent(decides ?? '')}`)
  head.push('answerable-dissent', parts.join('; '))
}
