/** Operators that keep all elements and lay them out in another way. */
import { intAttribute, intsAttribute } from '../graph/graph.ts'
import { elementCount } from '../graph/tensor.ts'
import { axesOf, movement, type Origins } from './movement.ts'
import { axisOf, type Call, input, integers, notHere, type Operator, product, stridesOf } from './operator.ts'

const same: Origins = index => ({ input: 0, index })

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

export const LAYOUT: Record<string, Operator> = {
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
}
