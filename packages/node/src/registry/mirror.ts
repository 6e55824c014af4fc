/**
 * Following the host: entries come from it, or from any other that has them, and count only where they make the tree
 * that the host signed. What a quorum of owners cosigned is official and never goes back; what only the host signed may
 * turn out to be an abandoned end.
 */
import { join } from 'node:path'
import { AnswerableError, equal, errorCode, fromUtf8, type Suite } from '@answerable/core'
import { parseNote, parseVkey } from '@answerable/core/note'
import { judgeOfficial, Registry } from '@answerable/core/registry'
import { openCheckpoint, parseCheckpoint } from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import type { Disk } from '../storage/disk.ts'
import { Ahead, replay } from './ahead.ts'
import type { RegistryBook } from './book.ts'
import type { RegistryClient } from './client.ts'
import { rootIn } from './sub-root.ts'

export interface MirrorOptions {
  book: RegistryBook
  disk: Disk
  /** Data folder: the newest official checkpoint is kept there. */
  folder: string
  /** SHA-256 of the charter's statement, which is what this process knows its network by. */
  network: string
  /** Whose copy this is. */
  member: string
  suite?: Suite
  /** How long one peer may take at a time; what was shown to be the host's by then stays. */
  turnMs?: number
  /** Told of the entries of an abandoned end, once the book has left them behind. Must not throw. */
  onAbandoned?: (entries: readonly Uint8Array[]) => void
  /** Told of two checkpoints that the host signed over two histories. */
  onFork?: (note: string, ours: string) => Promise<void>
  /**
   * Told of a checkpoint that the host signed and whose entries could not be had, or not shown to go with those under
   * `ours`: to be compared again when there is more here.
   */
  onDoubt?: (note: string, ours: string) => Promise<void>
}

export interface Official {
  origin: string
  size: number
  root: Uint8Array
  note: string
}

/** Entries held in memory before they are checked. */
const PIECE = 2048
/** Entries since the last official checkpoint that are replayed for a new host: more than a quorum would leave open. */
const MOST_REPLAYED = 100_000
/** Bytes of entries held in memory before they are checked. */
const MOST_HELD = 256 << 20
/** One peer's turn: whoever answers slowly, or without end, must not keep this process from the others. */
const TURN_MS = 20_000
/** How many times as long as a peer took up in vain it is not listened to. */
const REST = 10
/** The same of one that only came before a quorum had cosigned: that is mostly a matter of a moment. */
const SHORT_REST = 2

export class Mirror {
  readonly #options: MirrorOptions
  readonly #suite: Suite
  #official: Official | undefined
  #newest: Official | undefined
  #running: Promise<unknown> = Promise.resolve()
  /** Peers that took up time in vain, by URL, and until when they rest. */
  readonly #resting = new Map<string, number>()

  private constructor(options: MirrorOptions) {
    this.#options = options
    this.#suite = options.suite ?? nodeSuite
  }

