/**
 * A wish to join, or of a member to change its roles or owner group. Signed by a member key that it brings (or has),
 * and by a member who sponsors it, against whose share it counts: any one member can let an applicant be heard, and
 * nobody outside can fill the log.
 */
import type { Suite } from '../../suite.ts'
import { keyTexts, memberFields, shape } from '../fields.ts'
import { parseKeyText } from '../key-text.ts'
import type { Kind } from '../kind.ts'
import { groupTaken, hasRecovery, hasTooMany, keysTaken, noApprovals } from '../membership.ts'
import type { Application } from '../records.ts'
import type { State } from '../state.ts'

export interface ApplicationBody {
  member: Application['member']
  keys: Application['keys']
}

/** Of each owner group's sponsoring. */
const MOST_OPEN = 32

export const application: Kind<ApplicationBody> = {
  purposes: ['member'],
  parse(body, suite) {
    const keys = keyTexts(body.keys, 'keys', suite)
    if (!keys.some(({ purpose }) => purpose === 'member')) shape.fail('keys', 'a member key among them')
    return { member: memberFields(body.member, 'member'), keys }
  },
  standing: ['active', 'applying', 'left'],
  selfSigned: true,
  cosigned: true,
  brings: ({ member, keys }) => [{ member: { ...member, status: 'applying' }, keys }],
  check(state, { body: { member, keys }, signers, by, suite }) {
    if (!signers.some(({ member: { id } }) => id === member.id)) return 'unsigned'
    const known = state.members.get(member.id)
    const isMember = known !== undefined && known.status !== 'applying'
    // For a member's name, the signature must be by a key that the member has already.
    if (isMember && !signers.some(({ keyid }) => state.keys.get(keyid)?.member === member.id))
      return 'name-taken'
    // The author sponsors: another member, or the member itself where it is active already.
    if (state.members.get(by.member.id)?.status !== 'active') return 'member-not-active'
    for (const digest of state.openOf('application'))
      if (state.applications.get(digest)!.member.id === member.id) return 'name-taken'
    if (isMember && keys.some(({ purpose, key }) => purpose === 'recovery' && isOther(state, key, suite))) {
      // As of new keys: whoever stole a member key must not plant one that outlasts the theft.
      if (hasRecovery(state, member.id)) return 'wrong-purpose'
    }
    if (groupTaken(state, member, by.member.id)) return 'not-yours'
    const sponsors = [...state.openOf('application')].map(digest => state.applications.get(digest)!.sponsor)
    if (hasTooMany(state, by.member.ownerGroup, sponsors, MOST_OPEN)) return 'too-many'
    return keysTaken(state, member.id, keys, suite)
  },
  apply(state, { body: { member, keys }, digest, by, index }) {
    state.applications.set(digest, {
      digest,
      member,
      keys,
      sponsor: by.member.id,
      approvals: noApprovals(),
      status: 'open',
      due: state.clock + state.terms.openSeconds * 1000,
    })
    state.open.add(`application ${digest}`)
    // For all to see; its keys are registered when it is admitted, so that a name that never is stays free.
    const known = state.members.get(member.id)
    if (known === undefined || known.status === 'applying')
      state.members.set(member.id, { ...member, status: 'applying', since: state.moment(index), ended: null })
  },
}

function isOther(state: State, key: string, suite: Suite): boolean {
  return !state.keys.has(parseKeyText(key, 'recovery', suite).id)
}
