/** Panels: validators drawn by the beacon to look at what two members disagree about. */
import { toHex } from '../bytes.ts'
import type { Suite } from '../suite.ts'
import { draw } from './beacon.ts'
import type { State } from './state.ts'

/** Epochs until a panel is drawn: the seed is of links that nobody had revealed when it was asked for. */
export const EPOCHS_TO_PANEL = 2

export interface Disagreement {
  digest: string
  /** The epoch in which it was brought. */
  epoch: number
  /** Members: who is accused, and by whom. */
  accused: string
  accuser: string
}

/** The panel of a disagreement; undefined where its seed is not there yet. Empty where nobody can sit. */
export function drawPanel(
  state: State,
  { digest, epoch, accused, accuser }: Disagreement,
  root: () => Uint8Array,
  suite: Suite,
): string[] | undefined {
  if (state.epoch < epoch + EPOCHS_TO_PANEL) return undefined
  // Without a beacon, from what at least nobody but the host could choose.
  const seed = state.epochs.get(String(epoch))?.seed ?? toHex(root())
  return draw(seed, digest, candidates(state, accused, accuser), state.terms.panel, suite)
}

/**
 * Validators of neither side's owner group. Where there are none, those of the accused: its word is then all there is,
 * and the panel shows whose it was.
 */
function candidates(state: State, accused: string, accuser: string): { id: string; group: string }[] {
  const groupOf = (member: string) => state.members.get(member)!.ownerGroup
  const [own, other] = [groupOf(accused), groupOf(accuser)]
  const validators = [...state.members.values()]
    .filter(({ status, roles }) => status === 'active' && roles.includes('validator'))
    .map(({ id, ownerGroup }) => ({ id, group: ownerGroup }))
  const neutral = validators.filter(({ group }) => group !== own && group !== other)
  return neutral.length > 0 ? neutral : validators.filter(({ group }) => group === own)
}

/** Whether more than half of a panel says this; those of it who are no validators any more do not count. */
export function majorityIn<V extends { member: string }>(
  state: State,
  panel: readonly string[],
  votes: readonly V[],
  says: (vote: V) => boolean,
): boolean {
  const sitting = panel.filter(id => {
    const { status, roles } = state.members.get(id)!
    return status === 'active' && roles.includes('validator')
  })
  const there = votes.filter(vote => says(vote) && sitting.includes(vote.member)).length
  return there * 2 > sitting.length
}
