/**
 * A key is of no use any more. `since` may lie in the past: what it signed from then on does not count either. A member
 * key revokes all but recovery keys. A recovery key revokes any, and with it the keys that it brought since.
 */
import { line, shape } from '../fields.ts'
import type { Kind, Signer } from '../kind.ts'
import { isLive } from '../membership.ts'
import type { State } from '../state.ts'

export interface Revocation {
  /** The key's id. */
  key: string
  /** Unix milliseconds. */
  since: number
  reason: string
}

export const revocation: Kind<Revocation> = {
  purposes: ['member', 'recovery'],
  standing: ['active', 'suspended', 'left'],
  spare: true,
  cosigned: true,
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
    const ended = endedWith(state, body, by)
    // A member without a key to speak with could not even leave.
    for (const [id, key] of state.keysOfMember(by.member.id)) {
      const speaks = key.purpose === 'member' || key.purpose === 'recovery'
      if (speaks && isLive(state, key) && !ended.has(id)) return undefined
    }
    return 'last-of-its-kind'
  },
  apply(state, { body, by, index }) {
    const { since, reason } = body
    for (const id of endedWith(state, body, by))
      state.keys.update(id, { revoked: { ...state.moment(index), since, reason } })
  },
}

/**
 * The key and, where a recovery key says so, those that it brought from `since` on, and those that these brought: a
 * thief who brings keys faster than their owner revokes them has all of them ended by one statement.
 */
function endedWith(state: State, { key, since }: Revocation, signer: Signer): Set<string> {
  const ended = new Set([key])
  if (signer.key.purpose !== 'recovery') return ended
  // In the order in which they came: a key is older than those that it brought.
  for (const [id, { by, added, revoked }] of state.keysOfMember(signer.member.id))
    if (by !== null && ended.has(by) && added.time >= since && revoked === null && id !== signer.keyid)
      ended.add(id)
  return ended
}
