/** Another key of the member. Rotation is this, and a revocation of the old one. */
import { keyTexts, shape } from '../fields.ts'
import { parseKeyText } from '../key-text.ts'
import type { Kind } from '../kind.ts'
import { hasRecovery, isLive, keysTaken, registerKeys } from '../membership.ts'
import type { Application } from '../records.ts'

const MOST_LIVE = 64
/** The new keys show possession alone; whose they are, the signer says. */
const NOBODY = { id: '', ownerGroup: '', roles: [], status: 'active' as const }

export const key: Kind<Application['keys']> = {
  purposes: ['member', 'recovery'],
  standing: ['active', 'suspended', 'left'],
  cosigned: true,
  spare: true,
  parse(body, suite) {
    const keys = keyTexts(body.keys, 'keys', suite)
    if (keys.length === 0) shape.fail('keys', 'at least one')
    return keys
  },
  brings: keys => [{ member: NOBODY, keys }],
  check(state, { body, by, suite }) {
    const member = by.member.id
    // Whoever stole a member key could otherwise plant a recovery key and outlast the theft.
    if (by.key.purpose !== 'recovery' && body.some(({ purpose }) => purpose === 'recovery')) {
      if (hasRecovery(state, member)) return 'wrong-purpose'
    }
    if (body.some(one => state.keys.has(parseKeyText(one.key, one.purpose, suite).id))) return 'key-taken'
    // Only those of use count: a thief who used up the number could else not be undone.
    const live = state.keysOfMember(member).filter(([, held]) => isLive(state, held)).length
    if (live + body.length > MOST_LIVE) return 'too-many'
    return keysTaken(state, member, body, suite)
  },
  apply(state, { body, by, index, suite }) {
    registerKeys(state, by.member.id, body, index, by.keyid, suite)
  },
}
