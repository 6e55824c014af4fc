/**
 * Tiles (C2SP tlog-tiles): the tree as files of up to 256 consecutive hashes, a tile level for every eight levels of
 * the tree, and the entries as bundles beside them.
 */
import { AnswerableError } from '../error.ts'
import { HASH_LENGTH } from './merkle.ts'

/** Hashes in a full tile, and entries in a full bundle. */
export const TILE_WIDTH = 256
/** The longest entry that a bundle holds, in bytes. */
export const MAX_ENTRY_BYTES = 0xffff

export interface TileRef {
  /** 0 to 63, or `entries` for an entry bundle. */
  readonly level: number | 'entries'
  readonly index: number
  /** 1 to 255 for a partial tile, 256 for a full one. */
  readonly width: number
}

/**
 * The path of a tile under a log's prefix: `tile/0/x001/x234/067`, or with `.p/<width>` where it is partial.
 * Throws `bad-tile` for values out of range.
 */
export function tilePath(level: number | 'entries', index: number, width: number = TILE_WIDTH): string {
  if (level !== 'entries' && !(Number.isInteger(level) && level >= 0 && level <= 63)) throw bad('level')
  if (!Number.isSafeInteger(index) || index < 0) throw bad('index')
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) throw bad('width')
  let path = String(index % 1000).padStart(3, '0')
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`
}

/** The tile that a path names: the strict inverse of {@link tilePath}. Throws `bad-tile`. */
export function parseTilePath(path: string): TileRef {
  const match = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(
    path,
  )
  if (!match) throw bad('path')
  const level = match[1] === 'entries' ? 'entries' : Number(match[1])
  const index = Number(match[2]!.replace(/[x/]/g, ''))
  const width = match[3] === undefined ? TILE_WIDTH : Number(match[3])
  // Formatting again refuses needless zeroes, a full tile spelled as partial and numbers out of range.
  if (tilePath(level, index, width) !== path) throw bad('path')
  return { level, index, width }
}

/** How many hashes (or entries, at level 0) the partial tile at `level` has in a tree of `size`; 0: there is none. */
export function partialWidth(level: number, size: number): number {
  return hashesAt(level, size) % TILE_WIDTH
}

/** The width that the tile at this place has in a tree of `size`, or 0. */
export function tileWidth(level: number, index: number, size: number): number {
  return Math.max(0, Math.min(TILE_WIDTH, hashesAt(level, size) - index * TILE_WIDTH))
}

/**
 * The tiles of a tree of `size`, level by level, left to right, without the bundles (which have the index and width
 * of level 0). With `from`, only those that a tree of `from` entries did not have in the same width: what a log
 * publishes as it grows.
 */
export function* tilesForSize(size: number, from = 0): Generator<TileRef & { level: number }> {
  for (let level = 0; hashesAt(level, size) > 0; level++) {
    const total = hashesAt(level, size)
    const known = hashesAt(level, from)
    if (total === known) continue
    for (let index = Math.floor(known / TILE_WIDTH); index * TILE_WIDTH < total; index++)
      yield { level, index, width: tileWidth(level, index, size) }
  }
}

/** How many hashes the tiles of a level have together. A power of two divides exactly, however large. */
function hashesAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level)
}

/** A hash of a tile, by its place in it. The tile is the concatenation of its hashes. Throws `bad-tile`. */
export function tileHash(tile: Uint8Array, position: number): Uint8Array {
  if (tile.length % HASH_LENGTH !== 0 || (position + 1) * HASH_LENGTH > tile.length)
    throw new AnswerableError('bad-tile', `a tile of ${tile.length} bytes has no hash ${position}`)
  return tile.subarray(position * HASH_LENGTH, (position + 1) * HASH_LENGTH)
}

/** An entry bundle: each entry after its length, a big-endian uint16. Throws `bad-tile` for over 65,535 bytes. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > TILE_WIDTH) throw bad('bundle: over 256 entries')
  let length = 0
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) throw bad('bundle: an entry over 65,535 bytes')
    length += 2 + entry.length
  }
  const out = new Uint8Array(length)
  let at = 0
  for (const entry of entries) {
    out[at] = entry.length >> 8
    out[at + 1] = entry.length
    out.set(entry, at + 2)
    at += 2 + entry.length
  }
  return out
}

/** The entries of a bundle, exactly `expectedCount` of them, as views into `bytes`. Throws `bad-tile`. */
export function parseBundle(bytes: Uint8Array, expectedCount: number): Uint8Array[] {
  const entries: Uint8Array[] = []
  let at = 0
  while (at < bytes.length) {
    if (entries.length === expectedCount) throw bad('bundle: more entries than its width')
    if (at + 2 > bytes.length) throw bad('bundle: cut off')
    const end = at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!)
    if (end > bytes.length) throw bad('bundle: cut off')
    entries.push(bytes.subarray(at + 2, end))
    at = end
  }
  if (entries.length !== expectedCount)
    throw bad(`bundle: ${entries.length} entries where ${expectedCount} were expected`)
  return entries
}

function bad(what: string): AnswerableError {
  return new AnswerableError('bad-tile', `not a tile: ${what}`)
}
