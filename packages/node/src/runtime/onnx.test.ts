import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { buildDemoModels } from '../models/demo-models.ts'
import { CREDIT_FEATURES, defaultApplicant, type OnnxModelFile, writeOnnx } from '../models/index.ts'
import { Message } from '../models/protobuf.ts'
import { OnnxModel, type Tensor } from './index.ts'
import { assertSelfContained } from './onnx-file.ts'

const directory = await mkdtemp(join(tmpdir(), 'answerable-onnx-'))
after(() => rm(directory, { recursive: true }))
const [demo] = await buildDemoModels(directory)
const identity = { name: 'm', version: '1' }

async function write(name: string, bytes: Uint8Array | string): Promise<string> {
  const file = join(directory, name)
  await writeFile(file, bytes)
  return file
}

function graph(parts: Partial<OnnxModelFile>): OnnxModelFile {
  return {
    name: 'm',
    doc: '',
    producerVersion: '1',
    metadata: {},
    inputs: [{ name: 'a', type: 'float32', shape: ['N', 1] }],
    outputs: [{ name: 'b', type: 'float32', shape: ['N', 1] }],
    initializers: [],
    nodes: [{ operator: 'Relu', inputs: ['a'], output: 'b' }],
    ...parts,
  }
}

function fp32(name: string, shape: number[], values: number[]): Tensor {
  return { name, datatype: 'FP32', shape, data: Float32Array.from(values) }
}

const applicant: Tensor[] = Object.entries(defaultApplicant()).map(([name, value]) =>
  fp32(name, [1, 1], [value]),
)

test('describes the model, and all that its result depends on', async () => {
  const model = await OnnxModel.open(demo!.file, { name: 'credit', version: '3' })
  const described = model.describe()
  assert.equal(described.name, 'credit')
  assert.equal(described.version, '3')
  assert.equal(
    described.manifest,
    createHash('sha256')
      .update(await readFile(demo!.file))
      .digest('hex'),
  )
  assert.equal(described.manifest, demo!.sha256)
  assert.deepEqual(
    described.inputs,
    CREDIT_FEATURES.map(({ name }) => ({ name, datatype: 'FP32', shape: [-1, 1] })),
  )
  assert.deepEqual(described.outputs, [
    { name: 'probability_good', datatype: 'FP32', shape: [-1, 1] },
    { name: 'approved', datatype: 'BOOL', shape: [-1, 1] },
  ])
  const { name, version, configuration, processor } = described.runtime
  assert.equal(name, 'onnxruntime-node')
  assert.match(version, /^\d+\.\d+\.\d+$/)
  assert.deepEqual(configuration, {
    executionProviders: 'cpu',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'disabled',
    'session.set_denormal_as_zero': '0',
    'session.load_model_format': 'ONNX',
    'mlas.enable_gemm_fastmath_arm64_bfloat16': '0',
  })
  assert.equal(processor.architecture, process.arch)
  assert.ok(processor.model.length > 0)
  const other = await OnnxModel.open(demo!.file, { ...identity, optimisation: 'all' })
  assert.equal(other.describe().runtime.configuration.graphOptimizationLevel, 'all')
})

test('answers repeat to the bit: again, in another session, and side by side', async () => {
  const model = await OnnxModel.open(demo!.file, identity)
  const first = await model.infer(applicant)
  assert.deepEqual(
    first.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    [
      { name: 'probability_good', datatype: 'FP32', shape: [1, 1] },
      { name: 'approved', datatype: 'BOOL', shape: [1, 1] },
    ],
  )
  assert.deepEqual(await model.infer([...applicant].reverse()), first)
  const other = await OnnxModel.open(demo!.file, identity)
  assert.deepEqual(await other.infer(applicant), first)
  for (const answer of await Promise.all(Array.from({ length: 20 }, () => model.infer(applicant))))
    assert.deepEqual(answer, first)
  assert.deepEqual(await model.infer(applicant, ['approved']), [first[1]])
})

test('inputs that do not belong together are refused', async () => {
  const model = await OnnxModel.open(demo!.file, identity)
  const [first, second, ...rest] = applicant
  const cases: [Tensor[], string | RegExp][] = [
    [
      [first!, { ...second!, shape: [2, 1], data: Float32Array.of(1, 2) }, ...rest],
      "input 'duration_months' has N = 2 where input 'checking_status' has 1",
    ],
    [[first!, ...rest], /^the model cannot run on these inputs: .*duration_months/],
    [[...applicant, fp32('x', [1, 1], [0])], "the model takes no FP32 input 'x'"],
    [
      [{ ...first!, datatype: 'INT64', data: BigInt64Array.of(1n) }, second!, ...rest],
      "the model takes no INT64 input 'checking_status'",
    ],
  ]
  for (const [inputs, message] of cases)
    await assert.rejects(model.infer(inputs), { code: 'bad-request', message })
  assert.equal((await model.infer(applicant)).length, 2, 'it still answers')
})

