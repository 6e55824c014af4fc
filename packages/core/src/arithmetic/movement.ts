/**
 * Operators that only move elements: for each element of the output, which of which input it is. Nothing is computed, so
 * they hold for every type, and what a part depends on follows from the same map.
 */
import { intsAttribute } from '../graph/graph.ts'
import { makeElements, type Tensor } from '../graph/tensor.ts'
import { type Call, integers, type Operator, type OutputShape } from './operator.ts'

/** Where an element comes from: its input and number there, or a value of no input. */
export type Origin = { readonly input: number; readonly index: number } | { readonly value: number | bigint }
export type Origins = (index: number) => Origin

export interface Movement {
  shapeInputs?: readonly number[]
  /** Inputs whose elements say what is moved where: read in whole. */
  guides?: readonly number[]
  shapes(call: Call): OutputShape[]
  map(call: Call, shapes: readonly OutputShape[], output: number): Origins
}

export function movement({ shapeInputs = [], guides = [], shapes, map }: Movement): Operator {
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

/** Axes from an attribute, or from an input in later versions. */
export function axesOf(call: Call, at: number): number[] | undefined {
  const attribute = intsAttribute(call.node, 'axes')
  if (attribute !== undefined) return attribute
  const tensor = call.inputs[at]
  return tensor === undefined ? undefined : integers(tensor)
}
