/**
 * A member of a network in one process, on one origin: a gateway, witnesses with keys of their own, and its part in the
 * registry. A folder that belongs to no network founds one of its own, of which it is all: the same code, in which only
 * the sockets between the parts are missing.
 */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { errorCode, toHex } from '@answerable/core'
import { formatVkey, type NoteSigner, type VerifierKey } from '@answerable/core/note'
import { MAX_DOCUMENT_BYTES } from '@answerable/core/receipt'
import { evidencePolicyUnder } from '@answerable/core/registry'
import type { RegistryPoint } from '@answerable/core/statement'
import type { Policy } from '@answerable/core/tlog'
import type { Hono } from 'hono'
import { type Attesters, attestersOf } from '../attester/index.ts'
import type { Backend } from '../gateway/backend.ts'
import { callPaths } from '../gateway/call-paths.ts'
import { Callers } from '../gateway/callers.ts'
import type { GatewayConfig } from '../gateway/config.ts'
import type { ServedModels } from '../gateway/kserve.ts'
import { Metrics } from '../gateway/metrics.ts'
import { type GatewayNode, listen, registryPoint } from '../gateway/node.ts'
import { openRoutes } from '../gateway/opinions/routes.ts'
import { VERSION } from '../gateway/public.ts'
import { createGateway } from '../gateway/server.ts'
import { Upstream } from '../gateway/upstream.ts'
import { ModelFinder } from '../model-store/index.ts'
import { Documents } from '../record/documents.ts'
import { stateEvidence } from '../registry/state-evidence.ts'
import { type Disk, realDisk } from '../storage/disk.ts'
import { lockFolder } from '../storage/lock.ts'
import type { Fetch } from '../witness/index.ts'
import { forgetAddress, listeningUrl, saveAddress, statedUrl } from './address.ts'
import { Attesting } from './attesting.ts'
import type { AuditHooks } from './audit-hooks.ts'
import { Auditing } from './auditing.ts'
import { isUntouched, needsBoot, openBoot } from './boot.ts'
import { withDemoRoute } from './demo.ts'
import { type Exposed, listenExposed } from './exposed.ts'
import { addGauges } from './gauges.ts'
import { signerOf } from './generations.ts'
import { loadIdentity } from './identity.ts'
import { openLocalModels } from './local-models.ts'
import { type EarlierLog, endedLogs, openEarlier, openLog, trustOwn } from './logs.ts'
import { memberApp } from './member-app.ts'
import { loadMembership } from './membership.ts'
import { NODE_NAME, Operator } from './operator.ts'
import { nodeDescriptor, terms } from './papers.ts'
import { openMember } from './registry-member.ts'
import type { RegistryNode } from './registry-node.ts'
import type { LocalWitness } from './witnesses.ts'

/** How long calls wait at start for a node's evidence. */
const FIRST_EVIDENCE_MS = 60_000

export interface LocalOptions {
  /** The data folder. */
  folder: string
  config: GatewayConfig
  environment?: Record<string, string | undefined>
  disk?: Disk
  /** The page, where it is built. */
  page?: Hono
  /** Backends besides the configured upstreams. */
  backends?: readonly Backend[]
  /** Stands before the models that run here, so that something else can answer in their place. */
  serve?: (models: ServedModels) => ServedModels
  /** Stands before what audits compute here. */
  audits?: AuditHooks
  /** Whether the demo's models are made and served; true by default. */
  demo?: boolean
  /** Stands between the logs and a witness, by its name, so that one can be cut off. */
  reach?: (witness: string, send: Fetch) => Fetch
  /** Stands before every request to another member. */
  send?: Fetch
  /** In place of the attesters that the configuration names, and before every request to a vendor. */
  attesters?: Attesters
  vendors?: Fetch
  clock?: () => number
  /** Told of what the owner should see: faults, forks, rollbacks. */
  report?: (event: string, error?: unknown) => void
}

export interface LocalNetwork {
  url: string
  network: string
  owner: string
  witnesses: { name: string; url: string }[]
  models: { name: string; version: string }[]
  /** Names under which several models are asked. */
  routes: { name: string; asks: string[] }[]
  upstreams: { name: string; models: readonly string[] }[]
  dataFolder: string
  /** The tlog-policy offered to readers. */
  policy: Policy
  gateway: GatewayNode
  /** Logs before the gateway's, which take no more records; their content is erased by statements in the gateway's. */
  older: readonly EarlierLog[]
  registry: RegistryNode
  auditing: Auditing
  /** Where the node has hardware evidence. */
  attesting: Attesting | undefined
  member: string
  /** Where other members and readers reach this process, as the registry is told. */
  publicUrl: string
  /** Where the listener for them is, where it is another one. */
  exposed: string | undefined
  local: readonly LocalWitness[]
  close(): Promise<void>
}

