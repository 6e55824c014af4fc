/**
 * MatMul and Gemm on float32, in the order of additions that the canonical runtime has.
 *
 * Every product is rounded, and every sum: WebAssembly has no fused operation. Along the inner dimension K the sum is made
 * block by block, each from zero, and then added to what there is. A block is 256 long where the right side is stored in
 * the model as a matrix, since the runtime then arranges it beforehand; otherwise 128, or more where the result has few
 * columns; and a single row times a matrix goes without blocks, its last columns four products at a time.
 */
import { broadcastDims, sourceIndex } from '../graph/broadcast.ts'
import { floatAttribute, intAttribute } from '../graph/graph.ts'
import type { Tensor } from '../graph/tensor.ts'
import { type Call, input, notHere, type Operator, type Part, product } from './operator.ts'

const { fround } = Math
const BLOCK = 128
const PACKED_BLOCK = 256

/** One product of two matrices, of which elements are asked for by row and column. */
export interface Product {
  readonly rows: number
  readonly columns: number
  readonly inner: number
  readonly left: Float32Array
  readonly right: Float32Array
  /** Where element (row, k) of the left and (k, column) of the right lie, before the strides. */
  readonly leftAt: number
  readonly leftRow: number
  readonly leftInner: number
  readonly rightAt: number
  readonly rightInner: number
  readonly rightColumn: number
  /** The right side is stored in the model as a matrix. */
  readonly packed: boolean
  readonly transposedLeft: boolean
  readonly transposedRight: boolean
  readonly alpha: number
  /** What the result is added to; left out for nothing. */
  readonly base?: (row: number, column: number) => number
  /** The base is multiplied before, which the way for a single row does not do. */
  readonly scaledBase?: boolean
}

/** Element (row, column) of the product, to the bit. */
export function productAt(of: Product, row: number, column: number): number {
  const { inner, left, right, leftInner, rightInner, alpha, base } = of
  let a = of.leftAt + row * of.leftRow
  let b = of.rightAt + column * of.rightColumn
  const { rows, packed, transposedLeft, transposedRight, scaledBase = false } = of
  if (rows === 1 && !packed && !transposedLeft && !transposedRight && alpha === 1 && !scaledBase)
    return vectorAt(of, a, b, column, base?.(row, column))
  const block = packed ? PACKED_BLOCK : blockOf(of)
  let result = base?.(row, column)
  for (let from = 0; from < inner; from += block) {
    const to = Math.min(inner, from + block)
    let sum = 0
    for (let k = from; k < to; k++) {
      sum = fround(sum + fround(left[a]! * right[b]!))
      a += leftInner
      b += rightInner
    }
    sum = fround(sum * alpha)
    result = result === undefined ? sum : fround(sum + result)
  }
  return result ?? 0
}

/** The runtime lengthens its blocks where a narrow result leaves room for that. */
export function blockOf({ columns, inner, transposedLeft }: Product): number {
  let block = BLOCK
  if (columns >= inner || transposedLeft) return block
  for (let width = BLOCK; width > 16 && width / 2 >= columns; width /= 2) block *= 2
  return block
}

/** A single row: no blocks. The last columns that fill no vector of four are summed four products at a time. */
function vectorAt(
  of: Product,
  leftAt: number,
  rightAt: number,
  column: number,
  base: number | undefined,
): number {
  const { inner, left, right, leftInner, rightInner, columns } = of
  const term = (k: number) => fround(left[leftAt + k * leftInner]! * right[rightAt + k * rightInner]!)
  let result = base
  let k = 0
  if (result === undefined) {
    if (inner === 0) return 0
    result = term(k++)
  }
  const rest = column >= columns - (columns % 4)
  for (; inner - k >= 4; k += 4) {
    if (rest) {
      const four = fround(fround(fround(term(k) + term(k + 1)) + term(k + 2)) + term(k + 3))
      result = fround(result + four)
    } else for (let i = 0; i < 4; i++) result = fround(term(k + i) + result)
  }
  for (; k < inner; k++) result = fround(result + term(k))
  return result
}

