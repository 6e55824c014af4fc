/**
 * What a trace is committed to by: a tree over every value of a graph in canonical order, and under each value's leaf a
 * tree over its tiles. Both are the trees of RFC 6962.
 *
 *     tile      HMAC(key, 0x01 || value number || tile number || bytes), 8 bytes a number, big-endian
 *     head      HMAC(key, JSON of ["head", value number, name, type, dimensions])
 *     leaf      head || root of the tile tree || number of tiles, 8 bytes, big-endian
 *
 * Everything that tells of content is under the key, which the two sides derive from the record in dispute: whoever has
 * only the hashes can confirm no guess. The numbers are hashed along, so that equal contents have unequal hashes.
 */
import { concat, toHex, utf8 } from '../bytes.ts'
import { type Elements, type ElementType, elementBytes, elementCount } from '../graph/tensor.ts'
import type { Suite } from '../suite.ts'
import { leafHash } from '../tlog/merkle.ts'

/** Names all of the above with the numbers below. A change of any is another version. */
export const TRACE_VERSION = 1
/** Elements of a tile, of which a value's last may have fewer: what a referee computes at least. */
export const TILE_ELEMENTS = 256
/** How far below a node its subtree hashes are shown at once: 16 hashes. */
export const LEVELS = 4
export const KEY_LENGTH = 32
/** Values of a graph, and tiles of a value. */
export const MAX_VALUES = 2 ** 20
export const MAX_TILES = 2 ** 23

export interface Commitment {
  readonly version: typeof TRACE_VERSION
  /** In hex. */
  readonly root: string
  /** Values in the trace. */
  readonly count: number
}

/** What a value's leaf is made of. */
export interface LeafClaim {
  /** In hex. */
  readonly head: string
  /** Root of its tile tree, in hex. */
  readonly tiles: string
  /** Tiles in it. */
  readonly count: number
}

/** What is said of a value beside its elements. */
export interface Head {
  readonly name: string
  readonly type: ElementType
  readonly dims: readonly number[]
}

export function tileCount(dims: readonly number[]): number {
  return Math.ceil(elementCount(dims) / TILE_ELEMENTS)
}

/** The elements [from, to) of a tile. */
export function tileRange(tile: number, elements: number): { from: number; to: number } {
  return { from: tile * TILE_ELEMENTS, to: Math.min((tile + 1) * TILE_ELEMENTS, elements) }
}

/** In hex. */
export function headHash(value: number, { name, type, dims }: Head, key: Uint8Array, suite: Suite): string {
  return toHex(suite.hmacSha256(key, utf8(JSON.stringify(['head', value, name, type, dims]))))
}

/** The leaf of a tile in its value's tree; `bytes` as `elementBytes` gives them. */
export function tileHash(
  value: number,
  tile: number,
  bytes: Uint8Array,
  key: Uint8Array,
  suite: Suite,
): Uint8Array {
  const numbers = new Uint8Array(17)
  const view = new DataView(numbers.buffer)
  numbers[0] = 1
  view.setBigUint64(1, BigInt(value))
  view.setBigUint64(9, BigInt(tile))
  return leafHash(suite.hmacSha256(key, concat(numbers, bytes)), suite)
}

/** The leaf of a tile, from the value's elements. */
export function tileHashOf(
  value: number,
  tile: number,
  { type, data }: { type: ElementType; data: Elements },
  key: Uint8Array,
  suite: Suite,
): Uint8Array {
  const { from, to } = tileRange(tile, data.length)
  return tileHash(value, tile, elementBytes(type, data, from, to), key, suite)
}

/** The leaf of a value in the trace's tree. `head` and `tiles` are hex of 32 bytes. */
export function claimHash({ head, tiles, count }: LeafClaim, suite: Suite): Uint8Array {
  const entry = new Uint8Array(72)
  entry.set(bytesOfHex(head), 0)
  entry.set(bytesOfHex(tiles), 32)
  new DataView(entry.buffer).setBigUint64(64, BigInt(count))
  return leafHash(entry, suite)
}

/** Of hex that is known to be well formed. */
export function bytesOfHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)
  return bytes
}
