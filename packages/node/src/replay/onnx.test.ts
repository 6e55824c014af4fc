/** Records of ONNX models, run again: honest ones, honest ones in other settings, and lies. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openForRerun, type RecordParts, type Rerun } from '@answerable/core/audit'
import { nodeSuite } from '../log/index.ts'
import {
  CREDIT_FEATURES,
  creditGraph,
  creditInt8Graph,
  generateApplicants,
  quantise,
  train,
  writeOnnx,
} from '../models/index.ts'
import { OnnxModel } from '../runtime/index.ts'
import { OnnxReplay, recordedModel, rerun } from './index.ts'
import { askOnnx, type Lie } from './records.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'answerable-replay-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const data = generateApplicants(1500, 31)
const held = generateApplicants(200, 32).map(({ applicant }) => applicant)
const network = train(data, { seed: 1, epochs: 5 })
const description = { name: 'credit', version: '1', doc: 'test', metadata: {} }
const file = write('credit', writeOnnx(creditGraph(network, description)))
const model = await open(file)
after(() => model.close())

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, `${name}.onnx`)
  writeFileSync(path, bytes)
  return path
}

function open(path: string, options: Partial<Parameters<typeof OnnxModel.open>[1]> = {}): Promise<OnnxModel> {
  return OnnxModel.open(path, { name: 'credit', version: '1', ...options })
}

function body(count = 1, from = 0): Record<string, unknown> {
  const asked = held.slice(from, from + count)
  const inputs = CREDIT_FEATURES.map(({ name }) => ({
    name,
    datatype: 'FP32',
    shape: [count, 1],
    data: asked.map(applicant => applicant[name]!),
  }))
  return { id: 'a', inputs }
}

async function again(record: RecordParts, path = file): Promise<Rerun> {
  return rerun(openForRerun(record, nodeSuite), path)
}

/** An operator that runs `path`, and says that it is the model of this test. */
async function lying(path: string, lie: Lie = {}, count = 20): Promise<Rerun> {
  const other = await open(path)
  try {
    return await again(await askOnnx(other, body(count), { says: model.describe(), ...lie }))
  } finally {
    await other.close()
  }
}

test('an honest record is exact, to the byte, with one row or many', async () => {
  for (const count of [1, 7, 200]) {
    const result = await again(await askOnnx(model, body(count)))
    assert.equal(result.outcome, 'exact', result.words.join(' '))
    assert.equal(result.closeness?.of === 'outputs' && result.closeness.values, 2 * count)
    assert.ok(result.setting?.same)
    assert.match(result.words.at(-1)!, /bytes of the answer are the same/)
    assert.equal(result.model, model.describe().manifest)
  }
  const some = await again(await askOnnx(model, { ...body(3), outputs: [{ name: 'approved' }] }))
  assert.equal(some.outcome, 'exact')
})

test('a record of another level or number of threads is run again as it was', async () => {
  for (const options of [{ optimisation: 'all' }, { optimisation: 'basic', threads: 2 }] as const) {
    const other = await open(file, options)
    const result = await again(await askOnnx(other, body(50)))
    assert.equal(result.outcome, 'exact')
    assert.ok(result.setting?.same)
    await other.close()
  }
})

test('where the setting differs that is said first, and what lies within the bound convicts nobody', async () => {
  const operator = await open(file, { optimisation: 'all', threads: 2 })
  const record = openForRerun(await askOnnx(operator, body(200)), nodeSuite)
  const recorded = recordedModel(record.model)
  assert.ok(typeof recorded !== 'string')
  const result = await new OnnxReplay(model, recorded).rerun(record, new AbortController().signal)
  assert.ok(result.outcome === 'exact' || result.outcome === 'consistent', result.words.join(' '))
  assert.deepEqual(
    result.setting?.differences.map(({ what }) => what),
    ['option graphOptimizationLevel', 'option intraOpNumThreads'],
  )
  assert.match(
    result.words[0]!,
    /^Run again in another setting: option graphOptimizationLevel: all on record/,
  )
  await operator.close()
})

test('a record of another processor and version is run again, and both are named first', async () => {
  const says = structuredClone(model.describe())
  says.runtime.version = '1.1.1'
  says.runtime.processor = { architecture: 'riscv', model: 'Some other processor' }
  const result = await again(await askOnnx(model, body(), { says }))
  assert.equal(result.outcome, 'exact')
  assert.match(
    result.words[0]!,
    /version of the runtime: 1\.1\.1 on record.*processor architecture: riscv on record/,
  )
})

