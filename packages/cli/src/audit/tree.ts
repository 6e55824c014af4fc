/**
 * Recomputing a log's tree from its entries: every entry and every hash of every tile, in one pass. Memory holds the
 * right edge of the tree, one tile of hashes a level, and the few tiles that are being fetched.
 */
import { type AnswerableError, equal, errorCode } from '@answerable/core'
import {
  type Checkpoint,
  Frontier,
  HASH_LENGTH,
  leafHash,
  TILE_WIDTH,
  tilePath,
  tileWidth,
} from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import type { LogSource } from './source.ts'

export type FaultKind =
  | 'missing'
  | 'bad-tile'
  | 'tile-mismatch'
  | 'entry-mismatch'
  | 'other-root'
  | 'forked'
  | 'rolled-back'
  | 'bad-record'

export interface Fault {
  kind: FaultKind
  message: string
}

export interface TreeAudit {
  faults: Fault[]
  tiles: number
  entries: number
}

export interface TreeAuditOptions {
  /** Earlier sizes, whose roots are wanted on the way. */
  rootsAt?: ReadonlySet<number>
  onRoot?: (size: number, root: Uint8Array) => void
  /** Told how many entries are done. */
  onProgress?: (done: number) => void
}

/** Tiles fetched ahead, so that a round trip is not waited for 256 entries at a time. */
const AHEAD = 16
/** After this many faults the rest would only be more of the same. */
const MOST_FAULTS = 20

export async function auditTree(
  source: LogSource,
  { size, root }: Pick<Checkpoint, 'size' | 'root'>,
  options: TreeAuditOptions = {},
): Promise<TreeAudit> {
  const audit = new Audit(source, size, options)
  const count = Math.ceil(size / TILE_WIDTH)
  for await (const pair of ahead(count, index => audit.fetch(index))) {
    if (!(await audit.take(pair))) return audit.result
  }
  await audit.finish(root)
  return audit.result
}

interface Pair {
  index: number
  width: number
  tile: Uint8Array | Fault
  entries: Uint8Array[] | Fault
}

class Audit {
  readonly result: TreeAudit = { faults: [], tiles: 0, entries: 0 }
  readonly #source: LogSource
  readonly #size: number
  readonly #options: TreeAuditOptions
  readonly #frontier = new Frontier(nodeSuite)
  /** Hashes of the tile that is filling at each level, from the entries; and from the tiles, once the two part. */
  readonly #columns: Uint8Array[][] = []
  readonly #tileColumns: Uint8Array[][] = []
  /** The tree that the tiles of level 0 give, from where they differ from the entries. */
  #byTiles: Frontier | undefined
  #mismatch: { index: number; tile: number } | undefined

  constructor(source: LogSource, size: number, options: TreeAuditOptions) {
    this.#source = source
    this.#size = size
    this.#options = options
  }

