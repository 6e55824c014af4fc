/**
 * Publishing one log: at its own cadence makes the tiles and the checkpoint durable, asks all witnesses at once, and
 * adopts the checkpoint with their cosignatures once the reader's quorum is met. Answers never wait for it: while
 * witnesses are down, records stay `committed` and are caught up with later.
 *
 * Owns the log's `publish` and `adopt`: both write one file, so nobody else calls them before `stop` has resolved.
 */
import { AnswerableError, fromUtf8, type Suite, utf8 } from '@answerable/core'
import { MAX_NOTE_SIGNATURES, type VerifierKey } from '@answerable/core/note'
import type { Policy } from '@answerable/core/tlog'
import type { SignedCheckpoint } from '../log/log.ts'
import { nodeSuite } from '../log/suite.ts'
import type { Disk } from '../storage/disk.ts'
import type { SubmitResult, WitnessClient } from './client.ts'
import { type ForkEvidence, findFork, forkError, ownCheckpoint, type PublishedLog } from './fork.ts'
import { Gathering } from './gathering.ts'
import { type BackoffOptions, Peer, type WitnessStatus } from './peer.ts'

export interface PublisherOptions {
  log: PublishedLog
  /** The log's own key. */
  key: VerifierKey
  witnesses: readonly WitnessClient[]
  /** Its quorum counts; its log lines do not, since the log is this one. */
  policy: Policy
  /** A file for the newest witnessed checkpoint. Without, one that a newer checkpoint replaced is lost at a restart. */
  keep?: { disk: Disk; path: string }
  intervalMs?: number
  /** How long others may still add a cosignature once there is a quorum. */
  graceMs?: number
  backoff?: BackoffOptions
  suite?: Suite
  /** POSIX milliseconds. */
  clock?: () => number
  /** Told of each, also of one that more witnesses cosigned since. Must not throw. */
  onWitnessed?: (checkpoint: SignedCheckpoint) => void
  /** Told once, after the log was halted. Must not throw. */
  onFork?: (fork: ForkEvidence) => void
}

export class Publisher {
  readonly #options: PublisherOptions
  readonly #log: PublishedLog
  readonly #suite: Suite
  #policy: Policy
  readonly #intervalMs: number
  readonly #graceMs: number
  #peers: Peer[]
  readonly #newPeer: (client: WitnessClient) => Peer
  readonly #abort = new AbortController()
  #gathering: Gathering | undefined
  #witnessed: SignedCheckpoint | undefined
  #fork: ForkEvidence | undefined
  #lastError: unknown
  #round: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #stopping = false
  /** Whether a witness had a newer checkpoint of ours than it was asked for. */
  #overtaken = false

  private constructor(options: PublisherOptions) {
    const { witnesses, backoff = { firstMs: 1000, mostMs: 20_000 }, clock = Date.now } = options
    if (witnesses.length > MAX_NOTE_SIGNATURES - 1)
      throw new AnswerableError('bad-config', `over ${MAX_NOTE_SIGNATURES - 1} witnesses for one log`)
    if (new Set(witnesses.map(({ name }) => name)).size < witnesses.length)
      throw new AnswerableError('bad-config', 'two witnesses have one name')
    this.#options = options
    this.#log = options.log
    this.#suite = options.suite ?? nodeSuite
    this.#policy = { ...options.policy, logs: [{ key: options.key }] }
    this.#intervalMs = options.intervalMs ?? 1000
    this.#graceMs = options.graceMs ?? 100
    this.#newPeer = client => new Peer(client, backoff, clock)
    this.#peers = witnesses.map(this.#newPeer)
  }

  /** Takes up where the last run ended. Throws `bad-config`; rejects where the log or the file cannot be read. */
  static async open(options: PublisherOptions): Promise<Publisher> {
    const publisher = new Publisher(options)
    await publisher.#restore()
    return publisher
  }

