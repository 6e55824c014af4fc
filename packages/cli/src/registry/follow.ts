/** The trust that a network's registry comes to: replayed from a mirror, pinned by the digest of its charter. */
import { policyFrom, type State } from '@answerable/core/registry'
import { formatPolicy, type Policy } from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import type { KeptRegistry } from '../trust-store.ts'
import { type RegistrySource, type Replayed, replayWhole } from './replay.ts'

export interface Followed {
  replayed: Replayed
  entries: Uint8Array[]
  policy: Policy
  text: string
  /** Log keys that were revoked, by vkey, with the POSIX second since when. */
  revoked: Record<string, number>
}

/**
 * Throws as `replayWhole` does: also where no quorum cosigned, and where it does not continue what was kept. Whoever
 * holds the keys that a charter began with could otherwise write another history from there.
 */
export async function followRegistry(
  source: RegistrySource,
  network: string,
  kept?: KeptRegistry,
): Promise<Followed> {
  let entries: Uint8Array[] = []
  const replayed = await replayWhole(source, {
    network,
    quorum: true,
    ...(kept && { seen: [kept] }),
    onEntry: (entry, { index }) => {
      if (index === 0) entries = []
      entries.push(entry)
    },
  })
  const policy = policyFrom(replayed.state, nodeSuite)
  return { replayed, entries, policy, text: formatPolicy(policy), revoked: revokedIn(replayed.state) }
}

function revokedIn(state: State): Record<string, number> {
  const revoked: Record<string, number> = {}
  for (const { purpose, key, revoked: end } of state.keys.values())
    if ((purpose === 'log' || purpose === 'host') && end !== null) revoked[key] = Math.floor(end.since / 1000)
  return revoked
}
