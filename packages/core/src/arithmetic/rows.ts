/**
 * Operators over whole rows: Softmax, LayerNormalization, sums and means. The order of their additions is the canonical
 * runtime's, which differs from one to the other.
 */
import { floatAttribute, intAttribute } from '../graph/graph.ts'
import { expBelow } from './curves.ts'
import {
  axisOf,
  type Call,
  input,
  inputOf,
  notHere,
  type Operator,
  type Part,
  product,
  type Wanted,
} from './operator.ts'

const { fround } = Math

/** Of elements that lie `stride` apart: how rows along an axis are read. */
interface Row {
  readonly data: Float32Array
  readonly at: number
  readonly stride: number
  readonly length: number
}

function valueAt({ data, at, stride }: Row, i: number): number {
  return data[at + i * stride]!
}

/** Four sums side by side, then the first and third, second and fourth, and both; what is left one by one. */
function sumOfFour(length: number, value: (i: number) => number): number {
  const sums = [0, 0, 0, 0]
  const whole = length - (length % 4)
  for (let i = 0; i < whole; i++) sums[i % 4] = fround(sums[i % 4]! + value(i))
  let sum = fround(fround(sums[0]! + sums[2]!) + fround(sums[1]! + sums[3]!))
  if (whole === 0) sum = 0
  for (let i = whole; i < length; i++) sum = fround(sum + value(i))
  return sum
}

/** Where the row lies that an element belongs to, and its place in it. */
interface Rows {
  readonly length: number
  readonly stride: number
  at(index: number): { start: number; place: number }
}

function softmaxRows(call: Call): Rows {
  const { dims } = inputOf(call, 0, ['float32'])
  const old = call.node.version < 13
  const axis = axisOf(intAttribute(call.node, 'axis') ?? (old ? 1 : -1), dims.length)
  // Before version 13 the axis cut the shape in two, and everything after it was one row.
  const length = old ? product(dims, axis) : dims[axis]!
  const stride = old ? 1 : product(dims, axis + 1)
  return {
    length,
    stride,
    at(index) {
      const within = index % stride
      const place = Math.floor(index / stride) % length
      return { start: Math.floor(index / stride / length) * stride * length + within, place }
    },
  }
}

function rowNeeds(rows: Rows, { from, to }: Part): number[] {
  const wanted = new Set<number>()
  const seen = new Set<number>()
  for (let i = from; i < to; i++) {
    const { start } = rows.at(i)
    if (seen.has(start)) continue
    seen.add(start)
    for (let j = 0; j < rows.length; j++) wanted.add(start + j * rows.stride)
  }
  return [...wanted]
}

export const softmax: Operator = {
  shapes(call) {
    softmaxRows(call)
    const { type, dims } = input(call, 0)
    return [{ type, dims }]
  },
  needs: (call, part) => [rowNeeds(softmaxRows(call), part)],
  compute(call, { from, to }) {
    const rows = softmaxRows(call)
    const data = input(call, 0).data as Float32Array
    const out = new Float32Array(to - from)
    const scales = new Map<number, { maximum: number; scale: number }>()
    for (let i = from; i < to; i++) {
      const { start } = rows.at(i)
      let row = scales.get(start)
      if (row === undefined) {
        row = softmaxOf({ data, at: start, stride: rows.stride, length: rows.length })
        scales.set(start, row)
      }
      out[i - from] = fround(expBelow(fround(data[i]! - row.maximum)) * row.scale)
    }
    return out
  },
}

function softmaxOf(row: Row): { maximum: number; scale: number } {
  let maximum = fround(-3.4028234663852886e38)
  for (let i = 0; i < row.length; i++) {
    const value = valueAt(row, i)
    if (Number.isNaN(value)) notHere('a row with NaN')
    if (value > maximum) maximum = value
  }
  const sum = sumOfFour(row.length, i => expBelow(fround(valueAt(row, i) - maximum)))
  return { maximum, scale: fround(1 / sum) }
}

