/**
 * The game by which two sides who computed one graph with different results find the one place where they part.
 *
 * Each commits to its trace. In turns, the challenger first, both show the hashes some levels below the node in
 * question, and the first pair that differs is the next node; so after few rounds they stand before one value, whose
 * inputs they agree on, and after a few more before one tile of it. Which of them is wrong then is a small computation
 * (`verdict.ts`), and no question of who convinces whom.
 *
 * All of it is a pure, total function of the moves: a move that is not allowed changes nothing and is told why, and
 * each shown hash must fold to the one it lies under, so that no side can change its mind. Deadlines are the caller's:
 * silence is a `forfeit`. A game ends after at most `MAX_ROUNDS` rounds.
 */
import { equal } from '../bytes.ts'
import type { Suite } from '../suite.ts'
import { EMPTY_ROOT } from '../tlog/merkle.ts'
import {
  bytesOfHex,
  type Commitment,
  claimHash,
  LEVELS,
  type LeafClaim,
  MAX_TILES,
  MAX_VALUES,
} from '../trace/commitment.ts'
import { descendantsOf, foldHashes, type Range } from '../trace/subtree.ts'
import { type Move, parseMove } from './move.ts'

/** The challenger says that a record is wrong; the defender answers for it. */
export type Side = 'challenger' | 'defender'

/** What is asked for next: a commitment, hashes of the values' tree, a leaf's parts, or hashes of its tile tree. */
export type Phase = 'commit' | 'values' | 'leaf' | 'tiles' | 'over'

/** How the game ended. What follows from it is `verdict.ts`. */
export type End =
  /** One tile of one value: all values before it are agreed, and all tiles of it before. */
  | { readonly kind: 'tile'; readonly value: number; readonly tile: number }
  /** They agree on all before one value and do not agree what it is called, its type or its size. */
  | { readonly kind: 'head'; readonly value: number }
  /** They do not agree how many values the graph has. */
  | { readonly kind: 'graph' }
  /** They computed the same: whether it is the model, the input and the answer of the record is all that is in question. */
  | { readonly kind: 'same-root' }
  /**
   * The defender has no trace to commit to: the record may be of no graph at all, whatever the challenger says. No move
   * decides then; whoever judges runs the record again.
   */
  | { readonly kind: 'declined' }
  /** One side let its time pass. */
  | { readonly kind: 'silence'; readonly by: Side }

/** Plain data: it can be kept and compared as JSON. */
export interface Game {
  readonly version: 1
  readonly phase: Phase
  /** Absent when it is over. */
  readonly turn?: Side
  readonly commitments: { readonly challenger: Commitment; readonly defender?: Commitment }
  /** The node in question, of the values' tree or the tile tree, by the leaves under it; and what each side has there. */
  readonly node?: { readonly start: number; readonly end: number } & Readonly<Record<Side, string>>
  /** What the challenger showed in this round. */
  readonly shown?: readonly string[] | LeafClaim
  /** The value in question, once there is one alone, and what each side says of it. */
  readonly value?: number
  readonly leaf?: Readonly<Record<Side, LeafClaim>>
  /** Rounds that both sides have completed after the commitments. */
  readonly rounds: number
  readonly end?: End
}

export type Moved = { readonly game: Game } | { readonly refused: string }

/** More than any game has: a leaf's own round, and the depth of either tree, `LEVELS` at a time. */
export const MAX_ROUNDS =
  1 + Math.ceil(Math.log2(MAX_VALUES) / LEVELS) + Math.ceil(Math.log2(MAX_TILES) / LEVELS)

/** Opens a game with the challenger's commitment; the defender's is awaited. */
export function openGame(challenger: Commitment): Game {
  return { version: 1, phase: 'commit', turn: 'defender', commitments: { challenger }, rounds: 0 }
}

export function otherSide(side: Side): Side {
  return side === 'challenger' ? 'defender' : 'challenger'
}

/** Plays one move, which may be anything that JSON can be. Never throws. */
export function move(game: Game, by: Side, move: unknown, suite: Suite): Moved {
  if (game.phase === 'over') return refused('the dispute is over')
  if (game.turn !== by) return refused(`it is the ${game.turn}’s turn`)
  const parsed = parseMove(move)
  if (typeof parsed === 'string') return refused(parsed)
  if (parsed.kind === 'decline' && game.phase === 'commit') return { game: over(game, { kind: 'declined' }) }
  if (parsed.kind === 'decline' || parsed.kind !== expectedMove(game.phase))
    return refused(`a move of the kind '${expectedMove(game.phase)}' is due, and this is '${parsed.kind}'`)
  if (parsed.kind === 'commit') return committed(game, parsed)
  return parsed.kind === 'leaf' ? claimed(game, by, parsed, suite) : hashed(game, by, parsed, suite)
}

