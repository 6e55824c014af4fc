/**
 * Quantised operators: to small integers and back, and products of them. Sums of integers have no order that matters, so
 * these are the operators on which runtimes agree best.
 */
import { intAttribute } from '../graph/graph.ts'
import { type Elements, type ElementType, makeElements, type Tensor } from '../graph/tensor.ts'
import { roundEven } from './elementwise.ts'
import { matrixPlace, productNeeds } from './multiply.ts'
import { axisOf, type Call, input, inputOf, notHere, type Operator, product } from './operator.ts'

const { fround } = Math
const BYTES: readonly ElementType[] = ['uint8', 'int8']

function limits(type: ElementType): [number, number] {
  return type === 'uint8' ? [0, 255] : [-128, 127]
}

/** For each element, which scale and zero point it has: one for all, or one for each slice along an axis. */
function perAxis(call: Call, scale: Tensor): (index: number) => number {
  if (scale.data.length === 1) return () => 0
  const { dims } = input(call, 0)
  if (scale.dims.length !== 1 || intAttribute(call.node, 'block_size')) notHere('scales by block')
  const axis = axisOf(intAttribute(call.node, 'axis') ?? 1, dims.length)
  if (scale.data.length !== dims[axis]) notHere('scales that do not fit the axis')
  const inner = product(dims, axis + 1)
  return index => Math.floor(index / inner) % dims[axis]!
}

function quantised(value: number, scale: number, zero: number, [low, high]: [number, number]): number {
  if (Number.isNaN(value)) notHere('NaN')
  plainScale(scale)
  const whole = roundEven(fround(value / scale))
  const moved = fround(whole + zero)
  return moved < low ? low : moved > high ? high : moved
}

/** What becomes of infinities and NaN on their way to an integer, C++ leaves open. */
function plainScale(scale: number): void {
  if (!(scale > 0 && scale < Number.POSITIVE_INFINITY)) notHere(`a scale of ${scale}`)
}

const own = (_call: Call, { from, to }: { from: number; to: number }) => {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i)
  return [numbers, 'all' as const, 'all' as const]
}

export const quantizeLinear: Operator = {
  shapes(call) {
    const { dims } = inputOf(call, 0, ['float32'])
    const zero = call.inputs[2]
    const type = zero?.type ?? 'uint8'
    if (!BYTES.includes(type) || (zero === undefined && intAttribute(call.node, 'output_dtype')))
      notHere(type)
    if (input(call, 1).type !== 'float32') notHere('scales of another type')
    return [{ type, dims }]
  },
  needs: own,
  compute(call, { from, to }, shapes) {
    const { type } = shapes[0]!
    const { data } = input(call, 0)
    const scale = input(call, 1)
    const zero = call.inputs[2]?.data
    const which = perAxis(call, scale)
    const out = makeElements(type, to - from)
    for (let i = from; i < to; i++) {
      const at = which(i)
      out[i - from] = quantised(
        data[i] as number,
        scale.data[at] as number,
        Number(zero?.[at] ?? 0),
        limits(type),
      )
    }
    return out
  },
}

export const dequantizeLinear: Operator = {
  shapes(call) {
    const { dims } = inputOf(call, 0, ['uint8', 'int8', 'int32'])
    if (input(call, 1).type !== 'float32') notHere('scales of another type')
    return [{ type: 'float32', dims }]
  },
  needs: own,
  compute(call, { from, to }) {
    const { data } = input(call, 0)
    const scale = input(call, 1)
    const zero = call.inputs[2]?.data
    const which = perAxis(call, scale)
    const out = new Float32Array(to - from)
    for (let i = from; i < to; i++) {
      const at = which(i)
      const moved = (data[i] as number) - Number(zero?.[at] ?? 0)
      out[i - from] = fround(fround(moved) * (scale.data[at] as number))
    }
    return out
  },
}

export const dynamicQuantizeLinear: Operator = {
  shapes(call) {
    const { dims } = inputOf(call, 0, ['float32'])
    return [
      { type: 'uint8', dims },
      { type: 'float32', dims: [] },
      { type: 'uint8', dims: [] },
    ]
  },
  compute(call, { from, to }, _shapes, output) {
    const data = input(call, 0).data as Float32Array
    let low = 0
    let high = 0
    for (const value of data) {
      if (!Number.isFinite(value)) notHere('NaN or infinity')
      if (value < low) low = value
      if (value > high) high = value
    }
    const scale = low === high ? 1 : fround(fround(high - low) / 255)
    plainScale(scale)
    const start = fround(0 - fround(low / scale))
    const zero = roundEven(start < 0 ? 0 : start > 255 ? 255 : start)
    if (output === 1) return Float32Array.of(scale)
    if (output === 2) return Uint8Array.of(zero)
    return Uint8Array.from(data.subarray(from, to), value => quantised(value, scale, zero, [0, 255]))
  },
}

