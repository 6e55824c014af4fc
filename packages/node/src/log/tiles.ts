/**
 * The tree of a log as its tiles (C2SP tlog-tiles): a column of hashes for every eighth level. Any width up to what
 * was appended can be read, also of a tile that is full by now.
 */
import { join } from 'node:path'
import { AnswerableError, equal, type Suite } from '@answerable/core'
import {
  consistencyProof,
  Frontier,
  HASH_LENGTH,
  type HashReader,
  inclusionProof,
  leafHash,
  neededForConsistency,
  neededForInclusion,
  neededForRoot,
  type Subtree,
  TILE_WIDTH,
  tileHashReader,
  tilesForSubtrees,
  verifyConsistency,
  verifyInclusion,
} from '@answerable/core/tlog'
import type { Disk } from '../storage/disk.ts'
import { HashFile } from './hash-file.ts'

/** 256^7 entries are more than any number of ours counts. */
const LEVELS = 7

/**
 * Nodes of every level that were completed last. Nearly all proofs are asked for within seconds of the answer, and
 * with the inner nodes at hand they cost neither a read nor a tile hashed again.
 */
class RecentNodes {
  /** Of each level. */
  readonly #most: number
  /** Rings of hashes side by side, which the garbage collector need not look into. */
  readonly #levels: { first: number; count: number; hashes: Uint8Array }[] = []

  constructor(most: number) {
    this.#most = most
  }

