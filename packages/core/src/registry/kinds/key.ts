/** Another key of the member. Rotation is this, and a revocation of the old one. */
import { keyTexts, shape } from '../fields.ts'
import { parseKeyText } from '../key-text.ts'
import type { Kind } from '../kind.ts'
import { registerKeys } from '../membership.ts'
import type { Application } from '../records.ts'

const MOST_KEYS = 4096
/** The new keys show possession alone; whose they are, the signer says. */
const NOBODY = { id: '', ownerGroup: '', roles: [], status: 'active' as const }

export const key: Kind<Application['keys']> = {
  purposes: ['member', 'recovery'],
  standing: ['active', 'suspended'],
  parse(body, suite) {
    const keys = keyTexts(body.keys, 'keys', suite)
    if (keys.length === 0) shape.fail('keys', 'at least one')
    return keys
  },
  brings: keys => [{ member: NOBODY, keys }],
  check(state, { body, by, suite }) {
    // Whoever stole a member key could otherwise plant a recovery key and outlast the theft.
    if (by.key.purpose !== 'recovery' && body.some(({ purpose }) => purpose === 'recovery')) {
      for (const [, { purpose, revoked }] of state.keysOfMember(by.member.id))
        if (purpose === 'recovery' && revoked === null) return 'wrong-purpose'
    }
    if (body.some(one => state.keys.has(parseKeyText(one.key, one.purpose, suite).id))) return 'key-taken'
    const held = state.keysOf.get(by.member.id)?.length ?? 0
    return held + body.length > MOST_KEYS ? 'too-many' : undefined
  },
  apply(state, { body, by, index, suite }) {
    registerKeys(state, by.member.id, body, index, suite)
  },
}