  async fetch(index: number): Promise<Pair> {
    const width = tileWidth(0, index, this.#size)
    const [tile, entries] = await Promise.all([
      faultOr(this.#source.tile(0, index, width), tilePath(0, index, width)),
      faultOr(this.#source.entries(index, width), tilePath('entries', index, width)),
    ])
    return { index, width, tile, entries }
  }

  /** False where it cannot go on: neither tile nor entries say what the leaves are, or faults abound. */
  async take({ index, width, tile, entries }: Pair): Promise<boolean> {
    if (isFault(tile)) this.#fault(tile)
    else this.result.tiles++
    if (isFault(entries)) this.#fault(entries)
    if (isFault(tile) && isFault(entries)) return false
    for (let i = 0; i < width; i++) {
      const stated = isFault(tile) ? undefined : tile.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH)
      const computed = isFault(entries) ? undefined : leafHash(entries[i]!, nodeSuite)
      if (computed !== undefined && stated !== undefined && !equal(computed, stated)) {
        this.#mismatch ??= { index: index * TILE_WIDTH + i, tile: index }
        this.#byTiles ??= this.#frontier.clone()
      }
      this.#append((computed ?? stated)!, (stated ?? computed)!)
      if (this.#columns[1]?.length === TILE_WIDTH) await this.#checkTiles()
    }
    this.result.entries += width
    this.#options.onProgress?.(this.#frontier.size)
    return this.result.faults.length < MOST_FAULTS
  }

  async finish(root: Uint8Array): Promise<void> {
    for (let level = 1; level < this.#columns.length; level++) {
      if ((this.#columns[level]?.length ?? 0) > 0) await this.#checkTile(level)
    }
    const fromEntries = equal(this.#frontier.root(), root)
    if (this.#mismatch !== undefined) {
      const { index, tile } = this.#mismatch
      if (!fromEntries && this.#byTiles !== undefined && equal(this.#byTiles.root(), root))
        this.#fault({
          kind: 'entry-mismatch',
          message: `entry ${index} is not the one that was signed: ${tilePath('entries', tile)} was altered`,
        })
      else
        this.#fault({
          kind: 'tile-mismatch',
          message: `${tilePath(0, tile)} does not have the hash of entry ${index}${fromEntries ? ', which is the one that was signed' : ''}`,
        })
      if (fromEntries || (this.#byTiles !== undefined && equal(this.#byTiles.root(), root))) return
    }
    if (!fromEntries)
      this.#fault({ kind: 'other-root', message: 'the entries do not have the root that the log signed' })
  }

  #append(leaf: Uint8Array, stated: Uint8Array): void {
    const { rootsAt, onRoot } = this.#options
    this.#frontier.append(leaf, collect(this.#columns))
    if (this.#byTiles !== undefined) this.#byTiles.append(stated, collect(this.#tileColumns))
    const { size } = this.#frontier
    if (rootsAt?.has(size)) onRoot?.(size, this.#frontier.root())
  }

  /** Tiles above level 0, as soon as all their hashes are known. */
  async #checkTiles(): Promise<void> {
    for (let level = 1; this.#columns[level]?.length === TILE_WIDTH; level++) await this.#checkTile(level)
  }

  async #checkTile(level: number): Promise<void> {
    const hashes = this.#columns[level]!
    const others = this.#tileColumns[level] ?? []
    this.#columns[level] = []
    this.#tileColumns[level] = []
    const end = Math.floor(this.#frontier.size / TILE_WIDTH ** level)
    const index = Math.floor((end - 1) / TILE_WIDTH)
    const path = tilePath(level, index, hashes.length)
    const tile = await faultOr(this.#source.tile(level, index, hashes.length), path)
    if (isFault(tile)) return this.#fault(tile)
    this.result.tiles++
    for (const [i, hash] of hashes.entries()) {
      const stated = tile.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH)
      // Where entries and tiles part below, either side's hash is only a consequence of what is reported there.
      const other = others[i - (hashes.length - others.length)]
      if (equal(hash, stated) || (other !== undefined && equal(other, stated))) continue
      return this.#fault({
        kind: 'tile-mismatch',
        message: `${path}: hash ${i} is not that of the entries below it`,
      })
    }
  }

  #fault(fault: Fault): void {
    this.result.faults.push(fault)
  }
}

function collect(columns: Uint8Array[][]) {
  return (level: number, _index: number, hash: Uint8Array): void => {
    if (level === 0 || level % 8 !== 0) return
    columns[level / 8] ??= []
    columns[level / 8]!.push(hash)
  }
}

/** What is the log's own fault is a finding; that a server cannot be reached is not. */
async function faultOr<T>(work: Promise<T>, path: string): Promise<T | Fault> {
  try {
    return await work
  } catch (error) {
    const code = errorCode(error)
    const { message } = error as AnswerableError
    if (code === 'not-found') return { kind: 'missing', message: `${path} is missing` }
    if (code === 'bad-tile' || code === 'too-large' || code === 'corrupt')
      return { kind: 'bad-tile', message: `${path}: ${message}` }
    throw error
  }
}

function isFault(value: object): value is Fault {
  return 'kind' in value
}

/** What `load` gives for 0 to `count` - 1, in order, with some of them under way ahead. */
async function* ahead<T>(count: number, load: (index: number) => Promise<T>): AsyncGenerator<T> {
  const waiting: Promise<T>[] = []
  for (let index = 0; index < count; index++) {
    const loading = load(index)
    loading.catch(() => undefined)
    waiting.push(loading)
    if (waiting.length === AHEAD) yield await waiting.shift()!
  }
  while (waiting.length > 0) yield await waiting.shift()!
}
