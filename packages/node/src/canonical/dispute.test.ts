/** Whole disputes over real graphs: whoever lies loses, whoever is honest does not. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { referee } from '@answerable/core/arithmetic'
import { evidenceOf, move, nextMove, openGame, type Side, verdict } from '@answerable/core/dispute'
import { type Graph, readGraph, sameBits, type Tensor, valueNumbers, valuesOf } from '@answerable/core/graph'
import { Trace, type TraceValue } from '@answerable/core/trace'
import '../runtime/no-telemetry.ts'
import * as ort from 'onnxruntime-node'
import { nodeSuite as suite } from '../log/suite.ts'
import { demoFiles } from '../models/demo-models.ts'
import { defaultApplicant } from '../models/index.ts'
import { Prng } from '../models/prng.ts'
import { changed, type Dispute, play, settle } from './dispute.fixture.ts'
import { CanonicalModel, findCanonical, runOperator, withAllOutputs } from './index.ts'
import { graphModel } from './model-proto.ts'
import { SMALL, tokensOf, transformer } from './transformer.fixture.ts'

const skip =
  findCanonical() === undefined ? 'the canonical runtime is not installed: npm run canonical' : false
const key = new Uint8Array(32).fill(7)
const other = (side: Side): Side => (side === 'challenger' ? 'defender' : 'challenger')

interface Subject {
  name: string
  bytes: Uint8Array
  graph: Graph
  model: CanonicalModel
  request: Map<string, Tensor>
  values: TraceValue[]
  trace: Trace
  response: Map<string, Tensor>
}

const subjects: Subject[] = []

async function subject(name: string, bytes: Uint8Array, request: Map<string, Tensor>): Promise<Subject> {
  const graph = readGraph(bytes)
  const model = await CanonicalModel.open(bytes, graph)
  const values = await model.values(request)
  const response = outputsOf(graph, values)
  return { name, bytes, graph, model, request, values, trace: Trace.of(values, key, suite), response }
}

function outputsOf(graph: Graph, values: readonly TraceValue[]): Map<string, Tensor> {
  const numbers = valueNumbers(graph)
  return new Map(graph.outputs.map(({ name }) => [name, values[numbers.get(name)!]!.tensor]))
}

function applicant(change: Record<string, number> = {}): Map<string, Tensor> {
  const values = { ...defaultApplicant(), ...change }
  return new Map(
    Object.entries(values).map(([name, value]) => [
      name,
      { type: 'float32', dims: [1, 1], data: Float32Array.of(value) },
    ]),
  )
}

/** The dispute with `liar` having `trace` and the other side the honest one. */
function against({ graph, trace, request, response }: Subject, liar: Side, lie: Trace): Dispute {
  const traces = { [liar]: lie, [other(liar)]: trace } as Record<Side, Trace>
  return { graph, traces, key, request, response }
}

function operatorGraph(): Uint8Array {
  const operators = ['Log', 'Sin', 'Softplus']
  const names = ['x', 'log', 'sine', 'wave']
  return graphModel({
    irVersion: 8,
    opsets: { '': 17 },
    name: 'others',
    initializers: [],
    inputs: [{ name: 'x', type: 'float32', dims: ['N', 300] }],
    outputs: [{ name: 'wave', type: 'float32', dims: ['N', 300] }],
    nodes: operators.map((operator, index) => ({
      index,
      name: '',
      operator,
      domain: '',
      version: 17,
      inputs: [names[index]!],
      constant: [false],
      outputs: [names[index + 1]!],
      attributes: {},
    })),
    unsupported: [],
  })
}

