/** A registry of the rules' version 3 with a record that was audited, for tests of findings and disputes. */
import assert from 'node:assert/strict'
import { utf8 } from '../src/bytes.ts'
import { nextMove } from '../src/dispute/player.ts'
import type { Tensor } from '../src/graph/tensor.ts'
import type { Dispute, DisputeVerdict } from '../src/registry/index.ts'
import type { JsonObject } from '../src/shape.ts'
import { Trace } from '../src/trace/index.ts'
import { suite } from './fixture.ts'
import { Owner, RegistryWorld } from './registry.ts'
import { addNode, DIGEST, effective, shown } from './registry-acts.ts'

export const AUDIT_TERMS = {
  waitingSeconds: 0,
  epochSeconds: 120,
  challengeSeconds: 300,
  digestEvery: 16,
  audit: { samples: { default: 10, uses: {} }, moveSeconds: 180 },
}
const KEY = suite.sha256(utf8('trace'))

/** A trace of a few values; `wrong` is the one that is another's. */
export function trace(wrong?: number): Trace {
  const values = Array.from({ length: 20 }, (_, i) => {
    const data = Float32Array.from({ length: 600 }, (_, j) => i + j + (i === wrong && j === 300 ? 1 : 0))
    const tensor: Tensor = { type: 'float32', dims: [600], data }
    return { name: `v${i}`, tensor }
  })
  return Trace.of(values, KEY, suite)
}

/** Validators, an operator with an anchored record, and an auditor who found that it is not what its model gives. */
export function audited(
  outcome = 'inconsistent',
  validators: (string | Owner)[] = ['ada', 'bo', 'cy', 'dee'],
  auditor = new Owner('audrey', ['auditor']),
) {
  const operator = new Owner('ops', ['operator'])
  const world = new RegistryWorld([...validators, auditor, operator], AUDIT_TERMS, 3)
  const panel = world.founders.filter(({ roles }) => roles.includes('validator'))
  world.tick(60, panel)
  const { log } = addNode(world, operator)
  log.fill(3)
  const evidence = shown(log, 'record')
  const index = log.size - 1
  const say = (kind: string, body: JsonObject, by: Owner, ...purposes: string[]) => {
    world.now++
    return world.state_(kind, body, by, ...purposes)
  }
  effective(say('anchor', { log: log.origin, size: log.size, root: DIGEST }, operator))
  const found = { log: log.origin, index, entry: evidence.entry, outcome, report: DIGEST, model: DIGEST }
  effective(say('finding', { findings: [found] }, auditor))
  const pass = (seconds: number) => {
    for (let i = 0; i < seconds / 60; i++) world.tick(60, panel)
  }
  return { world, auditor, operator, panel, log, evidence, index, say, pass, found }
}

export type Audited = ReturnType<typeof audited>

export function disputed(made: Audited, opening: JsonObject) {
  const { say, auditor, evidence, world } = made
  const id = effective(say('dispute', { ...evidence, ...opening }, auditor)).digest!
  return { id, dispute: (): Dispute => world.state.disputes.get(id)! }
}

export const committed = (one: Trace): JsonObject => ({ commitment: { ...one.commitment } })

/** Both sides play from their traces until the game is over. */
export function play(made: Audited, id: string, challenger: Trace, defender: Trace): void {
  const { world, say, auditor, operator } = made
  for (let i = 0; i < 100; i++) {
    const { game, status } = world.state.disputes.get(id)!
    if (status !== 'moves') return
    const own = game!.turn === 'challenger'
    const move = nextMove(game!, own ? challenger : defender)! as unknown as JsonObject
    effective(say('dispute-move', { dispute: id, move }, own ? auditor : operator))
  }
  assert.fail('it does not end')
}

export function votes(made: Audited, id: string, wrong: DisputeVerdict, count = 2): void {
  const { world, say, panel } = made
  for (const member of world.state.disputes.get(id)!.panel.slice(0, count)) {
    const voter = panel.find(one => one.id === member)!
    effective(say('dispute-vote', { dispute: id, wrong, how: 'referee', report: DIGEST }, voter, 'validator'))
  }
}
