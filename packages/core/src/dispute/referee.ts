/** What a verdict asks of whoever can repeat an operator to the bit: `arithmetic/` is the one there is. */
import type { GraphNode } from '../graph/graph.ts'
import type { Elements, ElementType, Tensor } from '../graph/tensor.ts'

/** An operator's inputs in its order; undefined for one that is left out. */
export type Inputs = readonly (Tensor | undefined)[]

/** Elements of one output, row-major. */
export interface Part {
  readonly from: number
  readonly to: number
}

export interface Unsupported {
  readonly unsupported: string
}

export interface OutputShape {
  readonly type: ElementType
  readonly dims: readonly number[]
}

/**
 * What of an input something depends on: all of it, or the elements of these numbers. Asked for before the elements are
 * at hand, it reads of an input only what `shapeNeeds` names.
 */
export type Wanted = 'all' | readonly number[]

export interface Referee {
  /** Type and dimensions of each output. */
  shapes(node: GraphNode, inputs: Inputs): readonly OutputShape[] | Unsupported
  /** What `shapes` reads of each input's elements. */
  shapeNeeds(node: GraphNode, inputs: Inputs): readonly Wanted[]
  /** What `compute` reads of each input's elements: 'all' of each where the referee does not have the operator. */
  needs(node: GraphNode, inputs: Inputs, output: number, part: Part): readonly Wanted[]
  /** The part of an output, to the bit; or why not. Never an approximation. */
  compute(node: GraphNode, inputs: Inputs, output: number, part: Part): Elements | Unsupported
}
