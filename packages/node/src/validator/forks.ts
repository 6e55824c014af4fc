/**
 * Comparing what the host showed to others with what it showed here. Two checkpoints that it signed over two trees are
 * a fork, whoever brings them: the proof is its own signature against the entries that are here.
 */
import { join } from 'node:path'
import { AnswerableError, equal, fromUtf8 } from '@answerable/core'
import { parseNote, parseVkey } from '@answerable/core/note'
import { openCheckpoint, parseCheckpoint } from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import type { RegistryBook } from '../registry/book.ts'
import type { RegistryClient } from '../registry/client.ts'
import { rootIn } from '../registry/sub-root.ts'
import type { Disk } from '../storage/disk.ts'

export interface RegistryFork {
  origin: string
  size: number
  /** Signed by the host: a checkpoint over another tree than the one here. */
  note: string
  /** Signed by the host: the newest checkpoint over the tree that is here. */
  ours: string
}

/** Kept of an origin for others to compare with; one is proof enough, and one host's leave room for the next one's. */
const MOST = 4
/** Checkpoints of more entries than are here, to be compared once they are. */
const MOST_AHEAD = 64

export class Forks {
  readonly #disk: Disk
  readonly #folder: string
  readonly #book: RegistryBook
  readonly #onFork: (fork: RegistryFork) => void
  readonly #forks: RegistryFork[] = []
  readonly #ahead = new Set<string>()

  private constructor(disk: Disk, folder: string, book: RegistryBook, onFork: (fork: RegistryFork) => void) {
    this.#disk = disk
    this.#folder = folder
    this.#book = book
    this.#onFork = onFork
  }

  /** `onFork` is told of each that is found. Must not throw. */
  static async open(
    disk: Disk,
    folder: string,
    book: RegistryBook,
    onFork: (fork: RegistryFork) => void,
  ): Promise<Forks> {
    const forks = new Forks(disk, folder, book, onFork)
    const stored = await disk.readFile(forks.#path)
    if (stored !== undefined) forks.#forks.push(...(JSON.parse(fromUtf8(stored)) as RegistryFork[]))
    return forks
  }

  /** Those found so far, also by others whose evidence held. */
  all(): readonly RegistryFork[] {
    return this.#forks
  }

  /** The fork of an origin, if one was found. */
  of(origin: string): RegistryFork | undefined {
    return this.#forks.find(fork => fork.origin === origin)
  }

  /**
   * Compares a checkpoint with the entries here. Resolves with the fork where its signer is the host, or was for those
   * entries, and its tree is another. `ours` is the host's checkpoint over what is here. One of more entries is looked at
   * by the hashes that a peer has of its tree, and else kept until the entries are here too.
   */
  async compare(note: string, ours: string, peer?: RegistryClient): Promise<RegistryFork | undefined> {
    const book = this.#book
    const { origin, size, root } = parseCheckpoint(parseNote(note).text)
    const hosts = [...book.state.hosts.values()]
    const at = hosts.findIndex(one => one.origin === origin)
    const host = hosts[at]
    // What a former host signed beyond its end is not official, and no second history either.
    const end = hosts[at + 1]?.from ?? Number.POSITIVE_INFINITY
    if (host === undefined || size === 0 || size > end) return undefined
    try {
      openCheckpoint(note, [parseVkey(host.vkey, nodeSuite)], nodeSuite)
    } catch (error) {
      if (error instanceof AnswerableError) return undefined
      throw error
    }
    const fork: RegistryFork = { origin, size, note, ours }
    if (size > book.log.signed.size) {
      if (peer !== undefined && (await contradicts({ size, root }, ours, origin, peer))) {
        await this.keep(fork)
        return fork
      }
      if (this.#ahead.size >= MOST_AHEAD) this.#ahead.delete(this.#ahead.values().next().value!)
      this.#ahead.add(note)
      return undefined
    }
    this.#ahead.delete(note)
    if (equal(await book.log.rootAt(size), root)) return undefined
    await this.keep(fork)
    return fork
  }

  /** Compares those again that were of more entries than were here. */
  async compareAhead(ours: string): Promise<void> {
    for (const note of [...this.#ahead]) await this.compare(note, ours)
  }

  async keep(fork: RegistryFork): Promise<void> {
    const same = this.#forks.filter(({ origin }) => origin === fork.origin)
    if (same.some(({ note }) => note === fork.note) || same.length >= MOST) return
    this.#forks.push(fork)
    this.#onFork(fork)
    await this.#disk.replace(this.#path, Buffer.from(JSON.stringify(this.#forks)))
  }

  get #path(): string {
    return join(this.#folder, 'registry-forks.json')
  }
}

/** Whether a longer tree, by its own hashes, had another past than the one that the same origin signed for us. */
async function contradicts(
  longer: { size: number; root: Uint8Array },
  ours: string,
  origin: string,
  peer: RegistryClient,
): Promise<boolean> {
  const here = parseCheckpoint(parseNote(ours).text)
  if (here.origin !== origin || here.size === 0 || here.size >= longer.size) return false
  try {
    return !equal(await rootIn(peer, here.size, longer.size, longer.root, nodeSuite), here.root)
  } catch (error) {
    // It is away, or brought hashes of another tree: that shows nothing of the host.
    if (error instanceof AnswerableError) return false
    throw error
  }
}
