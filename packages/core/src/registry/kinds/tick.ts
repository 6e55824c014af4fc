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
  check(state, { body: { at }, by }) {
    return at <= (state.ticks.get(by.member.ownerGroup) ?? 0) ? 'tick-backwards' : undefined
  },
  apply(state, { body: { at }, by }) {
    state.ticks.set(by.member.ownerGroup, at)
  },
}

/** From version 2 of the rules. */
export const spacedTick: Kind<Tick> = {
  ...tick,
  check(state, stated) {
    const last = state.ticks.get(stated.by.member.ownerGroup) ?? 0
    const rule = tick.check(state, stated)
    if (rule !== undefined) return rule
    return stated.body.at - last < state.terms.tickSeconds * 500 ? 'tick-too-soon' : undefined
  },
}
