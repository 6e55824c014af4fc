/**
 * Operators that make each element from the elements that stand behind it: arithmetic, comparisons, logic, casts.
 *
 * On float32 each step is one operation of IEEE 754, rounded once: computed in float64 and then rounded (`fround`), which
 * for +, -, *, / and square roots of two float32 gives the very same.
 */
import { broadcastDims, sourceIndex } from '../graph/broadcast.ts'
import { floatAttribute, intAttribute } from '../graph/graph.ts'
import { type ElementType, elementTypeOf, makeElements } from '../graph/tensor.ts'
import {
  type Call,
  input,
  notHere,
  type Operator,
  type OutputShape,
  type Part,
  type Wanted,
} from './operator.ts'

export type Value = number | bigint
type Make = (call: Call, type: ElementType) => (...values: Value[]) => Value

const { fround } = Math
export const FLOATS: readonly ElementType[] = ['float32', 'float64']
export const SIGNED: readonly ElementType[] = ['int8', 'int16', 'int32', 'int64']
export const UNSIGNED: readonly ElementType[] = ['uint8', 'uint16', 'uint32', 'uint64']
export const NUMBERS: readonly ElementType[] = [...FLOATS, ...SIGNED, ...UNSIGNED]

/** The type of the result where it is not that of the inputs. */
type Result = ElementType | undefined

/** `first` is the input from which the others must have one type. */
export function elementwise(
  types: readonly ElementType[],
  make: Make,
  options: { result?: Result; first?: number; arity?: number } = {},
): Operator {
  const { result, first = 0, arity } = options
  const dimsOf = ({ inputs, node }: Call): number[] => {
    if (arity !== undefined && node.inputs.length !== arity) notHere(`${node.inputs.length} inputs`)
    let dims: number[] = []
    for (let i = 0; i < node.inputs.length; i++) {
      const tensor = input({ inputs, node }, i)
      dims = broadcastDims(dims, tensor.dims) ?? notHere('shapes that do not fit each other')
      if (i > first && tensor.type !== inputs[first]!.type) notHere('inputs of different types')
    }
    return dims
  }
  return {
    shapes(call) {
      const dims = dimsOf(call)
      const { type } = input(call, first)
      if (!types.includes(type)) notHere(type)
      return [{ type: result ?? type, dims }]
    },
    needs: behind,
    compute(call, { from, to }, shapes) {
      const { type, dims } = shapes[0]!
      const { inputs } = call
      const of = make(call, input(call, first).type)
      const out = makeElements(type, to - from)
      const values: Value[] = new Array(inputs.length)
      for (let i = from; i < to; i++) {
        for (let j = 0; j < inputs.length; j++) {
          const { data, dims: own } = inputs[j]!
          values[j] = data[sourceIndex(i, dims, own)]!
        }
        out[i - from] = of(...values)
      }
      return out
    },
  }
}

/** The elements that stand behind those of a part. */
export function behind(call: Call, { from, to }: Part, shapes: readonly OutputShape[]): Wanted[] {
  const { dims } = shapes[0]!
  return call.inputs.map(tensor => {
    if (tensor === undefined) return []
    const wanted = new Set<number>()
    for (let i = from; i < to; i++) wanted.add(sourceIndex(i, dims, tensor.dims))
    return [...wanted]
  })
}

/** One operation for each family of types; integers wrap around, as two's complement does. */
function arithmetic(
  float: (a: number, b: number) => number,
  whole: (a: number, b: number) => number,
  big: (a: bigint, b: bigint) => bigint,
): Make {
  return (_call, type) => {
    if (type === 'float32') return (a, b) => fround(float(a as number, b as number))
    if (type === 'float64') return (a, b) => float(a as number, b as number)
    if (type === 'int64') return (a, b) => BigInt.asIntN(64, big(a as bigint, b as bigint))
    if (type === 'uint64') return (a, b) => BigInt.asUintN(64, big(a as bigint, b as bigint))
    return (a, b) => whole(a as number, b as number)
  }
}

function compare(decide: (a: Value, b: Value) => boolean): Make {
  return () => (a, b) => (decide(a!, b!) ? 1 : 0)
}

function one(float: (x: number) => number): Make {
  return (_call, type) => (type === 'float32' ? x => fround(float(x as number)) : x => float(x as number))
}

function divided(a: number, b: number): number {
  if (b === 0) notHere('an integer divided by zero')
  if (a === -(2 ** 31) && b === -1) notHere('a quotient that its type cannot hold')
  return Math.trunc(a / b)
}

/** Of halves, to the even neighbour. */
export function roundEven(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x
  const floor = Math.floor(x)
  const rest = x - floor
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
  return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded
}

