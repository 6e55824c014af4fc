/** A tlog-policy for people: whose keys they are, by fingerprint, and the quorum in words. */
import { formatVkey, type VerifierKey, vkeyFingerprint } from '@answerable/core/note'
import { ownerGroups, type Policy, type PolicyWitness } from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import { bad } from './style.ts'
import { count, labelled, plain, wrap } from './text.ts'
import { time } from './time.ts'

/** Every key with its full fingerprint and whether it still counts, then the quorum. */
export function policyLines(policy: Policy, revoked: Readonly<Record<string, number>> = {}): string[] {
  const lines: string[] = []
  const add = (label: string, words: string, key: VerifierKey) => {
    lines.push(...keyLines(label, words, key))
    const since = revoked[formatVkey(key)]
    if (since !== undefined) lines.push(...labelled('', `revoked since ${time(since * 1000)}`).map(bad))
  }
  for (const { key } of policy.logs) add('log', key.name, key)
  for (const witness of policy.witnesses)
    add('witness', `${witness.name}, ${ownerOf(policy, witness)}`, witness.key)
  return [...lines, ...labelled('quorum', quorumWords(policy))]
}

export function keyLines(label: string, words: string, key: VerifierKey): string[] {
  return [...labelled(label, plain(words)), ...fingerprintLines(key)]
}

/** A fingerprint is 79 columns, so it stands in two lines of eight groups. */
export function fingerprintLines(key: VerifierKey, indent = 15): string[] {
  const fingerprint = vkeyFingerprint(key, nodeSuite)
  return [fingerprint.slice(0, 39), fingerprint.slice(40)].map(half => ' '.repeat(indent) + half)
}

function ownerOf(policy: Policy, { name }: PolicyWitness): string {
  const owner = ownerGroups(policy).find(({ witnesses }) => witnesses.some(witness => witness.name === name))
  if (owner === undefined) return 'which the quorum does not count'
  return owner.name === name ? 'an owner of its own' : `of ${owner.name}`
}

/** "2 of 3 witnesses of 1 owner (alice)", "2 of 3 owners: alice (1 of 2 witnesses), bob, carol". */
export function quorumWords(policy: Policy): string {
  if (policy.quorum === 'none')
    return 'none: no witness is asked for, so the operator alone could alter the log'
  const group = policy.groups.find(({ name }) => name === policy.quorum)
  if (group === undefined) return `1 witness, an owner of its own (${plain(policy.quorum)})`
  const { threshold, members } = group
  const only = members.length === 1 ? policy.groups.find(({ name }) => name === members[0]) : undefined
  if (only !== undefined) return `${memberWords(policy, only.name, true)} of 1 owner (${plain(only.name)})`
  const owners = members.map(name => {
    const inner = memberWords(policy, name, true)
    return inner === '' ? plain(name) : `${plain(name)} (${inner})`
  })
  return `${threshold} of ${count(members.length, 'owner')}: ${owners.join(', ')}`
}

/** What a group asks of its members; empty for a witness. */
function memberWords(policy: Policy, name: string, top: boolean): string {
  const group = policy.groups.find(one => one.name === name)
  if (group === undefined) return top ? '' : plain(name)
  const { threshold, members } = group
  const flat = members.every(member => policy.witnesses.some(witness => witness.name === member))
  const asked = `${threshold} of ${members.length}`
  if (flat) return `${asked} ${members.length === 1 ? 'witness' : 'witnesses'}`
  return `${asked} of ${members.map(member => `[${memberWords(policy, member, false)}]`).join(', ')}`
}

/** How many owners there are, and how many of them a quorum takes. */
export function ownersNeeded(policy: Policy): { needed: number; owners: number } {
  const owners = ownerGroups(policy).length
  const group = policy.groups.find(({ name }) => name === policy.quorum)
  return { needed: group?.threshold ?? owners, owners }
}

/** What the quorum does not show, in a sentence. */
export function limitLines(policy: Policy): string[] {
  const { needed, owners } = ownersNeeded(policy)
  if (needed > 1) return []
  return wrap(
    owners === 0
      ? 'Without witnesses nobody but the operator would notice a log that was altered or shown differently to others.'
      : 'One owner is enough for this quorum: it notices faults and accidents, and would not hold against that owner.',
    2,
  )
}
