/** The tlog-policy (C2SP) that a registry's state comes to: its logs, and its validators' witnesses by owner group. */
import { parseVkey } from '../note/vkey.ts'
import type { Suite } from '../suite.ts'
import {
  POLICY_LIMITS,
  type Policy,
  type PolicyGroup,
  type PolicyLog,
  type PolicyWitness,
} from '../tlog/policy.ts'
import { evaluatePolicy, type PolicyResult } from '../tlog/quorum.ts'
import type { State } from './state.ts'
import { quorumOf } from './terms.ts'

/** Owner groups are groups of the policy under this prefix. */
const PREFIX = 'owner-'

/**
 * The policy by which a reader of this network judges checkpoints: a group for each of the validators' owner groups,
 * of which more than half of the witnesses must have cosigned, and a quorum of those as the terms have it.
 */
export function policyFrom(state: State, suite: Suite): Policy {
  const witnesses: PolicyWitness[] = []
  const owners = new Map<string, string[]>()
  for (const { member, purpose, key, revoked, until } of state.keys.values()) {
    const owner = state.members.get(member)!
    if (purpose !== 'witness' || revoked !== null || (until !== null && until <= state.time)) continue
    if (owner.status !== 'active' || !owner.roles.includes('validator')) continue
    if (witnesses.length >= POLICY_LIMITS.witnesses) break
    const vkey = parseVkey(key, suite)
    witnesses.push({ name: vkey.name, key: vkey, ...urlOf(owner.url, vkey.name) })
    const group = `${PREFIX}${owner.ownerGroup}`
    owners.set(group, [...(owners.get(group) ?? []), vkey.name])
  }
  const groups: PolicyGroup[] = [...owners].map(([name, members]) => ({
    name,
    threshold: Math.floor(members.length / 2) + 1,
    members,
  }))
  // A policy cannot ask for more owners than have witnesses; whether those are a quorum of all, `State.isQuorum` says.
  const threshold = Math.min(quorumOf(state.groups(['validator']).length, state.terms.quorum), groups.length)
  const quorum = threshold === 0 ? 'none' : 'owners'
  if (threshold > 0) groups.push({ name: quorum, threshold, members: groups.map(({ name }) => name) })
  return { logs: logsOf(state, suite), witnesses, groups, quorum }
}

/**
 * Judges a checkpoint by the policy of this state. Its quorum is one of all validators' owner groups, also of those
 * whose validators have no witness, which a tlog-policy cannot say. `also` counts as having cosigned: the reader's own
 * group, whose witness cannot before there is a copy. Throws as `evaluatePolicy` does.
 */
export function judgeOfficial(state: State, note: string, suite: Suite, also?: string): PolicyResult {
  const result = evaluatePolicy(policyFrom(state, suite), note, suite)
  if (result.outcome !== 'ok') return result
  const groups = result.owners.filter(({ reached }) => reached).map(({ name }) => name.slice(PREFIX.length))
  return { ...result, quorum: state.isQuorum(new Set(also === undefined ? groups : [...groups, also])) }
}

function logsOf(state: State, suite: Suite): PolicyLog[] {
  const logs: PolicyLog[] = []
  for (const { vkey, url, member } of state.hosts.values())
    logs.push({ key: parseVkey(vkey, suite), url: `${state.members.get(member)?.url ?? url}/registry` })
  for (const { vkey, node, forked } of state.logs.values()) {
    // One operator with very many logs must not make the policy unreadable for all.
    if (forked !== null || logs.length >= POLICY_LIMITS.logs) continue
    logs.push({
      key: parseVkey(vkey, suite),
      ...(state.nodes.get(node) && { url: `${state.nodes.get(node)!.url}/log` }),
    })
  }
  return logs
}

/** A member's witness `<member>/witness-<n>` answers at `<url>/witness/<n>`. */
function urlOf(base: string | null, name: string): { url?: string } {
  const number = /\/witness-([0-9]+)$/.exec(name)?.[1]
  return base === null || number === undefined ? {} : { url: `${base}/witness/${number}` }
}
