/**
 * Moving the host: a deliberate act against one that is silent or leaves out what was handed in. The next in line asks
 * every other validator to sign where the old host's log ends; each signs if it finds the host wanting itself, and if
 * nothing that its witness cosigned lies beyond that end. From then on it cosigns nothing more for the old host. So a
 * quorum that moves and a quorum that cosigned share an honest owner, and nothing official is left behind.
 */
import { join } from 'node:path'
import { AnswerableError, equal, fromHex, toHex } from '@answerable/core'
import { parseNote } from '@answerable/core/note'
import {
  addSignature,
  openEntry,
  parseKeyText,
  parseRegistryPayload,
  registryPayload,
  signEnvelope,
  successors,
} from '@answerable/core/registry'
import { preAuthEncoding } from '@answerable/core/statement'
import { parseCheckpoint } from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import type { RegistryBook } from '../registry/book.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { Keyring } from '../registry/keyring.ts'
import type { Mirror } from '../registry/mirror.ts'
import type { Disk } from '../storage/disk.ts'

export interface MovesOptions {
  book: RegistryBook
  mirror: Mirror
  keyring: Keyring
  network: string
  disk: Disk
  /** For the promises: origins that nothing more is cosigned of. */
  folder: string
  client(url: string): RegistryClient
  /** Base URLs of the other validators, by member. */
  peers(): Map<string, string>
  /** Why this validator finds the host wanting, if it does. */
  complaint(): string | undefined
  /** The size of the newest checkpoint of an origin that its witness cosigned. */
  cosigned(origin: string): number
  /** Whether an origin is known to have signed two histories. */
  forked(origin: string): boolean
  clock: () => number
}

export class Moves {
  readonly #options: MovesOptions
  readonly #promised = new Set<string>()
  #since: number | undefined

  private constructor(options: MovesOptions) {
    this.#options = options
  }

