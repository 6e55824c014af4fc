/**
 * The referee against the canonical runtime, bit for bit, on random one-operator graphs. What the referee refuses counts
 * as no error, but each operator must repeat what a model computes in the main.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NEWEST_OPSET, OLDEST_OPSET, REFEREE_OPERATORS, referee } from '@answerable/core/arithmetic'
import { type Attribute, type GraphNode, sameBits, type Tensor } from '@answerable/core/graph'
import { Prng } from '../models/prng.ts'
import { Draw, type Values } from './draw.fixture.ts'
import { findCanonical, runOperator } from './index.ts'
import { caseOf, MAKERS, type OperatorCase } from './operators.fixture.ts'

const skip =
  findCanonical() === undefined ? 'the canonical runtime is not installed: npm run canonical' : false
const int = (value: number): Attribute => ({ type: 'int', value: BigInt(value) })
const CASES = 40
/** Casts of numbers that the type cannot hold, and powers of single elements, are refused. */
const LEAST_COMPUTED: Partial<Record<string, number>> = { Cast: 0.8, Pow: 0.6 }

function words({ node, inputs }: OperatorCase): string {
  const attributes = Object.entries(node.attributes).map(([name, { value }]) => `${name}=${value}`)
  const shapes = inputs.map((tensor, i) =>
    tensor === undefined ? '-' : `${tensor.type}[${tensor.dims}]${node.constant[i] ? ' stored' : ''}`,
  )
  return `${node.operator}-${node.version} ${shapes.join(', ')} ${attributes.join(' ')}`
}

async function compare(given: OperatorCase): Promise<'same' | 'refused'> {
  const { node, inputs } = given
  const outputs = await runOperator(node, inputs)
  const shapes = referee.shapes(node, inputs)
  if ('unsupported' in shapes) return 'refused'
  let all: 'same' | 'refused' = 'same'
  outputs.forEach((tensor, output) => {
    const { type, dims, data } = tensor!
    assert.deepEqual(shapes[output], { type, dims }, words(given))
    const whole = referee.compute(node, inputs, output, { from: 0, to: data.length })
    if ('unsupported' in whole) {
      all = 'refused'
      return
    }
    if (!sameBits(type, data, 0, data.length, whole))
      for (let i = 0; i < data.length; i++)
        assert.ok(
          sameBits(type, data, i, i + 1, whole.slice(i, i + 1)),
          `${words(given)}: ${whole[i]} at ${i}, and the runtime has ${data[i]}`,
        )
    part(given, output, tensor!)
  })
  return all
}

/** A part is computed from what `needs` names alone: everything else is spoilt. */
function part({ node, inputs }: OperatorCase, output: number, { type, data }: Tensor): void {
  const from = Math.floor(data.length / 3)
  const range = { from, to: Math.min(data.length, from + 5) }
  const needs = referee.needs(node, inputs, output, range)
  const spoilt = inputs.map((tensor, i) => {
    const wanted = needs[i]!
    if (tensor === undefined || wanted === 'all') return tensor
    const kept = tensor.data.slice()
    const numbers = new Set(wanted)
    for (let j = 0; j < kept.length; j++)
      if (!numbers.has(j)) kept[j] = typeof kept[j] === 'bigint' ? 77n : tensor.type === 'bool' ? 1 : 77
    return { ...tensor, data: kept }
  })
  const computed = referee.compute(node, spoilt, output, range)
  assert.ok(!('unsupported' in computed), words({ node, inputs }))
  assert.ok(
    sameBits(type, data, range.from, range.to, computed),
    `${words({ node, inputs })}: a part from its needs`,
  )
}

describe('the referee repeats the canonical runtime', { skip }, () => {
  for (const operator of REFEREE_OPERATORS) {
    if (operator === 'Constant') continue
    test(operator, async () => {
      for (const values of ['plain', 'wide', 'edges'] as const satisfies Values[]) {
        const draw = new Draw(new Prng(operator.length * 31 + values.length), values)
        let same = 0
        for (let i = 0; i < CASES; i++) if ((await compare(caseOf(operator, draw))) === 'same') same++
        if (values === 'plain')
          assert.ok(same >= (LEAST_COMPUTED[operator] ?? 1) * CASES, `${same} of ${CASES} were computed`)
      }
    })
  }

  test('large products, patches and rows, over several blocks', async () => {
    const draw = new Draw(new Prng(4), 'plain')
    const cases: [string, number[][], boolean, Record<string, Attribute>?][] = [
      [
        'MatMul',
        [
          [60, 700],
          [700, 300],
        ],
        true,
      ],
      [
        'MatMul',
        [
          [60, 700],
          [700, 300],
        ],
        false,
      ],
      [
        'MatMul',
        [
          [1, 2000],
          [2000, 1001],
        ],
        false,
      ],
      [
        'MatMul',
        [
          [1, 2000],
          [2000, 1001],
        ],
        true,
      ],
      [
        'MatMul',
        [
          [20, 3000],
          [3000, 40],
        ],
        false,
      ],
      [
        'MatMul',
        [
          [20, 1500],
          [1500, 10],
        ],
        false,
      ],
      ['Gemm', [[900, 40], [300, 900], [300]], false, { transA: int(1), transB: int(1) }],
      ['Gemm', [[40, 900], [900, 300], [300]], true],
      ['Conv', [[1, 64, 14, 14], [96, 64, 3, 3], [96]], true],
      ['Conv', [[1, 8, 30, 30], [8, 1, 3, 3], [8]], true, { group: int(8) }],
      [
        'Conv',
        [
          [1, 200, 4, 4],
          [60, 200, 3, 3],
        ],
        false,
      ],
      ['Softmax', [[2, 5000]], false],
      ['LayerNormalization', [[2, 5000], [5000], [5000]], true],
      ['Erf', [[7, 5001]], false],
    ]
    for (const [operator, shapes, stored, attributes = {}] of cases) {
      const inputs = shapes.map(dims => draw.tensor('float32', dims))
      const node: GraphNode = {
        index: 0,
        name: '',
        operator,
        domain: '',
        version: 17,
        inputs: inputs.map((_, i) => `i${i}`),
        constant: inputs.map((_, i) => stored && i > 0),
        outputs: ['o'],
        attributes,
      }
      assert.equal(await compare({ node, inputs }), 'same')
    }
  })

  test('every operator has its cases', () => {
    assert.deepEqual(
      REFEREE_OPERATORS.filter(name => name !== 'Constant' && !(name in MAKERS)),
      [],
    )
  })

  test('what the referee does not have it says, and computes nothing', () => {
    const { node, inputs } = caseOf('Add', new Draw(new Prng(1), 'plain'))
    for (const change of [
      { operator: 'Sin' },
      { operator: 'constructor' },
      { domain: 'com.microsoft' },
      { version: OLDEST_OPSET - 1 },
      { version: NEWEST_OPSET + 1 },
    ]) {
      const computed = referee.compute({ ...node, ...change }, inputs, 0, { from: 0, to: 1 })
      assert.ok('unsupported' in computed)
      assert.deepEqual(
        referee.needs({ ...node, ...change }, inputs, 0, { from: 0, to: 1 }),
        inputs.map(() => 'all'),
      )
    }
    assert.ok('unsupported' in referee.compute(node, [], 0, { from: 0, to: 1 }))
    assert.ok('unsupported' in referee.compute(node, inputs, 1, { from: 0, to: 1 }))
    assert.ok('unsupported' in referee.compute(node, inputs, 0, { from: 0, to: 1e9 }))
  })
})
