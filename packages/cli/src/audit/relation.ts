/** Where two checkpoints of one log stand to each other, shown by its tiles. */
import { AnswerableError, equal } from '@answerable/core'
import {
  type Checkpoint,
  consistencyProof,
  neededForConsistency,
  neededForRoot,
  tileHashReader,
  tilesForSubtrees,
  treeRoot,
  verifyConsistency,
} from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import type { LogSource } from './source.ts'

/**
 * `continues`: the larger begins with the smaller. `forked`: the tiles lead to the larger's root, and give the smaller
 * another root than was signed, so the two signatures contradict each other. `bad-tiles`: the tiles are not those of
 * the larger, and show nothing.
 */
export type Relation = 'continues' | 'forked' | 'bad-tiles'

export async function relation(
  source: LogSource,
  a: Pick<Checkpoint, 'size' | 'root'>,
  b: Pick<Checkpoint, 'size' | 'root'>,
): Promise<Relation> {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a]
  if (small.size === large.size) return equal(small.root, large.root) ? 'continues' : 'forked'
  if (small.size === 0) return 'continues'
  const needed = [...neededForRoot(small.size), ...neededForConsistency(small.size, large.size)]
  const tiles = new Map<string, Uint8Array>()
  try {
    await Promise.all(
      tilesForSubtrees(needed, large.size).map(async ({ level, index, width }) => {
        tiles.set(`${level}/${index}`, await source.tile(level, index, width))
      }),
    )
    const read = tileHashReader((level, index) => tiles.get(`${level}/${index}`)!, nodeSuite)
    const proof = consistencyProof(small.size, large.size, read, nodeSuite)
    // With the root that the tiles give, the proof shows that they are the larger's own, whatever the smaller says.
    const oldRoot = treeRoot(small.size, read, nodeSuite)
    const sides = { oldSize: small.size, oldRoot, newSize: large.size, newRoot: large.root }
    if (!isProof({ ...sides, proof })) return 'bad-tiles'
    return equal(oldRoot, small.root) ? 'continues' : 'forked'
  } catch (error) {
    if (error instanceof AnswerableError && (error.code === 'not-found' || error.code === 'bad-tile'))
      return 'bad-tiles'
    throw error
  }
}

function isProof(input: Parameters<typeof verifyConsistency>[0]): boolean {
  try {
    verifyConsistency(input, nodeSuite)
    return true
  } catch (error) {
    if (error instanceof AnswerableError) return false
    throw error
  }
}
