/** What counts as the same answer of a graph. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareOutputs, type Decision, type OutputTensor } from './outputs.ts'
import { ulpOf32, ulps32, ulps64 } from './ulp.ts'

const BOUND = { ulps: 512 }
const float = fc.float({ noNaN: true, noDefaultInfinity: true })

function fp32(name: string, data: readonly number[]): OutputTensor {
  return { name, datatype: 'FP32', shape: [data.length], data: Float32Array.from(data) }
}

/** As JSON carries it: numbers in double precision. */
function read(tensor: OutputTensor): OutputTensor {
  return { ...tensor, data: JSON.parse(JSON.stringify(Array.from(tensor.data as Float32Array))) }
}

test('the same tensors are exact, through JSON as well', () => {
  fc.assert(
    fc.property(fc.array(float, { minLength: 1 }), data => {
      const tensor = fp32('y', data)
      const { outcome, closeness } = compareOutputs([read(tensor)], [tensor], BOUND)
      assert.equal(outcome, 'exact')
      assert.equal(closeness.values, data.length)
      assert.equal(closeness.largest, undefined)
    }),
  )
})

test('a number that is off by so much of the largest is consistent up to the bound, and not beyond', () => {
  fc.assert(
    fc.property(
      fc.array(float, { minLength: 1, maxLength: 20 }),
      fc.nat(19),
      fc.integer({ min: 1, max: 4000 }),
      (data, at, steps) => {
        const ours = fp32('y', [...data, 1])
        const unit = ulpOf32(Math.max(...Array.from(ours.data as Float32Array, Math.abs)))
        const i = at % ours.data.length
        const moved = Math.fround((ours.data[i] as number) + steps * unit)
        fc.pre(Number.isFinite(moved))
        const theirs = fp32('y', [...(ours.data as Float32Array)].with(i, moved))
        const off = Math.abs(moved - (ours.data[i] as number)) / unit
        const { outcome, closeness } = compareOutputs([read(theirs)], [ours], BOUND)
        assert.equal(outcome, off === 0 ? 'exact' : off <= 512 ? 'consistent' : 'inconsistent')
        if (off > 0) assert.equal(closeness.largest!.scaledUlps, off)
      },
    ),
  )
})

test('whole numbers, texts and truth values are the same or they are not', () => {
  const ours = (datatype: string, data: OutputTensor['data']): OutputTensor => ({
    name: 'n',
    datatype,
    shape: [2],
    data,
  })
  const long = ours('INT64', BigInt64Array.of(7n, -3n))
  assert.equal(compareOutputs([ours('INT64', [7, -3])], [long], BOUND).outcome, 'exact')
  assert.equal(compareOutputs([ours('INT64', [7, -2])], [long], BOUND).outcome, 'inconsistent')
  assert.equal(
    compareOutputs([ours('BYTES', ['a', 'b'])], [ours('BYTES', ['a', 'c'])], BOUND).outcome,
    'inconsistent',
  )
  assert.equal(
    compareOutputs([ours('BOOL', [1, 1])], [ours('BOOL', Uint8Array.of(1, 0))], BOUND).outcome,
    'inconsistent',
  )
})

test('another form of answer is none of this model', () => {
  const ours = [fp32('a', [1, 2]), fp32('b', [3])]
  const tables: [string, OutputTensor[]][] = [
    ['fewer outputs', [ours[0]!]],
    ['twice the same', [ours[0]!, ours[0]!]],
    ['another name', [ours[0]!, { ...ours[1]!, name: 'c' }]],
    ['another type', [ours[0]!, { ...ours[1]!, datatype: 'FP64' }]],
    ['another shape', [{ ...ours[0]!, shape: [1, 2] }, ours[1]!]],
    ['fewer values', [{ ...ours[0]!, data: [1] }, ours[1]!]],
    ['no FP32 number', [{ ...ours[0]!, data: [1.000000001, 2] }, ours[1]!]],
    ['not a number', [{ ...ours[0]!, data: [Number.NaN, 2] }, ours[1]!]],
  ]
  for (const [what, theirs] of tables)
    assert.equal(compareOutputs(theirs, ours, BOUND).outcome, 'inconsistent', what)
})

test('a decision may come out otherwise where its number lies at the threshold, and nowhere else', () => {
  const decision: Decision = { output: 'ok', from: 'p', operator: 'GreaterOrEqual', threshold: 0.5 }
  const answer = (p: number, ok: number): OutputTensor[] => [
    fp32('p', [p]),
    { name: 'ok', datatype: 'BOOL', shape: [1], data: [ok] },
  ]
  const under = 0.5 - 2 ** -25
  const flip = compareOutputs(answer(0.5, 1), answer(under, 0), BOUND, [decision])
  assert.equal(flip.outcome, 'consistent')
  assert.equal(flip.closeness.flipped, 1)
  assert.equal(flip.closeness.flippedWithin, 1)
  // Without the number beside it, the re-run's own tells how close it was.
  const alone = compareOutputs([answer(0.5, 1)[1]!], [answer(under, 0)[1]!], BOUND, [decision])
  assert.equal(alone.outcome, 'inconsistent')
  // A record that does not decide as its own number says.
  assert.equal(compareOutputs(answer(under, 1), answer(under, 0), BOUND, [decision]).outcome, 'inconsistent')
  assert.equal(compareOutputs(answer(0.4, 1), answer(0.4, 0), BOUND, [decision]).outcome, 'inconsistent')
  assert.equal(compareOutputs(answer(0.5, 1), answer(under, 0), BOUND).outcome, 'inconsistent')
})

test('units in the last place count the numbers between', () => {
  assert.equal(ulps32(1, Math.fround(1 + 2 ** -23)), 1)
  assert.equal(ulps32(-1, -1), 0)
  assert.equal(ulps32(0, -0), 0)
  assert.equal(ulps32(2 ** -149, -(2 ** -149)), 2)
  assert.equal(ulps32(Number.NaN, 1), Number.POSITIVE_INFINITY)
  assert.equal(ulps64(1, 1 + 2 ** -52), 1)
  assert.equal(ulpOf32(1), 2 ** -23)
  assert.equal(ulpOf32(0), 2 ** -149)
  fc.assert(fc.property(float, float, (a, b) => assert.equal(ulps32(a, b), ulps32(b, a))))
})
