/** What the reader trusts on this page: tlog-policies that they granted, kept in their browser until withdrawn. */
import { formatVkey, type VerifierKey, vkeyFingerprint } from '@answerable/core/note'
import { portableSuite as suite } from '@answerable/core/portable'
import { ownerGroups, type Policy, parsePolicy } from '@answerable/core/tlog'
import type { TrustOffer } from './api.ts'

export interface Granted extends TrustOffer {
  parsed: Policy
}

/** Throws `bad-policy` and `bad-vkey`. */
export function readOffer({ name, policy }: TrustOffer): Granted {
  return { name, policy, parsed: parsePolicy(policy, suite) }
}

export interface KeyLine {
  name: string
  fingerprint: string
}

export interface OfferedKeys {
  logs: KeyLine[]
  owners: { name: string; witnesses: KeyLine[]; threshold: number }[]
  /** How many owners must have cosigned; 0 where no witness is asked for. */
  ownersNeeded: number
}

/** The keys of a policy as a person compares them. */
export function keysOf(policy: Policy): OfferedKeys {
  const line = (name: string, key: VerifierKey): KeyLine => ({
    name,
    fingerprint: vkeyFingerprint(key, suite),
  })
  const quorum = policy.groups.find(({ name }) => name === policy.quorum)
  return {
    logs: policy.logs.map(({ key }) => line(key.name, key)),
    owners: ownerGroups(policy).map(({ name, witnesses }) => ({
      name: name.replace(/^owner-/, ''),
      witnesses: witnesses.map(witness => line(witness.name, witness.key)),
      threshold: policy.groups.find(group => group.name === name)?.threshold ?? 1,
    })),
    ownersNeeded: policy.quorum === 'none' ? 0 : (quorum?.threshold ?? 1),
  }
}

/** Whether two policies trust the same keys under the same rule, wherever their servers are. */
export function sameTrust(a: Policy, b: Policy): boolean {
  return essence(a) === essence(b)
}

function essence({ logs, witnesses, groups, quorum }: Policy): string {
  const logKeys = logs.map(({ key }) => formatVkey(key)).sort()
  return JSON.stringify([logKeys, witnesses.map(({ name, key }) => [name, formatVkey(key)]), groups, quorum])
}

const STORE = 'answerable.trust.v1'

/** What was granted before. What cannot be read is not trusted. */
export function loadTrust(): Granted[] {
  try {
    const stored = JSON.parse(localStorage.getItem(STORE) ?? '[]') as TrustOffer[]
    return stored.map(({ name, policy }) => readOffer({ name: String(name), policy: String(policy) }))
  } catch {
    return []
  }
}

/** False where the browser keeps nothing: then the grant lasts until the page is left. */
export function saveTrust(granted: readonly Granted[]): boolean {
  try {
    const plain = granted.map(({ name, policy }) => ({ name, policy }))
    if (plain.length === 0) localStorage.removeItem(STORE)
    else localStorage.setItem(STORE, JSON.stringify(plain))
    return true
  } catch {
    return false
  }
}