  static async open(options: MirrorOptions): Promise<Mirror> {
    const mirror = new Mirror(options)
    const stored = await options.disk.readFile(mirror.#path)
    if (stored !== undefined) {
      const note = fromUtf8(stored)
      const { origin, size, root } = parseCheckpoint(parseNote(note).text)
      mirror.#official = { origin, size, root, note }
    }
    return mirror
  }

  /** The newest checkpoint of the registry that a quorum cosigned. */
  get official(): Official | undefined {
    return this.#official
  }

  /** The newest checkpoint that a host signed and whose entries are here, cosigned or not. */
  get newest(): Official | undefined {
    return this.#newest ?? this.#official
  }

  /** Brings the book up to what this peer has. Throws `unavailable` where it cannot be reached, and as `reach`. */
  async follow(peer: RegistryClient): Promise<void> {
    await this.reach(await peer.checkpoint(), peer)
  }

  /**
   * Brings the book to a checkpoint. Throws `bad-signature`, `unsigned` or `wrong-host` where the registry's host did
   * not sign it, `conflict` where its tree is not the one that is here, and `bad-proof` where the entries are not its.
   */
  reach(note: string, peer: RegistryClient): Promise<void> {
    const done = this.#running.then(() => this.#reach(note, peer))
    this.#running = done.catch(() => undefined)
    return done
  }

  async #reach(note: string, peer: RegistryClient): Promise<void> {
    const { book } = this.#options
    const { origin } = parseCheckpoint(parseNote(note).text)
    const { host } = book.state
    if (host !== undefined && origin === host.origin) {
      openCheckpoint(note, [parseVkey(host.vkey, this.#suite)], this.#suite)
      const fits = await this.#fits(note, peer).catch(error => this.#doubt(note, error))
      if (!fits) return this.#forked(note, peer).catch(error => this.#doubt(note, error))
      const { size } = parseCheckpoint(parseNote(note).text)
      // Not all of it yet, in the time that a peer has: the rest comes in its next turn.
      if (size <= this.#options.book.size) await this.#officiate(note)
      // The entries themselves may say that the host has changed, or that a quorum is another.
      return
    }
    await this.#adopt(note, peer)
  }

  /**
   * Whether a checkpoint of the host continues, or is part of, what is here. What it adds is taken in. It is said not to
   * only where that is shown: a peer that gives false entries for a true checkpoint makes no liar of the host.
   */
  async #fits(note: string, peer: RegistryClient): Promise<boolean> {
    const { book } = this.#options
    const { origin, size, root } = parseCheckpoint(parseNote(note).text)
    if (size <= book.size) return equal(await book.log.rootAt(size), root)
    try {
      await this.#extend(peer, size, root, origin)
      return true
    } catch (error) {
      if (errorCode(error) === 'conflict') return false
      throw error
    }
  }

  /** The host signed this, and it is another history than the one here. Where a quorum saw it, it is the one. */
  async #forked(note: string, peer: RegistryClient): Promise<void> {
    const { book, onFork } = this.#options
    const { origin, size } = parseCheckpoint(parseNote(note).text)
    const ours = this.newest
    if (ours !== undefined && ours.note !== note && (await this.#contradicts(note, ours, peer)))
      await onFork?.(note, ours.note)
    const error = new AnswerableError(
      'conflict',
      `${origin}: another history of ${size} entries than the one here`,
    )
    if (!this.#isQuorum(note, book.registry)) throw error
    // A host never takes back what it signed itself, to sign on from elsewhere: that would be the second history. This
    // is an old copy of it, or a thief's, and says no more.
    if (origin === book.origin) {
      book.log.halt(error)
      throw error
    }
    await this.#adopt(note, peer)
  }

  async #doubt(note: string, error: unknown): Promise<never> {
    const ours = this.newest?.note
    if (ours !== undefined && ours !== note) await this.#options.onDoubt?.(note, ours)
    throw error
  }

  /** Whether two checkpoints of one origin are over two histories: of a longer one, as its own tree shows it. */
  async #contradicts(note: string, ours: Official, peer: RegistryClient): Promise<boolean> {
    const { origin, size, root } = parseCheckpoint(parseNote(note).text)
    if (origin !== ours.origin) return false
    if (size <= ours.size) return !equal(await this.#options.book.log.rootAt(size), root)
    return !equal(await rootIn(peer, ours.size, size, root, this.#suite), ours.root)
  }

  /**
   * A checkpoint by another than the host that is known here: a first one, or that of a successor. Its entries are
   * replayed from the last official one; they count where they lead to it as host, and a quorum cosigned.
   */
  /**
   * Goes over to another history of a host that is proven to have signed two, though no quorum saw it: for a move that a
   * quorum is to sign. What is official stays; what is given up was the host's word alone.
   */
  yieldTo(note: string, peer: RegistryClient): Promise<void> {
    const done = this.#running.then(() => this.#adopt(note, peer, true))
    this.#running = done.catch(() => undefined)
    return done
  }

  async #adopt(note: string, peer: RegistryClient, forked = false): Promise<void> {
    const { book } = this.#options
    const { origin, size, root } = parseCheckpoint(parseNote(note).text)
    const base = Math.min(this.#official?.size ?? 0, book.size)
    // An old host that has not heard yet, or a mirror that is behind: what it has is here.
    if (size < base) return
    if (book.size > 0 && size <= book.size && equal(await book.log.rootAt(size), root)) return
    // Whose key the origin is, is mostly known: what it did not sign is not worth a replay.
    const known = this.#hostKey(origin)
    if (known !== undefined) openCheckpoint(note, [parseVkey(known, this.#suite)], this.#suite)
    if (book.size === 0) return this.#first(note, peer)
    const began = Date.now()
    if (began < (this.#resting.get(peer.url) ?? 0))
      throw new AnswerableError('unavailable', `${peer.url}: asked again later, after what it gave last`)
    try {
      await this.#replay(note, peer, base, forked)
      this.#resting.delete(peer.url)
    } catch (error) {
      const rest = error instanceof NoQuorum ? SHORT_REST : REST
      this.#resting.set(peer.url, Date.now() + rest * (Date.now() - began))
      throw error
    }
  }

  /** The vkey of an origin, where it is that of a member's key to host with. */
  #hostKey(origin: string): string | undefined {
    for (const { purpose, key } of this.#options.book.state.keys.values())
      if (purpose === 'host' && key.slice(0, key.indexOf('+')) === origin) return key
    return undefined
  }

  async #replay(note: string, peer: RegistryClient, base: number, forked: boolean): Promise<void> {
    const { book, network, turnMs = TURN_MS } = this.#options
    const { origin, size, root } = parseCheckpoint(parseNote(note).text)
    const end = Date.now() + turnMs
    const fetched: Uint8Array[] = []
    let held = 0
    for await (const part of peer.entries(base, Math.min(size, base + MOST_REPLAYED))) {
      fetched.push(...part)
      for (const { length } of part) held += length
      if (held > MOST_HELD || Date.now() > end)
        throw new AnswerableError('unavailable', `${peer.url}: its entries are too many, or come too slowly`)
    }
    const ahead = new Ahead(this.#suite)
    const scratch = new Registry(ahead.suite)
    for (let at = 0; at < base; at += PIECE)
      await replay(scratch, await book.entries(at, Math.min(PIECE, base - at)), ahead)
    await replay(scratch, fetched, ahead)
    if (scratch.state.network !== network)
      throw new AnswerableError('conflict', `${peer.url}: the registry of another network`)
    if (!equal(scratch.root(), root))
      throw new AnswerableError('bad-proof', `${origin}: its entries do not make its tree`)
    const { host } = scratch.state
    if (host?.origin !== origin)
      throw new AnswerableError('wrong-host', `${origin} is not the host of this registry`)
    openCheckpoint(note, [parseVkey(host.vkey, this.#suite)], this.#suite)
    // A move was signed by a quorum of validators, in the entry itself; anything else waits for one to cosign.
    const moved = scratch.state.hosts.size > book.state.hosts.size
    if (!moved && !forked && !this.#isQuorum(note, scratch)) throw new NoQuorum(origin)
    let common = base
    const own = await book.entries(base, Math.min(book.size, size) - base)
    while (common - base < own.length && equal(own[common - base]!, fetched[common - base]!)) common++
    const abandoned = await book.entries(common, book.size - common)
    const next = fetched.slice(common - base)
    if (abandoned.length > 0) await book.rewind(common, next)
    else await book.append(next)
    await this.#officiate(note)
    if (abandoned.length > 0) this.#options.onAbandoned?.(abandoned)
  }

  /** Keeps a checkpoint as official where a quorum cosigned it. */
  async #officiate(note: string): Promise<void> {
    const { book, disk } = this.#options
    const { origin, size, root } = parseCheckpoint(parseNote(note).text)
    if (size >= (this.#newest?.size ?? 0)) this.#newest = { origin, size, root, note }
    if (size < (this.#official?.size ?? 0)) return
    if (this.#official?.note === note || !this.#isQuorum(note, book.registry)) return
    await disk.replace(this.#path, Buffer.from(note))
    this.#official = { origin, size, root, note }
  }

  /** For the host itself, whose own publisher gathers the cosignatures. */
  async officiate(note: string): Promise<void> {
    await this.#officiate(note)
  }

  /**
   * Entries from where the book ends to a checkpoint's size, in pieces, each shown to be a part of its tree before it is
   * taken in. Throws `conflict` where that tree is another than the one here, and `bad-proof` where the peer gives
   * what is in no tree of the host's.
   */
  async #extend(peer: RegistryClient, size: number, root: Uint8Array, origin: string): Promise<void> {
    const { book, turnMs = TURN_MS } = this.#options
    const end = Date.now() + turnMs
    while (book.size < size && Date.now() <= end) {
      const from = book.size
      const to = Math.min(size, from + PIECE)
      const entries: Uint8Array[] = []
      for await (const part of peer.entries(from, to)) entries.push(...part)
      const expected = to === size ? root : await rootIn(peer, to, size, root, this.#suite)
      if (!equal(book.registry.rootWith(entries), expected)) {
        if (equal(await rootIn(peer, from, size, root, this.#suite), book.registry.root()))
          throw new AnswerableError('bad-proof', `${peer.url}: its entries are not those of ${origin}`)
        throw new AnswerableError('conflict', `${origin}: its tree of ${size} does not continue what is here`)
      }
      await book.append(entries)
    }
  }

  /** The first copy: of the network that was asked for, signed by the host that its entries name, and cosigned. */
  async #first(note: string, peer: RegistryClient): Promise<void> {
    const { book, network } = this.#options
    const { origin, size, root } = parseCheckpoint(parseNote(note).text)
    try {
      for await (const part of book.checked(peer.entries(0, size))) {
        await book.append(part)
        // Before anything else of it is taken in.
        if (book.state.network !== network)
          throw new AnswerableError('conflict', `${peer.url}: the registry of another network`)
      }
      if (!equal(book.registry.root(), root))
        throw new AnswerableError('bad-proof', `${origin}: its entries do not make its tree`)
      const { host } = book.state
      if (host?.origin !== origin)
        throw new AnswerableError('wrong-host', `${origin} is not the host of this registry`)
      openCheckpoint(note, [parseVkey(host.vkey, this.#suite)], this.#suite)
      // This member's own witness cosigns only what is here, so for the first copy its owner's part is not asked for.
      const own = book.state.members.get(this.#options.member)?.ownerGroup
      if (!this.#isQuorum(note, book.registry, own)) throw new NoQuorum(origin)
    } catch (error) {
      if (book.size > 0) await book.rewind(0, [], true)
      throw error
    }
    await this.#officiate(note)
  }

  #isQuorum(note: string, registry: Registry, also?: string): boolean {
    const result = judgeOfficial(registry.state, note, this.#suite, also)
    return result.outcome === 'ok' && result.quorum
  }

  get #path(): string {
    return join(this.#options.folder, 'registry-official')
  }
}

class NoQuorum extends AnswerableError {
  constructor(origin: string) {
    super('unavailable', `${origin}: no quorum has cosigned it yet; try again later`)
  }
}