  add(level: number, index: number, hash: Uint8Array): void {
    this.#levels[level] ??= { count: 0, first: index, hashes: new Uint8Array(this.#most * HASH_LENGTH) }
    const ring = this.#levels[level]
    ring.hashes.set(hash, (index % this.#most) * HASH_LENGTH)
    ring.count = index + 1
  }

  get(level: number, index: number): Uint8Array | undefined {
    const ring = this.#levels[level]
    if (ring === undefined || index >= ring.count || index < ring.count - this.#most) return undefined
    // Of before this process: the ring has room for it, and nothing in it.
    if (index < ring.first) return undefined
    const at = (index % this.#most) * HASH_LENGTH
    return ring.hashes.slice(at, at + HASH_LENGTH)
  }
}

const RECENT_NODES = 8192

export class Tiles {
  readonly #suite: Suite
  readonly #folder: string
  readonly #recent: RecentNodes
  readonly #levels: HashFile[] = []
  #frontier: Frontier

  private constructor(suite: Suite, folder: string, recentNodes: number) {
    this.#suite = suite
    this.#folder = folder
    this.#recent = new RecentNodes(recentNodes)
    this.#frontier = new Frontier(suite)
  }

  /** Opens the tree of the first `size` entries. Throws `corrupt` where its files are not all there. */
  static async open(
    disk: Disk,
    folder: string,
    size: number,
    suite: Suite,
    recentNodes: number = RECENT_NODES,
  ): Promise<Tiles> {
    const tiles = new Tiles(suite, folder, recentNodes)
    try {
      for (let level = 0; level < LEVELS; level++) {
        const count = Math.floor(size / TILE_WIDTH ** level)
        tiles.#levels.push(await HashFile.open(disk, join(folder, `level-${level}.hashes`), count))
      }
      tiles.#frontier = await tiles.#frontierAt(size)
      return tiles
    } catch (error) {
      await tiles.close()
      throw error
    }
  }

  get size(): number {
    return this.#frontier.size
  }

  root(): Uint8Array {
    return this.#frontier.root()
  }

  /** The root that the tree will have with these entries, none of which it takes. */
  rootWith(entries: readonly Uint8Array[]): Uint8Array {
    const frontier = this.#frontier.clone()
    for (const entry of entries) frontier.append(leafHash(entry, this.#suite))
    return frontier.root()
  }

  /** Adds an entry, already durable elsewhere. Costs about two hashes. */
  append(entry: Uint8Array): void {
    this.#frontier.append(leafHash(entry, this.#suite), (level, index, hash) => {
      this.#recent.add(level, index, hash)
      if (level % 8 === 0) this.#levels[level / 8]!.append(hash)
    })
  }

  /** Hashes that are in memory alone. */
  get pending(): number {
    return this.#levels[0]!.pending
  }

  /** Settles when no write is under way any more, failed or not. */
  async flush(): Promise<void> {
    for (const outcome of await Promise.allSettled(this.#levels.map(level => level.flush()))) {
      if (outcome.status === 'rejected') throw outcome.reason
    }
  }

  /** The bytes of a tile in the given width. Throws `not-found` beyond `size`, the size of a published checkpoint. */
  async tile(level: number, index: number, width: number, size: number): Promise<Uint8Array> {
    const end = index * TILE_WIDTH + width
    if (level >= LEVELS || end > Math.floor(size / TILE_WIDTH ** level))
      throw new AnswerableError('not-found', 'the log has no such tile yet')
    return this.#levels[level]!.read(index * TILE_WIDTH, width)
  }

  /**
   * The inclusion proof under a root of this log. One that was read from disk is checked before it is given out, so
   * that damage is found here and not by who was promised a proof. Throws `corrupt`.
   */
  async inclusionProof(index: number, size: number, root: Uint8Array): Promise<Uint8Array[]> {
    const { read, whole } = await this.#reader(neededForInclusion(index, size), size)
    const proof = inclusionProof(index, size, read, this.#suite)
    if (whole) return proof
    const leaf = await this.#levels[0]!.read(index, 1)
    this.#check(() => verifyInclusion({ index, size, leafHash: leaf, proof, root }, this.#suite))
    return proof
  }

  /** The root of the first `size` entries. */
  async rootAt(size: number): Promise<Uint8Array> {
    return size === this.size ? this.root() : (await this.#frontierAt(size)).root()
  }

  /** The consistency proof between two sizes of this log; `newRoot` checks it as above, where it is known. */
  async consistencyProof(oldSize: number, newSize: number, newRoot?: Uint8Array): Promise<Uint8Array[]> {
    const { read, whole } = await this.#reader(neededForConsistency(oldSize, newSize), newSize)
    const proof = consistencyProof(oldSize, newSize, read, this.#suite)
    if (whole || newRoot === undefined) return proof
    const oldRoot = (await this.#frontierAt(oldSize)).root()
    this.#check(() => verifyConsistency({ oldSize, oldRoot, newSize, newRoot, proof }, this.#suite))
    return proof
  }

  /** Throws `corrupt` where these are not the entries from `index`. */
  async checkEntries(index: number, entries: readonly Uint8Array[]): Promise<void> {
    const leaves = await this.#levels[0]!.read(index, entries.length)
    const wrong = entries.findIndex((entry, i) => {
      return !equal(leafHash(entry, this.#suite), leaves.subarray(i * 32, (i + 1) * 32))
    })
    if (wrong !== -1)
      throw new AnswerableError('corrupt', `${this.#folder}: not what the log has at entry ${index + wrong}`)
  }

  async close(): Promise<void> {
    for (const level of this.#levels) await level.close()
  }

  #check(verify: () => void): void {
    try {
      verify()
    } catch (cause) {
      throw new AnswerableError('corrupt', `${this.#folder}: a tile is damaged`, { cause })
    }
  }

  async #frontierAt(size: number): Promise<Frontier> {
    const edge = neededForRoot(size)
    const { read } = await this.#reader(edge, size)
    return Frontier.fromHashes(
      size,
      edge.map(({ level, index }) => read(level, index)),
      this.#suite,
    )
  }

  /** A reader for the hashes named; `whole` where it has all of them from memory. */
  async #reader(needed: readonly Subtree[], size: number): Promise<{ read: HashReader; whole: boolean }> {
    // Found now, since waiting below may push them out of the ring.
    const found = new Map<string, Uint8Array>()
    const missing = needed.filter(({ level, index }) => {
      const hash = this.#recent.get(level, index)
      if (hash !== undefined) found.set(`${level}/${index}`, hash)
      return hash === undefined
    })
    if (missing.length === 0) return { read: (level, index) => found.get(`${level}/${index}`)!, whole: true }
    const tiles = new Map<string, Uint8Array>()
    await Promise.all(
      tilesForSubtrees(missing, size).map(async ({ level, index, width }) => {
        tiles.set(`${level}/${index}`, await this.#levels[level]!.read(index * TILE_WIDTH, width))
      }),
    )
    const read = tileHashReader((level, index) => tiles.get(`${level}/${index}`)!, this.#suite)
    return { read: (level, index) => found.get(`${level}/${index}`) ?? read(level, index), whole: false }
  }
}
