/**
 * A member of a network in one process, on one origin: a gateway, witnesses with keys of their own, and its part in the
 * registry. A folder that belongs to no network founds one of its own, of which it is all: the same code, in which only
 * the sockets between the parts are missing.
 */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { AnswerableError, errorCode, fromHex, toHex } from '@answerable/core'
import { formatVkey, type NoteSigner, signerVkey, type VerifierKey } from '@answerable/core/note'
import { MAX_DOCUMENT_BYTES, type Receipt } from '@answerable/core/receipt'
import { evidencePolicyUnder, type State } from '@answerable/core/registry'
import type { RegistryPoint } from '@answerable/core/statement'
import type { Policy } from '@answerable/core/tlog'
import type { Hono } from 'hono'
import { type Attesters, attestersOf } from '../attester/index.ts'
import { accessesOf, auditApp, DisclosureService } from '../audit-service/index.ts'
import type { Backend } from '../gateway/backend.ts'
import { callPaths } from '../gateway/call-paths.ts'
import { Callers } from '../gateway/callers.ts'
import type { GatewayConfig } from '../gateway/config.ts'
import type { ServedModels } from '../gateway/kserve.ts'
import { logApp } from '../gateway/log-app.ts'
import { Metrics } from '../gateway/metrics.ts'
import { GatewayNode, listen, registryPoint, SWEEP_EVERY } from '../gateway/node.ts'
import { openRoutes } from '../gateway/opinions/routes.ts'
import { publicApp, VERSION } from '../gateway/public.ts'
import { createGateway } from '../gateway/server.ts'
import { sharedModelsApp } from '../gateway/shared-models.ts'
import { Upstream } from '../gateway/upstream.ts'
import type { SignedCheckpoint } from '../log/log.ts'
import { ModelFinder } from '../model-store/index.ts'
import { Documents } from '../record/documents.ts'
import { Lifecycle } from '../record/lifecycle.ts'
import { linkedIds, type Receipts } from '../record/receipts.ts'
import type { RecordStore } from '../record/store.ts'
import { Sealer } from '../registry/sealer.ts'
import { stateEvidence } from '../registry/state-evidence.ts'
import { type Disk, realDisk } from '../storage/disk.ts'
import { lockFolder } from '../storage/lock.ts'
import type { Fetch, ForkEvidence } from '../witness/index.ts'
import { forgetAddress, saveAddress } from './address.ts'
import { networkApp } from './admission.ts'
import { Attesting } from './attesting.ts'
import type { AuditHooks } from './audit-hooks.ts'
import { Auditing } from './auditing.ts'
import { isUntouched, needsBoot, openBoot } from './boot.ts'
import { demoApp, withDemoRoute } from './demo.ts'
import { type Exposed, listenExposed } from './exposed.ts'
import { addGauges } from './gauges.ts'
import { getFromAny, indexesFromAny, openOlder, signerOf, succeed } from './generations.ts'
import { type Identity, loadIdentity } from './identity.ts'
import { Invitations } from './invitations.ts'
import { openLocalModels } from './local-models.ts'
import { loadMembership, slugOf } from './membership.ts'
import { nodeApp } from './node-app.ts'
import { NODE_NAME, Operator } from './operator.ts'
import { nodeDescriptor, terms, trustOffer } from './papers.ts'
import { openMember } from './registry-member.ts'
import type { RegistryNode } from './registry-node.ts'
import { standing } from './standing.ts'
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
  older: readonly { store: RecordStore; lifecycle: Lifecycle }[]
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
    for (const witness of witnesses) witness.trust(signers.map(signerVkey))
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
  const openGateway = async (): Promise<GatewayNode> => {
    // This member's own witnesses need no registry to know its logs.
    for (const witness of witnesses) witness.trust(signers.map(signerVkey))
    const { official } = registry.mirror
    const point = official && registryPoint(official.origin, official)
    const generation = identity.generations.at(-1)!
    const signer = signers.at(-1)!
    return GatewayNode.open({
      disk,
      folder: join(folder, generation.folder),
      signer,
      // Receipts are fetched by others as well, so their addresses are those that others reach.
      config: { ...config, publicUrl: config.publicUrl ?? config.network?.publicUrl },
      witnesses: registry.witnessClients(),
      policy: registry.policy,
      documents,
      papers: await papersFor(signer.key),
      ...(point && { registry: point }),
      ephemeral: generation.vkey !== undefined,
      ...(generation.predecessor && { predecessor: generation.predecessor }),
      contested: () => contestedOf(registry.book.state, signer.key.name),
      ...(options.clock && { clock: options.clock }),
      onFork: ({ source }) =>
        report(
          `this log is not the one that ${source} saw; nothing more is answered until a restart looks into it`,
        ),
    })
  }
  const gateway = await openGateway().catch(async error => {
    if (!(error instanceof AnswerableError) || error.code !== 'rolled-back' || !isFork(error.cause))
      throw error
    report(`${error.message}, and fewer are here: this folder is an old copy. A new log continues for it`)
    await succeed(disk, folder, identity, error.cause)
    signers.push(await signerOf(disk, folder, identity.generations.at(-1)!))
    return openGateway()
  })
  running = gateway
  onPoint = point => gateway.setRegistry(point)
  onClose(() => gateway.close())
  if (gateway.startCheck === 'unreachable')
    report('no witness answered at start, so nobody could say whether this folder is an old copy')
  if (gateway.orphans > 0)
    report(`${gateway.orphans} streams were cut off by the last stop, and are on record as that`)
  const older = await openOlder(disk, folder, identity, documents)
  for (const one of older) onClose(() => one.close())
  const before = older.map(({ receipts, store }) => ({
    receipts,
    store,
    lifecycle: new Lifecycle(store, {
      retentionDays: config.retentionDays,
      samplingHours: config.samplingHours,
      clock: () => gateway.recorder.now(),
      contested: () => contestedOf(registry.book.state, store.log.origin),
      into: gateway.store.log,
    }),
  }))
  // Their content has its retention period as well.
  const sweepOlder = async () => {
    for (const { lifecycle } of before) await lifecycle.sweep()
  }
  const sweeps = setInterval(() => void sweepOlder().catch(() => undefined), SWEEP_EVERY)
  sweeps.unref()
  onClose(() => clearInterval(sweeps))

  const callers = new Callers(config.keys, config.operator)
  const metrics = new Metrics()
  addGauges(metrics, gateway)
  const currentSigner = gateway.options.signer
  const disclosures = new DisclosureService({
    member: membership.member,
    signer: () => {
      if (keyring.has('member')) return keyring.statements('member')
      throw new AnswerableError('unavailable', 'this process cannot sign for its member')
    },
    registry: () => ({ state: registry.book.state, size: registry.book.size }),
    current: gateway.store,
    older: older.map(({ store }) => store),
    now: () => gateway.recorder.now(),
    ...(options.audits?.opens && { opens: options.audits.opens }),
    ...(options.clock && { clock: options.clock }),
    report: fault,
  })
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
  const mounts: Record<string, Hono> = {
    '/log': logApp(() => gateway.store.log, currentSigner.key),
    ...registry.apps(),
    '/audit': auditApp(disclosures),
    ...auditing.apps(),
    '/network': networkApp({
      book: registry.book,
      submitter: registry.submitter,
      keyring,
      network: registry.network,
      invitations: new Invitations(disk, folder),
      ...(options.clock && { clock: options.clock }),
    }),
    '/node': nodeApp({
      book: registry.book,
      operator,
      member: membership.member,
      url: () => address,
      origin: currentSigner.key.name,
      attesting,
    }),
  }
  for (const { number, log, key: logKey } of older) mounts[`/logs/${number}`] = logApp(() => log, logKey)
  if (demo) mounts['/demo'] = demoApp()
  mounts['/models'] = sharedModelsApp(own.signed.filter(({ share }) => share))
  for (const { path, app } of witnesses) mounts[path] = app
  if (options.page !== undefined) mounts['/'] = options.page
  const callProtocol = callPaths(config.passThrough)
  const sealer = new Sealer(registry.book, registry.documents)
  const app = publicApp({
    receipts: { get: (receiptId, secret) => getFromAny([gateway, ...older], receiptId, secret) },
    seal: receipt => sealer.seal(receipt),
    async accesses(receiptId, secret) {
      const found = await indexesFromAny([gateway, ...older], receiptId, secret)
      return { id: receiptId, accesses: await accessesOf(gateway.store, found) }
    },
    async erase(receiptId, secret) {
      // Opening it shows that the secret is the holder's.
      const { receipt, lifecycle } = await openIn([gateway, ...before], receiptId, secret)
      // The same was asked of each; their content goes first, since it is the record that names them.
      for (const linked of linkedIds(receipt)) await lifecycle.eraseId(linked)
      await lifecycle.eraseId(receiptId)
    },
    documents,
    callProtocol,
    backends,
    models,
    routes,
    metrics,
    mounts,
    trust: () => trustOffer(nameOf(registry, config.operator), registry.policy, registry.network),
    status: () =>
      standing({ id, membership, config, gateway, registry, models, backends, routes, attesting }),
    writable: () => ready && gateway.store.log.writable,
    report: fault,
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
    older: before,
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

/** Indexes of a log's records that are evidence in something that is open. */
function contestedOf(state: State, log: string): number[] {
  const disputes = [...state.openOf('dispute')].map(digest => state.disputes.get(digest)!)
  const challenges = [...state.openOf('challenge')].map(digest => state.challenges.get(digest)!)
  return [...disputes, ...challenges].filter(one => one.log === log).map(({ index }) => index)
}

/** A record opened by its secret, with what can erase it: in whichever log it is. */
async function openIn(
  logs: readonly { receipts: Receipts; lifecycle: Lifecycle }[],
  id: string,
  secret: string,
): Promise<{ receipt: Receipt; lifecycle: Lifecycle }> {
  let missing: unknown
  for (const { receipts, lifecycle } of logs) {
    try {
      return { receipt: await receipts.get(id, secret), lifecycle }
    } catch (error) {
      if (errorCode(error) !== 'not-found') throw error
      missing ??= error
    }
  }
  throw missing
}

/** Logs whose keys are gone, each with the last checkpoint that the next one is bound to. */
function endedLogs({ generations }: Identity): { origin: string; witnessed: SignedCheckpoint }[] {
  return generations.slice(0, -1).flatMap(({ origin, vkey }, i) => {
    const bound = generations[i + 1]!.predecessor
    if (vkey === undefined || bound?.origin !== origin) return []
    const { size, root, note } = bound
    return [{ origin, witnessed: { size, root: fromHex(root), note } }]
  })
}

/** What a reader is offered to call the network: the name of a common one, or the owner's where it is theirs alone. */
function nameOf({ book }: RegistryNode, operator: string): string {
  const { members, name } = book.state
  return slugOf(members.size > 1 ? name : `${operator}-${name}`)
}

/** The address that the configuration gives this member. */
function statedUrl({ network, publicUrl }: GatewayConfig): string | undefined {
  return network === undefined ? publicUrl?.replace(/\/+$/, '') : network.publicUrl
}

function isFork(cause: unknown): cause is ForkEvidence {
  return cause !== null && typeof cause === 'object' && 'note' in cause && 'size' in cause
}

/** Before it listens: where it will, unless the port is any. */
function listeningUrl({ network, host, port }: GatewayConfig): string {
  return `http://${network?.host ?? host}:${network?.port ?? port}`
}
