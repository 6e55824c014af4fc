/** A member's inference logs: the one that its gateway writes, and those before it, whose content still has its time. */
import { join } from 'node:path'
import { AnswerableError, fromHex } from '@answerable/core'
import { type NoteSigner, signerVkey, type VerifierKey } from '@answerable/core/note'
import type { State } from '@answerable/core/registry'
import type { GatewayConfig } from '../gateway/config.ts'
import { GatewayNode, type GatewayNodeOptions, registryPoint, SWEEP_EVERY } from '../gateway/node.ts'
import type { SignedCheckpoint } from '../log/log.ts'
import type { Documents } from '../record/documents.ts'
import { Lifecycle } from '../record/lifecycle.ts'
import type { Disk } from '../storage/disk.ts'
import type { ForkEvidence } from '../witness/index.ts'
import { type OlderLog, openOlder, signerOf, succeed } from './generations.ts'
import type { Identity } from './identity.ts'
import type { RegistryNode } from './registry-node.ts'
import type { LocalWitness } from './witnesses.ts'

export interface LogOptions {
  disk: Disk
  /** The data folder. */
  folder: string
  config: GatewayConfig
  identity: Identity
  /** One for each generation; that of a new one is added. */
  signers: NoteSigner[]
  registry: RegistryNode
  witnesses: readonly LocalWitness[]
  documents: Documents
  /** Makes the papers that records under this key name. */
  papers(key: VerifierKey): Promise<GatewayNodeOptions['papers']>
  clock?: () => number
  report: (event: string, error?: unknown) => void
}

/** Opens the log of now; where a witness proves this folder to be an old copy, a new one that continues for it. */
export async function openLog(options: LogOptions): Promise<GatewayNode> {
  const { disk, folder, identity, signers, report } = options
  try {
    return await open(options)
  } catch (error) {
    if (!(error instanceof AnswerableError) || error.code !== 'rolled-back' || !isFork(error.cause))
      throw error
    report(`${error.message}, and fewer are here: this folder is an old copy. A new log continues for it`)
    await succeed(disk, folder, identity, error.cause)
    signers.push(await signerOf(disk, folder, identity.generations.at(-1)!))
    return open(options)
  }
}

async function open(options: LogOptions): Promise<GatewayNode> {
  const { disk, folder, config, identity, signers, registry, witnesses, documents, report } = options
  // This member's own witnesses need no registry to know its logs.
  trustOwn(witnesses, signers)
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
    papers: await options.papers(signer.key),
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

/** A log before the gateway's, with what erases its content by statements in the gateway's. */
export interface EarlierLog extends OlderLog {
  readonly lifecycle: Lifecycle
}

/** Opens the logs before the gateway's, and sweeps them from now on: their content has its retention period as well. */
export async function openEarlier(
  options: Pick<LogOptions, 'disk' | 'folder' | 'config' | 'identity' | 'registry' | 'documents'> & {
    gateway: GatewayNode
    onClose(closer: () => unknown): void
  },
): Promise<EarlierLog[]> {
  const { disk, folder, config, identity, registry, documents, gateway, onClose } = options
  const older = await openOlder(disk, folder, identity, documents)
  for (const one of older) onClose(() => one.close())
  const earlier = older.map(one => ({
    ...one,
    lifecycle: new Lifecycle(one.store, {
      retentionDays: config.retentionDays,
      samplingHours: config.samplingHours,
      clock: () => gateway.recorder.now(),
      contested: () => contestedOf(registry.book.state, one.store.log.origin),
      into: gateway.store.log,
    }),
  }))
  const sweep = async () => {
    for (const { lifecycle } of earlier) await lifecycle.sweep()
  }
  const sweeps = setInterval(() => void sweep().catch(() => undefined), SWEEP_EVERY)
  sweeps.unref()
  onClose(() => clearInterval(sweeps))
  return earlier
}

/** Logs whose keys are gone, each with the last checkpoint that the next one is bound to. */
export function endedLogs({ generations }: Identity): { origin: string; witnessed: SignedCheckpoint }[] {
  return generations.slice(0, -1).flatMap(({ origin, vkey }, i) => {
    const bound = generations[i + 1]!.predecessor
    if (vkey === undefined || bound?.origin !== origin) return []
    const { size, root, note } = bound
    return [{ origin, witnessed: { size, root: fromHex(root), note } }]
  })
}

/** Has a member's witnesses cosign its own logs. */
export function trustOwn(witnesses: readonly LocalWitness[], signers: readonly NoteSigner[]): void {
  for (const witness of witnesses) witness.trust(signers.map(signerVkey))
}

/** Indexes of a log's records that are evidence in something that is open. */
function contestedOf(state: State, log: string): number[] {
  const disputes = [...state.openOf('dispute')].map(digest => state.disputes.get(digest)!)
  const challenges = [...state.openOf('challenge')].map(digest => state.challenges.get(digest)!)
  return [...disputes, ...challenges].filter(one => one.log === log).map(({ index }) => index)
}

function isFork(cause: unknown): cause is ForkEvidence {
  return cause !== null && typeof cause === 'object' && 'note' in cause && 'size' in cause
}
