/** Challenges on their way: who looks at them, and how they end. */
import { toHex } from '../bytes.ts'
import type { Suite } from '../suite.ts'
import { draw } from './beacon.ts'
import { suspend } from './membership.ts'
import type { Challenge } from './records.ts'
import type { State } from './state.ts'

/** Epochs from a challenge until its panel is drawn: the seed is of links that nobody had revealed when it was brought. */
const EPOCHS_TO_PANEL = 2

/** Draws the panels that are due. Each has its full time from then on. */
export function drawPanels(state: State, root: () => Uint8Array, suite: Suite): void {
  for (const id of [...state.openOf('challenge')]) {
    const challenge = state.challenges.get(id)!
    const { type, panel, epoch, digest } = challenge
    if (type !== 'availability' || panel.length > 0 || state.epoch < epoch + EPOCHS_TO_PANEL) continue
    // Without a beacon, from what at least nobody but the host could choose.
    const seed = state.epochs.get(String(epoch))?.seed ?? toHex(root())
    const drawn = draw(seed, digest, candidates(state, challenge), state.terms.panel, suite)
    if (drawn.length > 0) {
      const due = state.clock + state.terms.challengeSeconds * 1000
      state.challenges.update(id, { panel: drawn, due })
    } else {
      state.open.delete(`challenge ${id}`)
      state.challenges.update(id, { status: 'undecided' })
    }
  }
}

/**
 * Validators of neither the operator's nor the challenger's owner group. Where there are none, the operator's own: its
 * word is then all there is, and the panel shows whose it was.
 */
function candidates(state: State, { log, by }: Challenge): { id: string; group: string }[] {
  const accused = state.members.get(state.logs.get(log)!.member)!.ownerGroup
  const challenger = state.members.get(by)!.ownerGroup
  const validators = [...state.members.values()]
    .filter(({ status, roles }) => status === 'active' && roles.includes('validator'))
    .map(({ id, ownerGroup }) => ({ id, group: ownerGroup }))
  const neutral = validators.filter(({ group }) => group !== accused && group !== challenger)
  return neutral.length > 0 ? neutral : validators.filter(({ group }) => group === accused)
}

/** Whether more than half of the panel says this; those of it who are no validators any more do not count. */
export function hasMajority(state: State, { panel, votes }: Challenge, opens: boolean): boolean {
  const sitting = panel.filter(id => {
    const { status, roles } = state.members.get(id)!
    return status === 'active' && roles.includes('validator')
  })
  const there = votes.filter(vote => vote.opens === opens && sitting.includes(vote.member)).length
  return there * 2 > sitting.length
}

/** A challenge whose time is up. */
export function settleChallenge(state: State, id: string, index: number): void {
  const challenge = state.challenges.get(id)!
  const { type, panel, due, log } = challenge
  if (state.clock < due || (type === 'availability' && panel.length === 0)) return
  state.open.delete(`challenge ${id}`)
  // A panel that is silent is not the operator's silence.
  if (type === 'availability' && !hasMajority(state, challenge, false)) {
    state.challenges.update(id, { status: 'undecided' })
    return
  }
  state.challenges.update(id, { status: 'lost' })
  const { member } = state.logs.get(log)!
  state.logs.update(log, { silent: { ...state.moment(index), challenge: id } })
  // An answer takes others' cosignatures, a panel others' word: whoever can withhold them must not empty seats with it.
  if (!state.members.get(member)!.roles.includes('validator')) suspend(state, member, index)
}
