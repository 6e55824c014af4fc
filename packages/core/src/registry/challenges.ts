/** Challenges on their way: who looks at them, and how they end. */
import type { Suite } from '../suite.ts'
import { leaveUndecided, panelDue } from './disputes.ts'
import { suspend } from './membership.ts'
import { drawPanel, majorityIn } from './panels.ts'
import type { Challenge } from './records.ts'
import type { State } from './state.ts'

/** Draws the panels that are due, of challenges and disputes. Each has its full time from then on. */
export function drawPanels(state: State, index: number, root: () => Uint8Array, suite: Suite): void {
  for (const id of [...state.openOf('challenge')]) {
    const { type, panel, epoch, digest, log, by } = state.challenges.get(id)!
    if (type !== 'availability' || panel.length > 0) continue
    const accused = state.logs.get(log)!.member
    const drawn = drawPanel(state, { digest, epoch, accused, accuser: by }, root, suite)
    if (drawn === undefined) continue
    if (drawn.length > 0) {
      const due = state.clock + state.terms.challengeSeconds * 1000
      state.challenges.update(id, { panel: drawn, due })
    } else {
      state.open.delete(`challenge ${id}`)
      state.challenges.update(id, { status: 'undecided' })
    }
  }
  for (const id of [...state.openOf('dispute')]) {
    const { panel, epoch, digest, status, operator, auditor, due } = state.disputes.get(id)!
    if (panel.length > 0) continue
    const drawn = drawPanel(state, { digest, epoch, accused: operator, accuser: auditor }, root, suite)
    if (drawn === undefined) continue
    // The moves of a game go on meanwhile, by their own clock.
    if (drawn.length > 0)
      state.disputes.update(id, { panel: drawn, due: status === 'panel' ? panelDue(state) : due })
    else if (status === 'panel') leaveUndecided(state, id, index)
  }
}

/** Whether more than half of the panel says this. */
export function hasMajority(state: State, { panel, votes }: Challenge, opens: boolean): boolean {
  return majorityIn(state, panel, votes, vote => vote.opens === opens)
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
