/**
 * Disputes over graphs: rounds, the referee's work against the whole graph's, and verdicts over planted divergences.
 * Counts and shares, not times, carry the targets; times are for the record.
 */

import { multiplyAdds, referee } from '@answerable/core/arithmetic'
import { evidenceOf, type Side } from '@answerable/core/dispute'
import { type Graph, readGraph, sameBits, type Tensor, valueNumbers, valuesOf } from '@answerable/core/graph'
import { TILE_ELEMENTS, Trace, type TraceValue } from '@answerable/core/trace'
import { CanonicalModel } from '@answerable/node/canonical'
import { nodeSuite as suite } from '@answerable/node/log'
import * as ort from 'onnxruntime-node'
import { changed, settle } from '../packages/node/src/canonical/dispute.fixture.ts'
import { SMALL, tokensOf, transformer } from '../packages/node/src/canonical/transformer.fixture.ts'
import { demoFiles } from '../packages/node/src/models/demo-models.ts'
import { defaultApplicant } from '../packages/node/src/models/index.ts'
import { Prng } from '../packages/node/src/models/prng.ts'
import { atMost, type Benchmark, forTheRecord, median, type Row } from './lib/rows.ts'

const DIVERGENCES = 1000
const HONEST = 200
const key = new Uint8Array(32).fill(1)

interface Subject {
  name: string
  bytes: Uint8Array
  graph: Graph
  request: (seed: number) => Map<string, Tensor>
}

export const benchmark: Benchmark = {
  title: 'dispute',
  async run(say): Promise<Row[]> {
    const files = demoFiles()
    const subjects: Subject[] = [
      { name: 'transformer', ...transformer(), request: seed => tokensOf(SMALL, seed) },
      ...['credit-f32', 'credit-int8'].map(name => {
        const bytes = files[`${name}.onnx`]!
        return { name, bytes, graph: readGraph(bytes), request: applicant }
      }),
    ]
    const rows: Row[] = []
    for (const subject of subjects) rows.push(...(await measure(subject, say)))
    rows.push(await honestRuntimes(subjects, say))
    return rows
  },
}

async function measure(
  { name, bytes, graph, request }: Subject,
  say: (line: string) => void,
): Promise<Row[]> {
  const model = await CanonicalModel.open(bytes, graph)
  const random = new Prng(11)
  const n = graph.nodes.length
  const places = valuesOf(graph)
  const toValue: number[] = []
  const inTiles: number[] = []
  const sizes: number[] = []
  const shown: number[] = []
  const runs: number[] = []
  const commits: number[] = []
  let wrong = 0
  let planted = 0
  let values: TraceValue[] = []
  while (planted < DIVERGENCES) {
    if (planted % 250 === 0) say(`${name}: ${planted} of ${DIVERGENCES}`)
    const asked = request(planted)
    const before = performance.now()
    values = await model.values(asked)
    const between = performance.now()
    const trace = Trace.of(values, key, suite)
    runs.push(between - before)
    commits.push(performance.now() - between)
    const response = outputsOf(graph, values)
    for (let i = 0; i < 25; i++) {
      const value = random.uint32() % places.length
      const { tensor } = values[value]!
      const lie = changed(tensor, random, random.chance(0.5) ? 'ulp' : 'bit')
      // Another kind of NaN is no divergence.
      if (sameBits(tensor.type, tensor.data, 0, tensor.data.length, lie.data)) continue
      const liar: Side = random.chance(0.5) ? 'challenger' : 'defender'
      const traces = { challenger: trace, defender: trace, [liar]: trace.with(value, lie) }
      const { played, verdict } = await settle({ graph, traces, key, request: asked, response })
      if (verdict.wrong !== liar) wrong++
      planted++
      sizes.push(played.largest)
      const tileRounds = roundsIn(Math.ceil(tensor.data.length / TILE_ELEMENTS))
      inTiles.push(tileRounds)
      toValue.push(played.rounds - tileRounds)
      shown.push(JSON.stringify(evidenceOf(played.game, graph, trace, referee)).length)
    }
  }
  await model.close()
  const work = workOf(graph, values)
  const label = `${name} (${n} operators, ${places.length} values)`
  const first =
    name === 'transformer'
      ? atMost(`${label}: referee ÷ graph, multiply-adds, worst tile`, work.worst / work.all, '', 0.02)
      : atMost(
          `${label}: referee ÷ its operator, multiply-adds, worst tile`,
          work.worst / work.operator,
          '',
          1,
        )
  return [
    atMost(`${label}: rounds to the value, most`, Math.max(...toValue), '', Math.ceil(Math.log2(n)) + 2),
    forTheRecord(`${label}: further rounds to its tile, most`, Math.max(...inTiles), ''),
    first,
    atMost(`${label}: wrong verdicts of ${planted} planted divergences`, wrong, '', 0),
    atMost(`${label}: largest move`, Math.max(...sizes), 'bytes', 48 * 1024),
    forTheRecord(`${label}: opened to who judges, median`, median(shown) / 1024, 'KiB'),
    forTheRecord(`${label}: the worst tile recomputed`, work.time, 'ms'),
    forTheRecord(`${label}: the graph in canonical arithmetic, every value kept`, median(runs), 'ms'),
    forTheRecord(`${label}: its trace hashed`, median(commits), 'ms'),
  ]
}

