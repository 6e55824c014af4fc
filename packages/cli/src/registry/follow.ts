/** The trust that a network's registry comes to: replayed from a mirror, pinned by the digest of its charter. */
import { networkFromRegistry } from '@answerable/core/receipt'
import { formatPolicy, type Policy } from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import type { KeptRegistry } from '../trust-store.ts'
import { type RegistrySource, type Replayed, replayWhole } from './replay.ts'

export interface Followed {
  replayed: Replayed
  entries: Uint8Array[]
  policy: Policy
  text: string
  /** Keys that were revoked there, by vkey, with the POSIX second since when. */
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
  const { policy, revoked = {} } = networkFromRegistry('', replayed.state, nodeSuite)
  return { replayed, entries, policy, text: formatPolicy(policy), revoked }
}

/** Both, each key from the earlier moment on: the reader's own word is not taken back by a registry. */
export function mergeRevoked(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const merged: Record<string, number> = { ...a }
  for (const [vkey, since] of Object.entries(b)) merged[vkey] = Math.min(since, merged[vkey] ?? since)
  return merged
}
