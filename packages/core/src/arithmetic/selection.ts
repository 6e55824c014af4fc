/** Operators that take some elements of an input, or take them more than once, or make them up. */
import { broadcastDims, sourceIndex } from '../graph/broadcast.ts'
import { constantOf, intAttribute, intsAttribute, stringAttribute } from '../graph/graph.ts'
import type { Elements } from '../graph/tensor.ts'
import { movement } from './movement.ts'
import {
  axisOf,
  type Call,
  input,
  inputOf,
  integers,
  notHere,
  type Operator,
  type OutputShape,
  positionOf,
  product,
  stridesOf,
} from './operator.ts'

interface Cut {
  start: number
  step: number
  size: number
}

const slice = movement({
  shapeInputs: [1, 2, 3, 4],
  shapes(call) {
    const { type } = input(call, 0)
    return [{ type, dims: cuts(call).map(({ size }) => size) }]
  },
  map(call, shapes) {
    const cut = cuts(call)
    const strides = stridesOf(input(call, 0).dims)
    const { dims } = shapes[0]!
    return index => {
      const position = positionOf(index, dims)
      let at = 0
      for (let i = 0; i < position.length; i++)
        at += (cut[i]!.start + position[i]! * cut[i]!.step) * strides[i]!
      return { input: 0, index: at }
    }
  },
})

function cuts(call: Call): Cut[] {
  const { dims } = input(call, 0)
  const list = (at: number, name: string) => {
    const tensor = call.inputs[at]
    return call.node.version < 10 ? intsAttribute(call.node, name) : tensor && integers(tensor)
  }
  const starts = list(1, 'starts') ?? notHere('no starts')
  const ends = list(2, 'ends') ?? notHere('no ends')
  const axes = list(3, 'axes') ?? starts.map((_, i) => i)
  const steps = (call.node.version < 10 ? undefined : list(4, 'steps')) ?? starts.map(() => 1)
  const out: Cut[] = dims.map(size => ({ start: 0, step: 1, size }))
  axes.forEach((given, i) => {
    const axis = axisOf(given, dims.length)
    const size = dims[axis]!
    const step = steps[i]!
    if (step === 0) notHere('a step of 0')
    const bound = (value: number, low: number, high: number) =>
      Math.min(high, Math.max(low, value < 0 ? value + size : value))
    const start = step > 0 ? bound(starts[i]!, 0, size) : bound(starts[i]!, 0, size - 1)
    const end = step > 0 ? bound(ends[i]!, 0, size) : bound(ends[i]!, -1, size - 1)
    out[axis] = { start, step, size: Math.max(0, Math.ceil((end - start) / step)) }
  })
  return out
}

const gather = movement({
  guides: [1],
  shapes(call) {
    const { type, dims } = input(call, 0)
    const { dims: chosen } = inputOf(call, 1, ['int32', 'int64'])
    const axis = axisOf(intAttribute(call.node, 'axis') ?? 0, dims.length)
    return [{ type, dims: [...dims.slice(0, axis), ...chosen, ...dims.slice(axis + 1)] }]
  },
  map(call) {
    const { dims } = input(call, 0)
    const { data } = input(call, 1)
    const axis = axisOf(intAttribute(call.node, 'axis') ?? 0, dims.length)
    const inner = product(dims, axis + 1)
    const size = dims[axis]!
    return index => {
      const within = index % inner
      const outer = Math.floor(index / inner)
      const choice = outer % data.length
      const at = chosenAt(data, choice, size)
      return { input: 0, index: (((outer - choice) / data.length) * size + at) * inner + within }
    }
  },
})

const gatherElements = movement({
  guides: [1],
  shapes(call) {
    return [{ type: input(call, 0).type, dims: inputOf(call, 1, ['int32', 'int64']).dims }]
  },
  map(call, shapes) {
    const { dims } = input(call, 0)
    const { data } = input(call, 1)
    const axis = axisOf(intAttribute(call.node, 'axis') ?? 0, dims.length)
    const strides = stridesOf(dims)
    return index => {
      const position = positionOf(index, shapes[0]!.dims)
      position[axis] = chosenAt(data, index, dims[axis]!)
      return { input: 0, index: position.reduce((sum, at, i) => sum + at * strides[i]!, 0) }
    }
  },
})

function chosenAt(data: Elements, choice: number, size: number): number {
  const given = Number(data[choice])
  const at = given < 0 ? given + size : given
  if (!(at >= 0 && at < size)) notHere(`the choice ${given} of ${size}`)
  return at
}

const expand = movement({
  shapeInputs: [1],
  shapes(call) {
    const { type, dims } = input(call, 0)
    return [{ type, dims: broadcastDims(dims, integers(input(call, 1))) ?? notHere('such a shape') }]
  },
  map(call, shapes) {
    const { dims } = input(call, 0)
    return index => ({ input: 0, index: sourceIndex(index, shapes[0]!.dims, dims) })
  },
})