  static async open(options: MovesOptions): Promise<Moves> {
    const moves = new Moves(options)
    const stored = await options.disk.readFile(moves.#path)
    for (const origin of stored === undefined ? [] : (JSON.parse(stored.toString()) as string[]))
      moves.#promised.add(origin)
    return moves
  }

  /** Whether this validator has promised to cosign nothing more of an origin. */
  hasLeft(origin: string): boolean {
    return this.#promised.has(origin)
  }

  /**
   * Where there is a complaint and this validator is next in line, tries to move the host here. Resolves with whether
   * the move is in the book. Peers that do not answer, or refuse, are left out.
   */
  async attempt(): Promise<boolean> {
    const { book, keyring, complaint, clock } = this.#options
    const reason = complaint()
    if (reason === undefined || book.state.host?.origin === book.origin) {
      this.#since = undefined
      return false
    }
    this.#since ??= clock()
    const line = successors(book.state)
    if (line.length === 0) return false
    // Each in line has as long as a host has for a hand-in, before the next one tries.
    const turnMs = book.state.terms.handInSeconds * 1000
    const turn = Math.floor((clock() - this.#since) / turnMs) % line.length
    const candidate = line[turn]!
    if (candidate.member.id !== keyring.member || !(await this.#others())) return false
    return this.move(reason)
  }

  /** Asks for signatures and, with enough of them, moves the host here. Also for a move that people decided on. */
  async move(reason: string): Promise<boolean> {
    const { book } = this.#options
    for (let round = 0; round < 3; round++) {
      const from = book.state.host!.origin
      await this.#promise(from)
      const entry = await this.#gather(this.#propose(reason))
      // A peer had more of the old host's log than was here: it is here now, and the end is another.
      if (entry === undefined) continue
      if (!book.registry.check(entry).effective) return false
      const [result] = await book.append([entry], ({ effective }) => effective)
      return result?.taken ?? false
    }
    return false
  }

  /**
   * Signs another's proposal, or says why not: `forbidden` where nothing is wrong with the host, `conflict` with the
   * size that is here where the proposal ends before it.
   */
  async sign(
    entry: Uint8Array,
    proposer: RegistryClient,
  ): Promise<{ entry: Uint8Array } | { size: number; note: string }> {
    const { book, mirror, keyring, complaint, cosigned, forked } = this.#options
    const statement = parseRegistryPayload(openEntry(entry).payload)
    const { body } = statement
    const from = String(body.from)
    const { host } = book.state
    if (statement.kind !== 'host-move' || statement.network !== book.state.network || host?.origin !== from)
      throw new AnswerableError('bad-request', 'not a move of this registry’s present host')
    const to = String((body.to as { member?: unknown } | undefined)?.member)
    if (!successors(book.state).some(({ member }) => member.id === to && member.id === statement.by))
      throw new AnswerableError('forbidden', `${to} is not in line to host`)
    if (complaint() === undefined)
      throw new AnswerableError('forbidden', `nothing is wrong with ${host.member} as seen from here`)
    // Nobody else's word makes this validator leave a host.
    if (!signersOf(entry, book).some(({ member }) => member === to))
      throw new AnswerableError('forbidden', `${to} has not signed this`)
    const size = Number(body.size)
    if (!Number.isSafeInteger(size) || size < 1)
      throw new AnswerableError('bad-request', 'size: expected a positive integer')
    // Of a host with two histories, what was cosigned may be of the other one: then what a quorum saw counts alone. A
    // quorum that such a host gathered and showed to nobody is beyond this (docs/decisions/0009).
    const own = forked(from) ? 0 : cosigned(from)
    const seen = Math.max(own, mirror.official?.size ?? 0)
    if (size < seen) return { size: seen, note: this.#noteOf(from) }
    // What the old host signed beyond what is here, the proposer shows.
    const note = body.note
    if (typeof note === 'string') {
      const here = size <= book.size && equal(await book.log.rootAt(size), fromHex(String(body.root), 32))
      // Of two histories, neither of which a quorum saw to its end, the one that the next in line has is as good.
      if (!here && forked(from)) await mirror.yieldTo(note, proposer)
      else if (size > book.size) await mirror.reach(note, proposer)
    }
    if (size > book.size || !equal(await book.log.rootAt(size), fromHex(String(body.root), 32)))
      throw new AnswerableError('conflict', `the first ${size} entries are others here`)
    await this.#promise(from)
    return { entry: addSignature(entry, keyring.statements('validator')) }
  }

  /**
   * Whether enough others find the host wanting too. Asked before anyone promises anything: whoever has left a host
   * does not go back to it, so one validator that is cut off must not leave it alone.
   */
  async #others(): Promise<boolean> {
    const { book, keyring, peers, client } = this.#options
    const { state } = book
    const groups = new Set([state.members.get(keyring.member)!.ownerGroup])
    await Promise.allSettled(
      [...peers()].map(async ([member, url]) => {
        const status = (await client(url).get('/validator/status')) as Record<string, unknown>
        const group = state.members.get(member)?.ownerGroup
        if (group !== undefined && status.host === state.host?.origin && typeof status.complaint === 'string')
          groups.add(group)
      }),
    )
    return state.mayMove(groups)
  }

  #propose(reason: string): Uint8Array {
    const { book, keyring, network, clock } = this.#options
    const { state } = book
    const vkey = keyring.all.find(({ purpose }) => purpose === 'host')!.key
    const url = state.members.get(keyring.member)!.url!
    const body = {
      from: state.host!.origin,
      size: book.size,
      root: toHex(book.registry.root()),
      to: { vkey, member: keyring.member, url },
      reason,
      ...this.#lastNote(state.host!.origin),
    }
    return signEnvelope(
      registryPayload({ kind: 'host-move', network, by: keyring.member, time: clock(), body }),
      [keyring.statements('validator')],
    )
  }

  /** The old host's checkpoint at this book's size, for peers that have less. */
  #lastNote(origin: string): { note?: string } {
    const { mirror, book } = this.#options
    const newest = mirror.newest
    return newest?.origin === origin && newest.size === book.size ? { note: newest.note } : {}
  }

  #noteOf(origin: string): string {
    const { mirror } = this.#options
    const newest = mirror.newest
    return newest?.origin === origin ? newest.note : (mirror.official?.note ?? '')
  }

  /** The entry with the signatures of all who gave one; undefined where someone knew of more of the old log. */
  async #gather(entry: Uint8Array): Promise<Uint8Array | undefined> {
    const { peers, client, mirror, book } = this.#options
    const text = Buffer.from(entry).toString()
    let more = false
    let signed = entry
    const answers = await Promise.allSettled(
      [...peers().values()].map(async url => {
        const peer = client(url)
        const answer = (await peer.post('/validator/moves', text)) as {
          entry?: string
          size?: number
          note?: string
        }
        if (typeof answer.entry === 'string') return Buffer.from(answer.entry)
        if (typeof answer.note === 'string' && Number(answer.size) > book.size) {
          const { origin } = parseCheckpoint(parseNote(answer.note).text)
          if (origin === book.state.host?.origin) {
            await mirror.reach(answer.note, peer)
            more = true
          }
        }
        return undefined
      }),
    )
    if (more) return undefined
    for (const answer of answers) {
      if (answer.status !== 'fulfilled' || answer.value === undefined) continue
      signed = merge(signed, answer.value, book)
    }
    return signed
  }

  async #promise(origin: string): Promise<void> {
    if (this.#promised.has(origin)) return
    const { disk } = this.#options
    await disk.replace(this.#path, Buffer.from(JSON.stringify([...this.#promised, origin])))
    this.#promised.add(origin)
  }

  get #path(): string {
    return join(this.#options.folder, 'left-hosts.json')
  }
}

/**
 * The first entry with the signatures of the second, where both are of one payload: those of validators' registered
 * keys that hold, and no others, since a single false one would make the whole void.
 */
function merge(a: Uint8Array, b: Uint8Array, book: RegistryBook): Uint8Array {
  try {
    const mine = openEntry(a)
    if (!equal(mine.payload, openEntry(b).payload)) return a
    let merged = a
    for (const { keyid, sig } of signersOf(b, book)) {
      if (!mine.signatures.some(one => one.keyid === keyid))
        merged = addSignature(merged, { keyid, sign: () => sig })
    }
    return merged
  } catch (error) {
    if (error instanceof AnswerableError) return a
    throw error
  }
}

/** The signatures of an entry that are good ones of active validators' keys. */
function signersOf(
  entry: Uint8Array,
  { state }: RegistryBook,
): { keyid: string; sig: Uint8Array; member: string }[] {
  const { payload, payloadType, signatures } = openEntry(entry)
  const message = preAuthEncoding(payloadType, payload)
  const found: { keyid: string; sig: Uint8Array; member: string }[] = []
  for (const { keyid, sig } of signatures) {
    const key = state.keys.get(keyid)
    if (key?.purpose !== 'validator' || key.revoked !== null) continue
    const member = state.members.get(key.member)
    if (member?.status !== 'active' || !member.roles.includes('validator')) continue
    const { vkey } = parseKeyText(key.key, key.purpose, nodeSuite)
    if (vkey === undefined) continue
    const { publicKey } = vkey
    const holds =
      publicKey.length === 32
        ? nodeSuite.verifyEd25519(publicKey, message, sig)
        : nodeSuite.verifyMlDsa44(publicKey, message, sig)
    if (holds) found.push({ keyid, sig, member: key.member })
  }
  return found
}