test('another model, a coarser one and a changed answer are inconsistent', async () => {
  const other = train(data, { seed: 2, epochs: 5 })
  const coarse = quantise(
    network,
    data.map(({ applicant }) => applicant),
  )
  const edited = structuredClone(network)
  edited.layers[0]!.weights[40]! += 0.05
  const files = [
    write('other', writeOnnx(creditGraph(other, description))),
    write('int8', writeOnnx(creditInt8Graph(coarse, description))),
    write('edited', writeOnnx(creditGraph(edited, description))),
  ]
  for (const path of files) {
    const result = await lying(path)
    assert.equal(result.outcome, 'inconsistent', path)
    assert.match(result.words.join(' '), /The largest difference is .*where 512 are allowed/)
    assert.match(result.notShown, /whether on purpose/)
  }
  const alters = (response: Buffer) => {
    const answer = JSON.parse(response.toString())
    answer.outputs[1].data[0] = !answer.outputs[1].data[0]
    return Buffer.from(JSON.stringify(answer))
  }
  const flipped = await lying(file, { alters })
  assert.equal(flipped.outcome, 'inconsistent')
  assert.match(
    flipped.words.join(' '),
    /1 decision comes out otherwise, and no difference within the bound explains it/,
  )
})

test('a decision at its threshold may flip, and that is said', async () => {
  // The threshold is one that an applicant meets to the bit; the record is off by one unit, to the other side.
  const [probability] = await model.infer(
    CREDIT_FEATURES.map(({ name }) => ({
      name,
      datatype: 'FP32',
      shape: [1, 1],
      data: Float32Array.of(held[0]![name]!),
    })),
  )
  const threshold = Number(probability!.data[0])
  const path = write('edge', writeOnnx(creditGraph({ ...network, threshold }, description)))
  const edge = await open(path)
  const alters = (response: Buffer) => {
    const answer = JSON.parse(response.toString())
    assert.equal(answer.outputs[1].data[0], true)
    answer.outputs[0].data[0] = Math.fround(threshold * (1 - 2 ** -23))
    answer.outputs[1].data[0] = false
    return Buffer.from(JSON.stringify(answer))
  }
  const result = await again(await askOnnx(edge, body(), { alters }), path)
  assert.equal(result.outcome, 'consistent', result.words.join(' '))
  assert.match(
    result.words.join(' '),
    /1 decision comes out otherwise, from a number that lies within the bound/,
  )
  assert.match(result.words.join(' '), /Nothing in the setting on record explains a difference/)
  await edge.close()
})

test('a file that is not the recorded one is not run', async () => {
  const record = await askOnnx(model, body())
  const path = write('changed', writeOnnx(creditGraph(network, { ...description, doc: 'changed' })))
  const changed = await again(record, path)
  assert.deepEqual([changed.outcome, changed.reason], ['not-rerun', 'model-changed'])
  const none = await again(record, join(folder, 'none.onnx'))
  assert.equal(none.reason, 'no-model-file')
  writeFileSync(path, readFileSync(file).subarray(0, 200))
  assert.equal((await again(record, path)).reason, 'bad-model')
})

test('what is no answer of a model here is not run again, with the reason', async () => {
  const of = (change: (runtime: Record<string, unknown>, says: Record<string, unknown>) => void) => {
    const says = structuredClone(model.describe()) as unknown as Record<string, unknown>
    change(says.runtime as Record<string, unknown>, says)
    return askOnnx(model, body(), { says: says as never }).then(record => again(record))
  }
  const reasons = [
    await of(runtime => {
      runtime.name = 'upstream'
    }),
    await of(runtime => {
      runtime.name = 'another-runtime'
    }),
    await of((_, says) => {
      says.manifest = 'none'
    }),
    await of(runtime => {
      runtime.configuration = { intraOpNumThreads: 5000 }
    }),
  ]
  assert.deepEqual(
    reasons.map(({ reason }) => reason),
    ['upstream', 'other-runtime', 'no-manifest', 'beyond-limits'],
  )
})

test('content or disclosures that are not those committed to are refused, each with its code', async () => {
  const record = await askOnnx(model, body())
  const flipped = (bytes: Uint8Array) => bytes.with(20, bytes[20]! ^ 1)
  const refused = (change: Partial<RecordParts>, code: string) =>
    assert.throws(() => openForRerun({ ...record, ...change }, nodeSuite), { code })
  refused({ request: flipped(record.request) }, 'content-mismatch')
  refused({ response: flipped(record.response) }, 'content-mismatch')
  refused({ response: record.response.subarray(1) }, 'content-mismatch')
  const { model: text, ...others } = record.disclosures
  refused({ disclosures: others }, 'bad-disclosure')
  refused({ disclosures: { ...others, model: text!.replace('credit', 'another') } }, 'bad-disclosure')
  refused({ disclosures: { ...others, model: record.disclosures.sampling! } }, 'bad-disclosure')
  refused({ statement: record.statement.subarray(2) }, 'bad-json')
})
