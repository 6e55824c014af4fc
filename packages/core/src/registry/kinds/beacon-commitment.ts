/**
 * A validator commits to a hash chain: `tip` is the SHA-256 of the first link that it will reveal. It counts from two
 * epochs on, when no anchor is known yet that its links could be chosen for.
 */
import { shape } from '../fields.ts'
import type { Kind } from '../kind.ts'

export interface Commitment {
  tip: string
  length: number
}

const MAX_LENGTH = 1_000_000

export const beaconCommitment: Kind<Commitment> = {
  purposes: ['validator'],
  roles: ['validator'],
  parse(body) {
    const length = shape.count(body.length, 'length')
    if (length < 1 || length > MAX_LENGTH) shape.fail('length', `1 to ${MAX_LENGTH}`)
    return { tip: shape.digest(body.tip, 'tip'), length }
  },
  check(state, { by }) {
    return state.chains.get(by.member.id)?.next ? 'given-before' : undefined
  },
  apply(state, { body: { tip, length }, by }) {
    const member = by.member.id
    const from = state.epoch + 2
    const chain = state.chains.get(member)
    state.chains.set(
      member,
      chain === undefined
        ? { member, tip, left: length, from, next: null, missed: 0 }
        : { ...chain, next: { tip, left: length, from } },
    )
  },
}