/** Dimensions of a matrix product, with vectors made matrices. */
function matrixDims(call: Call): { a: number[]; b: number[]; dims: number[]; batch: number[] } {
  const [left, right] = [input(call, 0), input(call, 1)]
  if (left.dims.length === 0 || right.dims.length === 0) notHere('a product of a single number')
  const a = left.dims.length === 1 ? [1, left.dims[0]!] : [...left.dims]
  const b = right.dims.length === 1 ? [right.dims[0]!, 1] : [...right.dims]
  const batch = broadcastDims(a.slice(0, -2), b.slice(0, -2)) ?? notHere('batches that do not fit each other')
  if (a.at(-1) !== b.at(-2)) notHere('sizes that do not fit each other')
  const dims = [...batch]
  if (left.dims.length > 1) dims.push(a.at(-2)!)
  if (right.dims.length > 1) dims.push(b.at(-1)!)
  return { a, b, dims, batch }
}

/** The sides of the product that element `index` of the result belongs to, and its row and column there. */
export function matrixPlace(call: Call, index: number) {
  const { a, b, batch } = matrixDims(call)
  return placeIn(a, b, batch, index)
}

function placeIn(a: readonly number[], b: readonly number[], batch: readonly number[], index: number) {
  const rows = a.at(-2)!
  const columns = b.at(-1)!
  const inner = a.at(-1)!
  const column = index % columns
  const row = Math.floor(index / columns) % rows
  const at = Math.floor(index / columns / rows)
  return {
    row,
    column,
    rows,
    columns,
    inner,
    leftAt: sourceIndex(at, batch, a.slice(0, -2)) * rows * inner,
    rightAt: sourceIndex(at, batch, b.slice(0, -2)) * inner * columns,
  }
}

export const matMul: Operator = {
  shapes(call) {
    const { dims } = matrixDims(call)
    if (input(call, 0).type !== 'float32' || input(call, 1).type !== 'float32')
      notHere(`products of ${input(call, 0).type}`)
    return [{ type: 'float32', dims }]
  },
  needs: productNeeds,
  compute(call, { from, to }) {
    const { a, b, batch } = matrixDims(call)
    const [left, right] = [input(call, 0), input(call, 1)]
    // A stored matrix is arranged beforehand, a stored stack of them is not.
    const packed = call.node.constant[1] === true && right.dims.length === 2
    // Rows of a stack that meets a single matrix on the right are one long matrix to the runtime.
    const long = a.length > 2 && product(b, 0, b.length - 2) === 1
    const out = new Float32Array(to - from)
    for (let i = from; i < to; i++) {
      const { row, column, rows, columns, inner, leftAt, rightAt } = placeIn(a, b, batch, i)
      out[i - from] = productAt(
        {
          // Times a vector, the runtime takes each row by itself.
          rows: right.dims.length === 1 ? 1 : long ? product(a, 0, a.length - 1) : rows,
          columns,
          inner,
          left: left.data as Float32Array,
          right: right.data as Float32Array,
          leftAt,
          leftRow: inner,
          leftInner: 1,
          rightAt,
          rightInner: columns,
          rightColumn: 1,
          packed,
          transposedLeft: false,
          transposedRight: false,
          alpha: 1,
        },
        row,
        column,
      )
    }
    return out
  },
  work: call => input(call, 0).dims.at(-1)!,
}

/** The rows of the left and the columns of the right that a part's elements are made from. */
export function productNeeds(call: Call, { from, to }: Part) {
  const { a, b, batch } = matrixDims(call)
  const wanted = [new Set<number>(), new Set<number>()] as const
  const rowsSeen = new Set<number>()
  const columnsSeen = new Set<number>()
  for (let i = from; i < to; i++) {
    const { row, column, columns, inner, leftAt, rightAt } = placeIn(a, b, batch, i)
    const leftFrom = leftAt + row * inner
    if (!rowsSeen.has(leftFrom)) {
      rowsSeen.add(leftFrom)
      for (let k = 0; k < inner; k++) wanted[0].add(leftFrom + k)
    }
    const rightFrom = rightAt + column
    if (!columnsSeen.has(rightFrom)) {
      columnsSeen.add(rightFrom)
      for (let k = 0; k < inner; k++) wanted[1].add(rightFrom + k * columns)
    }
  }
  return call.inputs.map((_, i) => (i < 2 ? [...wanted[i as 0 | 1]] : ('all' as const)))
}

