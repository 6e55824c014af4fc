/** Members and keys coming and going. */
import type { Suite } from '../suite.ts'
import { keyName, parseKeyText } from './key-text.ts'
import type { Application, Approvals, Member, RegisteredKey } from './records.ts'
import type { Rule } from './rule.ts'
import { CHAMBERS, type Chamber, type State } from './state.ts'

/** Of use at a time, of each member: a policy has room for 128. */
const MOST_WITNESSES = 8

/** The rule by which these keys cannot be registered, if there is one. */
export function keysTaken(
  state: State,
  member: string,
  keys: readonly Pick<Application['keys'][number], 'purpose' | 'key'>[],
  suite: Suite,
): Rule | undefined {
  const witnesses = new Map<string, string>()
  for (const [id, key] of state.keysOfMember(member))
    if (key.purpose === 'witness' && isLive(state, key)) witnesses.set(keyName(key.key)!, id)
  for (const { key, purpose } of keys) {
    const { id } = parseKeyText(key, purpose, suite)
    const known = state.keys.get(id)
    // A member that applies again brings the keys that it has.
    if (known !== undefined && (known.member !== member || known.purpose !== purpose)) return 'key-taken'
    const name = keyName(key)
    if (name === undefined || known !== undefined) continue
    if (nameTaken(state, member, name)) return 'name-taken'
    if (purpose !== 'witness') continue
    // A policy that found two witnesses of one name would be none, for everybody.
    if (witnesses.has(name)) return 'name-taken'
    witnesses.set(name, id)
  }
  return witnesses.size > MOST_WITNESSES ? 'too-many' : undefined
}

/** A key's name is `<member>/...`, or begins with a host name, and is its first member's. */
function nameTaken(state: State, member: string, name: string): boolean {
  const owner = state.keyNames.get(name)
  if (owner !== undefined) return owner !== member
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(0, slash))
  return first !== member && (!first.includes('.') || state.members.has(first))
}

export function registerKeys(
  state: State,
  member: string,
  keys: Application['keys'],
  index: number,
  by: string | null,
  suite: Suite,
): void {
  for (const { key, purpose, until } of keys) {
    const { id } = parseKeyText(key, purpose, suite)
    if (state.keys.has(id)) continue
    const record: RegisteredKey = {
      member,
      purpose,
      key,
      added: state.moment(index),
      until,
      revoked: null,
      by,
    }
    state.setKey(id, record)
  }
}

/** Whether a key is of use now. */
export function isLive(
  state: Pick<State, 'time'>,
  { revoked, until }: Pick<RegisteredKey, 'revoked' | 'until'>,
): boolean {
  return revoked === null && (until === null || until > state.time)
}

/** Whether a member has a recovery key of use: then no other key brings keys that could outlast a theft. */
export function hasRecovery(state: State, member: string): boolean {
  return state.keysOfMember(member).some(([, key]) => key.purpose === 'recovery' && isLive(state, key))
}

/**
 * Whether an owner group is another's: its members share one vote, so only one of them can bring in another. `sponsor`
 * is who does.
 */
export function groupTaken(
  state: State,
  { id, ownerGroup }: Application['member'],
  sponsor: string,
): boolean {
  if (state.members.get(id)?.ownerGroup === ownerGroup && state.members.get(id)?.status !== 'applying')
    return false
  if (state.members.get(sponsor)?.ownerGroup === ownerGroup && sponsor !== id) return false
  for (const other of state.members.values()) {
    if (other.id === id || other.ownerGroup !== ownerGroup) continue
    if (other.status === 'active' || other.status === 'suspended') return true
  }
  return false
}

/**
 * An application whose time has come: the member is active from here on, and its keys are registered. It lapses where
 * what it asks for was taken meanwhile, or would leave the network without a validator.
 */
export function admit(state: State, application: Application, index: number, suite: Suite): void {
  const { member, keys, digest, sponsor } = application
  const before = state.members.get(member.id)
  const seatless = before?.status === 'active' && !member.roles.includes('validator')
  if (
    before?.status === 'suspended' ||
    keysTaken(state, member.id, keys, suite) !== undefined ||
    groupTaken(state, member, sponsor) ||
    (seatless && !state.hasOtherValidator(member.id))
  ) {
    lapse(state, digest, index)
    return
  }
  state.members.set(member.id, {
    ...member,
    status: 'active',
    since: before?.status === 'active' ? before.since : state.moment(index),
    ended: null,
  })
  registerKeys(state, member.id, keys, index, null, suite)
  state.applications.update(digest, { status: 'active' })
  state.open.delete(`application ${digest}`)
}

/** An application comes to nothing. A name that was never admitted is free again. */
export function lapse(state: State, digest: string, index: number): void {
  const { id } = state.applications.get(digest)!.member
  state.applications.update(digest, { status: 'lapsed' })
  state.open.delete(`application ${digest}`)
  if (state.members.get(id)?.status === 'applying') state.members.update(id, { ended: state.moment(index) })
}

/** Takes a member's standing away, and with it what it was applying for. */
export function endStanding(
  state: State,
  member: string,
  status: Extract<Member['status'], 'suspended' | 'left'>,
  index: number,
): void {
  state.members.update(member, { status, ended: state.moment(index) })
  for (const digest of [...state.openOf('application')])
    if (state.applications.get(digest)!.member.id === member) lapse(state, digest, index)
}

/**
 * Suspends a member; it may still answer for itself. The last validator stays, whatever it did, because nothing could
 * ever happen again without one: that its log forked stands on the log's record.
 */
export function suspend(state: State, member: string, index: number): void {
  if (state.members.get(member)?.status !== 'active') return
  if (state.hasOtherValidator(member)) endStanding(state, member, 'suspended', index)
}

export function noApprovals(): Approvals {
  return { providers: [], watchers: [] }
}

/** The approvals with those of an owner group added, in the chambers that it sits in. */
export function approve(state: State, approvals: Approvals, group: string): Approvals {
  const next: Approvals = { providers: [...approvals.providers], watchers: [...approvals.watchers] }
  for (const chamber of Object.keys(CHAMBERS) as Chamber[]) {
    if (!state.hasGroup(group, CHAMBERS[chamber])) continue
    if (!next[chamber].includes(group)) next[chamber].push(group)
  }
  return next
}

export function isNew(before: Approvals, after: Approvals): boolean {
  return after.providers.length > before.providers.length || after.watchers.length > before.watchers.length
}

/** Whether an owner group has as much open already as one may: then it cannot keep others out. */
export function hasTooMany(state: State, group: string, authors: Iterable<string>, most: number): boolean {
  let open = 0
  for (const author of authors) if (state.members.get(author)!.ownerGroup === group) open++
  return open >= most
}
