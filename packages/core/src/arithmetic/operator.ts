/**
 * What an operator of the referee is: shapes, what of its inputs a part of an output depends on, and that part to the bit.
 *
 * Elements are computed one by one and from the inputs alone. What an operator does not have it refuses by throwing
 * `NotHere`, which never leaves this folder; there is no approximate path.
 */
import type { Inputs, OutputShape, Part, Wanted } from '../dispute/referee.ts'
import type { GraphNode } from '../graph/graph.ts'
import type { Elements, ElementType, Tensor } from '../graph/tensor.ts'

export type { Inputs, OutputShape, Part, Wanted }

export interface Call {
  readonly node: GraphNode
  readonly inputs: Inputs
}

export interface Operator {
  /** Inputs whose elements, and not only whose shapes, decide about the outputs' shapes. */
  readonly shapeInputs?: readonly number[]
  shapes(call: Call): readonly OutputShape[]
  /** All of each input where it is left out. */
  needs?(call: Call, part: Part, shapes: readonly OutputShape[], output: number): readonly Wanted[]
  compute(call: Call, part: Part, shapes: readonly OutputShape[], output: number): Elements
  /** Multiplications with an addition for one element of the output; none where it is left out. */
  work?(call: Call, shapes: readonly OutputShape[]): number
}

/** Something that the referee does not have. */
export class NotHere extends Error {}

export function notHere(what: string): never {
  throw new NotHere(what)
}

/** An input that must be there. */
export function input(call: Call, at: number): Tensor {
  const tensor = call.inputs[at]
  return tensor ?? notHere(`its input ${at} is missing`)
}

/** An input of one of these types. */
export function inputOf(call: Call, at: number, types: readonly ElementType[]): Tensor {
  const tensor = input(call, at)
  if (!types.includes(tensor.type)) notHere(`${tensor.type} as its input ${at}`)
  return tensor
}

/** An axis from a number that may count from the end. */
export function axisOf(axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(at) || at < 0 || at >= rank) notHere(`the axis ${axis} of ${rank}`)
  return at
}

/** A small tensor of integers as numbers. */
export function integers(tensor: Tensor): number[] {
  if (tensor.data.length > 65_536) notHere('as many axes or sizes')
  return Array.from(tensor.data as Iterable<number | bigint>, value => {
    const number = Number(value)
    // The ends of the range stand for “to the end” in slices.
    return Number.isSafeInteger(number) ? number : number < 0 ? -(2 ** 53 - 1) : 2 ** 53 - 1
  })
}

/** Sizes multiplied: of `dims` from `from`, up to but not including `to`. */
export function product(dims: readonly number[], from = 0, to = dims.length): number {
  let count = 1
  for (let i = from; i < to; i++) count *= dims[i]!
  return count
}

/** Row-major strides. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length)
  let stride = 1
  for (let i = dims.length - 1; i >= 0; i--) {
    strides[i] = stride
    stride *= dims[i]!
  }
  return strides
}

/** The position of an element in each dimension. */
export function positionOf(index: number, dims: readonly number[]): number[] {
  const position = new Array<number>(dims.length)
  let rest = index
  for (let i = dims.length - 1; i >= 0; i--) {
    position[i] = rest % dims[i]!
    rest = (rest - position[i]!) / dims[i]!
  }
  return position
}

/** The elements' numbers of a range. */
export function numbersOf({ from, to }: Part): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}
