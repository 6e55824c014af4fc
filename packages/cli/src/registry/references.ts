/** Approved images, as commands name and show them. */
import { AnswerableError } from '@answerable/core'
import type { ReferenceRecord, State } from '@answerable/core/registry'
import { plain } from '../output/text.ts'
import { time } from '../output/time.ts'

/** The approvals of one image, by its id or the beginning of it. Throws `not-found`, also where two begin alike. */
export function imageOf(state: State, id: string): ReferenceRecord[] {
  const matching = /^[0-9a-f]{8,64}$/.test(id)
    ? [...state.references.values()].filter(one => one.id.startsWith(id))
    : []
  if (new Set(matching.map(one => one.id)).size !== 1)
    throw new AnswerableError('not-found', `no approved image ${plain(id)}; see evidence list`)
  return matching
}

/** Whether it is to be relied on, and if not, since when and by whom. */
export function standingOf({ revoked }: ReferenceRecord): string {
  if (revoked === null) return 'approved'
  const by = revoked.groups === null ? revoked.by : `a quorum: ${revoked.groups.join(', ')}`
  return `revoked as of ${time(revoked.since)} by ${by}: ${revoked.reason}`
}