interface GemmSizes {
  rows: number
  columns: number
  inner: number
  transposedLeft: boolean
  transposedRight: boolean
}

function gemmSizes(call: Call): GemmSizes {
  const [a, b] = [input(call, 0), input(call, 1)]
  if (a.type !== 'float32' || b.type !== 'float32') notHere(`products of ${a.type}`)
  if (a.dims.length !== 2 || b.dims.length !== 2) notHere('sides that are no matrices')
  const transposedLeft = (intAttribute(call.node, 'transA') ?? 0) !== 0
  const transposedRight = (intAttribute(call.node, 'transB') ?? 0) !== 0
  const rows = a.dims[transposedLeft ? 1 : 0]!
  const inner = a.dims[transposedLeft ? 0 : 1]!
  const columns = b.dims[transposedRight ? 0 : 1]!
  if (b.dims[transposedRight ? 1 : 0] !== inner) notHere('sizes that do not fit each other')
  return { rows, columns, inner, transposedLeft, transposedRight }
}

export const gemm: Operator = {
  shapes(call) {
    const { rows, columns } = gemmSizes(call)
    return [{ type: 'float32', dims: [rows, columns] }]
  },
  needs(call, { from, to }, shapes) {
    const { rows, columns, inner, transposedLeft, transposedRight } = gemmSizes(call)
    const wanted: [Set<number>, Set<number>, Set<number>] = [new Set(), new Set(), new Set()]
    const seen = [new Set<number>(), new Set<number>()] as const
    const bias = call.inputs[2]
    for (let i = from; i < to; i++) {
      const row = Math.floor(i / columns)
      const column = i % columns
      if (!seen[0].has(row))
        for (let k = 0; k < inner; k++) wanted[0].add(transposedLeft ? k * rows + row : row * inner + k)
      if (!seen[1].has(column))
        for (let k = 0; k < inner; k++)
          wanted[1].add(transposedRight ? column * inner + k : k * columns + column)
      seen[0].add(row)
      seen[1].add(column)
      if (bias !== undefined) wanted[2].add(sourceIndex(i, shapes[0]!.dims, bias.dims))
    }
    return call.inputs.map((_, i) => [...wanted[i as 0 | 1 | 2]])
  },
  compute(call, { from, to }, shapes) {
    const sizes = gemmSizes(call)
    const { rows, columns, inner, transposedLeft, transposedRight } = sizes
    const bias: Tensor | undefined = call.inputs[2]
    const beta = floatAttribute(call.node, 'beta') ?? 1
    const scaled = bias !== undefined && beta !== 0
    const { dims } = shapes[0]!
    const of: Product = {
      ...sizes,
      left: input(call, 0).data as Float32Array,
      right: input(call, 1).data as Float32Array,
      leftAt: 0,
      leftRow: transposedLeft ? 1 : inner,
      leftInner: transposedLeft ? rows : 1,
      rightAt: 0,
      rightInner: transposedRight ? 1 : columns,
      rightColumn: transposedRight ? inner : 1,
      packed: call.node.constant[1] === true,
      alpha: floatAttribute(call.node, 'alpha') ?? 1,
      ...(scaled
        ? {
            scaledBase: beta !== 1,
            base: (row: number, column: number) => {
              const value = bias.data[sourceIndex(row * columns + column, dims, bias.dims)] as number
              return beta === 1 ? value : fround(value * beta)
            },
          }
        : {}),
    }
    const out = new Float32Array(to - from)
    for (let i = from; i < to; i++) out[i - from] = productAt(of, Math.floor(i / columns), i % columns)
    return out
  },
  work: call => gemmSizes(call).inner,
}
