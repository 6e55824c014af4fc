/** Records of a registry, in words that several commands share. */
import { CHAMBERS, type Chamber, type State } from '@answerable/core/registry'
import { count, plain } from '../output/text.ts'
import { duration } from '../output/time.ts'
import type { Replayed } from './replay.ts'

type Approvals = Record<Chamber, readonly string[]>

/** `providers 1 of 2 (ada), watchers 0 of 1`: whose approval there is, and how many owners it takes. */
export function approvalWords(state: State, approvals: Approvals): string {
  return (Object.keys(CHAMBERS) as Chamber[])
    .map(chamber => {
      const groups = state.groups(CHAMBERS[chamber])
      if (groups.length === 0) return `${chamber}: nobody sits there, so none is needed`
      const given = approvals[chamber].filter(group => groups.includes(group))
      const names = given.length > 0 ? ` (${given.map(plain).join(', ')})` : ''
      return `${chamber} ${given.length}${names} of ${Math.floor(groups.length / 2) + 1} needed`
    })
    .join('; ')
}

/** Who may still approve: owner groups that sit in a chamber which has too few approvals. */
export function whoMayApprove(state: State, approvals: Approvals): string[] {
  const missing = new Set<string>()
  for (const chamber of Object.keys(CHAMBERS) as Chamber[]) {
    const groups = state.groups(CHAMBERS[chamber])
    const given = groups.filter(group => approvals[chamber].includes(group))
    if (groups.length === 0 || given.length * 2 > groups.length) continue
    for (const group of groups) if (!approvals[chamber].includes(group)) missing.add(group)
  }
  return [...missing]
}

/** A period as people say it: `0 s`, `60 s`, `24 h`, `7 days`. */
export function period(seconds: number): string {
  if (seconds > 0 && seconds % 86_400 === 0 && seconds > 86_400) return `${seconds / 86_400} days`
  if (seconds > 0 && seconds % 3600 === 0) return `${seconds / 3600} h`
  return duration(seconds)
}

/** `2 of 3 owners (ada, bo)`, of a checkpoint's cosignatures. */
export function ownerWords({ owners }: Replayed): string {
  const reached = owners.filter(one => one.reached).map(({ name }) => plain(name).replace(/^owner-/, ''))
  const missing = owners.filter(one => !one.reached).map(({ name }) => plain(name).replace(/^owner-/, ''))
  const list = reached.length > 0 ? `: ${reached.join(', ')}` : ''
  const without = missing.length > 0 ? `; not: ${missing.join(', ')}` : ''
  return `${reached.length} of ${count(owners.length, 'owner')} cosigned${list}${without}`
}

/** What to say of a registry that too few owners have cosigned; nothing where a quorum has. */
export function quorumWords({ faults }: Replayed): string[] {
  return faults
    .filter(({ kind }) => kind === 'quorum')
    .map(({ message }) => `Not settled: ${message}. What is shown is the host’s word until they do.`)
}
