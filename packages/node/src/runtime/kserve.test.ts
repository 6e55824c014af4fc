import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inferResponse, modelMetadata, parseInferRequest, refuseBinary } from './index.ts'
import { model, n, outputs, specs, x } from './kserve.fixture.ts'

test('reads inputs in any order, flat or nested, and gives them in the model’s order', () => {
  const expected = [
    { name: 'x', datatype: 'FP32', shape: [2, 2], data: Float32Array.of(1, 2.5, -3, 0) },
    { name: 'n', datatype: 'INT64', shape: [1], data: BigInt64Array.of(7n) },
  ]
  assert.deepEqual(parseInferRequest({ inputs: [n, x] }, model), { inputs: expected })
  const nested = {
    ...x,
    data: [
      [1, 2.5],
      [-3, 0],
    ],
  }
  assert.deepEqual(
    parseInferRequest({ id: 'r1', inputs: [nested, n], outputs: [{ name: 'ok' }], model_name: 'm' }, model),
    { id: 'r1', inputs: expected, outputs: ['ok'] },
  )
  assert.deepEqual(parseInferRequest({ inputs: [x, n], outputs: [] }, model), { inputs: expected })
})

test('parameters that change nothing, and binary data that is declined, are let pass', () => {
  const body = {
    parameters: { timeout: 5, binary_data_output: false },
    inputs: [{ ...x, parameters: { content_type: 'np' } }, n],
    outputs: [{ name: 'p', parameters: { binary_data: false } }],
  }
  assert.deepEqual(parseInferRequest(body, model).outputs, ['p'])
})

test('bounds elements where another dimension is open', () => {
  const wide = { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1] }], outputs: [] }
  const body = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 1e9], data: [] }] }
  assert.throws(() => parseInferRequest(body, wide), {
    code: 'bad-request',
    message: "input 'x': 2000000000 elements where at most 4194304 are taken",
  })
})

test('each datatype takes what it can hold and nothing else', () => {
  const cases: [string, unknown[], unknown[], string][] = [
    ['BOOL', [true, false], [1, 0, 'true', null], 'true or false'],
    ['INT8', [-128, 127], [-129, 128, 0.5, '1'], 'an integer of -128 to 127'],
    ['UINT8', [0, 255], [-1, 256], 'an integer of 0 to 255'],
    ['INT16', [-32768, 32767], [32768], 'an integer of -32768 to 32767'],
    ['UINT16', [0, 65535], [65536], 'an integer of 0 to 65535'],
    ['INT32', [-(2 ** 31), 2 ** 31 - 1], [2 ** 31], 'an integer of -2147483648 to 2147483647'],
    ['UINT32', [0, 2 ** 32 - 1], [2 ** 32], 'an integer of 0 to 4294967295'],
    ['INT64', [-(2 ** 53 - 1), 5], [2 ** 53, true], 'an integer of -9007199254740991 to 9007199254740991'],
    ['UINT64', [0, 2 ** 53 - 1], [-1], 'an integer of 0 to 9007199254740991'],
    ['FP32', [0.5, -1e38], [1e39], 'a finite number in FP32'],
    ['FP64', [0.1, 1e300], [Number.NEGATIVE_INFINITY, [1]], 'a finite number'],
    ['BYTES', ['a', ''], [1, null], 'a string'],
  ]
  for (const [datatype, good, bad, expected] of cases) {
    const one = { inputs: [{ name: 'v', datatype, shape: [-1] }], outputs: [] }
    const ask = (data: unknown[]) =>
      parseInferRequest({ inputs: [{ name: 'v', datatype, shape: [data.length], data }] }, one)
    const { inputs } = ask(good)
    assert.deepEqual(
      inferResponse(model, inputs).outputs[0]!.data,
      datatype === 'FP32' ? good.map(value => Math.fround(value as number)) : good,
      datatype,
    )
    for (const value of bad)
      assert.throws(() => ask([good[0], value]), {
        code: 'bad-request',
        message: `input 'v': data[1] is not ${expected}`,
      })
  }
})

test('responses and metadata are the protocol’s objects', () => {
  const given = [
    { name: 'p', datatype: 'FP32', shape: [1, 1], data: Float32Array.of(0.25) },
    { name: 'ok', datatype: 'BOOL', shape: [1, 1], data: Uint8Array.of(1) },
  ]
  const expected = [
    { name: 'p', datatype: 'FP32', shape: [1, 1], data: [0.25] },
    { name: 'ok', datatype: 'BOOL', shape: [1, 1], data: [true] },
  ]
  assert.deepEqual(inferResponse(model, given, 'r1'), {
    model_name: 'm',
    model_version: '2',
    id: 'r1',
    outputs: expected,
  })
  assert.deepEqual(Object.keys(inferResponse(model, given)), ['model_name', 'model_version', 'outputs'])
  assert.deepEqual(modelMetadata(model), {
    name: 'm',
    versions: ['2'],
    platform: 'onnxruntime_onnx',
    inputs: specs,
    outputs,
  })
})

test('an output that JSON cannot carry is an error, never another number', () => {
  const fp32 = { name: 'p', datatype: 'FP32', shape: [2], data: Float32Array.of(1, Number.NaN) }
  assert.throws(() => inferResponse(model, [fp32]), {
    code: 'internal',
    message: 'the model gave NaN for p[1]',
  })
  const int64 = { name: 'i', datatype: 'INT64', shape: [1], data: BigInt64Array.of(2n ** 60n) }
  assert.throws(() => inferResponse(model, [int64]), {
    code: 'internal',
    message: 'the model gave 1152921504606846976 for i[0], which JSON would round',
  })
})

test('the header of binary requests is refused', () => {
  refuseBinary(undefined)
  refuseBinary(null)
  assert.throws(() => refuseBinary('123'), {
    code: 'bad-request',
    message: `binary tensor data is not supported, send and ask for tensors as JSON: inference-header-content-length is set`,
  })
})
