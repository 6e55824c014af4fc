/**
 * A wish to join, or of a member to change its roles or owner group. Signed by a member key that it brings (or has),
 * and by a member who sponsors it, against whose share it counts: any one member can let an applicant be heard, and
 * nobody outside can fill the log.
 */
import { keyTexts, memberFields, shape } from '../fields.ts'
import type { Kind } from '../kind.ts'
import { keysTaken, noApprovals, registerKeys } from '../membership.ts'
import type { Application } from '../records.ts'

export interface ApplicationBody {
  member: Application['member']
  keys: Application['keys']
}

const MAX_OPEN = 256

export const application: Kind<ApplicationBody> = {
  purposes: ['member'],
  parse(body, suite) {
    const keys = keyTexts(body.keys, 'keys', suite)
    if (!keys.some(({ purpose }) => purpose === 'member')) shape.fail('keys', 'a member key among them')
    return { member: memberFields(body.member, 'member'), keys }
  },
  standing: ['active', 'applying'],
  selfSigned: true,
  brings: ({ member, keys }) => [{ member: { ...member, status: 'applying' }, keys }],
  check(state, { body: { member, keys }, signers, by, suite }) {
    if (!signers.some(({ member: { id } }) => id === member.id)) return 'unsigned'
    const known = state.members.get(member.id)
    // For a name that is taken, the signature must be by a key that its member has already.
    if (known !== undefined && !signers.some(({ keyid }) => state.keys.get(keyid)?.member === member.id))
      return 'name-taken'
    // The author sponsors: another member, or the member itself where it is active already.
    if (state.members.get(by.member.id)?.status !== 'active') return 'member-not-active'
    for (const { member: other, status } of state.applications.values()) {
      if (status !== 'open' && status !== 'waiting') continue
      if (other.id === member.id) return 'name-taken'
    }
    const open = [...state.open].filter(name => name.startsWith('application ')).length
    if (open >= MAX_OPEN) return 'too-many'
    return keysTaken(state, member.id, keys, suite)
  },
  apply(state, { body: { member, keys }, digest, by, index, suite }) {
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
    // Keys are held for the applicant from here on; without an active member they can sign nothing.
    if (!state.members.has(member.id)) {
      state.members.set(member.id, { ...member, status: 'applying', since: state.moment(index), ended: null })
    }
    registerKeys(state, member.id, keys, index, suite)
  },
}
