/** What falls due as time advances. Only ticks advance it, so only they do this, in the order of the records. */
import type { Suite } from '../suite.ts'
import { finishEpochs } from './beacon.ts'
import { drawPanels, settleChallenge } from './challenges.ts'
import { settleDispute } from './disputes.ts'
import { admit, lapse } from './membership.ts'
import type { State } from './state.ts'
import { quorumOf } from './terms.ts'

/**
 * Moves registry time to what a quorum of the validators' owner groups has reached: one liar's clock moves nothing.
 * Counted time follows, but for gaps: while no quorum ticked, no deadline came nearer. `root` is of the log so far.
 */
export function advance(state: State, index: number, root: () => Uint8Array, suite: Suite): void {
  const time = reached(state)
  if (time === undefined || time <= state.time) return
  if (state.time > 0) state.clock += Math.min(time - state.time, state.terms.maximumGapSeconds * 1000)
  state.time = time
  for (const name of [...state.open]) settle(state, name, index, suite)
  if (state.clock - state.epochBegan < state.terms.epochSeconds * 1000) return
  state.epoch++
  state.epochBegan = state.clock
  state.usage.clear()
  state.handInUsage.clear()
  state.evidenceUsage.clear()
  finishEpochs(state, suite)
  drawPanels(state, index, root, suite)
}

/**
 * The newest time that a quorum of owner groups has reached, none of them far beyond it: a clock that once ran ahead
 * must not stand for its owner's presence ever after.
 */
function reached(state: State): number | undefined {
  const times: number[] = []
  for (const [group, at] of state.ticks) if (state.hasGroup(group, ['validator'])) times.push(at)
  times.sort((a, b) => b - a)
  const quorum = quorumOf(state.validatorGroups, state.terms.quorum)
  for (let last = quorum - 1; last < times.length; last++) {
    const time = times[last]!
    if (times[last - quorum + 1]! - time <= state.tickSpread) return time
  }
  return undefined
}

function settle(state: State, name: string, index: number, suite: Suite): void {
  const [sort, id] = name.split(' ') as [string, string]
  const { clock } = state
  if (sort === 'application') {
    // One that an application before it in this loop made lapse is gone.
    const application = state.applications.get(id)!
    if (clock < application.due || !state.open.delete(name)) return
    if (application.status === 'waiting') admit(state, application, index, suite)
    else lapse(state, id, index)
  } else if (sort === 'proposal') {
    if (clock < state.proposals.get(id)!.due) return
    state.open.delete(name)
    state.proposals.update(id, { status: 'lapsed' })
  } else if (sort === 'hand-in') {
    if (clock < state.handIns.get(id)!.due) return
    // Late is better than never, and the host may still be moved for it; no deadline is counted any more.
    state.open.delete(name)
    state.handIns.update(id, { overdue: true })
  } else if (sort === 'challenge') {
    settleChallenge(state, id, index)
  } else if (sort === 'dispute') {
    settleDispute(state, id, index)
  }
}