test('an index out of range is the request’s fault, and the session goes on', async () => {
  const file = await write(
    'gather.onnx',
    writeOnnx(
      graph({
        inputs: [{ name: 'a', type: 'int64', shape: ['N'] }],
        outputs: [{ name: 'b', type: 'float32', shape: ['N'] }],
        initializers: [{ name: 'table', shape: [3], data: Float32Array.of(1, 2, 3) }],
        nodes: [{ operator: 'Gather', inputs: ['table', 'a'], output: 'b', attributes: { axis: 0 } }],
      }),
    ),
  )
  const model = await OnnxModel.open(file, identity)
  const input = (index: bigint): Tensor => ({
    name: 'a',
    datatype: 'INT64',
    shape: [1],
    data: BigInt64Array.of(index),
  })
  await assert.rejects(model.infer([input(7n)]), {
    code: 'bad-request',
    message: /^the model cannot run on these inputs: /,
  })
  assert.deepEqual(await model.infer([input(1n)]), [fp32('b', [1], [2])])
})

test('subnormal numbers are kept', async () => {
  const file = await write(
    'add.onnx',
    writeOnnx(graph({ nodes: [{ operator: 'Add', inputs: ['a', 'a'], output: 'b' }] })),
  )
  const model = await OnnxModel.open(file, identity)
  const [sum] = await model.infer([fp32('a', [1, 1], [1e-40])])
  assert.equal(sum!.data[0], Math.fround(Math.fround(1e-40) * 2))
})

test('what cannot be opened says why', async () => {
  const tensor = (extra: Message) =>
    new Message().int(1, 1).int(2, 1).bytes(8, 'w').bytes(13, extra).int(14, 1)
  const location = new Message().bytes(1, 'location').bytes(2, 'weights.bin')
  const external = new Message().int(1, 8).bytes(7, new Message().bytes(5, tensor(location)))
  const inNode = new Message().bytes(
    7,
    new Message().bytes(1, new Message().bytes(5, new Message().bytes(5, new Message().int(14, 1)))),
  )
  const inSubgraph = new Message().bytes(
    7,
    new Message().bytes(
      1,
      new Message().bytes(
        5,
        new Message().bytes(6, new Message().bytes(5, new Message().bytes(13, location))),
      ),
    ),
  )
  const elsewhere =
    /: the model keeps tensors in another file, which its digest does not cover: save it as one file$/
  for (const [name, bytes, message] of [
    ['text.onnx', 'not a model', /: not an ONNX model in protobuf form$/],
    ['empty.onnx', '', /: not an ONNX model in protobuf form$/],
    ['external.onnx', external.encode(), elsewhere],
    ['external-in-node.onnx', inNode.encode(), elsewhere],
    ['external-in-subgraph.onnx', inSubgraph.encode(), elsewhere],
    [
      'broken.onnx',
      writeOnnx(graph({ nodes: [{ operator: 'Relu', inputs: ['x'], output: 'b' }] })),
      /^cannot open /,
    ],
    [
      'unknown.onnx',
      writeOnnx(graph({ nodes: [{ operator: 'Nothing', inputs: ['a'], output: 'b' }] })),
      /^cannot open /,
    ],
  ] as const) {
    const file = await write(name, bytes)
    await assert.rejects(OnnxModel.open(file, identity), { code: 'bad-format', message }, name)
  }
  await assert.rejects(OnnxModel.open(join(directory, 'none.onnx'), identity), {
    code: 'not-found',
    message: `cannot read the model ${join(directory, 'none.onnx')}`,
  })
})

test('a cut-off or altered file never breaks the reader itself', async () => {
  const bytes = new Uint8Array(await readFile(demo!.file))
  assertSelfContained(bytes)
  const read = (data: Uint8Array) => {
    try {
      assertSelfContained(data)
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'bad-format')
    }
  }
  for (let length = 0; length < bytes.length; length += 7) read(bytes.subarray(0, length))
  for (let at = 0; at < bytes.length; at++) {
    const altered = bytes.slice(0, at + 200)
    altered[at] = altered[at]! ^ 0xff
    read(altered)
  }
  // Graphs within nodes within graphs, deeper than protobuf allows.
  let deep = new Message()
  for (let i = 0; i < 60; i++)
    deep = new Message().bytes(1, new Message().bytes(5, new Message().bytes(6, deep)))
  assert.throws(() => assertSelfContained(new Message().bytes(7, deep).encode()), { code: 'bad-format' })
})
