/**
 * A validator: replays the registry, takes statements that a host may not want, states what is due of it, and speaks up
 * when the host is silent or leaves something out. One turn does all of it, again and again; nothing is kept that the
 * registry itself could tell.
 */
import { AnswerableError, errorCode } from '@answerable/core'
import { parseNote } from '@answerable/core/note'
import { hostUrl, openEntry, parseRegistryPayload } from '@answerable/core/registry'
import { parseCheckpoint } from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import type { RegistryBook } from '../registry/book.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { EvidenceKeeper } from '../registry/evidence-keeper.ts'
import { ruleError } from '../registry/host.ts'
import type { Keyring } from '../registry/keyring.ts'
import type { Mirror } from '../registry/mirror.ts'
import type { Submitter } from '../registry/submitter.ts'
import type { Disk } from '../storage/disk.ts'
import type { Duties } from './duties.ts'
import type { Forks } from './forks.ts'
import { type HandedIn, HandIns } from './hand-ins.ts'
import type { Moves } from './moves.ts'

export interface ValidatorOptions {
  book: RegistryBook
  mirror: Mirror
  submitter: Submitter
  keyring: Keyring
  duties: Duties
  forks: Forks
  evidence: Pick<EvidenceKeeper, 'require'>
  disk: Disk
  folder: string
  client(url: string): RegistryClient
  peers(): Map<string, string>
  clock: () => number
  intervalMs?: number
  /** Told of what the owner should know. Must not throw. */
  report?: (event: string, error?: unknown) => void
}

export interface Stamp {
  /** The statement's digest. */
  digest: string
  /** The stamp as an envelope: the validator's signed word that it was handed in, and when. */
  stamp: string
}

/** Taken of a peer in one turn. */
const MOST_NOTES = 17
/** A turn's time for what was handed in: a host that answers slowly must not keep it from being moved. */
const WATCH_MS = 5000
/** One owner's part of the stamps that a validator may give in an epoch: the others are for others. */
const PART = 4

export class Validator {
  readonly #options: ValidatorOptions
  readonly #handIns: HandIns
  #moves: Moves | undefined
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> | undefined
  #stopping = false
  /** Unix milliseconds since when the registry has not grown under a quorum. */
  #still: { size: number; host: string; since: number }
  /** Since when the present host is. */
  #hosted = { host: '', since: 0 }
  /** What the host could take in and did not, if anything, as of the last turn. */
  #left: string | undefined
  /** Where the next turn begins with what was handed in. */
  #next = 0
  /** Stamps given in an epoch, by owner group. */
  #given = { epoch: -1, by: new Map<string, number>() }
  #lastError: { code: string; message: string } | undefined

  private constructor(options: ValidatorOptions, handIns: HandIns) {
    this.#options = options
    this.#handIns = handIns
    this.#still = { size: -1, host: '', since: options.clock() }
  }

  static async open(options: ValidatorOptions): Promise<Validator> {
    return new Validator(options, await HandIns.open(options.disk, `${options.folder}/hand-ins`))
  }

  /** Set once, before `start`: moves ask this validator what is wrong with the host. */
  set moves(moves: Moves) {
    this.#moves = moves
  }

  start(): void {
    this.#schedule(0)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    await this.#turn
  }

  get status(): Record<string, unknown> {
    const { duties, submitter } = this.#options
    return {
      onDuty: duties.onDuty,
      host: this.#options.book.state.host?.origin ?? null,
      hosting: submitter.hosting,
      handIns: this.#handIns.values().map(({ digest, since }) => ({ digest, since })),
      complaint: this.complaint() ?? null,
      forks: this.#options.forks.all().map(({ origin, size }) => ({ origin, size })),
      lastError: this.#lastError ?? null,
    }
  }

