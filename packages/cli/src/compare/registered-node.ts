/** The address of a gateway that a trusted network has in its registry, as it was last replayed here. */
import { AnswerableError, equal } from '@answerable/core'
import { Registry } from '@answerable/core/registry'
import { nodeSuite } from '@answerable/node/log'
import { asTyped } from '../program.ts'
import type { TrustStore } from '../trust-store.ts'

/** Throws `not-found`, `corrupt`, and `bad-request` where several networks have one of this name. */
export function registeredNode(store: TrustStore, node: string, network: string | undefined): string {
  const names = network === undefined ? store.names() : [store.known(network).name]
  const found = names.flatMap(name => {
    const url = nodeOf(store, name, node)
    return url === undefined ? [] : [{ name, url }]
  })
  const urls = new Set(found.map(({ url }) => url))
  if (urls.size > 1)
    throw new AnswerableError(
      'bad-request',
      `${node} is in several networks: ${found.map(({ name }) => name).join(', ')}; say which with --network`,
    )
  const [url] = urls
  if (url !== undefined) return url
  const where = names.length === 0 ? 'no network is trusted' : `not in the registry of ${names.join(', ')}`
  throw new AnswerableError(
    'not-found',
    `${node}: ${where}; a newer registry is fetched by ${asTyped('trust update NAME')}`,
  )
}

function nodeOf(store: TrustStore, name: string, node: string): string | undefined {
  const kept = store.kept(name)
  if (kept === undefined) return undefined
  const registry = new Registry(nodeSuite)
  for (const entry of store.keptEntries(name)) registry.append(entry)
  if (!equal(registry.root(), kept.root))
    throw new AnswerableError(
      'corrupt',
      `${kept.where}: not the entries of its checkpoint; run: ${asTyped(`trust update ${name}`)}`,
    )
  return registry.state.nodes.get(node)?.url
}