export const layerNormalization: Operator = {
  shapes(call) {
    const { dims } = inputOf(call, 0, ['float32'])
    const axis = axisOf(intAttribute(call.node, 'axis') ?? -1, dims.length)
    if ((intAttribute(call.node, 'stash_type') ?? 1) !== 1) notHere('another precision of the mean')
    const length = product(dims, axis)
    for (const at of [1, 2])
      if (call.inputs[at] !== undefined && call.inputs[at].data.length !== length)
        notHere('a scale that is stretched')
    const means = dims.map((size, i) => (i < axis ? size : 1))
    const shapes = [
      { type: 'float32', dims },
      { type: 'float32', dims: means },
      { type: 'float32', dims: means },
    ] as const
    return shapes.slice(0, Math.max(1, call.node.outputs.length))
  },
  needs(call, { from, to }, _shapes, output) {
    const length = normLength(call)
    const per = output === 0 ? length : 1
    const first = Math.floor(from / per) * length
    const last = Math.ceil(to / per) * length
    const numbers = Array.from({ length: last - first }, (_, i) => first + i)
    return call.inputs.map((tensor, i): Wanted => (tensor === undefined ? [] : i === 0 ? numbers : 'all'))
  },
  compute(call, { from, to }, _shapes, output) {
    const data = input(call, 0).data as Float32Array
    const scale = input(call, 1).data as Float32Array
    const bias = call.inputs[2]?.data as Float32Array | undefined
    const epsilon = floatAttribute(call.node, 'epsilon') ?? fround(1e-5)
    const length = normLength(call)
    const out = new Float32Array(to - from)
    let had = -1
    let row = { mean: 0, deviation: 0 }
    for (let i = from; i < to; i++) {
      const number = output === 0 ? Math.floor(i / length) : i
      if (number !== had) row = normOf(data, number * length, length, epsilon)
      had = number
      if (output === 1) out[i - from] = row.mean
      else if (output === 2) out[i - from] = fround(1 / row.deviation)
      else {
        const place = i % length
        const normal = fround(fround(data[i]! - row.mean) / row.deviation)
        const scaled = fround(normal * scale[place]!)
        out[i - from] = bias === undefined ? scaled : fround(scaled + bias[place]!)
      }
    }
    return out
  },
}

function normLength(call: Call): number {
  const { dims } = input(call, 0)
  return product(dims, axisOf(intAttribute(call.node, 'axis') ?? -1, dims.length))
}

/** Mean and variance in one pass, each value moving the mean towards itself (Welford's method). */
function normOf(
  data: Float32Array,
  at: number,
  length: number,
  epsilon: number,
): { mean: number; deviation: number } {
  let mean = 0
  let squares = 0
  for (let i = 0; i < length; i++) {
    const value = data[at + i]!
    const away = fround(value - mean)
    mean = fround(mean + fround(away / (i + 1)))
    squares = fround(squares + fround(away * fround(value - mean)))
  }
  return { mean, deviation: fround(Math.sqrt(fround(fround(squares / length) + epsilon))) }
}

/** In the form that is for running a model: with the mean and variance that were stored. */
export const batchNormalization: Operator = {
  shapes(call) {
    const { type, dims } = inputOf(call, 0, ['float32'])
    if (dims.length < 2 || (intAttribute(call.node, 'training_mode') ?? 0) !== 0) notHere('such a form')
    for (const at of [1, 2, 3, 4])
      if (inputOf(call, at, ['float32']).data.length !== dims[1])
        notHere('parameters that do not fit the channels')
    return [{ type, dims }]
  },
  needs: (call, { from, to }) =>
    call.inputs.map(
      (_, i): Wanted => (i === 0 ? Array.from({ length: to - from }, (_, j) => from + j) : 'all'),
    ),
  compute(call, { from, to }, shapes) {
    const { dims } = shapes[0]!
    const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map(at => input(call, at).data as Float32Array)
    const epsilon = floatAttribute(call.node, 'epsilon') ?? fround(1e-5)
    const inner = product(dims, 2)
    const out = new Float32Array(to - from)
    for (let i = from; i < to; i++) {
      const channel = Math.floor(i / inner) % dims[1]!
      const deviation = fround(Math.sqrt(fround(variance![channel]! + epsilon)))
      const by = fround(fround(1 / deviation) * scale![channel]!)
      const plus = fround(bias![channel]! - fround(mean![channel]! * by))
      out[i - from] = fround(fround(x![i]! * by) + plus)
    }
    return out
  },
}
