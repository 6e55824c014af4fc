/** What a side plays that has its trace, and what it hands to whoever judges. */
import type { Graph } from '../graph/graph.ts'
import { valueNumbers, valuesOf } from '../graph/graph.ts'
import { elementCount, type Tensor } from '../graph/tensor.ts'
import { TILE_ELEMENTS, tileCount, tileRange } from '../trace/commitment.ts'
import type { ValueOpening } from '../trace/opening.ts'
import type { Trace } from '../trace/trace.ts'
import { COMPARISONS } from './ends.ts'
import type { Game } from './game.ts'
import type { Move } from './move.ts'
import type { Referee } from './referee.ts'

/** The move that is due, from one's own trace; undefined when the game is over. */
export function nextMove(game: Game, trace: Trace): Move | undefined {
  const { phase, node, value } = game
  if (phase === 'commit') return { kind: 'commit', ...trace.commitment }
  if (phase === 'values') return { kind: 'hashes', hashes: trace.subtrees(node!) }
  if (phase === 'leaf') return { kind: 'leaf', ...trace.leaf(value!) }
  if (phase === 'tiles') return { kind: 'hashes', hashes: trace.tileSubtrees(value!, node!) }
  return undefined
}

/** What is shown to whoever judges: see `verdict.ts`. */
export interface Evidence {
  /** The value in question with its tile; it makes the difference readable, and decides nothing. */
  readonly disputed?: ValueOpening
  /** What the operator in question takes, as far as its tile depends on it. */
  readonly inputs?: readonly ValueOpening[]
  /** Where both computed the same: the outputs, and that the trace begins with this model and this input. */
  readonly outputs?: readonly ValueOpening[]
  readonly beginning?: readonly string[]
}

/** The evidence for how a game ended, from one's own trace of the graph. */
export function evidenceOf(game: Game, graph: Graph, trace: Trace, referee: Referee): Evidence {
  const { end } = game
  if (end === undefined) return {}
  const places = valuesOf(graph)
  if (places.length !== trace.values.length) return {}
  if (end.kind === 'same-root') {
    return {
      outputs: shownOutputs(graph).map(number => trace.open(number, 'all')),
      beginning: trace.beginning(graph.initializers.length + graph.inputs.length),
    }
  }
  if (end.kind !== 'tile' && end.kind !== 'head') return {}
  const disputed = trace.open(end.value, end.kind === 'tile' ? [end.tile] : [])
  const place = places[end.value]
  if (place?.kind !== 'output') return { disputed }
  const node = graph.nodes[place.node]!
  const numbers = valueNumbers(graph)
  const inputs = node.inputs.map(name => (name === '' ? undefined : trace.values[numbers.get(name)!]?.tensor))
  const wanted =
    end.kind === 'head'
      ? referee.shapeNeeds(node, inputs)
      : referee.needs(node, inputs, place.output, rangeOf(end.tile, trace.values[end.value]!.tensor))
  const openings = new Map<number, ValueOpening>()
  node.inputs.forEach((name, i) => {
    if (name === '') return
    const number = numbers.get(name)!
    // Whoever judges has the model's own tensors.
    const stored = places[number]!.kind === 'initializer'
    const tiles = stored ? [] : tilesOf(inputs[i]!, wanted[i] ?? 'all')
    const had = openings.get(number)?.tiles.map(({ tile }) => tile) ?? []
    openings.set(
      number,
      trace.open(
        number,
        [...new Set([...had, ...tiles])].sort((a, b) => a - b),
      ),
    )
  })
  return { disputed, inputs: [...openings.values()] }
}

/** The outputs, and what those of comparisons compare: two numbers may be too close to tell. */
function shownOutputs(graph: Graph): number[] {
  const numbers = valueNumbers(graph)
  const shown = new Set<number>()
  for (const { name } of graph.outputs) {
    shown.add(numbers.get(name)!)
    const node = graph.nodes.find(({ outputs }) => outputs.includes(name))
    if (node !== undefined && COMPARISONS.includes(node.operator))
      for (const input of node.inputs) shown.add(numbers.get(input)!)
  }
  return [...shown].sort((a, b) => a - b)
}

function rangeOf(tile: number, tensor: Tensor): { from: number; to: number } {
  return tileRange(tile, elementCount(tensor.dims))
}

function tilesOf(tensor: Tensor, wanted: 'all' | readonly number[]): number[] {
  if (wanted !== 'all') return [...new Set(wanted.map(index => Math.floor(index / TILE_ELEMENTS)))]
  return Array.from({ length: tileCount(tensor.dims) }, (_, tile) => tile)
}
