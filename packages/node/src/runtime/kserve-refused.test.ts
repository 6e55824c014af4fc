/** What `parseInferRequest` refuses, with the exact words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseInferRequest } from './index.ts'
import { model, n, x } from './kserve.fixture.ts'

const BINARY = 'binary tensor data is not supported, send and ask for tensors as JSON'
const refused: [string, unknown, string][] = [
  ['a body that is an array', [], 'the request body is not a JSON object'],
  ['a body that is null', null, 'the request body is not a JSON object'],
  ['an id of another type', { id: 1, inputs: [x, n] }, 'id is not a string'],
  ['no inputs', {}, 'inputs is missing'],
  ['inputs by name', { inputs: { x } }, 'inputs is not an array'],
  ['an input that is no object', { inputs: [x, 3] }, 'inputs[1] is not an object'],
  ['an input without a name', { inputs: [{ ...x, name: undefined }] }, 'inputs[0].name is not a string'],
  ['an unknown input', { inputs: [x, n, { ...x, name: 'y' }] }, "unknown input 'y'; the model takes x, n"],
  [
    'an unknown input of a long name',
    { inputs: [{ ...x, name: 'y'.repeat(9999) }] },
    `unknown input '${'y'.repeat(64)}…'; the model takes x, n`,
  ],
  ['an input given twice', { inputs: [x, n, x] }, "input 'x' is given twice"],
  ['one input missing', { inputs: [x] }, "missing input 'n'"],
  ['both inputs missing', { inputs: [] }, "missing inputs 'x', 'n'"],
  ['no datatype', { inputs: [{ ...x, datatype: undefined }, n] }, "input 'x': datatype is not a string"],
  [
    'another datatype',
    { inputs: [{ ...x, datatype: 'FP64' }, n] },
    "input 'x': datatype 'FP64' where the model takes FP32",
  ],
  [
    'no shape',
    { inputs: [{ ...x, shape: undefined }, n] },
    "input 'x': shape is not an array of non-negative integers",
  ],
  [
    'a negative size',
    { inputs: [{ ...x, shape: [-1, 2] }, n] },
    "input 'x': shape is not an array of non-negative integers",
  ],
  [
    'a fraction of a row',
    { inputs: [{ ...x, shape: [0.5, 2] }, n] },
    "input 'x': shape is not an array of non-negative integers",
  ],
  [
    'another rank',
    { inputs: [{ ...x, shape: [4] }, n] },
    "input 'x': shape [4] where the model takes [any, 2]",
  ],
  [
    'another width',
    { inputs: [{ ...x, shape: [1, 4] }, n] },
    "input 'x': shape [1, 4] where the model takes [any, 2]",
  ],
  ['no rows', { inputs: [{ ...x, shape: [0, 2], data: [] }, n] }, "input 'x': shape [0, 2] has no elements"],
  ['too many rows', { inputs: [{ ...x, shape: [9, 2] }, n] }, "input 'x': 9 rows where at most 8 are taken"],
  ['no data', { inputs: [{ ...x, data: undefined }, n] }, "input 'x': data is missing"],
  ['data that is no array', { inputs: [{ ...x, data: 1 }, n] }, "input 'x': data is not an array"],
  [
    'too little data',
    { inputs: [{ ...x, data: [1, 2, 3] }, n] },
    "input 'x': 3 values where the shape [2, 2] takes 4",
  ],
  [
    'too much data',
    { inputs: [{ ...x, data: [1, 2, 3, 4, 5] }, n] },
    "input 'x': 5 values where the shape [2, 2] takes 4",
  ],
  [
    'nested data of another shape',
    { inputs: [{ ...x, data: [[1, 2, 3, 4]] }, n] },
    "input 'x': nested data does not have the shape [2, 2]",
  ],
  [
    'nested data with ragged rows',
    { inputs: [{ ...x, data: [[1], [2, 3, 4]] }, n] },
    "input 'x': nested data does not have the shape [2, 2]",
  ],
  [
    'data nested in part',
    { inputs: [{ ...x, data: [[1, 2], 3, 4] }, n] },
    "input 'x': nested data does not have the shape [2, 2]",
  ],
  [
    'data nested too deep',
    {
      inputs: [
        {
          ...x,
          data: [
            [[1], [2]],
            [3, 4],
          ],
        },
        n,
      ],
    },
    "input 'x': nested data does not have the shape [2, 2]",
  ],
  [
    'nested data for a vector',
    { inputs: [x, { ...n, data: [[7]] }] },
    "input 'n': data[0] is not an integer of 0",
  ],
  ['a string', { inputs: [{ ...x, data: [1, '2', 3, 4] }, n] }, "input 'x': data[1] is not a finite number"],
  ['null', { inputs: [{ ...x, data: [1, 2, 3, null] }, n] }, "input 'x': data[3] is not a finite number"],
  [
    'infinity',
    { inputs: [{ ...x, data: JSON.parse('[1,1e999,3,4]') }, n] },
    "input 'x': data[1] is not a finite number",
  ],
  [
    'NaN',
    { inputs: [{ ...x, data: [Number.NaN, 2, 3, 4] }, n] },
    "input 'x': data[0] is not a finite number",
  ],
  [
    'a number beyond FP32',
    { inputs: [{ ...x, data: [1, 2, 1e39, 4] }, n] },
    "input 'x': data[2] is not a finite number in FP32",
  ],
  [
    'a fraction for an integer',
    { inputs: [x, { ...n, data: [1.5] }] },
    "input 'n': data[0] is not an integer of 0",
  ],
  [
    'an integer that JSON rounded',
    { inputs: [x, { ...n, data: [2 ** 53] }] },
    "input 'n': data[0] is not an integer of 0",
  ],
  ['outputs by name', { inputs: [x, n], outputs: { name: 'p' } }, 'outputs is not an array'],
  ['an output that is no object', { inputs: [x, n], outputs: ['p'] }, 'outputs[0] is not an object'],
  ['an output without a name', { inputs: [x, n], outputs: [{}] }, 'outputs[0].name is not a string'],
  [
    'an unknown output',
    { inputs: [x, n], outputs: [{ name: 'q' }] },
    "unknown output 'q'; the model gives p, ok",
  ],
  [
    'an output asked for twice',
    { inputs: [x, n], outputs: [{ name: 'p' }, { name: 'p' }] },
    "output 'p' is asked for twice",
  ],
  [
    'parameters that are no object',
    { parameters: 1, inputs: [x, n] },
    'the request: parameters is not an object',
  ],
  [
    'binary outputs',
    { parameters: { binary_data_output: true }, inputs: [x, n] },
    `${BINARY}: the request has 'binary_data_output'`,
  ],
  [
    'binary inputs',
    { inputs: [{ ...x, data: undefined, parameters: { binary_data_size: 16 } }, n] },
    `${BINARY}: input 'x' has 'binary_data_size'`,
  ],
  [
    'one binary output',
    { inputs: [x, n], outputs: [{ name: 'p', parameters: { binary_data: true } }] },
    `${BINARY}: output 'p' has 'binary_data'`,
  ],
  [
    'shared memory',
    { inputs: [{ ...x, parameters: { shared_memory_region: 'r' } }, n] },
    "input 'x': the parameter 'shared_memory_region' is not supported",
  ],
  [
    'a classification in place of an output',
    { inputs: [x, n], outputs: [{ name: 'p', parameters: { classification: 3 } }] },
    "output 'p': the parameter 'classification' is not supported",
  ],
]

for (const [what, body, expected] of refused)
  test(`refuses ${what}`, () => {
    const message = expected.endsWith('an integer of 0')
      ? expected.replace(/of 0$/, 'of -9007199254740991 to 9007199254740991')
      : expected
    assert.throws(() => parseInferRequest(body, model, { maxRows: 8, maxElements: 100 }), {
      name: 'AnswerableError',
      code: 'bad-request',
      message,
    })
  })
