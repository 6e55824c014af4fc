/** Where both sides computed the same: how far an answer may lie from it before anybody is wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suite } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'
import type { Graph } from '../graph/graph.ts'
import type { Tensor } from '../graph/tensor.ts'
import { Trace } from '../trace/index.ts'
import { judgeEnds } from './ends.ts'
import { move, openGame } from './game.ts'

const KEY = suite.sha256(utf8('trace'))
const floats = (...data: number[]): Tensor => ({
  type: 'float32',
  dims: [data.length],
  data: Float32Array.from(data),
})
const value = (name: string) => ({ name, type: 'float32' as const, dims: undefined })
const node = (operator: string, inputs: string[], output: string, index: number) => ({
  index,
  name: '',
  operator,
  domain: '',
  version: 21,
  inputs,
  constant: [],
  outputs: [output],
  attributes: {},
})

/** y = x, and z = y > h. */
const GRAPH: Graph = {
  irVersion: 10,
  opsets: { '': 21 },
  name: '',
  initializers: [{ name: 'h', tensor: floats(0.5) }],
  inputs: [value('x')],
  outputs: [value('y'), value('z')],
  nodes: [node('Identity', ['x'], 'y', 0), node('Greater', ['y', 'h'], 'z', 1)],
  unsupported: [],
}

function judged(x: number[], answered: number[], said?: boolean[]) {
  const truths = (of: boolean[]): Tensor => ({
    type: 'bool',
    dims: [of.length],
    data: Uint8Array.from(of, Number),
  })
  const values = [
    { name: 'h', tensor: floats(0.5) },
    { name: 'x', tensor: floats(...x) },
    { name: 'y', tensor: floats(...x) },
    { name: 'z', tensor: truths(x.map(one => one > 0.5)) },
  ]
  const trace = Trace.of(values, KEY, suite)
  const moved = move(openGame(trace.commitment), 'defender', { kind: 'commit', ...trace.commitment }, suite)
  assert.ok('game' in moved)
  const outputs = [0, 2, 3].map(number => trace.open(number, 'all'))
  const evidence = { challenger: { outputs, beginning: trace.beginning(2) } }
  const response = new Map([['y', floats(...answered)]])
  if (said !== undefined) response.set('z', truths(said))
  const request = new Map([['x', floats(...x)]])
  return judgeEnds({ game: moved.game, graph: GRAPH, key: KEY, evidence, request, response }, suite).wrong
}

test('an auditor is not wrong over what its own bound does not allow, nor an operator over what convicts nobody', () => {
  assert.equal(judged([1, 0.25], [1, 0.25]), 'challenger')
  assert.equal(judged([1, 0.25], [1 + 2 ** -16, 0.25]), 'challenger')
  // Beyond 512 units in the last place of the largest number, and within what a dispute allows for.
  assert.equal(judged([1, 0.25], [1 + 2 ** -14 + 2 ** -17, 0.25]), 'neither')
  assert.equal(judged([2 ** -20], [2 ** -17]), 'neither')
  assert.equal(judged([1, 0.25], [1.01, 0.25]), 'defender')
  for (const x of [Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(judged([x, 1], [x, 1]), 'challenger')
    assert.equal(judged([x, 1], [1, 1]), 'defender')
  }
})

test('a yes or no that hangs on less than that is nobody’s fault either', () => {
  const near = 0.5 + 2 ** -15 + 2 ** -17
  assert.equal(judged([0.75], [0.75], [true]), 'challenger')
  assert.equal(judged([0.5 + 2 ** -20], [0.5 + 2 ** -20], [false]), 'challenger')
  assert.equal(judged([near], [near], [false]), 'neither')
  assert.equal(judged([0.75], [0.75], [false]), 'defender')
})
