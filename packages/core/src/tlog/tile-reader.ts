/** Answering for a tree's hashes out of its tiles. */
import type { Suite } from '../suite.ts'
import { nodeHash } from './merkle.ts'
import type { HashReader, Subtree } from './range.ts'
import { TILE_WIDTH, type TileRef, tileHash, tileWidth } from './tile.ts'

/** The bytes of a tile, at least as wide as the tree at hand needs. Throws where it has none. */
export type TileGetter = (level: number, index: number) => Uint8Array

/**
 * A reader over tiles: every eighth level is read, those between are hashed again and remembered for as long as the
 * reader lives. Throws `bad-tile` where a tile is too narrow, and whatever `getTile` throws.
 */
export function tileHashReader(getTile: TileGetter, suite: Suite): HashReader {
  const inner = new Map<string, Uint8Array>()
  const read: HashReader = (level, index) => {
    if (level % 8 === 0)
      return tileHash(getTile(level / 8, Math.floor(index / TILE_WIDTH)), index % TILE_WIDTH)
    const name = `${level}/${index}`
    let hash = inner.get(name)
    if (hash === undefined) {
      hash = nodeHash(read(level - 1, index * 2), read(level - 1, index * 2 + 1), suite)
      inner.set(name, hash)
    }
    return hash
  }
  return read
}

/**
 * The tiles that hold the given subtrees of a tree of `size`, each once, in the width that they have at that size: what
 * to fetch before making a proof.
 */
export function tilesForSubtrees(
  needed: readonly Subtree[],
  size: number,
): (TileRef & { readonly level: number })[] {
  const tiles = new Map<string, TileRef & { readonly level: number }>()
  for (const subtree of needed) {
    const level = Math.floor(subtree.level / 8)
    const index = Math.floor((subtree.index * 2 ** (subtree.level % 8)) / TILE_WIDTH)
    tiles.set(`${level}/${index}`, { level, index, width: tileWidth(level, index, size) })
  }
  return [...tiles.values()]
}
