/**
 * A gateway's parts, put together: its log and records, the publisher that takes checkpoints to the witnesses, and
 * the server. Older logs, from before a restore, are kept for reading.
 */
import type { IncomingMessage, Server } from 'node:http'
import { join } from 'node:path'
import { AnswerableError, toHex } from '@answerable/core'
import type { NoteSigner } from '@answerable/core/note'
import { formatSuccessor, inferenceContext, type RegistryPoint } from '@answerable/core/statement'
import type { Policy } from '@answerable/core/tlog'
import type { SignedCheckpoint } from '../log/log.ts'
import { nodeSuite } from '../log/suite.ts'
import type { Documents } from '../record/documents.ts'
import { Lifecycle } from '../record/lifecycle.ts'
import { Receipts } from '../record/receipts.ts'
import { Recorder } from '../record/recorder.ts'
import { RecordStore } from '../record/store.ts'
import type { Disk } from '../storage/disk.ts'
import {
  checkStart,
  type ForkEvidence,
  HISTORY,
  Publisher,
  type StartCheck,
  type WitnessClient,
  WitnessedHistory,
} from '../witness/index.ts'
import type { CallContext } from './call.ts'
import type { GatewayConfig } from './config.ts'

export interface GatewayNodeOptions {
  disk: Disk
  folder: string
  signer: NoteSigner
  config: GatewayConfig
  witnesses: readonly WitnessClient[]
  policy: Policy
  documents: Documents
  /** Digests of the node's papers. */
  papers: { node: string; charter: string; terms: string }
  registry?: RegistryPoint
  /** Whether the key is in memory alone: then what it signs is on disk before a record is acknowledged. */
  ephemeral?: boolean
  /** For a log that continues for another. */
  predecessor?: { origin: string; size: number; root: string }
  clock?: () => number
  onFork?: (fork: ForkEvidence) => void
  /** Records that an open dispute or challenge is about: see `Lifecycle`. */
  contested?: () => readonly number[]
}

/** How often the retention period is looked after, in milliseconds. */
export const SWEEP_EVERY = 3_600_000
/** Of how many rounds of publishing one checkpoint is kept: a minute's, where there is one a second. */
const HISTORY_ROUNDS = 60

export class GatewayNode implements Pick<CallContext, 'recorder'> {
  readonly options: GatewayNodeOptions
  readonly store: RecordStore
  readonly recorder: Recorder
  readonly receipts: Receipts
  readonly publisher: Publisher
  readonly lifecycle: Lifecycle
  readonly #sweeps: NodeJS.Timeout
  readonly #history: WitnessedHistory
  #registry: RegistryPoint | undefined
  #evidence: string | undefined
  /** Whether witnesses could say that this log is the one that they know. */
  readonly startCheck: StartCheck['outcome']
  /** Streams that a crash cut off, closed at this start. */
  readonly orphans: number

  private constructor(
    options: GatewayNodeOptions,
    store: RecordStore,
    recorder: Recorder,
    publisher: Publisher,
    history: WitnessedHistory,
    lifecycle: Lifecycle,
    startCheck: StartCheck['outcome'],
    orphans: number,
  ) {
    this.options = options
    this.#registry = options.registry
    this.store = store
    this.recorder = recorder
    this.publisher = publisher
    this.#history = history
    this.startCheck = startCheck
    this.orphans = orphans
    this.lifecycle = lifecycle
    // A sweep that fails (a full disk, say) is tried again at the next turn; nothing else waits for it.
    this.#sweeps = setInterval(() => void lifecycle.sweep().catch(() => undefined), SWEEP_EVERY)
    this.#sweeps.unref()
    this.receipts = new Receipts({
      log: store.log,
      storage: store.storage,
      index: store.index,
      documents: options.documents,
      witnessed: () => publisher.witnessed,
      first: index => history.first(index),
    })
  }

