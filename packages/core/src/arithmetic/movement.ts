/**
 * Operators that only move elements: for each element of the output, which of which input it is. Nothing is computed, so
 * they hold for every type, and what a part depends on follows from the same map.
 */
import { broadcastDims, sourceIndex } from '../graph/broadcast.ts'
import { type Attribute, intAttribute, intsAttribute } from '../graph/graph.ts'
import { type Elements, elementCount, makeElements, type Tensor } from '../graph/tensor.ts'
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

/** Where an element comes from: its input and number there, or a value of no input. */
type Origin = { readonly input: number; readonly index: number } | { readonly value: number | bigint }
type Map = (index: number) => Origin

interface Movement {
  shapeInputs?: readonly number[]
  /** Inputs whose elements say what is moved where: read in whole. */
  guides?: readonly number[]
  shapes(call: Call): OutputShape[]
  map(call: Call, shapes: readonly OutputShape[], output: number): Map
}

function movement({ shapeInputs = [], guides = [], shapes, map }: Movement): Operator {
  return {
    shapeInputs,
    shapes,
    needs(call, { from, to }, made, output) {
      const read = new Set([...guides, ...shapeInputs])
      const wanted = call.inputs.map(() => new Set<number>())
      // Guides may not be at hand yet; without them the rest cannot be told.
      if (guides.some(at => call.inputs[at] !== undefined && !isShown(call.inputs[at])))
        return call.inputs.map(() => 'all')
      const origin = map(call, made, output)
      for (let i = from; i < to; i++) {
        const of = origin(i)
        if ('input' in of) wanted[of.input]!.add(of.index)
      }
      return call.inputs.map((tensor, i) =>
        tensor === undefined ? [] : read.has(i) ? 'all' : [...wanted[i]!],
      )
    },
    compute(call, { from, to }, made, output) {
      const out = makeElements(made[output]!.type, to - from)
      const origin = map(call, made, output)
      for (let i = from; i < to; i++) {
        const of = origin(i)
        out[i - from] = 'value' in of ? of.value : call.inputs[of.input]!.data[of.index]!
      }
      return out
    },
  }
}

/** Of a tensor that is opened in parts: whether it is all there. */
function isShown(tensor: Tensor): boolean {
  const { shows } = tensor as { shows?: (from: number, to: number) => boolean }
  return shows === undefined || shows(0, tensor.data.length)
}

const same: Map = index => ({ input: 0, index })

/** The same elements in another shape. */
function reshaped(shape: (call: Call) => number[], shapeInputs: readonly number[] = []): Operator {
  return movement({
    shapeInputs,
    shapes(call) {
      const { type, dims } = input(call, 0)
      const out = shape(call)
      if (elementCount(out) !== elementCount(dims))
        notHere(`the shape [${out.join(', ')}] of [${dims.join(', ')}]`)
      return [{ type, dims: out }]
    },
    map: () => same,
  })
}

function reshape(call: Call): number[] {
  const { dims } = input(call, 0)
  const asked = integers(input(call, 1))
  const allowZero = intAttribute(call.node, 'allowzero') === 1
  const out = asked.map((size, i) =>
    size === 0 && !allowZero ? (dims[i] ?? notHere('a size to keep')) : size,
  )
  const open = out.indexOf(-1)
  if (open < 0) return out
  const rest = product(out.filter((_, i) => i !== open))
  if (rest === 0) return notHere('a size that cannot be told')
  out[open] = elementCount(dims) / rest
  return out
}

/** Axes from an attribute, or from an input in later versions. */
export function axesOf(call: Call, at: number): number[] | undefined {
  const attribute = intsAttribute(call.node, 'axes')
  if (attribute !== undefined) return attribute
  const tensor = call.inputs[at]
  return tensor === undefined ? undefined : integers(tensor)
}

function squeeze(call: Call): number[] {
  const { dims } = input(call, 0)
  const axes = axesOf(call, 1)?.map(axis => axisOf(axis, dims.length))
  if (axes?.some(axis => dims[axis] !== 1)) notHere('a squeeze of a size over 1')
  return dims.filter((size, i) => (axes === undefined ? size !== 1 : !axes.includes(i)))
}

function unsqueeze(call: Call): number[] {
  const { dims } = input(call, 0)
  const axes = axesOf(call, 1) ?? notHere('no axes')
  const rank = dims.length + axes.length
  const at = new Set(axes.map(axis => axisOf(axis, rank)))
  if (at.size !== axes.length) notHere('an axis twice')
  let next = 0
  return Array.from({ length: rank }, (_, i) => (at.has(i) ? 1 : dims[next++]!))
}

const transpose = movement({
  shapes(call) {
    const { type, dims } = input(call, 0)
    return [{ type, dims: permutation(call).map(axis => dims[axis]!) }]
  },
  map(call, shapes) {
    const own = stridesOf(input(call, 0).dims)
    const strides = permutation(call).map(axis => own[axis]!)
    const { dims } = shapes[0]!
    return index => {
      let at = 0
      let rest = index
      for (let i = dims.length - 1; i >= 0; i--) {
        const position = rest % dims[i]!
        rest = (rest - position) / dims[i]!
        at += position * strides[i]!
      }
      return { input: 0, index: at }
    }
  },
})

