/** A side's move in a dispute, by the rules of the game (core/dispute): a commitment, or hashes of its trace. */
import { move } from '../../dispute/game.ts'
import type { Json } from '../../shape.ts'
import { afterMove, sideOf } from '../disputes.ts'
import { shape } from '../fields.ts'
import type { Kind } from '../kind.ts'

export interface DisputeMove {
  dispute: string
  /** What the game itself reads, and refuses where it is none. */
  move: Json
}

export const disputeMove: Kind<DisputeMove> = {
  purposes: ['member'],
  // One that is suspended still answers for itself.
  standing: ['active', 'suspended'],
  // Nor does silence lose for a share that is used up.
  spare: true,
  parse: body => ({
    dispute: shape.digest(body.dispute, 'dispute'),
    move: shape.object(body.move, 'move'),
  }),
  check(state, { body, by, suite }) {
    const found = state.disputes.get(body.dispute)
    if (found?.game == null) return 'not-found'
    const side = sideOf(found, by.member.id)
    if (side === undefined) return 'not-yours'
    if (found.status !== 'moves') return 'not-open'
    if (found.game.turn !== side) return 'out-of-turn'
    return 'refused' in move(found.game, side, body.move, suite) ? 'bad-move' : undefined
  },
  apply(state, { body, by, suite }) {
    const found = state.disputes.get(body.dispute)!
    const moved = move(found.game!, sideOf(found, by.member.id)!, body.move, suite)
    if ('game' in moved) afterMove(state, found, moved.game)
  },
}
