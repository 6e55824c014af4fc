/**
 * Whom the reader trusts: for each network a tlog-policy (C2SP), which names its logs, its witnesses by owner group,
 * and the quorum. It is the reader's own; nothing in a receipt adds to it.
 */

import type { EvidencePolicy } from '../evidence/index.ts'
import { parsePublisherKey } from '../model/publisher-key.ts'
import type { TrustedPublisher } from '../model/signed-model.ts'
import { policyFrom } from '../registry/policy.ts'
import type { State } from '../registry/state.ts'
import type { Suite } from '../suite.ts'
import { type Policy, parsePolicy } from '../tlog/policy.ts'

export interface TrustedNetwork {
  /** What the reader calls it. */
  name: string
  policy: Policy
  /** Keys of logs and witnesses that were revoked, by vkey, with the POSIX second since when. */
  revoked?: Record<string, number>
  /** The network's registry as the reader replayed it, where the reader has a copy. */
  registry?: State
}

export interface Trust {
  networks: readonly TrustedNetwork[]
  /** Whose signatures on models count; nobody's where it is left out. */
  publishers?: readonly TrustedPublisher[]
  /** What the reader asks of evidence, and from which roots; else what the charter asks, from the vendors' own roots. */
  evidence?: EvidencePolicy
}

export const NO_TRUST: Trust = { networks: [] }

/** Trust from tlog-policy texts. Throws `bad-policy` and `bad-vkey`. */
export function trustFrom(texts: readonly { name: string; policy: string }[], suite: Suite): Trust {
  return { networks: texts.map(({ name, policy }) => ({ name, policy: parsePolicy(policy, suite) })) }
}

/**
 * A network as its registry has it: the reader replayed the entries, under a charter whose digest they trust. Policy
 * and revocations are those of the state.
 */
export function networkFromRegistry(name: string, registry: State, suite: Suite): TrustedNetwork {
  const revoked: Record<string, number> = {}
  for (const { key, revoked: gone } of registry.keys.values())
    if (gone !== null) revoked[key] = Math.floor(gone.since / 1000)
  return { name, policy: policyFrom(registry, suite), revoked, registry }
}

/** Publishers from their keys in PEM. Throws `bad-key`. */
export function publishersFrom(
  texts: readonly { name: string; key: string }[],
  suite: Suite,
): TrustedPublisher[] {
  return texts.map(({ name, key }) => ({ name, key: parsePublisherKey(key, suite) }))
}
