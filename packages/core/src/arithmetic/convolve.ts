/**
 * Conv on float32, over one or two dimensions: each element is a row of the filter times the patch of the input under it,
 * added in the order that the canonical runtime multiplies those matrices in, and the bias at the end.
 */
import { intAttribute, intsAttribute, stringAttribute } from '../graph/graph.ts'
import type { ElementType } from '../graph/tensor.ts'
import { blockOf, type Product, productAt } from './multiply.ts'
import { type Call, input, inputOf, notHere, type Operator, positionOf, product } from './operator.ts'

const { fround } = Math

export interface Sizes {
  group: number
  /** Channels of the input in one group, and filters. */
  channels: number
  filters: number
  /** Of each dimension. */
  sizes: readonly number[]
  kernel: readonly number[]
  strides: readonly number[]
  dilations: readonly number[]
  before: readonly number[]
  after: readonly number[]
  out: readonly number[]
  batch: number
}

/** `filter` is the number of the input that holds the filter. */
export function sizesOf(call: Call, types: readonly ElementType[] = ['float32'], filter = 1): Sizes {
  const x = inputOf(call, 0, types).dims
  const w = inputOf(call, filter, types).dims
  const rank = x.length - 2
  if (rank < 1 || rank > 2 || w.length !== x.length) return notHere(`${rank} dimensions`)
  const group = intAttribute(call.node, 'group') ?? 1
  const [batch, channels] = [x[0]!, w[1]!]
  if (group < 1 || x[1] !== channels * group || w[0]! % group !== 0)
    notHere('channels that do not fit the filter')
  const sizes = x.slice(2)
  const kernel = w.slice(2)
  const ones = sizes.map(() => 1)
  const strides = intsAttribute(call.node, 'strides') ?? ones
  const dilations = intsAttribute(call.node, 'dilations') ?? ones
  const given = intsAttribute(call.node, 'kernel_shape') ?? kernel
  if (given.join() !== kernel.join() || strides.length !== rank || dilations.length !== rank)
    notHere('attributes that do not fit the filter')
  const mode = stringAttribute(call.node, 'auto_pad') ?? 'NOTSET'
  if (mode !== 'NOTSET' && mode !== 'VALID') notHere(`padding of the kind ${mode}`)
  const none = [...ones, ...ones].map(() => 0)
  const pads = mode === 'NOTSET' ? (intsAttribute(call.node, 'pads') ?? none) : none
  if (pads.length !== 2 * rank || [...pads, ...strides, ...dilations].some(each => each < 0))
    notHere('such padding')
  const [before, after] = [pads.slice(0, rank), pads.slice(rank)]
  const out = sizes.map((size, i) => {
    const span = size + before[i]! + after[i]! - dilations[i]! * (kernel[i]! - 1) - 1
    return Math.floor(span / strides[i]!) + 1
  })
  if (out.some(size => !(size >= 1)) || product(kernel) === 0) notHere('an empty result')
  return {
    group,
    channels,
    filters: w[0]! / group,
    sizes,
    kernel,
    strides,
    dilations,
    before,
    after,
    out,
    batch,
  }
}

/** The elements of the input under the filter, for one place of the output; -1 in the padding. */
export function patchOf(of: Sizes, batch: number, group: number, place: number): number[] {
  const { channels, sizes, kernel, strides, dilations, before, out } = of
  const area = product(sizes)
  const inner = product(kernel)
  const position = positionOf(place, out)
  const first = (batch * of.group + group) * channels * area
  const within: number[] = []
  for (let k = 0; k < inner; k++) {
    let at = 0
    for (const [i, step] of positionOf(k, kernel).entries()) {
      const where = position[i]! * strides[i]! + step * dilations[i]! - before[i]!
      if (where < 0 || where >= sizes[i]!) {
        at = -1
        break
      }
      at = at * sizes[i]! + where
    }
    within.push(at)
  }
  const patch: number[] = []
  for (let channel = 0; channel < channels; channel++)
    for (const at of within) patch.push(at < 0 ? -1 : first + channel * area + at)
  return patch
}