const tile = movement({
  shapeInputs: [1],
  shapes(call) {
    const { type, dims } = input(call, 0)
    const repeats = integers(input(call, 1))
    if (repeats.length !== dims.length || repeats.some(each => each < 0)) notHere('such repeats')
    return [{ type, dims: dims.map((size, i) => size * repeats[i]!) }]
  },
  map(call, shapes) {
    const { dims } = input(call, 0)
    const strides = stridesOf(dims)
    return index => {
      const position = positionOf(index, shapes[0]!.dims)
      return { input: 0, index: position.reduce((sum, at, i) => sum + (at % dims[i]!) * strides[i]!, 0) }
    }
  },
})

const pad = movement({
  shapeInputs: [1, 3],
  guides: [2],
  shapes(call) {
    const { type } = input(call, 0)
    return [{ type, dims: padding(call).map(({ size }) => size) }]
  },
  map(call, shapes) {
    const { dims, type } = input(call, 0)
    const mode = stringAttribute(call.node, 'mode') ?? 'constant'
    if (mode !== 'constant') notHere(`padding by ${mode}`)
    const zero = type === 'int64' || type === 'uint64' ? 0n : 0
    const value = call.inputs[2]?.data[0] ?? zero
    const before = padding(call).map(({ start }) => start)
    const strides = stridesOf(dims)
    return index => {
      const position = positionOf(index, shapes[0]!.dims)
      let from = 0
      for (let i = 0; i < position.length; i++) {
        const at = position[i]! - before[i]!
        if (at < 0 || at >= dims[i]!) return { value }
        from += at * strides[i]!
      }
      return { input: 0, index: from }
    }
  },
})

function padding(call: Call): Cut[] {
  const { dims } = input(call, 0)
  if (call.node.version < 11) notHere('padding of an old version')
  const pads = integers(input(call, 1))
  const axes = call.inputs[3]
    ? integers(call.inputs[3]).map(axis => axisOf(axis, dims.length))
    : dims.map((_, i) => i)
  if (pads.length !== 2 * axes.length || pads.some(each => each < 0)) notHere('such padding')
  const out: Cut[] = dims.map(size => ({ start: 0, step: 1, size }))
  axes.forEach((axis, i) => {
    const start = pads[i]!
    out[axis] = { start, step: 1, size: start + dims[axis]! + pads[axes.length + i]! }
  })
  return out
}

const oneHot = movement({
  shapeInputs: [1],
  guides: [0, 2],
  shapes(call) {
    const { dims } = input(call, 0)
    const { type } = input(call, 2)
    const depth = integers(input(call, 1))[0] ?? notHere('no depth')
    const axis = axisOf(intAttribute(call.node, 'axis') ?? -1, dims.length + 1)
    return [{ type, dims: [...dims.slice(0, axis), depth, ...dims.slice(axis)] }]
  },
  map(call, shapes) {
    const { data, dims: own, type } = input(call, 0)
    if (type !== 'int64' && type !== 'int32') notHere(`choices of ${type}`)
    const { data: values } = input(call, 2)
    const axis = axisOf(intAttribute(call.node, 'axis') ?? -1, own.length + 1)
    const { dims } = shapes[0]!
    const depth = dims[axis]!
    return index => {
      const position = positionOf(index, dims)
      const [at] = position.splice(axis, 1)
      let choice = 0
      for (let i = 0; i < own.length; i++) choice = choice * own[i]! + position[i]!
      const given = Number(data[choice])
      const chosen = given < 0 ? given + depth : given
      return { value: values[chosen === at ? 1 : 0]! }
    }
  },
})

function made(
  shape: (call: Call) => OutputShape,
  value: (call: Call) => (index: number) => number | bigint,
): Operator {
  return movement({
    shapeInputs: [0, 1, 2],
    shapes: call => [shape(call)],
    map: call => {
      const of = value(call)
      return index => ({ value: of(index) })
    },
  })
}

/** The shape of an input, of which no element is read. */
const shape: Operator = {
  shapes: call => [{ type: 'int64', dims: [shapeOf(call).length] }],
  needs: call => call.inputs.map(() => []),
  compute: (call, { from, to }) => BigInt64Array.from(shapeOf(call).slice(from, to), BigInt),
}

function shapeOf(call: Call): number[] {
  const { dims } = input(call, 0)
  const clamp = (at: number) => Math.min(dims.length, Math.max(0, at < 0 ? at + dims.length : at))
  return dims.slice(
    clamp(intAttribute(call.node, 'start') ?? 0),
    clamp(intAttribute(call.node, 'end') ?? dims.length),
  )
}

export const SELECTION: Record<string, Operator> = {
  Slice: slice,
  Gather: gather,
  GatherElements: gatherElements,
  Expand: expand,
  Tile: tile,
  Pad: pad,
  OneHot: oneHot,
  Shape: shape,
  Constant: made(
    call => {
      const { type, dims } = constantOf(call.node) ?? notHere('such a constant')
      return { type, dims }
    },
    call => {
      const { data } = constantOf(call.node)!
      return index => data[index]!
    },
  ),
  ConstantOfShape: made(
    call => {
      const value = call.node.attributes.value
      const type = value?.type === 'tensor' ? value.value.type : 'float32'
      return { type, dims: integers(input(call, 0)) }
    },
    call => {
      const value = call.node.attributes.value
      const given = value?.type === 'tensor' ? value.value.data[0]! : 0
      return () => given
    },
  ),
}
