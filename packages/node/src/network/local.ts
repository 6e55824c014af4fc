/**
 * A network of one owner in one process, on one origin: a gateway, three witnesses with keys of their own, and the
 * registry's log. It is the same code that separate machines run; only the sockets between the parts are missing.
 */
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { formatVkey, type NoteSigner, type VerifierKey } from '@answerable/core/note'
import { MAX_DOCUMENT_BYTES } from '@answerable/core/receipt'
import type { Policy } from '@answerable/core/tlog'
import type { Hono } from 'hono'
import type { Backend } from '../gateway/backend.ts'
import { Callers } from '../gateway/callers.ts'
import type { GatewayConfig } from '../gateway/config.ts'
import { logApp } from '../gateway/log-app.ts'
import { Metrics } from '../gateway/metrics.ts'
import { GatewayNode, listen } from '../gateway/node.ts'
import { publicApp, VERSION } from '../gateway/public.ts'
import { createGateway } from '../gateway/server.ts'
import { sharedModelsApp } from '../gateway/shared-models.ts'
import { Upstream } from '../gateway/upstream.ts'
import { loadKey, noteSigner } from '../log/keys.ts'
import type { Log } from '../log/log.ts'
import { Documents } from '../record/documents.ts'
import { type Disk, realDisk } from '../storage/disk.ts'
import { lockFolder } from '../storage/lock.ts'
import type { Fetch, ForkEvidence } from '../witness/index.ts'
import { demoApp } from './demo.ts'
import { addGauges } from './gauges.ts'
import { getFromAny, openOlder, signerOf, succeed } from './generations.ts'
import { loadIdentity } from './identity.ts'
import { openLocalModels } from './local-models.ts'
import { charter, nodeDescriptor, policyOf, terms, trustOffer } from './papers.ts'
import { LocalRegistry } from './registry.ts'
import { type LocalWitness, openWitnesses } from './witnesses.ts'

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
  /** Whether the demo's models are made and served; true by default. */
  demo?: boolean
  /** Stands between the logs and a witness, by its name, so that one can be cut off. */
  reach?: (witness: string, send: Fetch) => Fetch
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
  upstreams: { name: string; models: readonly string[] }[]
  dataFolder: string
  /** The tlog-policy offered to readers. */
  policy: Policy
  gateway: GatewayNode
  registry: Log
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
  const identity = await loadIdentity(disk, folder)
  const { id } = identity
  const signers: NoteSigner[] = []
  for (const generation of identity.generations) signers.push(await signerOf(disk, folder, generation))
  const registrySigner = noteSigner(`${id}.local/registry`, await loadKey(disk, join(folder, 'registry.pem')))
  const owner = noteSigner(`${id}.local/owner`, await loadKey(disk, join(folder, 'owner.pem')))
  const fault = (error: unknown) => report('a fault of ours', error)

  const witnesses = await openWitnesses(disk, folder, id, { report: fault, reach: options.reach })
  for (const witness of witnesses) onClose(() => witness.close())
  const policyNow = () =>
    policyOf(
      [...signers, registrySigner].map(logLine),
      witnesses.map(({ name, key: witnessKey, path }) => ({ name, key: witnessKey, url: path })),
      config.operator,
    )
  const trustLogs = () => {
    for (const witness of witnesses) witness.trust(policyNow().logs.map(log => formatVkey(log.key)))
  }
  trustLogs()

  const demo = options.demo ?? true
  const own = await openLocalModels(config, {
    ...(demo && { demo: join(folder, 'models') }),
    ...(options.clock && { clock: options.clock }),
    report: fault,
  })
  const { models } = own
  // Own models in front: a pattern of an upstream's must not take a name away from the model that has it.
  const upstreams = config.upstreams.map(upstream => new Upstream(upstream, environment))
  const backends: Backend[] = [...(options.backends ?? []), ...own.backends, ...upstreams]
  for (const backend of backends) onClose(() => backend.close())

  const documents = await Documents.open(disk, join(folder, 'documents'))
  // Receipts bring the signature of the model that answered, where it is small enough to travel.
  for (const { bytes } of own.signed) if (bytes.length <= MAX_DOCUMENT_BYTES) await documents.put(bytes)
  const witnessList = policyNow().witnesses
  const charterText = charter(id, config.operator, [...witnessList])
  const termsText = terms(config)
  const papersFor = async (key: VerifierKey) => {
    const node = nodeDescriptor(key, config, own.descriptions, VERSION)
    return {
      node: await documents.put(Buffer.from(node)),
      charter: await documents.put(Buffer.from(charterText)),
      terms: await documents.put(Buffer.from(termsText)),
    }
  }

  const clients = witnesses.map(({ client }) => client)
  const registry = await LocalRegistry.open({
    disk,
    folder: join(folder, 'registry'),
    signer: registrySigner,
    owner,
    documents,
    witnesses: clients,
    policy: policyNow(),
    intervalMs: config.publishMilliseconds,
    onFork: ({ source }) =>
      report(`the registry's log is not the one that ${source} saw; it takes no more entries`),
  })
  onClose(() => registry.close())
  const { charter: charterDigest, node } = await papersFor(signers.at(-1)!.key)
  const papersStated = [
    { kind: 'charter', digest: charterDigest },
    { kind: 'node', digest: node },
  ]
  await registry.state(papersStated, Date.now())
  await registry.publisher.publishNow()
  registry.publisher.start()
  const point = await registry.witnessedPoint()

  const openGateway = async (): Promise<GatewayNode> => {
    const generation = identity.generations.at(-1)!
    const signer = signers.at(-1)!
    return GatewayNode.open({
      disk,
      folder: join(folder, generation.folder),
      signer,
      config,
      witnesses: clients,
      policy: policyNow(),
      documents,
      papers: await papersFor(signer.key),
      ...(point && { registry: point }),
      ...(generation.predecessor && { predecessor: generation.predecessor }),
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
    trustLogs()
    return openGateway()
  })
  onClose(() => gateway.close())
  if (gateway.startCheck === 'unreachable')
    report('no witness answered at start, so nobody could say whether this folder is an old copy')
  if (gateway.orphans > 0)
    report(`${gateway.orphans} streams were cut off by the last stop, and are on record as that`)
  // A log that had to be continued has a node description of its own.
  await registry.state([{ kind: 'node', digest: gateway.options.papers.node }], Date.now())
  const older = await openOlder(disk, folder, identity, documents)
  for (const one of older) onClose(() => one.close())

  const callers = new Callers(config.keys, config.operator)
  const metrics = new Metrics()
  addGauges(metrics, gateway)
  const currentSigner = gateway.options.signer
  const status = () => ({
    network: id,
    owner: config.operator,
    version: VERSION,
    log: {
      origin: currentSigner.key.name,
      signed: gateway.store.log.signed.size,
      published: gateway.store.log.published.size,
      witnessed: gateway.publisher.witnessed?.size ?? 0,
      writable: gateway.store.log.writable,
      halted: gateway.store.log.halted?.message ?? null,
    },
    registry: {
      origin: registry.log.origin,
      size: registry.log.signed.size,
      witnessed: registry.publisher.witnessed?.size ?? 0,
    },
    witnesses: gateway.publisher.witnesses,
    owners: [{ name: config.operator, witnesses: witnesses.map(({ name }) => name) }],
    models: [...models.keys()],
    upstreams: backends.map(({ name, models: names }) => ({ name, models: names })),
  })
  const mounts: Record<string, Hono> = {
    '/log': logApp(() => gateway.store.log, currentSigner.key),
    '/registry': logApp(() => registry.log, registrySigner.key),
  }
  for (const [i, { log, key: logKey }] of older.entries())
    mounts[`/logs/${i + 1}`] = logApp(() => log, logKey)
  if (demo) mounts['/demo'] = demoApp()
  mounts['/models'] = sharedModelsApp(own.signed.filter(({ share }) => share))
  for (const { path, app } of witnesses) mounts[path] = app
  if (options.page !== undefined) mounts['/'] = options.page
  const app = publicApp({
    receipts: { get: (receiptId, secret) => getFromAny([gateway, ...older], receiptId, secret) },
    async erase(receiptId, secret) {
      // Opening it shows that the secret is the holder's.
      await gateway.receipts.get(receiptId, secret)
      await gateway.lifecycle.eraseId(receiptId)
    },
    documents,
    backends,
    models,
    metrics,
    mounts,
    trust: () => trustOffer(`${config.operator}-${id}`, policyNow()),
    status,
    writable: () => gateway.store.log.writable,
    report: fault,
  })
  const server = createGateway({
    context: gateway.callContext(fault),
    callers,
    backends,
    models,
    metrics,
    fetch: request => app.fetch(request),
    report: fault,
  })
  const url = await listen(server, config.host, config.port)
  onClose(
    () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeIdleConnections()
        setTimeout(() => server.closeAllConnections(), 5000).unref()
      }),
  )
  return {
    url,
    network: id,
    owner: config.operator,
    witnesses: witnesses.map(({ name, path }) => ({ name, url: url + path })),
    models: [...models.values()].map(({ description: { name, version } }) => ({ name, version })),
    upstreams: backends.map(({ name, models: names }) => ({ name, models: names })),
    dataFolder: folder,
    policy: policyNow(),
    gateway,
    registry: registry.log,
    local: witnesses,
    close,
  }
}

function logLine({ key }: NoteSigner): { key: NoteSigner['key']; url: string } {
  return { key, url: key.name.endsWith('/registry') ? '/registry' : '/log' }
}

function isFork(cause: unknown): cause is ForkEvidence {
  return cause !== null && typeof cause === 'object' && 'note' in cause && 'size' in cause
}
