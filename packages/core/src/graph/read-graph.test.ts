import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import {
  broadcastDims,
  elementBytes,
  elementsOf,
  readGraph,
  sourceIndex,
  valueNumbers,
  valuesOf,
} from './index.ts'

type Part = [field: number, value: number | string | Uint8Array | Part[]]

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]
}

/** A protobuf message of varints, texts, bytes and messages. */
function message(parts: readonly Part[]): Uint8Array {
  return concat(
    ...parts.map(([field, value]) => {
      if (typeof value === 'number') return Uint8Array.from([...varint(field * 8), ...varint(value)])
      const bytes = typeof value === 'string' ? utf8(value) : Array.isArray(value) ? message(value) : value
      return concat(Uint8Array.from([...varint(field * 8 + 2), ...varint(bytes.length)]), bytes)
    }),
  )
}

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer)
const stored = (name: string, dims: number[], raw: Uint8Array, type = 1): Part => [
  5,
  [...dims.map((size): Part => [1, size]), [2, type], [8, name], [9, raw]],
]
const node = (operator: string, inputs: string[], outputs: string[], more: Part[] = []): Part => [
  1,
  [
    ...inputs.map((name): Part => [1, name]),
    ...outputs.map((name): Part => [2, name]),
    [4, operator],
    ...more,
  ],
]
const value = (field: number, name: string): Part => [
  field,
  [
    [1, name],
    [
      2,
      [
        [
          1,
          [
            [1, 1],
            [2, [[1, [[2, 'N']]]]],
          ],
        ],
      ],
    ],
  ],
]
const graph = (...parts: Part[]): Part => [7, [[2, 'g'], ...parts]]
const model = (...parts: Part[]) =>
  message([
    [1, 8],
    [
      8,
      [
        [1, ''],
        [2, 17],
      ],
    ],
    ...parts,
  ])

const SMALL: Part[] = [
  stored('w', [2], floats(1, 2)),
  value(11, 'x'),
  node('Add', ['x', 'w'], ['y'], [[3, 'sum']]),
  node(
    'Constant',
    [],
    ['c'],
    [
      [
        5,
        [
          [1, 'value_float'],
          [20, 1],
        ],
      ],
    ],
  ),
  node('Mul', ['y', 'c'], ['z']),
  value(12, 'z'),
]

test('a graph with its values in canonical order', () => {
  const read = readGraph(model(graph(...SMALL)))
  assert.deepEqual(
    valuesOf(read).map(({ kind, name }) => `${kind} ${name}`),
    ['initializer w', 'input x', 'output y', 'output c', 'output z'],
  )
  assert.equal(valueNumbers(read).get('z'), 4)
  assert.deepEqual(read.opsets, Object.assign(Object.create(null), { '': 17 }))
  assert.deepEqual(read.inputs, [{ name: 'x', type: 'float32', dims: ['N'] }])
  assert.deepEqual(
    read.nodes.map(({ name, version, constant }) => [name, version, constant]),
    [
      ['sum', 17, [false, true]],
      ['', 17, []],
      ['', 17, [false, true]],
    ],
  )
  assert.deepEqual(read.nodes[1]!.attributes.value_float, { type: 'float', value: 0 })
  assert.deepEqual(read.initializers[0]!.tensor.data, Float32Array.of(1, 2))
  assert.deepEqual(read.unsupported, [])
})

test('values of tensors by field and raw are the same', () => {
  const packed = (field: number, ...values: number[]): Part => [
    field,
    Uint8Array.from(values.flatMap(varint)),
  ]
  const tensors: [Part[], number[]][] = [
    [
      [[1, 2], [2, 7], packed(7, 3, 300)],
      [3, 300],
    ],
    [
      [
        [1, 2],
        [2, 7],
        [7, 3],
        [7, 300],
      ],
      [3, 300],
    ],
    [
      [[1, 2], [2, 2], packed(5, 3, 200)],
      [3, 200],
    ],
    [
      [
        [1, 2],
        [2, 1],
        [4, floats(0.5, -2)],
      ],
      [0.5, -2],
    ],
    [
      [
        [1, 2],
        [2, 9],
        [9, Uint8Array.of(0, 7)],
      ],
      [0, 1],
    ],
  ]
  for (const [parts, expected] of tensors) {
    const read = readGraph(model(graph([5, [...parts, [8, 'w']]])))
    assert.deepEqual(Array.from(read.initializers[0]!.tensor.data as Iterable<number>, Number), expected)
  }
})