  /** One turn now, or the rest of the one under way. Never rejects. */
  turn(): Promise<void> {
    this.#turn ??= this.#work().finally(() => {
      this.#turn = undefined
    })
    return this.#turn
  }

  /**
   * Stamps a statement that somebody hands in: from then on it is in the log by the deadline, or the host is moved.
   * Rejects with `rule-forbids` where it would be void, `forbidden` where this is no validator, `too-many-requests`, and
   * `unavailable` where documents that it names cannot be had.
   */
  async handIn(entry: Uint8Array): Promise<Stamp> {
    const { book, duties, submitter, keyring, clock, client, peers } = this.#options
    if (!duties.onDuty) throw new AnswerableError('forbidden', 'this member is not a validator here')
    const { digest, effective, rule, detail, member, kind } = book.registry.check(entry)
    if (!effective) throw ruleError(rule ?? 'malformed-envelope', detail)
    const known = this.#handIns.get(digest!)
    if (known !== undefined) return stampOf(known)
    // A stamp on what no host could take in would be held against every host.
    if (kind === 'evidence') await this.#options.evidence.require(entry)
    this.#give(member!)
    // With all its signatures: a copy with fewer is not what was handed in.
    const handed = openEntry(entry).signatures.map(({ keyid }) => keyid)
    const body = { statement: digest!, signers: handed.filter(id => /^[0-9a-f]{64}$/.test(id)) }
    const stamp = submitter.entry('hand-in', body, [keyring.statements('validator')])
    const one: HandedIn = { digest: digest!, entry, stamp, since: clock() }
    await this.#handIns.add(one)
    // Others watch as well, so that a host cannot outlast one validator.
    const told = JSON.stringify({ entry: text(entry), stamp: text(stamp) })
    for (const url of peers().values())
      void client(url)
        .post('/validator/stamps', told)
        .catch(() => undefined)
    void this.#bring(one).catch(() => undefined)
    return stampOf(one)
  }

  /** Takes note of another validator's stamp. Rejects with `forbidden` where it is none. */
  async noteStamp(entry: Uint8Array, stamp: Uint8Array): Promise<void> {
    const { book, clock } = this.#options
    const digest = nodeSuite.sha256Hex(openEntry(entry).payload)
    if (book.find(digest)?.effective || this.#handIns.get(digest) !== undefined) return
    const judged = book.registry.check(stamp)
    const { kind, by, body } = parseRegistryPayload(openEntry(stamp).payload)
    const given = judged.effective || judged.rule === 'given-before' || judged.rule === 'duplicate'
    if (kind !== 'hand-in' || body.statement !== digest || !given)
      throw new AnswerableError('forbidden', 'not a validator’s stamp on that statement')
    const { effective, kind: stamped } = book.registry.check(entry)
    if (!effective) return
    // Another's word that there are documents is no ground against a host: this validator has them, or watches nothing.
    if (stamped === 'evidence') {
      const url = book.state.members.get(by)?.url
      await this.#options.evidence.require(entry, url ? [url] : [])
    }
    // Of one whose share is used up nothing more gets in: it must not count against the host.
    if (book.find(nodeSuite.sha256Hex(openEntry(stamp).payload)) === undefined) this.#refuseOver(by)
    await this.#handIns.add({ digest, entry, stamp, since: clock() })
  }

  /** What this validator finds wrong with the host, if anything. */
  complaint(): string | undefined {
    const { book, submitter, clock } = this.#options
    if (submitter.hosting || book.state.host?.origin !== this.#still.host) return undefined
    const fork = this.#options.forks.of(this.#still.host)
    if (fork !== undefined) return `forked: it signed another tree of ${fork.size} entries for others`
    const limit = book.state.terms.handInSeconds * 1000
    if (clock() - this.#still.since > limit + book.state.terms.tickSeconds * 1000)
      return 'silent: nothing new under a quorum since the deadline for hand-ins'
    const left = this.#left === undefined ? undefined : this.#handIns.get(this.#left)
    if (left === undefined || !this.#isOverdue(left)) return undefined
    return `censoring: ${left.digest.slice(0, 16)} was handed in and is not in the log`
  }

  #isOverdue({ since }: HandedIn): boolean {
    const { book, clock } = this.#options
    // A new host has the whole time for what the old one left out.
    return clock() - Math.max(since, this.#hosted.since) > book.state.terms.handInSeconds * 1000
  }

  /** Whether an honest host would have it in the log: it is good, or stamped, or the stamp is. */
  #isWanting({ entry, stamp }: HandedIn): boolean {
    const { registry } = this.#options.book
    const { effective, settles } = registry.check(entry)
    return effective || settles === true || registry.check(stamp).effective
  }

  /** Throws `too-many-requests` where this validator, or this owner with it, has no stamp left in this epoch. */
  #give(member: string): void {
    const { book, keyring } = this.#options
    const { state } = book
    this.#refuseOver(keyring.member)
    if (this.#given.epoch !== state.epoch) this.#given = { epoch: state.epoch, by: new Map() }
    const group = state.members.get(member)?.ownerGroup ?? member
    const given = this.#given.by.get(group) ?? 0
    const all = [...this.#given.by.values()].reduce((sum, one) => sum + one, 0)
    if (all >= state.terms.handInsPerEpoch || given >= Math.ceil(state.terms.handInsPerEpoch / PART))
      throw new AnswerableError('too-many-requests', `${group} has had its stamps of this epoch; come again`)
    this.#given.by.set(group, given + 1)
  }

  /** Throws `too-many-requests` where a validator's stamps, those on their way included, use up its share. */
  #refuseOver(validator: string): void {
    const { book } = this.#options
    const { handInUsage, terms } = book.state
    const under = this.#handIns.stampedBy(validator).filter(digest => book.find(digest) === undefined).length
    if ((handInUsage.get(validator) ?? 0) + under >= terms.handInsPerEpoch)
      throw new AnswerableError(
        'too-many-requests',
        `${validator} has no stamp left in this epoch; come again`,
      )
  }

  #schedule(delay: number): void {
    if (this.#stopping) return
    this.#timer = setTimeout(() => {
      void this.turn().then(() => this.#schedule(this.#options.intervalMs ?? 1000))
    }, delay)
    this.#timer.unref()
  }

  async #work(): Promise<void> {
    this.#lastError = undefined
    for (const step of [
      () => this.follow(),
      () => this.#compare(),
      () => this.#state(),
      () => this.#watch(),
      () => this.#move(),
    ]) {
      try {
        await step()
      } catch (error) {
        if (this.#lastError === undefined && !this.#stopping) {
          this.#lastError = { code: errorCode(error), message: error instanceof Error ? error.message : '' }
          if (errorCode(error) === 'internal' || errorCode(error) === 'conflict')
            this.#options.report?.('a validator’s turn failed', error)
        }
      }
    }
  }

  /** From the host where it answers, and from the others: one of them may know of a new host. */
  async follow(): Promise<void> {
    const { book, mirror, submitter, client, peers } = this.#options
    const host = submitter.hosting ? undefined : hostUrl(book.state)
    let failure: unknown
    for (const url of new Set([...(host === undefined ? [] : [host]), ...peers().values()])) {
      try {
        const peer = client(url)
        const note = await peer.checkpoint()
        // A host hears from others only of what it does not have: its own past, or its successor.
        if (!submitter.hosting || isNews(note, book)) await mirror.reach(note, peer)
      } catch (error) {
        failure ??= error
      }
    }
    this.#look()
    if (failure !== undefined) throw failure
  }

  /** What the host signed for others, those that hold something else included. */
  async #compare(): Promise<void> {
    const { mirror, forks, client, peers } = this.#options
    const ours = mirror.newest?.note
    if (ours === undefined) return
    await forks.compareAhead(ours)
    await Promise.allSettled(
      [...peers().values()].map(async url => {
        const peer = client(url)
        const { notes } = (await peer.get('/validator/notes')) as { notes?: unknown }
        if (!Array.isArray(notes)) return
        for (const note of notes.slice(0, MOST_NOTES))
          if (typeof note === 'string') await forks.compare(note, ours, peer)
      }),
    )
  }

  /** Checkpoints that the host signed, as seen from here, for others to compare with. */
  get notes(): string[] {
    const { mirror, forks } = this.#options
    const newest = mirror.newest?.note
    const present = this.#options.book.state.host?.origin
    const all = [...forks.all()].sort((a, b) => Number(b.origin === present) - Number(a.origin === present))
    return [...(newest === undefined ? [] : [newest]), ...all.map(({ note }) => note)].slice(0, MOST_NOTES)
  }

  /** Whether anything moves: a new official checkpoint, or a new host, which then has its own time. */
  #look(): void {
    const { mirror, book, clock } = this.#options
    const size = mirror.official?.size ?? 0
    const host = book.state.host?.origin ?? ''
    if (host !== this.#hosted.host) this.#hosted = { host, since: this.#hosted.host === '' ? 0 : clock() }
    if (size !== this.#still.size || host !== this.#still.host) this.#still = { size, host, since: clock() }
  }

  async #state(): Promise<void> {
    if (this.#options.duties.onDuty) await this.#options.duties.perform()
  }

  /** What was handed in goes to the host again until it is in the log. */
  async #watch(): Promise<void> {
    const { book } = this.#options
    for (const one of this.#handIns.values()) {
      const outcome = book.find(one.digest)
      const settled = book.state.handIns.get(one.digest)?.done !== null
      if (outcome?.effective || (outcome !== undefined && settled)) await this.#handIns.remove(one.digest)
    }
    const waiting = this.#handIns.values()
    this.#left = waiting.find(one => this.#isOverdue(one) && this.#isWanting(one))?.digest
    const end = Date.now() + WATCH_MS
    for (let done = 0; done < waiting.length && Date.now() <= end; done++)
      await this.#bring(waiting[this.#next++ % waiting.length]!).catch(() => undefined)
  }

  async #bring({ entry, stamp }: HandedIn): Promise<void> {
    const { submitter } = this.#options
    // The stamp first: once it is in the log, the host takes the statement whatever comes of it.
    await submitter.submit(stamp).catch(error => {
      if (errorCode(error) !== 'rule-forbids') throw error
    })
    await submitter.submit(entry)
  }

  async #move(): Promise<void> {
    if (!this.#options.duties.onDuty) return
    if (await this.#moves?.attempt()) this.#options.report?.('the registry’s host was moved here')
  }
}

function isNews(note: string, book: RegistryBook): boolean {
  const { origin, size } = parseCheckpoint(parseNote(note).text)
  return origin !== book.origin || size > book.size
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}

function stampOf({ digest, stamp }: HandedIn): Stamp {
  return { digest, stamp: text(stamp) }
}
