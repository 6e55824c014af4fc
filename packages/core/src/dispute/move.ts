/** The moves of a game, as they stand in statements: read strictly, and never larger than a few kilobytes. */
import { AnswerableError } from '../error.ts'
import { Shape } from '../shape.ts'
import { type Commitment, LEVELS, type LeafClaim, MAX_TILES } from '../trace/commitment.ts'
import { parseCommitment } from '../trace/opening.ts'

export type Move =
  /** The defender's commitment; the challenger's opens the game. */
  | ({ readonly kind: 'commit' } & Commitment)
  /** In place of it: the defender has no trace of this record, and whoever judges runs it again as a whole. */
  | { readonly kind: 'decline' }
  /** The hashes `LEVELS` below the node in question, left to right, in hex. */
  | { readonly kind: 'hashes'; readonly hashes: readonly string[] }
  /** What the leaf in question is made of. */
  | ({ readonly kind: 'leaf' } & LeafClaim)

const shape = new Shape('bad-statement')

/** The move, or why it is none. Members that are not known are refused: they would be kept and mean nothing. */
export function parseMove(value: unknown): Move | string {
  try {
    const root = shape.object(value, 'move')
    const kind = shape.literal(root.kind, 'move.kind', ['commit', 'decline', 'hashes', 'leaf'])
    const allowed = MEMBERS[kind]
    for (const name of Object.keys(root))
      if (!allowed.includes(name)) shape.fail(`move.${name}`, 'no such member')
    if (kind === 'decline') return { kind }
    if (kind === 'commit') return { kind, ...parseCommitment(root) }
    if (kind === 'leaf') {
      const count = shape.count(root.count, 'move.count')
      if (count > MAX_TILES) shape.fail('move.count', `at most ${MAX_TILES}`)
      return {
        kind,
        head: shape.digest(root.head, 'move.head'),
        tiles: shape.digest(root.tiles, 'move.tiles'),
        count,
      }
    }
    const hashes = shape.array(root.hashes, 'move.hashes', 2 ** LEVELS)
    return { kind, hashes: hashes.map((hash, i) => shape.digest(hash, `move.hashes[${i}]`)) }
  } catch (error) {
    if (error instanceof AnswerableError) return error.message
    throw error
  }
}

const MEMBERS: Record<Move['kind'], readonly string[]> = {
  commit: ['kind', 'version', 'root', 'count'],
  decline: ['kind'],
  hashes: ['kind', 'hashes'],
  leaf: ['kind', 'head', 'tiles', 'count'],
}
