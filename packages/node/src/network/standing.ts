/** How things stand in a member's process, for its owner: what `/status` answers. */
import { ownerGroups } from '@answerable/core/tlog'
import type { Backend } from '../gateway/backend.ts'
import type { GatewayConfig } from '../gateway/config.ts'
import type { ServedModels } from '../gateway/kserve.ts'
import type { GatewayNode } from '../gateway/node.ts'
import type { Routes } from '../gateway/opinions/routes.ts'
import { VERSION } from '../gateway/public.ts'
import { type Attesting, NO_EVIDENCE } from './attesting.ts'
import type { Membership } from './membership.ts'
import type { RegistryNode } from './registry-node.ts'

export interface StandingOptions {
  id: string
  membership: Membership
  config: GatewayConfig
  gateway: GatewayNode
  registry: RegistryNode
  models: ServedModels
  backends: readonly Backend[]
  routes: Routes
  attesting: Attesting | undefined
}

export function standing(options: StandingOptions): Record<string, unknown> {
  const { id, membership, config, gateway, registry, models, backends, routes, attesting } = options
  const { log } = gateway.store
  return {
    network: id,
    owner: config.operator,
    version: VERSION,
    log: {
      origin: gateway.options.signer.key.name,
      signed: log.signed.size,
      published: log.published.size,
      witnessed: gateway.publisher.witnessed?.size ?? 0,
      writable: log.writable,
      halted: log.halted?.message ?? null,
    },
    registry: {
      origin: registry.book.state.host?.origin ?? null,
      size: registry.book.size,
      witnessed: registry.mirror.official?.size ?? 0,
      hosting: registry.hosting,
    },
    member: membership.member,
    validator: registry.validator.status,
    witnesses: gateway.publisher.witnesses,
    owners: ownerGroups(registry.policy).map(({ name, witnesses }) => ({
      name: name.replace(/^owner-/, ''),
      witnesses: witnesses.map(one => one.name),
    })),
    evidence: attesting?.status ?? { statement: NO_EVIDENCE },
    models: [...models.keys()],
    opinions: [...routes.values()].map(({ name, opinions, least, onDissent }) => ({
      name,
      asks: opinions.map(({ model, operator }) =>
        operator === undefined ? model : `${model} at ${operator}`,
      ),
      least,
      onDissent,
    })),
    upstreams: backends.map(({ name, models: names }) => ({ name, models: names })),
  }
}
