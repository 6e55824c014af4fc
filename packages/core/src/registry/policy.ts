/** The tlog-policy (C2SP) that a registry's state comes to: its logs, and its validators' witnesses by owner group. */
import { parseVkey } from '../note/vkey.ts'
import type { Suite } from '../suite.ts'
import type { Policy, PolicyGroup, PolicyLog, PolicyWitness } from '../tlog/policy.ts'
import type { State } from './state.ts'
import { quorumOf } from './terms.ts'

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
    const vkey = parseVkey(key, suite)
    witnesses.push({ name: vkey.name, key: vkey, ...urlOf(owner.url, vkey.name) })
    const group = `owner-${owner.ownerGroup}`
    owners.set(group, [...(owners.get(group) ?? []), vkey.name])
  }
  const groups: PolicyGroup[] = [...owners].map(([name, members]) => ({
    name,
    threshold: Math.floor(members.length / 2) + 1,
    members,
  }))
  // Owners whose validators have no witness count as well: a quorum is one of all.
  const all = state.groups(['validator']).length
  const threshold = quorumOf(all, state.terms.quorum)
  const reachable = threshold <= groups.length
  if (reachable) groups.push({ name: 'owners', threshold, members: groups.map(({ name }) => name) })
  return { logs: logsOf(state, suite), witnesses, groups, quorum: reachable ? 'owners' : 'none' }
}

function logsOf(state: State, suite: Suite): PolicyLog[] {
  const logs: PolicyLog[] = []
  for (const { vkey, url, member } of state.hosts.values())
    logs.push({ key: parseVkey(vkey, suite), url: `${state.members.get(member)?.url ?? url}/registry` })
  for (const { vkey, node, forked } of state.logs.values()) {
    if (forked !== null) continue
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