const clip: Operator = (() => {
  const bounds = (call: Call): [Value | undefined, Value | undefined] => {
    return [1, 2].map(at => {
      const tensor = call.inputs[at]
      if (tensor !== undefined && tensor.data.length !== 1) notHere('a bound that is no single number')
      return tensor?.data[0]
    }) as [Value | undefined, Value | undefined]
  }
  return {
    shapes(call) {
      const { type, dims } = input(call, 0)
      if (!NUMBERS.includes(type)) notHere(type)
      return [{ type, dims }]
    },
    needs: (_call, { from, to }) => [Array.from({ length: to - from }, (_, i) => from + i), 'all', 'all'],
    compute(call, { from, to }) {
      const { type, data } = input(call, 0)
      // Without a bound the runtime still has one: the largest number, so that no infinity comes through.
      const most =
        type === 'float32' ? 3.4028234663852886e38 : type === 'float64' ? Number.MAX_VALUE : undefined
      const least = most === undefined ? undefined : -most
      const [low = least, high = most] = bounds(call)
      const out = makeElements(type, to - from)
      for (let i = from; i < to; i++) {
        let value = data[i]!
        if (low !== undefined && value < low) value = low
        if (high !== undefined && value > high) value = high
        out[i - from] = value
      }
      return out
    },
  }
})()

/** Element types by how a value of one becomes a value of another. */
const cast: Operator = {
  shapes(call) {
    const { type, dims } = input(call, 0)
    const to = elementTypeOf(intAttribute(call.node, 'to') ?? 0)
    if (to === undefined || to === 'float16' || type === 'float16') return notHere('a cast of other types')
    return [{ type: to, dims }]
  },
  needs: behind,
  compute(call, { from, to }, shapes) {
    const { type, data } = input(call, 0)
    const target = shapes[0]!.type
    const out = makeElements(target, to - from)
    const convert = converter(type, target)
    for (let i = from; i < to; i++) out[i - from] = convert(data[i]!)
    return out
  },
}

function converter(from: ElementType, to: ElementType): (value: Value) => Value {
  if (to === 'bool') return value => (Number(value) === 0 ? 0 : 1)
  if (to === 'float64' || to === 'float32') {
    // A large integer is rounded once to float32, and not to float64 before.
    if (to === 'float32' && (from === 'int64' || from === 'uint64'))
      return value => bigToFloat(value as bigint)
    return value => Number(value)
  }
  if (FLOATS.includes(from)) {
    const [low, high] = limits(to)
    const big = to === 'int64' || to === 'uint64'
    return value => {
      const whole = Math.trunc(value as number)
      // C++ leaves open what becomes of a number that the type cannot hold; so it is not repeated here.
      if (!(whole >= low && whole <= high)) notHere(`the number ${value} cast to ${to}`)
      return big ? BigInt(whole) : whole
    }
  }
  if (to === 'int64') return value => BigInt.asIntN(64, BigInt(value))
  if (to === 'uint64') return value => BigInt.asUintN(64, BigInt(value))
  // A typed array keeps the low bits of an integer, as C++ does.
  return value => (typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value)
}

function limits(type: ElementType): [number, number] {
  if (type === 'int64') return [-(2 ** 63), 2 ** 63 - 2048]
  if (type === 'uint64') return [0, 2 ** 64 - 4096]
  const bits = Number(type.replace(/\D/g, ''))
  return type.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
}

function bigToFloat(value: bigint): number {
  const magnitude = value < 0n ? -value : value
  const bits = magnitude.toString(2).length
  if (bits <= 53) return fround(Number(value))
  // Keep 32 bits, and whether anything was cut off in the last of them: rounding to 24 then sees the truth.
  const shift = BigInt(bits - 32)
  const cut = magnitude >> shift
  const sticky = cut << shift === magnitude ? cut : cut | 1n
  const rounded = fround(Number(sticky)) * 2 ** Number(shift)
  return value < 0n ? -rounded : rounded
}

/** Powers that need no power: the runtime squares and cubes, and asks its library for every other. */
const pow: Operator = (() => {
  const base = elementwise(
    ['float32'],
    call => {
      const exponent = input(call, 1)
      if (exponent.data.length !== 1) notHere('exponents by element')
      const value = Number(exponent.data[0])
      if (value === 2) return x => fround((x as number) * (x as number))
      if (value === 3) return x => fround(fround((x as number) * (x as number)) * (x as number))
      return notHere(`the power ${value}`)
    },
    { arity: 2 },
  )
  return {
    ...base,
    shapes(call) {
      const { type, dims } = input(call, 0)
      if (type !== 'float32') notHere(type)
      // Where rows are of one element, each pair goes to the library's power.
      if ((dims.at(-1) ?? 1) === 1) notHere('rows of one element')
      return [{ type, dims: broadcastDims(dims, input(call, 1).dims) ?? notHere('shapes that do not fit') }]
    },
  }
})()

