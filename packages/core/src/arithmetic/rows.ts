/**
 * Operators over whole rows: Softmax, LayerNormalization, sums and means. The order of their additions is the canonical
 * runtime's, which differs from one to the other.
 */
import { floatAttribute, intAttribute } from '../graph/graph.ts'
import { type Elements, makeElements } from '../graph/tensor.ts'
import { expBelow } from './curves.ts'
import { axesOf } from './movement.ts'
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

/** `byFours`: of a row in the middle of a tensor, whose runtime multiplies by ones, in the columns at the end. */
type Combine = (values: readonly number[], byFours: boolean) => number

/** Reductions along axes that lie side by side; others are not had. */
function reduction(
  combine: Combine,
  types: readonly ('float32' | 'int32')[],
  axesInputFrom: number,
): Operator {
  const axes = (call: Call): number[] => {
    const { dims } = input(call, 0)
    const given = axesOf(call, call.node.version >= axesInputFrom ? 1 : -1)
    if (given === undefined || given.length === 0) {
      if (intAttribute(call.node, 'noop_with_empty_axes') === 1) notHere('no axes')
      return dims.map((_, i) => i)
    }
    return [...new Set(given.map(axis => axisOf(axis, dims.length)))].sort((a, b) => a - b)
  }
  /** As one middle dimension between two others. */
  const parts = (call: Call) => {
    const { dims } = input(call, 0)
    const over = axes(call)
    const [first = 0] = over
    const last = over.at(-1) ?? -1
    if (last - first + 1 !== over.length) notHere('axes that lie apart')
    return {
      outer: product(dims, 0, first),
      inside: last < dims.length - 1,
      length: product(dims, first, last + 1),
      stride: product(dims, last + 1),
    }
  }
  const byFours = ({ outer, inside, stride }: ReturnType<typeof parts>, i: number) =>
    outer > 1 && inside && i % stride >= stride - (stride % 4)
  const row = ({ length, stride }: { length: number; stride: number }, i: number) =>
    Math.floor(i / stride) * length * stride + (i % stride)
  return {
    shapeInputs: [1],
    shapes(call) {
      const { type, dims } = inputOf(call, 0, types)
      const over = axes(call)
      const keep = (intAttribute(call.node, 'keepdims') ?? 1) !== 0
      const out = keep
        ? dims.map((size, i) => (over.includes(i) ? 1 : size))
        : dims.filter((_, i) => !over.includes(i))
      return [{ type, dims: out }]
    },
    needs(call, { from, to }) {
      const of = parts(call)
      const wanted: number[] = []
      for (let i = from; i < to; i++)
        for (let j = 0; j < of.length; j++) wanted.push(row(of, i) + j * of.stride)
      return call.inputs.map((_, i) => (i === 0 ? wanted : 'all'))
    },
    compute(call, { from, to }) {
      const { type, data } = input(call, 0)
      const of = parts(call)
      if (of.length === 0) notHere('a sum over nothing')
      const out: Elements = makeElements(type, to - from)
      const values = new Array<number>(of.length)
      for (let i = from; i < to; i++) {
        for (let j = 0; j < of.length; j++) values[j] = data[row(of, i) + j * of.stride] as number
        out[i - from] = combine(values, byFours(of, i))
      }
      return out
    },
  }
}

/** One after the other, or after the first four at a time. */
function sumOf(values: readonly number[], byFours: boolean): number {
  let sum = values[0]!
  let i = 1
  for (; byFours && values.length - i >= 4; i += 4) {
    const two = fround(values[i]! + values[i + 1]!)
    sum = fround(sum + fround(fround(two + values[i + 2]!) + values[i + 3]!))
  }
  for (; i < values.length; i++) sum = fround(sum + values[i]!)
  if (Object.is(sum, -0)) notHere('a sum of -0 alone')
  return sum
}

function extremeOf(isBetter: (a: number, b: number) => boolean): Combine {
  return values => {
    let best = values[0]!
    for (const value of values) {
      if (Number.isNaN(value)) notHere('a row with NaN')
      if (isBetter(value, best)) best = value
    }
    return best
  }
}

export const REDUCTIONS: Record<string, Operator> = {
  ReduceSum: reduction(sumOf, ['float32'], 13),
  ReduceMean: reduction((values, byFours) => fround(sumOf(values, byFours) / values.length), ['float32'], 18),
  ReduceMax: reduction(
    extremeOf((a, b) => a > b),
    ['float32', 'int32'],
    18,
  ),
  ReduceMin: reduction(
    extremeOf((a, b) => a < b),
    ['float32', 'int32'],
    18,
  ),
}

/** The number of the largest, or of the smallest, in each row; the first of equals. */
function chosen(isBetter: (a: number | bigint, b: number | bigint) => boolean): Operator {
  const axis = (call: Call) => axisOf(intAttribute(call.node, 'axis') ?? 0, input(call, 0).dims.length)
  return {
    shapes(call) {
      const { dims } = inputOf(call, 0, ['float32', 'int32', 'int8', 'uint8', 'float64'])
      if (intAttribute(call.node, 'select_last_index') === 1) notHere('the last of equals')
      const at = axis(call)
      const keep = (intAttribute(call.node, 'keepdims') ?? 1) !== 0
      return [{ type: 'int64', dims: keep ? dims.with(at, 1) : dims.filter((_, i) => i !== at) }]
    },
    needs(call, { from, to }) {
      const { length, stride } = along(call)
      const wanted: number[] = []
      for (let i = from; i < to; i++)
        for (let j = 0; j < length; j++)
          wanted.push(Math.floor(i / stride) * length * stride + (i % stride) + j * stride)
      return [wanted]
    },
    compute(call, { from, to }) {
      const { length, stride } = along(call)
      const { data } = input(call, 0)
      const out = new BigInt64Array(to - from)
      for (let i = from; i < to; i++) {
        const at = Math.floor(i / stride) * length * stride + (i % stride)
        let best = 0
        for (let j = 0; j < length; j++) {
          const value = data[at + j * stride]!
          if (Number.isNaN(value as number)) notHere('a row with NaN')
          if (isBetter(value, data[at + best * stride]!)) best = j
        }
        out[i - from] = BigInt(best)
      }
      return out
    },
  }
  function along(call: Call) {
    const { dims } = input(call, 0)
    return { length: dims[axis(call)]!, stride: product(dims, axis(call) + 1) }
  }
}

export const CHOICES: Record<string, Operator> = {
  ArgMax: chosen((a, b) => a > b),
  ArgMin: chosen((a, b) => a < b),
}