function permutation(call: Call): number[] {
  const rank = input(call, 0).dims.length
  const perm = intsAttribute(call.node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i)
  if (perm.length !== rank || new Set(perm.map(axis => axisOf(axis, rank))).size !== rank)
    notHere('such an order')
  return perm.map(axis => axisOf(axis, rank))
}

const concat = movement({
  shapes(call) {
    const first = input(call, 0)
    const axis = axisOf(intAttribute(call.node, 'axis') ?? notHere('no axis'), first.dims.length)
    const dims = [...first.dims]
    dims[axis] = 0
    for (let i = 0; i < call.inputs.length; i++) {
      const tensor = input(call, i)
      if (tensor.type !== first.type || tensor.dims.some((size, j) => j !== axis && size !== dims[j]))
        notHere('parts that do not fit each other')
      dims[axis] += tensor.dims[axis]!
    }
    return [{ type: first.type, dims }]
  },
  map(call, shapes) {
    const { dims } = shapes[0]!
    const axis = axisOf(intAttribute(call.node, 'axis')!, dims.length)
    const inner = product(dims, axis + 1)
    const sizes = call.inputs.map(tensor => tensor!.dims[axis]!)
    return index => {
      const within = index % inner
      const outer = Math.floor(index / inner)
      let at = outer % dims[axis]!
      const row = (outer - at) / dims[axis]!
      let part = 0
      while (at >= sizes[part]!) at -= sizes[part++]!
      return { input: part, index: (row * sizes[part]! + at) * inner + within }
    }
  },
})

const split: Operator = movement({
  shapeInputs: [1],
  shapes(call) {
    const { type, dims } = input(call, 0)
    const axis = axisOf(intAttribute(call.node, 'axis') ?? 0, dims.length)
    return splitSizes(call).map(size => ({ type, dims: dims.with(axis, size) }))
  },
  map(call, shapes, output) {
    const { dims } = input(call, 0)
    const axis = axisOf(intAttribute(call.node, 'axis') ?? 0, dims.length)
    const before = splitSizes(call)
      .slice(0, output)
      .reduce((sum, size) => sum + size, 0)
    const inner = product(dims, axis + 1)
    const size = shapes[output]!.dims[axis]!
    return index => {
      const within = index % inner
      const outer = Math.floor(index / inner)
      const at = outer % size
      return { input: 0, index: (((outer - at) / size) * dims[axis]! + before + at) * inner + within }
    }
  },
})

function splitSizes(call: Call): number[] {
  const { dims } = input(call, 0)
  const axis = axisOf(intAttribute(call.node, 'axis') ?? 0, dims.length)
  const given = intsAttribute(call.node, 'split') ?? (call.inputs[1] && integers(call.inputs[1]))
  const count = call.node.outputs.length
  const size = Math.ceil(dims[axis]! / count)
  const sizes =
    given ?? Array.from({ length: count }, (_, i) => Math.min(size, Math.max(0, dims[axis]! - i * size)))
  if (
    sizes.length !== count ||
    sizes.some(each => each < 0) ||
    sizes.reduce((a, b) => a + b, 0) !== dims[axis]
  )
    notHere('parts that do not make up the whole')
  return sizes
}

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
    const mode = call.node.attributes.mode
    if (mode?.type === 'string' && mode.value !== 'constant') notHere(`padding by ${mode.value}`)
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

const CONSTANTS: readonly string[] = ['value', 'value_float', 'value_floats', 'value_int', 'value_ints']

function constantOf(call: Call): Tensor {
  for (const name of CONSTANTS) {
    const attribute: Attribute | undefined = call.node.attributes[name]
    if (attribute === undefined) continue
    const { type, value } = attribute
    if (type === 'tensor') return value
    if (type === 'float') return { type: 'float32', dims: [], data: Float32Array.of(value) }
    if (type === 'floats') return { type: 'float32', dims: [value.length], data: Float32Array.from(value) }
    if (type === 'int') return { type: 'int64', dims: [], data: BigInt64Array.of(value) }
    if (type === 'ints') return { type: 'int64', dims: [value.length], data: BigInt64Array.from(value) }
  }
  return notHere('such a constant')
}

export const MOVEMENT: Record<string, Operator> = {
  Identity: reshaped(call => [...input(call, 0).dims]),
  Reshape: reshaped(reshape, [1]),
  Flatten: reshaped(call => {
    const { dims } = input(call, 0)
    const given = intAttribute(call.node, 'axis') ?? 1
    const axis = given === dims.length ? given : axisOf(given, dims.length)
    return [product(dims, 0, axis), product(dims, axis)]
  }),
  Squeeze: reshaped(squeeze, [1]),
  Unsqueeze: reshaped(unsqueeze, [1]),
  Transpose: transpose,
  Concat: concat,
  Split: split,
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
      const { type, dims } = constantOf(call)
      return { type, dims }
    },
    call => {
      const { data } = constantOf(call)
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
