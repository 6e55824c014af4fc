/** Members and keys coming and going. */
import type { Suite } from '../suite.ts'
import { parseKeyText } from './key-text.ts'
import type { Application, Approvals, RegisteredKey } from './records.ts'
import type { Rule } from './rule.ts'
import { CHAMBERS, type Chamber, type State } from './state.ts'

/** The rule by which these keys cannot be registered, if there is one. */
export function keysTaken(
  state: State,
  member: string,
  keys: Application['keys'],
  suite: Suite,
): Rule | undefined {
  for (const { key, purpose } of keys) {
    const known = state.keys.get(parseKeyText(key, purpose, suite).id)
    // A member that applies again brings the keys that it has.
    if (known !== undefined && (known.member !== member || known.purpose !== purpose)) return 'key-taken'
  }
  return undefined
}

export function registerKeys(
  state: State,
  member: string,
  keys: Application['keys'],
  index: number,
  suite: Suite,
): void {
  for (const { key, purpose, until } of keys) {
    const { id } = parseKeyText(key, purpose, suite)
    if (state.keys.has(id)) continue
    const record: RegisteredKey = { member, purpose, key, added: state.moment(index), until, revoked: null }
    state.setKey(id, record)
  }
}

/** An application whose time has come: the member is active from here on. Its keys were registered when it applied. */
export function admit(state: State, application: Application, index: number): void {
  const { member, digest } = application
  const before = state.members.get(member.id)
  state.members.set(member.id, {
    ...member,
    status: 'active',
    since: before?.status === 'active' ? before.since : state.moment(index),
    ended: null,
  })
  state.applications.update(digest, { status: 'active' })
}

export function noApprovals(): Approvals {
  return { providers: [], watchers: [] }
}

/** The approvals with those of an owner group added, in the chambers that it sits in. */
export function approve(state: State, approvals: Approvals, group: string): Approvals {
  const next: Approvals = { providers: [...approvals.providers], watchers: [...approvals.watchers] }
  for (const chamber of Object.keys(CHAMBERS) as Chamber[]) {
    if (!state.groups(CHAMBERS[chamber]).includes(group)) continue
    if (!next[chamber].includes(group)) next[chamber].push(group)
  }
  return next
}

export function isNew(before: Approvals, after: Approvals): boolean {
  return after.providers.length > before.providers.length || after.watchers.length > before.watchers.length
}
