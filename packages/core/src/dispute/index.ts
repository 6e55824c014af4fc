/** Disputes over graphs: the game that finds where two sides part, and the verdict over that place. */
export * from './ends.ts'
export * from './game.ts'
export { type Move, parseMove } from './move.ts'
export { type Evidence, evidenceOf, nextMove } from './player.ts'
export type * from './referee.ts'
export * from './verdict.ts'
