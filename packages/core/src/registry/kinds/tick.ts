/**
 * A validator's clock. Registry time is what a quorum of owner groups has reached (`advance.ts`), so a clock that is
 * wrong alone moves nothing, ahead or behind; hosts and validators refuse, before it is an entry, one that is off.
 */
import { shape } from '../fields.ts'
import type { Kind } from '../kind.ts'

export interface Tick {
  /** Unix milliseconds. */
  at: number
}

export const tick: Kind<Tick> = {
  purposes: ['validator'],
  roles: ['validator'],
  parse: body => ({ at: shape.time(body.at, 'at') }),
  timeless: true,
  free: (state, { at }, group) =>
    Math.abs(at - (state.ticks.get(group) ?? 0)) >= state.terms.tickSeconds * 500,
  check(state, { body: { at }, by }) {
    const last = state.ticks.get(by.member.ownerGroup) ?? 0
    // A clock that ran far ahead may come back to what is still to come.
    const corrected = at > state.time && at < last - state.tickSpread
    return at > last || corrected ? undefined : 'tick-backwards'
  },
  apply(state, { body: { at }, by }) {
    state.ticks.set(by.member.ownerGroup, at)
  },
}

/** From version 2 of the rules. */
export const spacedTick: Kind<Tick> = {
  ...tick,
  check(state, stated) {
    const rule = tick.check(state, stated)
    if (rule !== undefined) return rule
    return tick.free!(state, stated.body, stated.by.member.ownerGroup) ? undefined : 'tick-too-soon'
  },
}
