/**
 * The tree of a log as its tiles (C2SP tlog-tiles): a column of hashes for every eighth level. Any width up to what
 * was appended can be read, also of a tile that is full by now.
 */
import { join } from 'node:path'
import { AnswerableError, type Suite } from '@answerable/core'
import {
  consistencyProof,
  Frontier,
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
  readonly #levels: { count: number; hashes: Uint8Array[] }[] = []

  add(level: number, index: number, hash: Uint8Array): void {
    this.#levels[level] ??= { count: 0, hashes: [] }
    const ring = this.#levels[level]
    ring.hashes[index % RECENT_NODES] = hash
    ring.count = index + 1
  }

  get(level: number, index: number): Uint8Array | undefined {
    const ring = this.#levels[level]
    if (ring === undefined || index >= ring.count || index < ring.count - RECENT_NODES) return undefined
    return ring.hashes[index % RECENT_NODES]
  }
}

/** Of each level. */
const RECENT_NODES = 8192

export class Tiles {
  readonly #suite: Suite
  readonly #recent = new RecentNodes()
  readonly #levels: HashFile[]
  #frontier: Frontier

  private constructor(suite: Suite, levels: HashFile[]) {
    this.#suite = suite
    this.#levels = levels
    this.#frontier = new Frontier(suite)
  }

  /** Opens the tree of the first `size` entries. */
  static async open(disk: Disk, folder: string, size: number, suite: Suite): Promise<Tiles> {
    const levels: HashFile[] = []
    for (let level = 0; level < LEVELS; level++) {
      const count = Math.floor(size / TILE_WIDTH ** level)
      levels.push(await HashFile.open(disk, join(folder, `level-${level}.hashes`), count))
    }
    const tiles = new Tiles(suite, levels)
    const edge = neededForRoot(size)
    const read = await tiles.#reader(edge, size)
    tiles.#frontier = Frontier.fromHashes(
      size,
      edge.map(({ level, index }) => read(level, index)),
      suite,
    )
    return tiles
  }

  get size(): number {
    return this.#frontier.size
  }

  root(): Uint8Array {
    return this.#frontier.root()
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

  async flush(): Promise<void> {
    await Promise.all(this.#levels.map(level => level.flush()))
  }

  /** The bytes of a tile in the given width. Throws `not-found` beyond `size`, the size of a published checkpoint. */
  async tile(level: number, index: number, width: number, size: number): Promise<Uint8Array> {
    const end = index * TILE_WIDTH + width
    if (level >= LEVELS || end > Math.floor(size / TILE_WIDTH ** level))
      throw new AnswerableError('not-found', 'the log has no such tile yet')
    return this.#levels[level]!.read(index * TILE_WIDTH, width)
  }

  async inclusionProof(index: number, size: number): Promise<Uint8Array[]> {
    const read = await this.#reader(neededForInclusion(index, size), size)
    return inclusionProof(index, size, read, this.#suite)
  }

  async consistencyProof(oldSize: number, size: number): Promise<Uint8Array[]> {
    const read = await this.#reader(neededForConsistency(oldSize, size), size)
    return consistencyProof(oldSize, size, read, this.#suite)
  }

  async close(): Promise<void> {
    for (const level of this.#levels) await level.close()
  }

  async #reader(needed: readonly Subtree[], size: number): Promise<HashReader> {
    // Found now, since waiting below may push them out of the ring.
    const found = new Map<string, Uint8Array>()
    const missing = needed.filter(({ level, index }) => {
      const hash = this.#recent.get(level, index)
      if (hash !== undefined) found.set(`${level}/${index}`, hash)
      return hash === undefined
    })
    if (missing.length === 0) return (level, index) => found.get(`${level}/${index}`)!
    const tiles = new Map<string, Uint8Array>()
    await Promise.all(
      tilesForSubtrees(missing, size).map(async ({ level, index, width }) => {
        tiles.set(`${level}/${index}`, await this.#levels[level]!.read(index * TILE_WIDTH, width))
      }),
    )
    const read = tileHashReader((level, index) => tiles.get(`${level}/${index}`)!, this.#suite)
    return (level, index) => found.get(`${level}/${index}`) ?? read(level, index)
  }
}
