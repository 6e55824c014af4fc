/**
 * Disputes on their way: whose move is due, who looks at where the two part, and how they end. The game itself is
 * core/dispute; here are its clocks and its consequences.
 */
import { forfeit, type Game } from '../dispute/game.ts'
import { majorityIn } from './panels.ts'
import { type Dispute, type DisputeSide, type DisputeVerdict, VERDICTS } from './records.ts'
import type { State } from './state.ts'

export function findingId(log: string, index: number, auditor: string): string {
  return `${log} ${index} ${auditor}`
}

/** Which side a member is of a dispute. */
export function sideOf({ auditor, operator }: Dispute, member: string): DisputeSide | undefined {
  if (member === auditor) return 'challenger'
  return member === operator ? 'defender' : undefined
}

/** When a move that is asked for now is due, in counted time. */
export function moveDue(state: State): number {
  return state.clock + (state.terms.audit?.moveSeconds ?? 0) * 1000
}

/** When a panel that sits from now on is due. */
export function panelDue(state: State): number {
  return state.clock + state.terms.challengeSeconds * 1000
}

/** A move was made: the other side's time begins, or the panel's. */
export function afterMove(state: State, { digest }: Dispute, game: Game): void {
  if (game.phase === 'over') state.disputes.update(digest, { game, status: 'panel', due: panelDue(state) })
  else state.disputes.update(digest, { game, due: moveDue(state) })
}

/** A dispute whose time is up. */
export function settleDispute(state: State, id: string, index: number): void {
  const found = state.disputes.get(id)!
  if (state.clock < found.due) return
  if (found.status === 'moves') {
    const late = found.game!.turn!
    state.disputes.update(id, { game: forfeit(found.game!, late) })
    decide(state, id, late, index)
  } else if (found.panel.length > 0) {
    // Some who sat on it may have gone since the last vote.
    const said = majorityOf(state, found)
    if (said !== undefined) decide(state, id, said, index)
    else leaveUndecided(state, id, index)
  }
}

/** A panel that is silent, of many minds, or of nobody decides nothing: both sides' words stand side by side. */
export function leaveUndecided(state: State, id: string, index: number): void {
  state.disputes.update(id, { status: 'undecided', decided: state.moment(index) })
  state.open.delete(`dispute ${id}`)
}

/** What more than half of the panel says. */
export function majorityOf(state: State, { panel, votes }: Dispute): DisputeVerdict | undefined {
  return VERDICTS.find(wrong => majorityIn(state, panel, votes, vote => vote.wrong === wrong))
}

/** Ends a dispute. Who was wrong bears its cost, in principle; the log of an operator that was keeps it on record. */
export function decide(state: State, id: string, wrong: DisputeVerdict, index: number): void {
  const { log } = state.disputes.get(id)!
  state.disputes.update(id, { status: 'decided', wrong, decided: state.moment(index) })
  state.open.delete(`dispute ${id}`)
  if (wrong === 'defender' || wrong === 'both')
    state.logs.update(log, { lost: { ...state.moment(index), dispute: id } })
}
