/** The model files, as onnxruntime serves them, against the same arithmetic in TypeScript. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { OnnxModel, type Optimisation, type Tensor } from '../runtime/index.ts'
import { generateApplicants } from './credit-generator.ts'
import { creditGraph, type GraphDescription } from './credit-graph.ts'
import { creditInt8Graph } from './credit-int8-graph.ts'
import { type Applicant, CREDIT_FEATURES } from './credit-schema.ts'
import { evaluate } from './evaluate.ts'
import { type Decision, decide } from './network.ts'
import { type OnnxModelFile, writeOnnx } from './onnx-writer.ts'
import { Prng } from './prng.ts'
import { decideQuantised, quantise } from './quantise.ts'
import { parseStatlog } from './statlog.ts'
import { train } from './train.ts'

const directory = await mkdtemp(join(tmpdir(), 'answerable-served-'))
after(() => rm(directory, { recursive: true }))

const data = generateApplicants(2000, 21)
const held = generateApplicants(2000, 22).map(({ applicant }) => applicant)
const network = train(data, { seed: 1 })
const quantised = quantise(
  network,
  data.map(({ applicant }) => applicant),
)

async function serve(
  name: string,
  graph: (description: GraphDescription) => OnnxModelFile,
  optimisation: Optimisation = 'disabled',
): Promise<OnnxModel> {
  const file = join(directory, `${name}.onnx`)
  await writeFile(file, writeOnnx(graph({ name, version: '1', doc: 'test', metadata: {} })))
  return OnnxModel.open(file, { name, version: '1', optimisation })
}

function tensorsOf(applicants: readonly Applicant[]): Tensor[] {
  return CREDIT_FEATURES.map(({ name }) => ({
    name,
    datatype: 'FP32',
    shape: [applicants.length, 1],
    data: Float32Array.from(applicants, applicant => applicant[name]!),
  }))
}

async function decisions(model: OnnxModel, applicants: readonly Applicant[]): Promise<Decision[]> {
  const [probability, approved] = await model.infer(tensorsOf(applicants))
  assert.equal(probability!.datatype, 'FP32')
  assert.equal(approved!.datatype, 'BOOL')
  assert.deepEqual(approved!.shape, [applicants.length, 1])
  return applicants.map((_, i) => ({
    probability: Number(probability!.data[i]),
    approved: approved!.data[i] === 1,
  }))
}

test('training twice gives the same weights', () => {
  assert.deepEqual(train(data, { seed: 1 }), network)
  assert.notDeepEqual(train(data, { seed: 2 }).layers[0], network.layers[0])
})

test('credit-f32 as served is the network within 1e-6', async () => {
  const model = await serve('f32', description => creditGraph(network, description))
  const served = await decisions(model, held)
  held.forEach((applicant, i) => {
    const expected = decide(network, applicant)
    assert.ok(Math.abs(served[i]!.probability - expected.probability) < 1e-6)
    assert.equal(served[i]!.approved, served[i]!.probability >= network.threshold)
  })
})

test('credit-int8 as served is the quantised network to the bit, at every optimisation level and batch size', async () => {
  const expected = held.map(applicant => decideQuantised(quantised, applicant))
  for (const level of ['disabled', 'basic', 'extended', 'all'] as const) {
    const model = await serve(`int8-${level}`, description => creditInt8Graph(quantised, description), level)
    assert.deepEqual(await decisions(model, held), expected, level)
    for (let i = 0; i < 50; i++)
      assert.deepEqual(await decisions(model, [held[i]!]), [expected[i]], `${level}, row ${i} alone`)
  }
})

test('the quantised network stays exact at the ends of its ranges', async () => {
  const model = await serve('int8-ends', description => creditInt8Graph(quantised, description))
  const random = new Prng(5)
  const extreme = Array.from({ length: 500 }, () =>
    Object.fromEntries(
      CREDIT_FEATURES.map(({ name }) => [
        name,
        [-1e30, -1, 0, 1, 2, 1e6, 1e30][random.pick([1, 1, 1, 3, 3, 1, 1])]!,
      ]),
    ),
  )
  assert.deepEqual(
    await decisions(model, extreme),
    extreme.map(applicant => decideQuantised(quantised, applicant)),
  )
})

test('halves between two steps go to the even one, in the file as in TypeScript', async () => {
  // Half a step for each unit of an input, so that every odd value lies between two.
  const scale = new Float32Array(quantised.normaliser.scale.length).fill(quantised.layers[0]!.input.scale / 2)
  const halved = { ...quantised, normaliser: { mean: new Float32Array(scale.length), scale } }
  const model = await serve('int8-halves', description => creditInt8Graph(halved, description))
  assert.deepEqual(
    await decisions(model, held),
    held.map(applicant => decideQuantised(halved, applicant)),
  )
})

test('7-bit weights: no pair of products overflows a signed 16-bit sum', () => {
  for (const { weights } of quantised.layers)
    for (const weight of weights) assert.ok(2 * 255 * Math.abs(weight) <= 32767)
})

test('int8 decides as f32 does for nearly everyone', () => {
  const agreeing = held.filter(
    applicant => decide(network, applicant).approved === decideQuantised(quantised, applicant).approved,
  )
  assert.ok(agreeing.length / held.length > 0.97, String(agreeing.length / held.length))
})

test('real applicants: trained on 700 rows of Statlog German Credit, decides on the other 300', async t => {
  const source = join(import.meta.dirname, '../../../../../shared/data/german.data')
  if (!existsSync(source)) return t.skip('german.data is not beside the project')
  const rows = parseStatlog(await readFile(source, 'utf8'))
  const order = Int32Array.from(rows.keys())
  new Prng(1).shuffle(order)
  const shuffled = [...order].map(i => rows[i]!)
  const fitted = train(shuffled.slice(0, 700), { seed: 1, epochs: 10 })
  const rest = shuffled.slice(700)
  const applicants = rest.map(({ applicant }) => applicant)
  const model = await serve('statlog', description => creditGraph(fitted, description))
  const served = await decisions(model, applicants)

  // Approving a bad applicant costs 5 and declining a good one 1, so approving pays from a probability of 5/6 on.
  for (const threshold of [0.5, 5 / 6]) {
    const answers = new Map(
      applicants.map((applicant, i) => [applicant, served[i]!.probability >= threshold]),
    )
    const { all } = evaluate(rest, applicant => ({ approved: answers.get(applicant)! }))
    const { accuracy, approved, badApproved, goodDeclined, cost } = all!
    t.diagnostic(
      `threshold ${threshold.toFixed(3)}: accuracy ${accuracy}, approved ${approved}, bad approved ${badApproved}, ` +
        `good declined ${goodDeclined}, cost ${cost} over ${rest.length}`,
    )
    if (threshold === 0.5) assert.ok(accuracy > 0.7, `accuracy ${accuracy}`)
    // Approving everyone, and declining everyone, are what it must beat.
    const good = rest.filter(row => row.good).length
    if (threshold !== 0.5) assert.ok(cost < Math.min(good, 5 * (rest.length - good)), `cost ${cost}`)
  }
})