/** Ends the game for a side that let its time pass: it may be either's turn. */
export function forfeit(game: Game, by: Side): Game {
  return game.phase === 'over' ? game : over(game, { kind: 'silence', by })
}

/** The kind of move that is due; in place of a commitment the defender may decline. */
export function expectedMove(phase: Phase): Exclude<Move['kind'], 'decline'> | undefined {
  if (phase === 'over') return undefined
  return phase === 'commit' || phase === 'leaf' ? phase : 'hashes'
}

function committed(game: Game, { root, count }: Extract<Move, { kind: 'commit' }>): Moved {
  const { challenger } = game.commitments
  const defender: Commitment = { version: 1, root, count }
  const next: Game = { ...game, commitments: { challenger, defender } }
  if (count !== challenger.count) return { game: over(next, { kind: 'graph' }) }
  if (root === challenger.root) return { game: over(next, { kind: 'same-root' }) }
  return {
    game: stepped(next, 'values', { start: 0, end: count }, { challenger: challenger.root, defender: root }),
  }
}

/** Hashes below the node in question, of either tree. */
function hashed(game: Game, by: Side, { hashes }: Extract<Move, { kind: 'hashes' }>, suite: Suite): Moved {
  const node = game.node!
  const parts = descendantsOf(node)
  if (hashes.length !== parts.length)
    return refused(`${hashes.length} hashes where the node has ${parts.length} below it`)
  const folded = foldHashes(node, hashes.map(bytesOfHex), suite)
  if (!equal(folded, bytesOfHex(node[by])))
    return refused('the hashes do not lead to the one that this side has shown or committed to before')
  if (by === 'challenger') return { game: { ...game, turn: 'defender', shown: hashes } }
  const shown = game.shown as readonly string[]
  // They lead to two hashes, so two of them differ.
  const first = parts.findIndex((_, i) => shown[i] !== hashes[i])
  const { shown: _, ...rest } = game
  const next: Game = { ...rest, rounds: game.rounds + 1 }
  return {
    game: stepped(next, game.phase, parts[first]!, { challenger: shown[first]!, defender: hashes[first]! }),
  }
}

/** What the leaf in question is made of. */
function claimed(
  game: Game,
  by: Side,
  { kind: _kind, ...claim }: Extract<Move, { kind: 'leaf' }>,
  suite: Suite,
): Moved {
  const { node, value } = game as Game & { node: NonNullable<Game['node']>; value: number }
  if (!equal(claimHash(claim, suite), bytesOfHex(node[by])))
    return refused('the leaf is not the one that this side has shown or committed to before')
  if (claim.count === 0 && !equal(bytesOfHex(claim.tiles), EMPTY_ROOT))
    return refused('a value without tiles has the root of the empty tree')
  if (by === 'challenger') return { game: { ...game, turn: 'defender', shown: claim } }
  const { shown, ...rest } = game
  const leaf = { challenger: shown as LeafClaim, defender: claim }
  const next: Game = { ...rest, leaf, rounds: game.rounds + 1 }
  const { challenger, defender } = leaf
  if (challenger.head !== defender.head || challenger.count !== defender.count)
    return { game: over(next, { kind: 'head', value }) }
  const roots = { challenger: challenger.tiles, defender: defender.tiles }
  return { game: stepped(next, 'tiles', { start: 0, end: claim.count }, roots) }
}

/** The next node, in a phase that is left where the node is a leaf of its tree. */
function stepped(game: Game, phase: Phase, { start, end }: Range, hashes: Record<Side, string>): Game {
  const node = { start, end, ...hashes }
  if (end - start > 1) return { ...game, phase, turn: 'challenger', node }
  if (phase === 'values') return { ...game, phase: 'leaf', turn: 'challenger', node, value: start }
  return over({ ...game, node }, { kind: 'tile', value: game.value!, tile: start })
}

function over(game: Game, end: End): Game {
  const { turn: _turn, shown: _shown, ...rest } = game
  return { ...rest, phase: 'over', end }
}

function refused(reason: string): Moved {
  return { refused: reason }
}