describe('disputes', { skip }, () => {
  before(async () => {
    const files = demoFiles()
    subjects.push(await subject('credit-f32', files['credit-f32.onnx']!, applicant()))
    subjects.push(await subject('credit-int8', files['credit-int8.onnx']!, applicant({ age_years: 23 })))
    subjects.push(await subject('transformer', transformer().bytes, tokensOf(SMALL, 3)))
  })

  test('the transformer has 60 operators, and the referee has them all', () => {
    const { graph, values } = subjects[2]!
    assert.equal(graph.nodes.length, 60)
    for (const { graph, values } of subjects) {
      const numbers = valueNumbers(graph)
      for (const node of graph.nodes) {
        const inputs = node.inputs.map(name => values[numbers.get(name)!]!.tensor)
        node.outputs.forEach((name, output) => {
          const { type, data } = values[numbers.get(name)!]!.tensor
          const computed = referee.compute(node, inputs, output, { from: 0, to: data.length })
          assert.ok(!('unsupported' in computed), `${node.operator}: ${JSON.stringify(computed)}`)
          assert.ok(sameBits(type, data, 0, data.length, computed), `${node.operator} ${name}`)
        })
      }
    }
    assert.equal(values.length, valuesOf(graph).length)
  })

  test('one flipped bit, or one unit in the last place, in any value: the liar loses', async () => {
    const random = new Prng(5)
    for (const each of subjects) {
      const places = valuesOf(each.graph)
      for (let value = 0; value < places.length; value++) {
        const by = random.chance(0.5) ? 'bit' : 'ulp'
        const lie = changed(each.values[value]!.tensor, random, by)
        if (sameBits(lie.type, lie.data, 0, lie.data.length, each.values[value]!.tensor.data)) continue
        const liar: Side = random.chance(0.5) ? 'challenger' : 'defender'
        const { verdict, played } = await settle(against(each, liar, each.trace.with(value, lie)))
        const what = `${each.name} ${places[value]!.name} by ${by}: ${verdict.words}`
        assert.equal(verdict.wrong, liar, what)
        assert.equal(verdict.how, places[value]!.kind === 'output' ? 'referee' : 'record', what)
        assert.ok(played.largest < 4096)
      }
    }
  })

  test('other weights, another input, another threshold: found at the model or the request', async () => {
    for (const each of subjects.slice(0, 2)) {
      const random = new Prng(9)
      const numbers = valueNumbers(each.graph)
      for (const name of ['weights_2', 'threshold', 'number_mean']) {
        const initializers = each.graph.initializers.map(item =>
          item.name === name ? { name, tensor: changed(item.tensor, random, 'bit') } : item,
        )
        const bytes = graphModel({ ...each.graph, initializers })
        const model = await CanonicalModel.open(bytes, readGraph(bytes))
        const lie = Trace.of(await model.values(each.request), key, suite)
        for (const liar of ['challenger', 'defender'] as const) {
          const { verdict, played } = await settle(against(each, liar, lie))
          assert.equal(verdict.wrong, liar, verdict.words)
          assert.deepEqual(played.game.end, { kind: 'tile', value: numbers.get(name), tile: 0 })
        }
        await model.close()
      }
      const lie = Trace.of(await each.model.values(applicant({ credit_amount: 9000 })), key, suite)
      for (const liar of ['challenger', 'defender'] as const) {
        const { verdict } = await settle(against(each, liar, lie))
        assert.equal(verdict.wrong, liar, verdict.words)
        assert.equal(verdict.how, 'record')
      }
    }
  })

  test('a fake output that the trace does not have, and a complaint about an honest one', async () => {
    for (const each of subjects) {
      const traces = { challenger: each.trace, defender: each.trace }
      const honest = await settle({ ...each, traces, key })
      assert.equal(honest.played.game.end?.kind, 'same-root')
      assert.equal(honest.verdict.wrong, 'challenger', honest.verdict.words)
      const [name, tensor] = [...each.response][0]!
      const data = (tensor.data as Float32Array).map(value => value + 0.01)
      const fake = new Map(each.response).set(name, { ...tensor, data })
      const judged = await settle({ ...each, response: fake, traces, key })
      assert.equal(judged.verdict.wrong, 'defender', judged.verdict.words)
      const shape = new Map(each.response).set(name, { ...tensor, dims: [1, ...tensor.dims] })
      assert.equal((await settle({ ...each, response: shape, traces, key })).verdict.wrong, 'defender')
    }
  })

  test('both computed another model, or another input, alike: neither is right', async () => {
    const each = subjects[0]!
    const lie = Trace.of(await each.model.values(applicant({ credit_amount: 9000 })), key, suite)
    const { verdict } = await settle({ ...each, traces: { challenger: lie, defender: lie }, key })
    assert.equal(verdict.wrong, 'both', verdict.words)
    const value = each.trace.values.length - 3
    const tensor = each.values[value]!.tensor
    const wrong = [1, 2].map(seed => each.trace.with(value, changed(tensor, new Prng(seed), 'bit')))
    const traces = { challenger: wrong[0]!, defender: wrong[1]! }
    assert.equal((await settle({ ...each, traces, key })).verdict.wrong, 'both')
  })

  test('another graph: a value more, another name, other dimensions, another type', async () => {
    for (const each of subjects) {
      const last = each.values.length - 1
      const { name, tensor } = each.values[last]!
      const more = Trace.of([...each.values, { name: 'more', tensor }], key, suite)
      const renamed = Trace.of(each.values.with(last, { name: 'other', tensor }), key, suite)
      const reshaped = each.trace.with(last, { ...tensor, dims: [1, ...tensor.dims] })
      const longer = each.trace.with(last, { type: 'float32', dims: [1000], data: new Float32Array(1000) })
      const retyped = each.trace.with(0, {
        type: 'int32',
        dims: each.values[0]!.tensor.dims,
        data: new Int32Array(each.values[0]!.tensor.data.length),
      })
      for (const lie of [more, renamed, reshaped, longer, retyped])
        for (const liar of ['challenger', 'defender'] as const) {
          const { verdict } = await settle(against(each, liar, lie))
          assert.equal(verdict.wrong, liar, `${each.name} ${name}: ${verdict.words}`)
        }
    }
  })

  test('a liar who opens other inputs than it committed to, or none, loses all the same', async () => {
    const each = subjects[2]!
    const value = valueNumbers(each.graph).get('scores_1')!
    const lie = each.trace.with(value, changed(each.values[value]!.tensor, new Prng(1), 'ulp'))
    for (const liar of ['challenger', 'defender'] as const) {
      const traces = { [liar]: lie, [other(liar)]: each.trace } as Record<Side, Trace>
      const { game } = play(traces)
      const honest = evidenceOf(game, each.graph, each.trace, referee)
      const before = valueNumbers(each.graph).get('q_heads_1')!
      const forged = evidenceOf(
        game,
        each.graph,
        lie.with(before, changed(each.values[before]!.tensor, new Prng(2), 'bit')),
        referee,
      )
      const judge = (evidence: Parameters<typeof verdict>[0]['evidence']) =>
        verdict({ game, graph: each.graph, key, evidence }, referee, suite, runOperator)
      assert.equal((await judge({ [liar]: forged, [other(liar)]: honest })).wrong, liar)
      assert.equal((await judge({ [other(liar)]: honest })).wrong, liar)
      const alone = await judge({ [liar]: forged })
      assert.deepEqual([alone.wrong, alone.how], [liar, 'opening'])
      assert.equal((await judge({})).wrong, 'neither')
    }
  })

  test('a liar who opens all but what matters hides nothing', async () => {
    const each = subjects[2]!
    const numbers = valueNumbers(each.graph)
    const value = numbers.get('down_1')!
    const lie = each.trace.with(value, changed(each.values[value]!.tensor, new Prng(4), 'ulp'))
    const traces = { challenger: lie, defender: each.trace }
    const { game } = play(traces)
    const honest = evidenceOf(game, each.graph, each.trace, referee)
    const gelu = numbers.get('gelu_1')!
    const needed = new Set(
      honest.inputs!.find(opening => opening.value === gelu)!.tiles.map(({ tile }) => tile),
    )
    const count = each.trace.leaf(gelu).count
    const rest = Array.from({ length: count }, (_, tile) => tile).filter(tile => !needed.has(tile))
    assert.ok(rest.length > needed.size)
    const evidence = { challenger: { inputs: [lie.open(gelu, rest)] }, defender: honest }
    const judged = await verdict({ game, graph: each.graph, key, evidence }, referee, suite)
    assert.deepEqual([judged.wrong, judged.how], ['challenger', 'referee'], judged.words)
  })

  test('an operator that the referee does not have runs alone in the canonical runtime', async () => {
    const bytes = operatorGraph()
    const each = await subject(
      'other operators',
      bytes,
      new Map([
        [
          'x',
          { type: 'float32', dims: [2, 300], data: Float32Array.from({ length: 600 }, (_, i) => 1 + i / 7) },
        ],
      ]),
    )
    for (const name of ['log', 'sine', 'wave']) {
      const value = valueNumbers(each.graph).get(name)!
      const lie = each.trace.with(value, changed(each.values[value]!.tensor, new Prng(6), 'ulp'))
      for (const liar of ['challenger', 'defender'] as const) {
        const { verdict: judged, played } = await settle(against(each, liar, lie))
        assert.deepEqual([judged.wrong, judged.how], [liar, 'wasm'], judged.words)
        const evidence = { [other(liar)]: evidenceOf(played.game, each.graph, each.trace, referee) }
        const alone = await verdict({ game: played.game, graph: each.graph, key, evidence }, referee, suite)
        assert.deepEqual([alone.wrong, alone.how], ['neither', 'operator'])
      }
    }
  })

  test('a decision may fall the other way only where the two numbers are too close to tell', async () => {
    const each = subjects[0]!
    const approved = each.response.get('approved')!
    const flipped = new Map(each.response).set('approved', {
      ...approved,
      data: Uint8Array.of(1 - Number(approved.data[0])),
    })
    const traces = { challenger: each.trace, defender: each.trace }
    assert.equal((await settle({ ...each, response: flipped, traces, key })).verdict.wrong, 'defender')
    // The same with a threshold that is the probability itself.
    const probability = each.response.get('probability_good')!
    const initializers = each.graph.initializers.map(item =>
      item.name === 'threshold'
        ? { name: item.name, tensor: { ...item.tensor, data: probability.data } }
        : item,
    )
    const close = await subject('close', graphModel({ ...each.graph, initializers }), each.request)
    const other = new Map(close.response).set('approved', { ...approved, data: Uint8Array.of(0) })
    const both = { challenger: close.trace, defender: close.trace }
    assert.equal((await settle({ ...close, response: other, traces: both, key })).verdict.wrong, 'challenger')
  })

  test('a move out of turn, and moves that do not fit what was shown before', async () => {
    const each = subjects[0]!
    const value = valueNumbers(each.graph).get('logit')!
    const lie = each.trace.with(value, changed(each.values[value]!.tensor, new Prng(3), 'ulp'))
    let game = openGame(each.trace.commitment)
    const refused = (by: Side, what: unknown) => {
      const moved = move(game, by, what, suite)
      assert.ok('refused' in moved)
      return moved.refused
    }
    const plays = (by: Side, trace: Trace) => {
      const moved = move(game, by, nextMove(game, trace), suite)
      assert.ok('game' in moved)
      game = moved.game
    }
    assert.match(refused('challenger', nextMove(game, each.trace)), /turn/)
    assert.match(refused('defender', { kind: 'hashes', hashes: [] }), /due/)
    plays('defender', lie)
    assert.match(refused('defender', nextMove(game, lie)), /turn/)
    plays('challenger', each.trace)
    // The other side's hashes would end the game as if both agreed.
    assert.match(refused('defender', nextMove(game, each.trace)), /committed/)
    plays('defender', lie)
    assert.equal(game.phase, 'values')
  })

  test('two honest runtimes that differ never convict each other', async () => {
    for (const each of subjects) {
      for (const level of ['disabled', 'all'] as const) {
        const session = await ort.InferenceSession.create(each.bytes, {
          executionProviders: ['cpu'],
          intraOpNumThreads: 1,
          graphOptimizationLevel: level,
        })
        const feeds = Object.fromEntries(
          [...each.request].map(([name, { type, data, dims }]) => [
            name,
            new ort.Tensor(type as 'float32', data as Float32Array, dims),
          ]),
        )
        const outputs = await session.run(feeds)
        const response = new Map(
          [...each.response].map(([name, tensor]) => [
            name,
            { ...tensor, data: outputs[name]!.data as Float32Array },
          ]),
        )
        // Whoever serves natively still disputes in canonical arithmetic.
        const traces = { challenger: each.trace, defender: each.trace }
        const { verdict } = await settle({ ...each, response, traces, key })
        assert.equal(verdict.wrong, 'challenger', `${each.name} ${level}: ${verdict.words}`)
        await session.release()
      }
    }
  })

  test('every intermediate value as an output changes none of the outputs', async () => {
    for (const each of subjects) {
      const { loadCanonical } = await import('./library.ts')
      const library = await loadCanonical()
      const session = await library.session(each.bytes)
      const feeds = Object.fromEntries(
        [...each.request].map(([name, { type, data, dims }]) => [name, library.tensor(type, data, dims)]),
      )
      const outputs = await session.run(feeds)
      for (const [name, { type, data }] of each.response)
        assert.ok(sameBits(type, data, 0, data.length, outputs[name]!.data as Float32Array), name)
      assert.ok(withAllOutputs(each.bytes, each.graph).length > each.bytes.length)
      await session.release()
    }
  })
})