test('what is no model, or not one whole and in order, is refused', () => {
  const wrong: [RegExp, Uint8Array][] = [
    [/not an ONNX model/, new Uint8Array(0)],
    [/not an ONNX model/, utf8('{"a": 1}')],
    [/not an ONNX model/, message([[1, 8]])],
    [/one graph/, model(graph(), graph())],
    [/two values are called 'w'/, model(graph(stored('w', [], floats(1)), stored('w', [], floats(1))))],
    [/two values are called 'x'/, model(graph(value(11, 'x'), node('Relu', ['x'], ['x'])))],
    [/not in order, or a cycle/, model(graph(node('Relu', ['a'], ['b']), node('Relu', ['b'], ['a'])))],
    [/nothing makes the output 'z'/, model(graph(value(12, 'z')))],
    [
      /another file/,
      model(
        graph([
          5,
          [
            [1, 1],
            [2, 1],
            [8, 'w'],
            [14, 1],
          ],
        ]),
      ),
    ],
    [
      /another file/,
      model(
        graph([
          5,
          [
            [1, 1],
            [2, 1],
            [8, 'w'],
            [13, [[1, 'location']]],
          ],
        ]),
      ),
    ],
    [/8 bytes for 3 elements/, model(graph(stored('w', [3], floats(1, 2))))],
    [/type 8/, model(graph(stored('w', [1], floats(1), 8)))],
    [/too large/, model(graph(stored('w', [2 ** 20, 2 ** 20], floats(1))))],
    [
      /values twice/,
      model(
        graph([
          5,
          [
            [1, 1],
            [2, 1],
            [8, 'w'],
            [9, floats(1)],
            [4, floats(1)],
          ],
        ]),
      ),
    ],
    [/without a name/, model(graph(node('Relu', [], ['a'], [[5, [[20, 1]]]])))],
    [
      /given twice/,
      model(
        graph(
          node(
            'Relu',
            [],
            ['a'],
            [
              [
                5,
                [
                  [1, 'k'],
                  [20, 1],
                ],
              ],
              [
                5,
                [
                  [1, 'k'],
                  [20, 1],
                ],
              ],
            ],
          ),
        ),
      ),
    ],
    [
      /named twice/,
      message([
        [1, 8],
        [
          8,
          [
            [1, ''],
            [2, 17],
          ],
        ],
        [
          8,
          [
            [1, 'ai.onnx'],
            [2, 17],
          ],
        ],
        graph(),
      ]),
    ],
  ]
  for (const [pattern, bytes] of wrong)
    assert.throws(
      () => readGraph(bytes),
      error => error instanceof AnswerableError && error.code === 'bad-model' && pattern.test(error.message),
      String(pattern),
    )
})

test('what no dispute can be about is read and named', () => {
  const cases: [RegExp, Part[]][] = [
    [
      /a graph as its attribute 'body'/,
      [
        graph(
          node(
            'Loop',
            [],
            ['a'],
            [
              [
                5,
                [
                  [1, 'body'],
                  [6, []],
                  [20, 5],
                ],
              ],
            ],
          ),
        ),
      ],
    ],
    [/operator set 'my.own'/, [graph(node('Relu', [], ['a'], [[7, 'my.own']]))]],
    [/functions of its own/, [graph(), [25, [[1, 'f']]]]],
    [/sparse/, [graph([15, []])]],
    [/may replace/, [graph(stored('w', [2], floats(1, 2)), value(11, 'w'))]],
    [/no tensor of numbers/, [graph([11, [[1, 'x']]])]],
  ]
  for (const [pattern, parts] of cases) {
    const [why] = readGraph(model(...parts)).unsupported
    assert.match(why ?? '', pattern)
  }
})

test('any bytes give a graph or a refusal', () => {
  const good = model(graph(...SMALL))
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }), changes => {
      const bytes = good.slice()
      for (const [at, byte] of changes) bytes[at] = byte
      try {
        valuesOf(readGraph(bytes))
      } catch (error) {
        assert.ok(error instanceof AnswerableError, String(error))
      }
    }),
    { numRuns: 3000 },
  )
})

test('bytes of elements: little-endian, and one NaN', () => {
  const nans = new Float32Array(new Uint32Array([0x7f800001, 0xffc12345, 0x3f800000]).buffer)
  assert.deepEqual(
    [...new Uint32Array(elementBytes('float32', nans).slice().buffer)],
    [0x7fc00000, 0x7fc00000, 0x3f800000],
  )
  assert.deepEqual([...elementBytes('float16', Uint16Array.of(0xfe01, 0x3c00))], [0, 0x7e, 0, 0x3c])
  assert.deepEqual([...elementBytes('int64', BigInt64Array.of(-2n, 5n), 1)], [5, 0, 0, 0, 0, 0, 0, 0])
  assert.deepEqual(elementsOf('int16', Uint8Array.of(0xfe, 0xff)), Int16Array.of(-2))
})

test('shapes stretched over each other', () => {
  assert.deepEqual(broadcastDims([3, 1, 2], [4, 1]), [3, 4, 2])
  assert.equal(broadcastDims([3], [2]), undefined)
  const dims = [3, 4, 2]
  assert.equal(sourceIndex(2 * 8 + 3 * 2 + 1, dims, [3, 1, 2]), 2 * 2 + 1)
  assert.equal(sourceIndex(2 * 8 + 3 * 2 + 1, dims, [4, 1]), 3)
  assert.equal(sourceIndex(23, dims, []), 0)
})
