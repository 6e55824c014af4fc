/** A trace: every value of a graph for one input, with the trees over them. It holds the values; keep it while needed. */
import { toBase64, toHex } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { elementBytes, type Tensor } from '../graph/tensor.ts'
import type { Suite } from '../suite.ts'
import { Frontier } from '../tlog/frontier.ts'
import { consistencyProof } from '../tlog/range.ts'
import {
  type Commitment,
  claimHash,
  headHash,
  KEY_LENGTH,
  type LeafClaim,
  MAX_TILES,
  MAX_VALUES,
  TRACE_VERSION,
  tileCount,
  tileHashOf,
  tileRange,
} from './commitment.ts'
import type { TileOpening, ValueOpening } from './opening.ts'
import { descendantsOf, inclusionOf, type Range, rangeHash } from './subtree.ts'

export interface TraceValue {
  readonly name: string
  readonly tensor: Tensor
}

export class Trace {
  readonly values: readonly TraceValue[]
  readonly #key: Uint8Array
  readonly #suite: Suite
  readonly #claims: LeafClaim[]
  readonly #leaves: Uint8Array[]
  readonly #commitment: Commitment
  /** The tile hashes of the value last asked for: a bisection asks for one value's again and again. */
  #tiles: { value: number; hashes: Uint8Array[] } | undefined

  private constructor(
    values: readonly TraceValue[],
    key: Uint8Array,
    suite: Suite,
    claims: readonly LeafClaim[] = [],
  ) {
    this.values = values
    this.#key = key
    this.#suite = suite
    this.#claims = values.map(
      ({ name, tensor }, value) => claims[value] ?? claimOf(value, name, tensor, key, suite),
    )
    this.#leaves = this.#claims.map(claim => claimHash(claim, suite))
    const root = rangeHash({ start: 0, end: values.length }, this.#leaves, suite)
    this.#commitment = { version: TRACE_VERSION, root: toHex(root), count: values.length }
  }

  /** Of the values in canonical order, as `valuesOf` has it. `key` is 32 bytes. Throws `too-large`. */
  static of(values: readonly TraceValue[], key: Uint8Array, suite: Suite): Trace {
    if (key.length !== KEY_LENGTH)
      throw new AnswerableError('bad-encoding', `a trace’s key has ${KEY_LENGTH} bytes`)
    if (values.length < 1 || values.length > MAX_VALUES)
      throw new AnswerableError('too-large', `a trace of ${values.length} values`)
    return new Trace(values, key, suite)
  }

  /** The same but for one value: only that is hashed again. */
  with(value: number, tensor: Tensor): Trace {
    const { name } = this.values[value]!
    const claims = this.#claims.with(value, claimOf(value, name, tensor, this.#key, this.#suite))
    return new Trace(this.values.with(value, { name, tensor }), this.#key, this.#suite, claims)
  }

  get commitment(): Commitment {
    return this.#commitment
  }

  /** The hashes of the nodes `LEVELS` below one of the trace's tree, in hex. */
  subtrees(range: Range): string[] {
    return hexes(descendantsOf(range), this.#leaves, this.#suite)
  }

  /** The same, in the tile tree of one value. */
  tileSubtrees(value: number, range: Range): string[] {
    return hexes(descendantsOf(range), this.#tilesOf(value), this.#suite)
  }

  leaf(value: number): LeafClaim {
    return this.#claims[value]!
  }

  /** One value shown with its proof, and some of its tiles, all of them, or none. */
  open(value: number, tiles: readonly number[] | 'all' = []): ValueOpening {
    const { name, tensor } = this.values[value]!
    const { tiles: root, count } = this.#claims[value]!
    const proof = inclusionOf(value, this.values.length, this.#leaves, this.#suite)
    const numbers = tiles === 'all' ? Array.from({ length: count }, (_, i) => i) : tiles
    // Of a value that is shown whole, the root follows from the tiles.
    const whole = numbers.length === count
    return {
      value,
      name,
      type: tensor.type,
      dims: [...tensor.dims],
      root,
      proof: proof.map(toHex),
      tiles: numbers.map(tile => this.#openTile(value, tile, tensor, whole)),
    }
  }

  /** That the trace begins with these values: see `checkBeginning`. In hex. */
  beginning(count: number): string[] {
    const read = (level: number, index: number) =>
      rangeHash({ start: index * 2 ** level, end: (index + 1) * 2 ** level }, this.#leaves, this.#suite)
    return consistencyProof(count, this.values.length, read, this.#suite).map(toHex)
  }

  #openTile(value: number, tile: number, { type, data }: Tensor, whole: boolean): TileOpening {
    const { from, to } = tileRange(tile, data.length)
    const bytes = toBase64(elementBytes(type, data, from, to))
    if (whole) return { tile, bytes, proof: [] }
    const hashes = this.#tilesOf(value)
    return { tile, bytes, proof: inclusionOf(tile, hashes.length, hashes, this.#suite).map(toHex) }
  }

  #tilesOf(value: number): Uint8Array[] {
    if (this.#tiles?.value !== value) {
      const { tensor } = this.values[value]!
      const hashes = Array.from({ length: this.#claims[value]!.count }, (_, tile) =>
        tileHashOf(value, tile, tensor, this.#key, this.#suite),
      )
      this.#tiles = { value, hashes }
    }
    return this.#tiles.hashes
  }
}

/** What the leaf of a value must be made of. Throws `too-large`. */
export function claimOf(
  value: number,
  name: string,
  tensor: Tensor,
  key: Uint8Array,
  suite: Suite,
): LeafClaim {
  const count = tileCount(tensor.dims)
  if (count > MAX_TILES) throw new AnswerableError('too-large', `a value of ${count} tiles`)
  const frontier = new Frontier(suite)
  for (let tile = 0; tile < count; tile++) frontier.append(tileHashOf(value, tile, tensor, key, suite))
  const { type, dims } = tensor
  return { head: headHash(value, { name, type, dims }, key, suite), tiles: toHex(frontier.root()), count }
}

function hexes(ranges: readonly Range[], leaves: readonly Uint8Array[], suite: Suite): string[] {
  return ranges.map(range => toHex(rangeHash(range, leaves, suite)))
}
