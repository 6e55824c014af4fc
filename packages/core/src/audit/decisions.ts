/** Finds the truth values that a model makes of its numbers: outputs that compare another output with a stored threshold. */
import type { Decision } from './outputs.ts'

/** As much of a graph as is looked at (`Graph` of core/graph has it). */
export interface DecidingGraph {
  readonly nodes: readonly {
    readonly operator: string
    readonly inputs: readonly string[]
    readonly outputs: readonly string[]
  }[]
  readonly initializers: readonly {
    readonly name: string
    readonly tensor: { readonly data: ArrayLike<unknown> }
  }[]
  readonly outputs: readonly { readonly name: string }[]
}

const OPERATORS = ['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'] as const
/** The same comparison with its sides exchanged. */
const MIRRORED: Record<Decision['operator'], Decision['operator']> = {
  Greater: 'Less',
  GreaterOrEqual: 'LessOrEqual',
  Less: 'Greater',
  LessOrEqual: 'GreaterOrEqual',
}

export function decisionsOf(graph: DecidingGraph): Decision[] {
  const outputs = new Set(graph.outputs.map(({ name }) => name))
  const stored = new Map(graph.initializers.map(({ name, tensor }) => [name, tensor.data]))
  return graph.nodes.flatMap(({ operator, inputs, outputs: [output] }) => {
    const known = OPERATORS.find(one => one === operator)
    const [left, right] = inputs
    if (known === undefined || output === undefined || !outputs.has(output)) return []
    if (left === undefined || right === undefined) return []
    const mirrored = stored.has(left)
    const from = mirrored ? right : left
    const threshold = stored.get(mirrored ? left : right)
    if (!outputs.has(from) || threshold?.length !== 1) return []
    return [{ output, from, operator: mirrored ? MIRRORED[known] : known, threshold: Number(threshold[0]) }]
  })
}
