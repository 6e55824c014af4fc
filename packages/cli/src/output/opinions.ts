/** Second opinions for people: what the record says of them, and whose own records came along. */
import type { FoundOpinions, OpinionLink } from '@answerable/core/receipt'
import { bad, bold, dim } from './style.ts'
import { labelled, plain, wrap } from './text.ts'

export function opinionLines({ record, links, contradicted, sentence, notShown }: FoundOpinions): string[] {
  const found = wrap(plain(sentence), 2)
  const rows = record?.asked.flatMap(({ model, operator, outcome, reason, id, receipt }, i) => {
    const who = operator === undefined ? '' : `, at ${plain(operator)}`
    const why = reason === undefined ? '' : ` (${reason})`
    const theirs = receipt === undefined ? '' : `; its own receipt ${receipt.id} is ${receipt.check}`
    return labelled(plain(model), `${outcome}${why}${who}: ${id}${STATE[links[i]!.state]}${theirs}`, AT)
  })
  return [
    bold('Second opinions'),
    ...(contradicted ? found.map(bad) : found),
    ...wrap(`Not shown: ${notShown.charAt(0).toLowerCase()}${plain(notShown).slice(1)}`, 2).map(dim),
    ...(rows ?? []),
  ]
}

const AT = 18
const STATE: Record<OpinionLink['state'], string> = {
  'not-given': '',
  shown: ', record shown',
  'not-shown': ', record not shown',
  contradicts: ', and its record says otherwise',
}
