/** Operators that make one element of a row: sums, means, the largest and the smallest. */
import { intAttribute } from '../graph/graph.ts'
import { type Elements, makeElements } from '../graph/tensor.ts'
import { axesOf } from './movement.ts'
import { axisOf, type Call, input, inputOf, notHere, type Operator, product } from './operator.ts'

const { fround } = Math

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
