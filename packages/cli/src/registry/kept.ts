/** Trust with the registries that were kept: replayed again here, offline, so that members and models have names. */
import { AnswerableError, equal } from '@answerable/core'
import type { Trust, TrustedNetwork } from '@answerable/core/receipt'
import { Registry } from '@answerable/core/registry'
import { nodeSuite } from '@answerable/node/log'
import { Progress } from '../output/progress.ts'
import { asTyped } from '../program.ts'
import type { TrustStore } from '../trust-store.ts'

/** With the registry of each network that has this log; the others are of no use for it. Throws `corrupt`. */
export function trustFor(store: TrustStore, origin: string): Trust {
  const trust = store.trust()
  return {
    ...trust,
    networks: trust.networks.map(network =>
      network.policy.logs.some(({ key }) => key.name === origin) ? withRegistry(store, network) : network,
    ),
  }
}

function withRegistry(store: TrustStore, network: TrustedNetwork): TrustedNetwork {
  const kept = store.kept(network.name)
  if (kept === undefined) return network
  const registry = new Registry(nodeSuite)
  const progress = new Progress(kept.size, 'entries')
  for (const entry of store.keptEntries(network.name)) {
    registry.append(entry)
    progress.update(registry.size)
  }
  progress.end()
  if (!equal(registry.root(), kept.root))
    throw new AnswerableError(
      'corrupt',
      `${kept.where}: not the entries of its checkpoint; run: ${asTyped(`trust update ${network.name}`)}`,
    )
  return { ...network, registry: registry.state }
}
