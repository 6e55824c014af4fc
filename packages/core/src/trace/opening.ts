/**
 * Values of a trace shown to one who holds its commitment and key: what a value is called, its type and dimensions, and
 * as many of its tiles as are needed, each with the proof that the commitment covers it.
 *
 * Openings hold content. They go to whoever judges, never into a registry.
 */
import { equal, fromBase64, fromHex, toHex } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import {
  ELEMENT_TYPES,
  type Elements,
  type ElementType,
  elementCount,
  elementSize,
  elementsOf,
  makeElements,
} from '../graph/tensor.ts'
import { type JsonObject, Shape } from '../shape.ts'
import type { Suite } from '../suite.ts'
import { Frontier } from '../tlog/frontier.ts'
import { rootFromInclusion, verifyConsistency, verifyInclusion } from '../tlog/merkle.ts'
import {
  type Commitment,
  claimHash,
  headHash,
  MAX_TILES,
  MAX_VALUES,
  TILE_ELEMENTS,
  tileCount,
  tileHash,
  tileRange,
} from './commitment.ts'

export interface ValueOpening {
  readonly value: number
  readonly name: string
  readonly type: ElementType
  readonly dims: readonly number[]
  /** Root of the tile tree, in hex. */
  readonly root: string
  /** That the trace has this leaf, in hex, the leaf's sibling first. */
  readonly proof: readonly string[]
  /** In rising order. */
  readonly tiles: readonly TileOpening[]
}

export interface TileOpening {
  readonly tile: number
  /** Base64 of little-endian elements. */
  readonly bytes: string
  /** In hex, the tile's sibling first; empty where all tiles are shown. */
  readonly proof: readonly string[]
}

/** A value that was shown, as far as it was. */
export interface OpenedValue {
  readonly value: number
  readonly name: string
  readonly type: ElementType
  readonly dims: readonly number[]
  /** As long as the dimensions say; zero where nothing was shown. */
  readonly data: Elements
  /** The tiles that were shown. */
  readonly shown: ReadonlySet<number>
  /** Whether the elements [from, to) were all shown. */
  shows(from: number, to: number): boolean
}

const shape = new Shape('bad-proof')
const MAX_NAME = 1024
/** Of one value: whoever judges makes room for all of it, and those who committed to it may lie alike. */
const MAX_OPENED_BYTES = 2 ** 28
const MAX_PROOF = 63

/** Reads an opening from JSON; nothing is checked against a commitment. Throws `bad-proof`. */
export function parseOpening(value: unknown): ValueOpening {
  const root = shape.object(value, 'opening')
  const dims = shape
    .array(root.dims, 'opening.dims', 16)
    .map((size, i) => shape.count(size, `opening.dims[${i}]`))
  return {
    value: number(root.value, 'opening.value', MAX_VALUES),
    name: shape.string(root.name, 'opening.name', MAX_NAME),
    type: shape.literal(root.type, 'opening.type', ELEMENT_TYPES),
    dims,
    root: shape.digest(root.root, 'opening.root'),
    proof: hashes(root, 'opening'),
    tiles: shape.array(root.tiles, 'opening.tiles', MAX_TILES).map((item, i) => {
      const where = `opening.tiles[${i}]`
      const tile = shape.object(item, where)
      return {
        tile: number(tile.tile, `${where}.tile`, MAX_TILES),
        bytes: shape.string(tile.bytes, `${where}.bytes`, 4096),
        proof: hashes(tile, where),
      }
    }),
  }
}

function number(value: unknown, where: string, most: number): number {
  const count = shape.count(value, where)
  return count < most ? count : shape.fail(where, `a number under ${most}`)
}

function hashes({ proof }: JsonObject, where: string): string[] {
  return shape.array(proof, `${where}.proof`, MAX_PROOF).map(hash => shape.digest(hash, `${where}.proof`))
}