  /** Opens the log. Throws `rolled-back`, with the evidence as its cause, where a witness saw more of it than is here. */
  static async open(options: GatewayNodeOptions): Promise<GatewayNode> {
    const { disk, folder, signer, witnesses, policy, config, clock = Date.now, onFork } = options
    const store = await RecordStore.open({ disk, folder, signer, keepSigned: options.ephemeral ?? false })
    let history: WitnessedHistory | undefined
    try {
      const check = await checkStart(store.log, witnesses, { key: signer.key })
      if (check.outcome === 'rolled-back') {
        const { size } = check.fork
        const error = new AnswerableError(
          'rolled-back',
          `a witness saw ${size} records of ${signer.key.name}`,
          { cause: check.fork },
        )
        // An old copy signs and publishes nothing more, also while it is closed.
        store.log.halt(error)
        throw error
      }
      const context = contextOf(options, options.registry)
      const recorder = new Recorder({
        log: store.log,
        index: store.index,
        context,
        clock,
        lastTime: store.lastTime,
      })
      if (options.predecessor !== undefined && store.log.signed.size === 0)
        await bind(store, options.documents, options.predecessor, clock())
      const orphans = await store.closeOrphans(recorder)
      const { retentionDays, samplingHours } = config
      const lifecycle = new Lifecycle(store, {
        retentionDays,
        samplingHours,
        clock: () => recorder.now(),
        ...(options.contested && { contested: options.contested }),
      })
      await lifecycle.resume()
      const kept = new WitnessedHistory(join(folder, HISTORY), HISTORY_ROUNDS * config.publishMilliseconds)
      history = kept
      const publisher = await Publisher.open({
        log: store.log,
        key: signer.key,
        witnesses,
        policy,
        keep: { disk, path: join(folder, 'witnessed') },
        intervalMs: config.publishMilliseconds,
        onWitnessed: checkpoint => kept.add(checkpoint, Date.now()),
        ...(onFork && { onFork }),
      })
      // Where the last process ended before its minute did.
      if (publisher.witnessed !== undefined) kept.add(publisher.witnessed, 0)
      publisher.start()
      return new GatewayNode(options, store, recorder, publisher, kept, lifecycle, check.outcome, orphans)
    } catch (error) {
      history?.close()
      await store.close()
      throw error
    }
  }

  /** Statements from now on name this registry checkpoint. */
  setRegistry(registry: RegistryPoint): void {
    this.#registry = registry
    this.#renew()
  }

  /** SHA-256 of the evidence that statements name, if any. */
  get evidence(): string | undefined {
    return this.#evidence
  }

  /** Statements from now on name this evidence, by the SHA-256 of its document. */
  setEvidence(digest: string): void {
    this.#evidence = digest
    this.#renew()
  }

  #renew(): void {
    this.recorder.context = contextOf(this.options, this.#registry, this.#evidence)
  }

  /** What calls need of this node. */
  callContext(report: (error: unknown) => void): Omit<CallContext, 'opinions'> {
    const { config } = this.options
    const { store, recorder, receipts } = this
    return {
      config,
      recorder,
      report,
      promise: ({ index, entry }) => store.log.prove(index, store.log.signed, entry),
      answeredBefore: digest =>
        receipts.answeredBefore(digest, Date.now() - config.limits.idempotencyHours * 3_600_000),
      baseUrl: request => config.publicUrl ?? addressOf(request),
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeps)
    await this.publisher.publishNow()
    await this.publisher.stop()
    this.#history.close()
    await this.store.close()
  }
}

function contextOf(
  { signer, papers }: GatewayNodeOptions,
  registry: RegistryPoint | undefined,
  evidence?: string,
) {
  return inferenceContext({
    log: signer.key.name,
    ...papers,
    ...(evidence !== undefined && { evidence }),
    ...(registry && { registry }),
  })
}

async function bind(
  store: RecordStore,
  documents: Documents,
  predecessor: { origin: string; size: number; root: string },
  time: number,
) {
  const { origin, size, root } = predecessor
  const text = formatSuccessor({ time, log: store.log.origin, predecessor: { origin, size, root } })
  const statement = Buffer.from(text)
  // A document as well, so that anyone who sees the entry can read what it binds to.
  await documents.put(statement)
  await store.log.append({ statement, entry: nodeSuite.sha256(statement), content: new Uint8Array(0) })
}

const HOST = /^[a-z0-9.:[\]-]{1,255}$/i

/** The origin that the caller itself used, so that the receipt's address works where the call did. */
function addressOf(request: IncomingMessage): string {
  const { host } = request.headers
  if (host !== undefined && HOST.test(host)) return `http://${host}`
  return `http://${request.socket.localAddress}:${request.socket.localPort}`
}

/** The address of a listening server. */
export function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === 'EADDRINUSE'
          ? new AnswerableError(
              'port-taken',
              `port ${port} is taken; give another with --port, or --port 0 for any`,
              { cause },
            )
          : new AnswerableError('bad-config', `cannot listen on ${host}:${port}: ${cause.message}`, {
              cause,
            }),
      )
    })
    server.listen(port, host, () => {
      const address = server.address()
      if (address === null || typeof address === 'string')
        return reject(new AnswerableError('internal', 'no address'))
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${address.port}`)
    })
  })
}

export function registryPoint(origin: string, { size, root }: SignedCheckpoint): RegistryPoint {
  return { origin, size, root: toHex(root) }
}
