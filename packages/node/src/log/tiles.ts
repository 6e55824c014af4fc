/**
 * The tree of a log as its tiles (C2SP tlog-tiles): a column of hashes for every eighth level. Any width up to what
 * was appended can be read, also of a tile that is full by now.
 */
import { join } from 'node:path'
import { AnswerableError, type Suite } from '@answerable/core'
import {
  Frontier,
  type HashReader,
  inclusionProof,
  consistencyProof,
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

export class Tiles {
  readonly #suite: Suite
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
    this.#frontier.append(leafHash(entry, this.#suite), (level, _index, hash) => {
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
    const tiles = new Map<string, Uint8Array>()
    await Promise.all(
      tilesForSubtrees(needed, size).map(async ({ level, index, width }) => {
        tiles.set(`${level}/${index}`, await this.#levels[level]!.read(index * TILE_WIDTH, width))
      }),
    )
    return tileHashReader((level, index) => tiles.get(`${level}/${index}`)!, this.#suite)
  }
}
