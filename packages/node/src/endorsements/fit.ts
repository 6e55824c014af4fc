/**
 * As many endorsements as an archive takes. Several devices share most of theirs, which are kept once; where there is no room
 * for all, reference measurements go first, since without the rest nothing of a device counts.
 */
import { errorCode } from '@answerable/core'
import { ENDORSEMENT_KINDS, type Endorsement, endorsementsFrom } from '@answerable/core/evidence'

/** Of an archive (`parseEndorsements`). */
const MOST_ITEMS = 64

export interface Fitted {
  endorsements: Endorsement[]
  /** How many there was no room for. */
  left: number
}

export function fitEndorsements(all: readonly Endorsement[]): Fitted {
  const endorsements: Endorsement[] = []
  let left = 0
  const weight = ({ kind }: Endorsement) => (kind === 'rim' ? 1 : 0)
  for (const one of all.toSorted((a, b) => weight(a) - weight(b))) {
    if (endorsements.some(other => other.kind === one.kind && Buffer.from(other.bytes).equals(one.bytes)))
      continue
    if (endorsements.length < MOST_ITEMS && fits([...endorsements, one])) endorsements.push(one)
    else left++
  }
  // In one order, whatever came first: the same endorsements are the same archive.
  endorsements.sort((a, b) => ENDORSEMENT_KINDS.indexOf(a.kind) - ENDORSEMENT_KINDS.indexOf(b.kind))
  return { endorsements, left }
}

function fits(list: readonly Endorsement[]): boolean {
  try {
    endorsementsFrom(list)
    return true
  } catch (error) {
    if (errorCode(error) !== 'too-large') throw error
    return false
  }
}