/** Whether the runtime multiplies by the input as it lies, and if so, whether that is by its transpose. */
function directly(of: Sizes): 'no' | 'plain' | 'transposed' {
  const { channels, kernel, sizes, strides, before, after, dilations } = of
  if (strides.some(each => each !== 1) || [...before, ...after].some(each => each !== 0)) return 'no'
  if (product(kernel) === 1) return 'plain'
  const flat = dilations.every(each => each === 1) && channels === 1
  // One dimension counts as two, of which the first is 1.
  const [height, width] = kernel.length === 1 ? [1, kernel[0]!] : (kernel as [number, number])
  const [rows, columns] = sizes.length === 1 ? [1, sizes[0]!] : (sizes as [number, number])
  if (flat && width === columns) return 'transposed'
  return flat && height === rows && width === 1 ? 'plain' : 'no'
}

export const conv: Operator = {
  shapes(call) {
    const { batch, group, filters, out } = sizesOf(call)
    return [{ type: 'float32', dims: [batch, group * filters, ...out] }]
  },
  needs(call, { from, to }, shapes) {
    const of = sizesOf(call)
    const { dims } = shapes[0]!
    const area = product(of.out)
    const inner = of.channels * product(of.kernel)
    const wanted: [Set<number>, Set<number>, Set<number>] = [new Set(), new Set(), new Set()]
    for (let i = from; i < to; i++) {
      const channel = Math.floor(i / area) % dims[1]!
      const batch = Math.floor(i / area / dims[1]!)
      for (const at of patchOf(of, batch, Math.floor(channel / of.filters), i % area))
        if (at >= 0) wanted[0].add(at)
      for (let k = 0; k < inner; k++) wanted[1].add(channel * inner + k)
      wanted[2].add(channel)
    }
    return call.inputs.map((_, i) => [...wanted[i as 0 | 1 | 2]])
  },
  compute(call, { from, to }, shapes) {
    const of = sizesOf(call)
    const { dims } = shapes[0]!
    const data = input(call, 0).data as Float32Array
    const left = input(call, 1).data as Float32Array
    const bias = call.inputs[2]?.data as Float32Array | undefined
    const area = product(of.out)
    const inner = of.channels * product(of.kernel)
    const direct = directly(of)
    const right = new Float32Array(inner)
    const matrices: Product = {
      rows: of.filters,
      columns: area,
      inner,
      left,
      right,
      leftAt: 0,
      leftRow: inner,
      leftInner: 1,
      rightAt: 0,
      rightInner: 1,
      rightColumn: 0,
      packed: false,
      transposedLeft: false,
      transposedRight: direct === 'transposed',
      alpha: 1,
    }
    const out = new Float32Array(to - from)
    for (let i = from; i < to; i++) {
      const place = i % area
      const channel = Math.floor(i / area) % dims[1]!
      const batch = Math.floor(i / area / dims[1]!)
      const patch = patchOf(of, batch, Math.floor(channel / of.filters), place)
      for (let k = 0; k < inner; k++) right[k] = patch[k]! < 0 ? 0 : data[patch[k]!]!
      const matrix = { ...matrices, leftAt: channel * inner }
      const sum = direct === 'no' && of.filters === 1 ? inBlocks(matrix, place) : productAt(matrix, 0, place)
      out[i - from] = bias === undefined ? sum : fround(sum + bias[channel]!)
    }
    return out
  },
  work: call => {
    const { channels, kernel } = sizesOf(call)
    return channels * product(kernel)
  },
}

/** A single filter over patches: the runtime lays out the patches block by block, and each block is a row by itself. */
function inBlocks(of: Product, column: number): number {
  const block = blockOf(of)
  let sum: number | undefined
  for (let from = 0; from < of.inner; from += block) {
    const base = sum
    sum = productAt(
      {
        ...of,
        inner: Math.min(block, of.inner - from),
        leftAt: of.leftAt + from,
        rightAt: from,
        ...(base === undefined ? {} : { base: () => base }),
      },
      0,
      column,
    )
  }
  return sum ?? 0
}
