/**
 * A key is of no use any more. `since` may lie in the past: what it signed from then on does not count either. A
 * recovery key revokes any of its member's; a member key all but recovery keys.
 */
import { line, shape } from '../fields.ts'
import type { Kind } from '../kind.ts'

export interface Revocation {
  /** The key's id. */
  key: string
  /** Unix milliseconds. */
  since: number
  reason: string
}

export const revocation: Kind<Revocation> = {
  purposes: ['member', 'recovery'],
  standing: ['active', 'suspended'],
  parse: body => ({
    key: shape.digest(body.key, 'key'),
    since: shape.time(body.since, 'since'),
    reason: line(body.reason, 'reason'),
  }),
  check(state, { body, by }) {
    const found = state.keys.get(body.key)
    if (found === undefined) return 'not-found'
    if (found.member !== by.member.id) return 'not-yours'
    if (found.purpose === 'recovery' && by.key.purpose !== 'recovery') return 'wrong-purpose'
    if (found.revoked !== null) return 'given-before'
    if (found.purpose !== 'member' && found.purpose !== 'recovery') return undefined
    // A member without a key to speak with could not even leave.
    for (const [id, { purpose, revoked }] of state.keysOfMember(by.member.id)) {
      const speaks = purpose === 'member' || purpose === 'recovery'
      if (id !== body.key && speaks && revoked === null) return undefined
    }
    return 'last-of-its-kind'
  },
  apply(state, { body: { key, since, reason }, index }) {
    state.keys.update(key, { revoked: { ...state.moment(index), since, reason } })
  },
}