export async function startLocal(options: LocalOptions): Promise<LocalNetwork> {
  const { folder, disk = realDisk } = options
  await disk.list(folder)
  const unlock = lockFolder(folder)
  const closers: (() => unknown)[] = [unlock]
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    return await start({ ...options, disk }, closer => closers.push(closer), close)
  } catch (error) {
    await close()
    throw error
  }
}

async function start(
  options: LocalOptions & { disk: Disk },
  onClose: (closer: () => unknown) => void,
  close: () => Promise<void>,
): Promise<LocalNetwork> {
  const { folder, config, disk, environment = process.env, report = () => undefined } = options
  const identity = await loadIdentity(disk, folder, (await loadMembership(disk, folder))?.member)
  const { id } = identity
  const boots = needsBoot(identity, config.evidence !== undefined)
  const signers: NoteSigner[] = []
  if (!boots || !(await isUntouched(disk, folder, identity)))
    for (const generation of identity.generations) signers.push(await signerOf(disk, folder, generation))
  const fault = (error: unknown) => report('a fault of ours', error)
  const documents = await Documents.open(disk, join(folder, 'documents'))
  // Set below: the registry begins before there is a gateway to tell.
  let onPoint: ((point: RegistryPoint) => void) | undefined
  const { membership, keyring, registry, witnesses } = await openMember(
    { ...options, id, url: statedUrl(config) ?? listeningUrl(config), report },
    async official => {
      const root = toHex(official.root)
      await documents.putCheckpoint(root, official.size, official.note)
      onPoint?.(registryPoint(official.origin, official))
    },
  )
  onClose(() => registry.close())

  const demo = options.demo ?? true
  const own = await openLocalModels(config, {
    ...(demo && { demo: join(folder, 'models') }),
    ...(options.clock && { clock: options.clock }),
    report: fault,
  })
  const models = options.serve?.(own.models) ?? own.models
  // Own models in front: a pattern of an upstream's must not take a name away from the model that has it.
  const upstreams = config.upstreams.map(upstream => new Upstream(upstream, environment))
  const backends: Backend[] = [...(options.backends ?? []), ...own.backends, ...upstreams]
  for (const backend of backends) onClose(() => backend.close())
  const opinions = demo ? withDemoRoute(config.opinions) : config.opinions
  const routes = openRoutes(opinions, { models, backends, environment })

  // Receipts bring the signature of the model that answered, where it is small enough to travel.
  for (const { bytes } of own.signed) if (bytes.length <= MAX_DOCUMENT_BYTES) await documents.put(bytes)
  const termsText = terms(config)
  const descriptors = new Map<string, string>()
  const papersFor = async (key: VerifierKey) => {
    const node = await documents.put(Buffer.from(nodeDescriptor(key, config, own.descriptions, VERSION)))
    descriptors.set(key.name, node)
    return { node, charter: registry.network, terms: await documents.put(Buffer.from(termsText)) }
  }
  let address = statedUrl(config)
  let running: GatewayNode | undefined
  const operator = new Operator({
    registry,
    keyring,
    url: () => address,
    node: () => {
      const signer = signers.at(-1)!
      const descriptor = descriptors.get(signer.key.name)
      const digests = own.descriptions.map(({ manifest, signed }) => signed?.manifest ?? manifest)
      return descriptor === undefined ? undefined : { signer, descriptor, models: [...new Set(digests)] }
    },
    witnessed: () => running?.publisher.witnessed,
    older: () => endedLogs(identity),
    consistency: (oldSize, size) =>
      oldSize === size ? Promise.resolve([]) : running!.store.log.consistencyProof(oldSize, size),
  })
  await registry.begin()
  const charter = await registry.charter()
  if (charter !== undefined) await documents.put(charter)

  if (boots) {
    trustOwn(witnesses, signers)
    await openBoot({
      disk,
      folder,
      identity,
      signers,
      ephemeral: config.evidence !== undefined,
      witnesses: registry.witnessClients(),
      policy: registry.policy,
      report,
    })
  }
  const gateway = await openLog({
    ...options,
    identity,
    signers,
    registry,
    witnesses,
    documents,
    papers: papersFor,
    report,
  })
  running = gateway
  onPoint = point => gateway.setRegistry(point)
  onClose(() => gateway.close())
  if (gateway.startCheck === 'unreachable')
    report('no witness answered at start, so nobody could say whether this folder is an old copy')
  if (gateway.orphans > 0)
    report(`${gateway.orphans} streams were cut off by the last stop, and are on record as that`)
  const older = await openEarlier({ ...options, identity, documents, registry, gateway, onClose })

  const callers = new Callers(config.keys, config.operator)
  const metrics = new Metrics()
  addGauges(metrics, gateway)
  const currentSigner = gateway.options.signer
  const auditing = new Auditing({
    disk,
    folder,
    registry,
    keyring,
    gateway,
    older: older.map(({ store }) => store),
    models: new ModelFinder(
      [...config.localModels.map(({ file }) => file), ...own.demoFiles, ...config.audits.models],
      config.audits.stores,
    ),
    ...(options.send && { send: options.send }),
    ...(options.clock && { clock: options.clock }),
    ...(options.audits && { hooks: options.audits }),
    report,
  })
  onClose(() => auditing.close())
  const attesting =
    config.evidence &&
    new Attesting({
      attesters: options.attesters ?? attestersOf(config.evidence),
      services: config.evidence.endorsements,
      log: { origin: currentSigner.key.name, vkey: formatVkey(currentSigner.key) },
      policy: () => evidencePolicyUnder(registry.book.state.terms),
      state: own => stateEvidence(registry, { node: NODE_NAME, ...own }, keyring.statements('member')),
      use: digest => gateway.setEvidence(digest),
      ...(options.vendors && { fetch: options.vendors }),
      ...(options.clock && { clock: options.clock }),
      report,
    })
  if (attesting !== undefined) onClose(() => attesting.close())
  const callProtocol = callPaths(config.passThrough)
  const app = memberApp({
    ...options,
    id,
    membership,
    keyring,
    registry,
    operator,
    gateway,
    older,
    auditing,
    attesting,
    witnesses,
    own,
    documents,
    backends,
    models,
    routes,
    metrics,
    callProtocol,
    demo,
    address: () => address,
    ready: () => ready,
    report,
  })
  // A call before the node is stated would have a record that names a registry that does not know it.
  let ready = false
  const server = createGateway({
    starting: () => !ready,
    context: { ...gateway.callContext(fault), opinions: outcome => metrics.opinions(outcome) },
    callers,
    backends,
    models,
    routes,
    metrics,
    callProtocol,
    fetch: request => app.fetch(request),
    report: fault,
  })
  let exposed: Exposed | undefined
  if (config.network !== undefined) {
    const second = await listenExposed(request => app.fetch(request), config.network)
    onClose(() => second.close())
    exposed = second
  }
  const url = await listen(server, config.host, config.port)
  address ??= exposed?.url ?? url
  await saveAddress(disk, folder, { url, publicUrl: address })
  onClose(() => forgetAddress(disk, folder))
  // The log is stated before it is shown to anyone, so that the first record is already one that witnesses take.
  await operator.reconcile()
  if (registry.hosting) await registry.publishNow()
  // The first record names the evidence already, unless the hardware or its vendors are slow: then the first ones name none.
  if (attesting !== undefined)
    await Promise.race([attesting.start(), wait(FIRST_EVIDENCE_MS, undefined, { ref: false })])
  ready = true
  let told = ''
  let registered = registry.book.state.logs.has(currentSigner.key.name)
  registry.start(async () => {
    await operator.reconcile()
    const witnessesNow = registry.witnessClients()
    const known = registry.book.state.logs.has(currentSigner.key.name)
    const { groups, quorum } = registry.policy
    const now = JSON.stringify([witnessesNow.map(({ vkey, url: at }) => [vkey, at]), groups, quorum, known])
    // Witnesses that did not know this log yet are asked again at once.
    if (now !== told) gateway.publisher.configure(witnessesNow, registry.policy)
    told = now
    // Before it was admitted, nobody took its evidence.
    if (known && !registered && attesting?.status.evidence === null)
      void attesting.attest().catch(() => undefined)
    registered = known
    await auditing.perform().catch(error => {
      // The host is away, or another has said it before: the next round looks again.
      if (errorCode(error) === 'internal') throw error
    })
  })
  onClose(() => registry.stop())
  onClose(
    () =>
      new Promise<void>(resolve => {
        // One that was busy at first is kept alive after its answer, and peers would go on asking over it.
        const idle = setInterval(() => server.closeIdleConnections(), 50)
        const all = setTimeout(() => server.closeAllConnections(), 5000)
        server.close(() => {
          clearInterval(idle)
          clearTimeout(all)
          resolve()
        })
        server.closeIdleConnections()
      }),
  )
  return {
    url,
    network: id,
    owner: config.operator,
    witnesses: witnesses.map(({ name, path }) => ({ name, url: url + path })),
    models: [...models.values()].map(({ description: { name, version } }) => ({ name, version })),
    routes: [...routes.values()].map(({ name, opinions: asked }) => ({
      name,
      asks: asked.map(({ model }) => model),
    })),
    upstreams: backends.map(({ name, models: names }) => ({ name, models: names })),
    dataFolder: folder,
    get policy() {
      return registry.policy
    },
    gateway,
    older,
    registry,
    auditing,
    attesting,
    member: membership.member,
    publicUrl: address,
    exposed: exposed?.url,
    local: witnesses,
    close,
  }
}