  /** The newest checkpoint that a quorum cosigned; stays while newer ones lack one. */
  get witnessed(): SignedCheckpoint | undefined {
    return this.#witnessed
  }

  get witnesses(): WitnessStatus[] {
    return this.#peers.map(peer => peer.status)
  }

  /** Why the log was halted, if it was. */
  get fork(): ForkEvidence | undefined {
    return this.#fork
  }

  /** What failed on our side in the last round: a disk that cannot be written. */
  get lastError(): unknown {
    return this.#lastError
  }

  /** From the next round on asks these witnesses, and counts by this policy. Those that stay and answer keep what is known of them. */
  configure(witnesses: readonly WitnessClient[], policy: Policy): void {
    this.#policy = { ...policy, logs: [{ key: this.#options.key }] }
    this.#peers = witnesses.map(client => {
      const known = this.#peers.find(
        peer => peer.client.vkey === client.vkey && peer.client.url === client.url,
      )
      return known ?? this.#newPeer(client)
    })
    this.#gathering = undefined
  }

  start(): void {
    if (this.#timer === undefined && !this.#over) this.#schedule(0)
  }

  /** One round now, or the rest of the one under way. Never rejects. */
  publishNow(): Promise<void> {
    if (this.#over) return Promise.resolve()
    this.#round ??= this.#runRound().finally(() => {
      this.#round = undefined
    })
    return this.#round
  }

  /** Resolves when nothing is under way any more; witnesses that were asked have the grace to answer. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    const cut = setTimeout(() => this.#abort.abort(), this.#graceMs)
    await this.#round
    await Promise.all(this.#peers.map(peer => peer.asking))
    clearTimeout(cut)
  }

  get #over(): boolean {
    return this.#stopping || this.#fork !== undefined
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(async () => {
      const start = performance.now()
      await this.publishNow()
      if (this.#over) return
      // Anyone with a receipt may send its checkpoint to a witness. Ours is then too old there, so a newer one follows
      // soon: who does it on purpose must be faster each time.
      const intervalMs = this.#overtaken ? Math.min(this.#graceMs, this.#intervalMs) : this.#intervalMs
      this.#schedule(Math.max(0, intervalMs - (performance.now() - start)))
    }, delayMs)
    this.#timer.unref()
  }

  async #restore(): Promise<void> {
    const published = this.#gather(this.#log.published)
    if (published.quorum) this.#witnessed = published.cosigned
    const { keep } = this.#options
    const stored = keep && (await keep.disk.readFile(keep.path))
    if (stored === undefined || keep === undefined) return
    const note = fromUtf8(stored)
    const checkpoint = ownCheckpoint(this.#log, this.#options.key, note, this.#suite)
    if (checkpoint === undefined)
      throw new AnswerableError('corrupt', `${keep.path}: not a checkpoint signed by this log’s key`)
    const fork = await findFork(this.#log, this.#options.key, keep.path, note, this.#suite)
    if (fork !== undefined) return this.#halt(fork)
    if (checkpoint.size <= (this.#witnessed?.size ?? -1)) return
    const { size, root } = checkpoint
    const kept = new Gathering({ size, root, note }, this.#policy, this.#witnessKeys, this.#suite)
    if (kept.quorum) this.#witnessed = kept.cosigned
  }

  async #runRound(): Promise<void> {
    this.#lastError = undefined
    this.#overtaken = false
    try {
      // A halted log publishes nothing: the newest it signed may be of another tree.
      if (this.#log.halted !== undefined) return
      const gathering = this.#gather(await this.#log.publish())
      const asked = this.#peers.filter(peer => peer.due && !gathering.has(peer.client.key))
      await this.#enough(asked, gathering)
      await this.#store(gathering)
    } catch (error) {
      this.#lastError = error
    }
  }

  /** The cosignatures on the published checkpoint: those gathered so far, where it is still the same. */
  #gather(published: SignedCheckpoint): Gathering {
    if (this.#gathering?.size === published.size) return this.#gathering
    const gathering = new Gathering(published, this.#policy, this.#witnessKeys, this.#suite)
    for (const peer of this.#peers) if (gathering.has(peer.client.key)) peer.remember(gathering.size)
    this.#gathering = gathering
    return gathering
  }

  /**
   * Asks, and resolves when all have answered; or after the grace once there is a quorum, or once only those are
   * missing that failed the last time: while they hang, the log must still be published at its cadence. An answer that
   * comes later is stored by the next round.
   */
  #enough(asked: readonly Peer[], gathering: Gathering): Promise<void> {
    if (asked.length === 0) return Promise.resolve()
    return new Promise(resolve => {
      const open = new Set(asked)
      const hopeful = new Set(asked.filter(peer => !peer.failing))
      let grace: NodeJS.Timeout | undefined
      const look = () => {
        if (open.size === 0) {
          clearTimeout(grace)
          resolve()
        } else if (gathering.quorum || hopeful.size === 0) {
          grace ??= setTimeout(resolve, this.#graceMs)
        }
      }
      for (const peer of asked) {
        peer.asking = this.#ask(peer, gathering)
          .catch(error => {
            this.#lastError = error
          })
          .finally(() => {
            peer.asking = undefined
            open.delete(peer)
            hopeful.delete(peer)
            look()
          })
      }
      look()
    })
  }

  async #ask(peer: Peer, gathering: Gathering): Promise<void> {
    const log = this.#log
    const result = await peer.client.submit(gathering.submission, {
      oldSize: peer.lastSize ?? 0,
      size: () => log.signed.size,
      proof: (oldSize, newSize) => log.consistencyProof(oldSize, newSize),
      signal: this.#abort.signal,
    })
    if (result.outcome === 'cosigned') {
      peer.cosigned(gathering.size)
      // Also for a checkpoint that is no longer the newest: nothing is lost by it, and nothing stored.
      gathering.add(result.signature)
    } else if (result.outcome === 'ahead') {
      await this.#examine(peer, result)
    } else if (result.code === 'stale') {
      this.#overtaken = true
      peer.overtaken(result.message)
    } else if (result.code !== 'aborted') {
      peer.failed(result.code, result.message)
    }
  }

  /** A witness says that ours is not the tree it knows: true only if it can show it with our own signature. */
  async #examine(peer: Peer, { message }: SubmitResult & { outcome: 'ahead' }): Promise<void> {
    peer.failed('ahead', message)
    const { client } = peer
    try {
      const latest = await client.latest(this.#log.origin, this.#abort.signal)
      if (latest.outcome !== 'found') return
      const fork = await findFork(this.#log, this.#options.key, client.name, latest.note, this.#suite)
      if (fork !== undefined) this.#halt(fork)
    } catch (error) {
      this.#lastError = error
    }
  }

  #halt(fork: ForkEvidence): void {
    if (this.#fork !== undefined) return
    this.#fork = fork
    this.#log.halt(forkError(this.#log, fork))
    this.#options.onFork?.(fork)
  }

  async #store(gathering: Gathering): Promise<void> {
    if (!gathering.unstored || this.#fork !== undefined) return
    gathering.unstored = false
    try {
      const { cosigned, quorum } = gathering
      const { keep, onWitnessed } = this.#options
      if (quorum) await keep?.disk.replace(keep.path, utf8(cosigned.note))
      await this.#log.adopt(cosigned)
      if (!quorum) return
      this.#witnessed = cosigned
      onWitnessed?.(cosigned)
    } catch (error) {
      gathering.unstored = true
      throw error
    }
  }

  /** Those that can be asked, and those that only the policy knows. */
  get #witnessKeys(): VerifierKey[] {
    return [...this.#peers.map(({ client }) => client.key), ...this.#policy.witnesses.map(({ key }) => key)]
  }
}