const logic = (decide: (a: Value, b: Value) => boolean) =>
  elementwise(['bool'], compare(decide), { result: 'bool', arity: 2 })
const comparison = (decide: (a: Value, b: Value) => boolean, types = NUMBERS) =>
  elementwise(types, compare(decide), { result: 'bool', arity: 2 })

function extreme(keep: (a: Value, b: Value) => boolean): Make {
  return () =>
    (...values) => {
      let best = values[0]!
      for (const value of values.slice(1)) {
        if (Number.isNaN(best as number)) break
        if (best === 0 && value === 0 && !Object.is(best, value)) notHere('zeros of both signs')
        if (Number.isNaN(value as number) || !keep(best, value)) best = value
      }
      return best
    }
}

export const ELEMENTWISE: Record<string, Operator> = {
  Add: elementwise(
    NUMBERS,
    arithmetic(
      (a, b) => a + b,
      (a, b) => a + b,
      (a, b) => a + b,
    ),
    { arity: 2 },
  ),
  Sub: elementwise(
    NUMBERS,
    arithmetic(
      (a, b) => a - b,
      (a, b) => a - b,
      (a, b) => a - b,
    ),
    { arity: 2 },
  ),
  Mul: elementwise(
    NUMBERS,
    arithmetic(
      (a, b) => a * b,
      Math.imul,
      (a, b) => a * b,
    ),
    { arity: 2 },
  ),
  Div: elementwise(
    NUMBERS,
    arithmetic(
      (a, b) => a / b,
      divided,
      (a, b) => {
        if (b === 0n) notHere('an integer divided by zero')
        if (b === -1n && a === -(2n ** 63n)) notHere('a quotient that its type cannot hold')
        return a / b
      },
    ),
    { arity: 2 },
  ),
  Neg: elementwise([...FLOATS, ...SIGNED], () => x => -(x as number), { arity: 1 }),
  Abs: elementwise(NUMBERS, () => x => (typeof x === 'bigint' ? (x < 0n ? -x : x) : Math.abs(x as number)), {
    arity: 1,
  }),
  Sqrt: elementwise(FLOATS, one(Math.sqrt), { arity: 1 }),
  Reciprocal: elementwise(
    FLOATS,
    one(x => 1 / x),
    { arity: 1 },
  ),
  Floor: elementwise(FLOATS, one(Math.floor), { arity: 1 }),
  Ceil: elementwise(FLOATS, one(Math.ceil), { arity: 1 }),
  Round: elementwise(FLOATS, one(roundEven), { arity: 1 }),
  Relu: elementwise([...FLOATS, 'int32', 'int8'], () => x => (x! < 0 ? 0 : x!), { arity: 1 }),
  LeakyRelu: elementwise(
    ['float32'],
    call => {
      const alpha = floatAttribute(call.node, 'alpha') ?? fround(0.01)
      return x => ((x as number) >= 0 ? x! : fround(alpha * (x as number)))
    },
    { arity: 1 },
  ),
  Clip: clip,
  Cast: cast,
  Pow: pow,
  Min: elementwise(
    FLOATS,
    extreme((a, b) => !(b < a)),
  ),
  Max: elementwise(
    FLOATS,
    extreme((a, b) => !(b > a)),
  ),
  Not: elementwise(['bool'], () => x => (x === 0 ? 1 : 0), { arity: 1 }),
  And: logic((a, b) => a !== 0 && b !== 0),
  Or: logic((a, b) => a !== 0 || b !== 0),
  Xor: logic((a, b) => (a !== 0) !== (b !== 0)),
  Equal: comparison((a, b) => a === b, [...NUMBERS, 'bool']),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  IsNaN: elementwise(FLOATS, () => x => (Number.isNaN(x as number) ? 1 : 0), { result: 'bool', arity: 1 }),
  // The runtime blanks what is not chosen on each side and merges the sides: a chosen -0 of the first becomes 0, and
  // where sides are stretched it depends on how.
  Where: elementwise(
    [...NUMBERS, 'bool'],
    ({ inputs: [condition, a, b] }) => {
      const plain = condition!.dims.join() === a!.dims.join() && a!.dims.join() === b!.dims.join()
      return (choice, x, y) => {
        const value = choice === 0 ? y! : x!
        if (!Object.is(value, -0)) return value
        return plain ? (choice === 0 ? -0 : 0) : notHere('-0 in shapes that are stretched')
      }
    },
    { first: 1, arity: 3 },
  ),
}