/** Zero points by row or column, or one for all. */
function zeroOf(tensor: Tensor | undefined): (at: number) => number {
  if (tensor === undefined) return () => 0
  const { data, dims } = tensor
  if (data.length !== 1 && dims.length !== 1) notHere('zero points by matrix')
  return data.length === 1 ? () => Number(data[0]) : at => Number(data[at])
}

function sumAt(call: Call, index: number, left: Elements, right: Elements, zeros: [number, number]): number {
  const { row, column, columns, inner, leftAt, rightAt } = matrixPlace(call, index)
  let sum = 0
  for (let k = 0; k < inner; k++) {
    const a = (left[leftAt + row * inner + k] as number) - zeros[0]
    const b = (right[rightAt + k * columns + column] as number) - zeros[1]
    sum = (sum + Math.imul(a, b)) | 0
  }
  return sum
}

function matrixShape(call: Call): number[] {
  const [a, b] = [
    inputOf(call, 0, BYTES).dims,
    inputOf(call, call.node.operator === 'QLinearMatMul' ? 3 : 1, BYTES).dims,
  ]
  if (a.length < 2 || b.length < 2 || a.at(-1) !== b.at(-2)) notHere('sides that are no matrices')
  const rank = Math.max(a.length, b.length)
  const dims: number[] = []
  for (let i = 0; i < rank - 2; i++) {
    const [x, y] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1]
    if (x !== y && x !== 1 && y !== 1) notHere('batches that do not fit each other')
    dims.push(x === 1 ? y : x)
  }
  return [...dims, a.at(-2)!, b.at(-1)!]
}

export const matMulInteger: Operator = {
  shapes: call => [{ type: 'int32', dims: matrixShape(call) }],
  needs: (call, part) => productNeeds(call, part),
  compute(call, { from, to }) {
    const [left, right] = [input(call, 0), input(call, 1)]
    const [leftZero, rightZero] = [zeroOf(call.inputs[2]), zeroOf(call.inputs[3])]
    const out = new Int32Array(to - from)
    for (let i = from; i < to; i++) {
      const { row, column } = matrixPlace(call, i)
      out[i - from] = sumAt(call, i, left.data, right.data, [leftZero(row), rightZero(column)])
    }
    return out
  },
  work: call => input(call, 0).dims.at(-1)!,
}

/** A sum of products as a small integer again. */
export function requantised(sum: number, scale: number, zero: number, type: ElementType): number {
  plainScale(scale)
  const [low, high] = limits(type)
  const value = fround(fround(sum) * scale)
  return roundEven(Math.min(Math.max(value, low - zero), high - zero)) + zero
}

/** a, its scale and zero point, b with the same, and the result's scale and zero point. */
export const qLinearMatMul: Operator = {
  shapes(call) {
    const { type } = inputOf(call, 7, BYTES)
    for (const at of [1, 2, 5, 6, 7]) if (input(call, at).data.length !== 1) notHere('scales by row')
    return [{ type, dims: matrixShape(call) }]
  },
  needs(call, part) {
    const [left, right] = productNeeds(sides(call), part)
    return call.inputs.map((_, i) => (i === 0 ? left! : i === 3 ? right! : 'all'))
  },
  compute(call, { from, to }, shapes) {
    const { type } = shapes[0]!
    const one = (at: number) => Number(input(call, at).data[0])
    const rightScale = input(call, 4).data
    const rightZero = zeroOf(input(call, 5))
    const zero = one(7)
    const both = sides(call)
    const out = makeElements(type, to - from)
    for (let i = from; i < to; i++) {
      const { column } = matrixPlace(both, i)
      const sum = sumAt(both, i, input(call, 0).data, input(call, 3).data, [one(2), rightZero(column)])
      const of = Number(rightScale[rightScale.length === 1 ? 0 : column])
      const scale = fround(fround(one(1) * of) / one(6))
      out[i - from] = requantised(sum, scale, zero, type)
    }
    return out
  },
  work: call => input(call, 0).dims.at(-1)!,
}

/** The two sides alone. */
function sides(call: Call): Call {
  return { node: call.node, inputs: [call.inputs[0], call.inputs[3]] }
}