/** Throws `bad-proof` where the opening does not fit the commitment. */
export function checkOpening(
  opening: ValueOpening,
  commitment: Commitment,
  key: Uint8Array,
  suite: Suite,
): OpenedValue {
  const { value, name, type, dims, root } = opening
  const count = tileCount(dims)
  const claim = { head: headHash(value, { name, type, dims }, key, suite), tiles: root, count }
  verifyInclusion(
    {
      index: value,
      size: commitment.count,
      leafHash: claimHash(claim, suite),
      proof: opening.proof.map(hash => fromHex(hash, 32)),
      root: fromHex(commitment.root, 32),
    },
    suite,
  )
  const elements = elementCount(dims)
  if (elements * elementSize(type) > MAX_OPENED_BYTES)
    throw bad(`a value of over ${MAX_OPENED_BYTES} bytes is not opened`)
  const data = makeElements(type, elements)
  const shown = checkTiles(opening, data, key, suite)
  return {
    value,
    name,
    type,
    dims,
    data,
    shown,
    shows: (from, to) => covers(shown, from, to),
  }
}

function covers(shown: ReadonlySet<number>, from: number, to: number): boolean {
  for (let tile = Math.floor(from / TILE_ELEMENTS); from < to && tile * TILE_ELEMENTS < to; tile++)
    if (!shown.has(tile)) return false
  return true
}

/** One value that two openings show parts of; both were checked against one leaf, so they cannot contradict. */
export function mergeOpened(a: OpenedValue, b: OpenedValue): OpenedValue {
  const data = a.data.slice() as Elements
  const shown = new Set(a.shown)
  for (const tile of b.shown) {
    if (shown.has(tile)) continue
    shown.add(tile)
    const { from, to } = tileRange(tile, data.length)
    data.set(b.data.subarray(from, to) as never, from)
  }
  return { ...a, data, shown, shows: (from, to) => covers(shown, from, to) }
}

/** Puts the tiles in place. Returns which were shown. */
function checkTiles(opening: ValueOpening, data: Elements, key: Uint8Array, suite: Suite): Set<number> {
  const { value, type, tiles } = opening
  const root = fromHex(opening.root, 32)
  const count = tileCount(opening.dims)
  const whole = tiles.length === count
  const frontier = new Frontier(suite)
  const shown = new Set<number>()
  let before = -1
  for (const { tile, bytes: text, proof } of tiles) {
    if (tile <= before || tile >= count) throw bad(`tile ${tile} of value ${value} is out of place`)
    before = tile
    const bytes = fromBase64(text)
    const { from, to } = tileRange(tile, data.length)
    if (bytes.length !== (to - from) * elementSize(type)) throw bad(`tile ${tile} has ${bytes.length} bytes`)
    const leafHash = tileHash(value, tile, bytes, key, suite)
    if (whole) frontier.append(leafHash)
    else {
      const siblings = proof.map(hash => fromHex(hash, 32))
      if (!equal(rootFromInclusion({ index: tile, size: count, leafHash, proof: siblings }, suite), root))
        throw bad(`tile ${tile} of value ${value} is not the one that was committed to`)
    }
    data.set(elementsOf(type, bytes) as never, from)
    shown.add(tile)
  }
  if (whole && !equal(frontier.root(), root))
    throw bad(`the tiles of value ${value} are not those that were committed to`)
  return shown
}

/**
 * Checks that a trace begins with the leaves given: how the model's stored tensors and the inputs, which whoever judges
 * has from elsewhere, are found to be those of the trace. Throws `bad-proof`.
 */
export function checkBeginning(
  leaves: readonly Uint8Array[],
  proof: readonly string[],
  commitment: Commitment,
  suite: Suite,
): void {
  const frontier = new Frontier(suite)
  for (const leaf of leaves) frontier.append(leaf)
  verifyConsistency(
    {
      oldSize: leaves.length,
      oldRoot: frontier.root(),
      newSize: commitment.count,
      newRoot: fromHex(commitment.root, 32),
      proof: proof.map(hash => fromHex(hash, 32)),
    },
    suite,
  )
}

/** A commitment from JSON. Throws `bad-proof`. */
export function parseCommitment(value: unknown): Commitment {
  const root = shape.object(value, 'commitment')
  if (root.version !== 1) shape.fail('commitment.version', '1')
  const count = number(root.count, 'commitment.count', MAX_VALUES + 1)
  if (count < 1) shape.fail('commitment.count', 'at least 1')
  return { version: 1, root: toHex(fromHex(shape.digest(root.root, 'commitment.root'))), count }
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-proof', message)
}
