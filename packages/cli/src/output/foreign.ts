/** What another system's receipt shows, for people: the same table of claims, and what nothing in it is signed for. */
import type { ForeignVerification } from '@answerable/core/foreign'
import { checkLines } from './evidence-on-record.ts'
import { bold, dim } from './style.ts'
import { labelled, plain, wrap } from './text.ts'
import { claimTable, verdictLines } from './verification.ts'

export function foreignLines(verification: ForeignVerification, policyName: string): string[] {
  const { title, claims, unsigned, facts, evidence, verdict } = verification
  const lines = [
    ...wrap(`A receipt of another system: ${plain(title)}. It is read, and not one of ours.`),
    '',
    ...claimTable(claims),
  ]
  if (evidence !== undefined)
    lines.push(
      '',
      bold('Evidence'),
      ...labelled('platform', plain(evidence.platform)),
      ...evidence.checks.flatMap(checkLines),
    )
  for (const [name, value] of Object.entries(facts)) lines.push(...labelled(name, value))
  if (unsigned.length > 0)
    lines.push('', bold('Not signed'), ...unsigned.flatMap(one => wrap(`- ${plain(one)}`, 2)))
  lines.push('', ...verdictLines({ verdict }, policyName))
  if (claims.recorded.reason === 'no-log')
    lines.push(
      '',
      ...wrap(
        'No policy here is met by a receipt that no log holds. What is signed is shown all the same: see recorded, above.',
      ).map(dim),
    )
  return lines
}
