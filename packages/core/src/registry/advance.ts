/** What falls due as time advances. Only ticks advance it, so only they do this, in the order of the records. */
import type { Suite } from '../suite.ts'
import { finishEpochs } from './beacon.ts'
import { admit } from './membership.ts'
import type { State } from './state.ts'
import { quorumOf } from './terms.ts'

/**
 * Moves registry time to what a quorum of the validators' owner groups has reached: one liar's clock moves nothing.
 * Counted time follows, but for gaps: while no quorum ticked, no deadline came nearer.
 */
export function advance(state: State, index: number, suite: Suite): void {
  const groups = state.groups(['validator'])
  const times = groups.flatMap(group => state.ticks.get(group) ?? []).sort((a, b) => b - a)
  const time = times[quorumOf(groups.length, state.terms.quorum) - 1]
  if (time === undefined || time <= state.time) return
  if (state.time > 0) state.clock += Math.min(time - state.time, state.terms.maximumGapSeconds * 1000)
  state.time = time
  for (const name of [...state.open]) settle(state, name, index)
  if (state.clock - state.epochBegan < state.terms.epochSeconds * 1000) return
  state.epoch++
  state.epochBegan = state.clock
  state.usage.clear()
  state.handInUsage.clear()
  finishEpochs(state, suite)
}

function settle(state: State, name: string, index: number): void {
  const [sort, id] = name.split(' ') as [string, string]
  const { clock } = state
  if (sort === 'application') {
    const application = state.applications.get(id)!
    if (clock < application.due) return
    state.open.delete(name)
    if (application.status === 'waiting') admit(state, application, index)
    else state.applications.update(id, { status: 'lapsed' })
  } else if (sort === 'proposal') {
    if (clock < state.proposals.get(id)!.due) return
    state.open.delete(name)
    state.proposals.update(id, { status: 'lapsed' })
  } else if (sort === 'hand-in') {
    if (clock < state.handIns.get(id)!.due) return
    // It stays open: late is better than never, and the host may still be moved for it.
    if (!state.handIns.get(id)!.overdue) state.handIns.update(id, { overdue: true })
  } else if (sort === 'challenge') {
    const challenge = state.challenges.get(id)!
    if (clock < challenge.due) return
    state.open.delete(name)
    state.challenges.update(id, { status: 'lost' })
    const log = state.logs.get(challenge.log)!
    state.logs.update(challenge.log, { silent: { ...state.moment(index), challenge: id } })
    suspend(state, log.member, index)
  }
}

/** Takes a member's standing away; it may still answer for itself. */
export function suspend(state: State, member: string, index: number): void {
  if (state.members.get(member)?.status !== 'active') return
  state.members.update(member, { status: 'suspended', ended: state.moment(index) })
}
