/** What a signed tree says of its own past. */
import { AnswerableError, type Suite } from '@answerable/core'
import {
  consistencyProof,
  neededForConsistency,
  neededForRoot,
  tileHashReader,
  tilesForSubtrees,
  treeRoot,
  verifyConsistency,
} from '@answerable/core/tlog'
import type { RegistryClient } from './client.ts'

/**
 * The root of the first `size` entries of a tree whose root at `whole` is known, by the tree's own tiles as a peer has
 * them. Throws `bad-proof` where they do not lead to that root.
 */
export async function rootIn(
  peer: RegistryClient,
  size: number,
  whole: number,
  root: Uint8Array,
  suite: Suite,
): Promise<Uint8Array> {
  const needed = [...neededForRoot(size), ...neededForConsistency(size, whole)]
  const tiles = new Map<string, Uint8Array>()
  for (const { level, index, width } of tilesForSubtrees(needed, whole))
    tiles.set(`${level}/${index}`, await peer.tile(level, index, width))
  const read = tileHashReader((level, index) => {
    const tile = tiles.get(`${level}/${index}`)
    if (tile === undefined) throw new AnswerableError('bad-proof', `${peer.url}: a tile too few`)
    return tile
  }, suite)
  const oldRoot = treeRoot(size, read, suite)
  const proof = consistencyProof(size, whole, read, suite)
  verifyConsistency({ oldSize: size, oldRoot, newSize: whole, newRoot: root, proof }, suite)
  return oldRoot
}