/** Rounds in a tile tree: four levels a round. */
function roundsIn(tiles: number): number {
  return tiles < 2 ? 0 : Math.ceil(Math.ceil(Math.log2(tiles)) / 4)
}

function workOf(graph: Graph, values: readonly TraceValue[]) {
  const numbers = valueNumbers(graph)
  let all = 0
  let worst = 0
  let operator = 1
  let time = 0
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(name => (name === '' ? undefined : values[numbers.get(name)!]!.tensor))
    const { length } = values[numbers.get(node.outputs[0]!)!]!.tensor.data
    const whole = multiplyAdds(node, inputs, length)
    const tile = multiplyAdds(node, inputs, Math.min(length, TILE_ELEMENTS))
    all += whole
    if (tile <= worst) continue
    worst = tile
    operator = whole
    const times = Array.from({ length: 20 }, () => {
      const start = performance.now()
      referee.compute(node, inputs, 0, { from: 0, to: Math.min(length, TILE_ELEMENTS) })
      return performance.now() - start
    })
    time = median(times)
  }
  return { all, worst, operator, time }
}

/** Answers of the native runtime, rewritten and not, on one thread and two, judged against canonical arithmetic. */
async function honestRuntimes(subjects: readonly Subject[], say: (line: string) => void): Promise<Row> {
  let convicted = 0
  let count = 0
  for (const { name, bytes, graph, request } of subjects) {
    say(`${name}: honest runtimes`)
    const model = await CanonicalModel.open(bytes, graph)
    for (const graphOptimizationLevel of ['disabled', 'all'] as const)
      for (const intraOpNumThreads of [1, 2]) {
        const options = { executionProviders: ['cpu'], intraOpNumThreads, graphOptimizationLevel }
        const session = await ort.InferenceSession.create(bytes, options)
        for (let seed = 0; seed < HONEST; seed++) {
          const asked = request(seed)
          const trace = Trace.of(await model.values(asked), key, suite)
          const feeds = Object.fromEntries(
            [...asked].map(([input, { type, data, dims }]) => [
              input,
              new ort.Tensor(type as 'float32', data as Float32Array, dims),
            ]),
          )
          const answered = await session.run(feeds)
          const response = new Map(
            graph.outputs.map(({ name: output, type }) => {
              const { data, dims } = answered[output]!
              return [output, { type: type!, dims: [...dims], data: data as Float32Array }]
            }),
          )
          const traces = { challenger: trace, defender: trace }
          const { verdict } = await settle({ graph, traces, key, request: asked, response })
          count++
          if (verdict.wrong !== 'challenger') convicted++
        }
        await session.release()
      }
    await model.close()
  }
  return atMost(`honest native answers convicted, of ${count}`, convicted, '', 0)
}

function outputsOf(graph: Graph, values: readonly TraceValue[]): Map<string, Tensor> {
  const numbers = valueNumbers(graph)
  return new Map(graph.outputs.map(({ name }) => [name, values[numbers.get(name)!]!.tensor]))
}

function applicant(seed: number): Map<string, Tensor> {
  const random = new Prng(seed)
  return new Map(
    Object.entries(defaultApplicant()).map(([name, value]) => [
      name,
      {
        type: 'float32',
        dims: [1, 1],
        data: Float32Array.of(
          name === 'credit_amount' || name === 'age_years' ? value + (random.uint32() % 40) : value,
        ),
      },
    ]),
  )
}
