/**
 * Who is wrong, from where a game ended: one tile is computed anew from inputs that both sides agree on, and the side
 * whose commitment it does not fit is wrong. Nothing is weighed and nobody is believed.
 *
 * Whoever judges has the model's file, the trace's key and what the sides opened. All values before the one in question
 * are agreed: they lie under nodes with one hash on both sides, so an opening under either root shows both sides' value.
 */
import { toHex } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { type Graph, type GraphNode, nodeWords, type Place, valuesOf } from '../graph/graph.ts'
import { elementBytes, elementCount, type Tensor } from '../graph/tensor.ts'
import type { Suite } from '../suite.ts'
import { headHash, tileCount, tileHash, tileRange } from '../trace/commitment.ts'
import { AgreedInputs, sourceOf } from './agreed-inputs.ts'
import { type Bound, judgeEnds } from './ends.ts'
import type { Game, Side } from './game.ts'
import type { Evidence } from './player.ts'
import type { Inputs, Referee, Wanted } from './referee.ts'

export interface Case {
  /** Over. */
  readonly game: Game
  /** Of the model's file that the record names. */
  readonly graph: Graph
  /** Of both traces, 32 bytes. */
  readonly key: Uint8Array
  /** What each side opened; from JSON, each by `parseOpening`. */
  readonly evidence: Partial<Readonly<Record<Side, Evidence>>>
  /** The record's request and response, by the names of the graph's inputs and outputs. */
  readonly request?: ReadonlyMap<string, Tensor>
  readonly response?: ReadonlyMap<string, Tensor>
  /** How far a response may lie from the canonical output: `RUNTIME_BOUND` unless said otherwise. */
  readonly bound?: Bound
}

export interface Verdict {
  /** 'neither' where it cannot be told, or nothing is wrong. */
  readonly wrong: Side | 'both' | 'neither'
  /**
   * By the referee's own arithmetic, by one operator run in the canonical runtime, by a comparison with the record and the
   * model's file, by silence; or not at all, for want of openings (`opening`) or of anybody who has the operator
   * (`operator`).
   */
  readonly how: 'referee' | 'wasm' | 'record' | 'silence' | 'opening' | 'operator'
  readonly words: string
  readonly place?: Place
}

/** Runs one operator in the canonical runtime: all of its outputs, in its order. */
export type OperatorRunner = (node: GraphNode, inputs: Inputs) => Promise<readonly (Tensor | undefined)[]>

const SIDES: readonly Side[] = ['challenger', 'defender']

/**
 * Judges a game that is over. `run` is for operators that the referee does not have. Throws `bad-request` for a game that
 * is not over; whatever the sides opened, it gives a verdict.
 */
export async function verdict(
  given: Case,
  referee: Referee,
  suite: Suite,
  run?: OperatorRunner,
): Promise<Verdict> {
  const { game, graph } = given
  const { end } = game
  if (end === undefined) throw new AnswerableError('bad-request', 'the dispute is not over')
  if (end.kind === 'silence')
    return { wrong: end.by, how: 'silence', words: `the ${end.by} let the time for its move pass` }
  if (end.kind === 'declined')
    return { wrong: 'neither', how: 'opening', words: 'the defender declined: the record is to be run again' }
  if (end.kind === 'same-root') return judgeEnds(given, suite)
  const places = valuesOf(graph)
  if (end.kind === 'graph') {
    const { challenger, defender } = game.commitments
    const right = {
      challenger: challenger.count === places.length,
      defender: defender?.count === places.length,
    }
    return decided(right, 'record', `the model’s graph has ${places.length} values`)
  }
  const place = places[end.value]
  if (place === undefined)
    return {
      wrong: 'both',
      how: 'record',
      words: `the model’s graph has ${places.length} values, not ${end.value + 1}`,
    }
  if (place.kind === 'output') return judgeOperator(given, place, referee, suite, run)
  const source = sourceOf(given, place)
  if (source === undefined)
    return {
      wrong: 'neither',
      how: 'opening',
      words: `the request’s input ‘${place.name}’ was not opened`,
      place,
    }
  const what =
    place.kind === 'input' ? `the request’s input ‘${place.name}’` : `the model’s tensor ‘${place.name}’`
  return compared(given, place, source, 'record', what, suite)
}

async function judgeOperator(
  given: Case,
  place: Extract<Place, { kind: 'output' }>,
  referee: Referee,
  suite: Suite,
  run: OperatorRunner | undefined,
): Promise<Verdict> {
  const { game, graph } = given
  const end = game.end as { kind: 'tile' | 'head'; value: number; tile?: number }
  const node = graph.nodes[place.node]!
  const what = `${nodeWords(node)}, operator ${node.index + 1} of ${graph.nodes.length}`
  const agreed = new AgreedInputs(given, suite)
  const inputs: Inputs = node.inputs.map(name => (name === '' ? undefined : agreed.get(name)))
  if (node.inputs.some((name, i) => name !== '' && inputs[i] === undefined))
    return agreed.missing(`an input of ${what} was not opened`, place)
  const open = (wanted: readonly Wanted[]) => agreed.show(node, wanted)
  const incomplete = () =>
    agreed.missing(`the inputs of ${what} were not opened as far as it depends on them`, place)

  if (!open(referee.shapeNeeds(node, inputs))) return incomplete()
  const shapes = referee.shapes(node, inputs)
  if (!('unsupported' in shapes)) {
    const shape = shapes[place.output]
    if (shape === undefined)
      return { wrong: 'both', how: 'referee', words: `${what} has no such output`, place }
    if (end.kind === 'head' || !headsAre(given, place.name, shape, suite))
      return judgeHeads(given, place, shape, 'referee', what, suite)
    const part = tileRange(end.tile!, elementCount(shape.dims))
    if (!open(referee.needs(node, inputs, place.output, part))) return incomplete()
    const data = referee.compute(node, inputs, place.output, part)
    if (!('unsupported' in data)) {
      const bytes = elementBytes(shape.type, data)
      const hash = tileHash(end.value, end.tile!, bytes, given.key, suite)
      return decidedBy(given, place, toHex(hash), 'referee', what)
    }
  }
  if (run === undefined)
    return { wrong: 'neither', how: 'operator', words: `nobody here can repeat ${what}`, place }
  if (!open(node.inputs.map(() => 'all'))) return incomplete()
  let output: Tensor | undefined
  try {
    output = (await run(node, inputs))[place.output]
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { wrong: 'neither', how: 'operator', words: `${what} does not run on its own: ${why}`, place }
  }
  if (output === undefined) return { wrong: 'neither', how: 'operator', words: `${what} gave nothing`, place }
  return compared(given, place, output, 'wasm', what, suite)
}

/** Compares what both sides committed to with the value itself. */
function compared(
  given: Case,
  place: Place,
  value: Tensor,
  how: Verdict['how'],
  what: string,
  suite: Suite,
): Verdict {
  const end = given.game.end as { kind: 'tile' | 'head'; value: number; tile?: number }
  if (end.kind === 'head' || !headsAre(given, place.name, value, suite))
    return judgeHeads(given, place, value, how, what, suite)
  const { from, to } = tileRange(end.tile!, value.data.length)
  const bytes = elementBytes(value.type, value.data, from, to)
  return decidedBy(given, place, toHex(tileHash(end.value, end.tile!, bytes, given.key, suite)), how, what)
}

function decidedBy(given: Case, place: Place, hash: string, how: Verdict['how'], what: string): Verdict {
  const node = given.game.node!
  const right = { challenger: node.challenger === hash, defender: node.defender === hash }
  return { ...decided(right, how, `${what}: tile ${node.start} computed anew`), place }
}

/** What a leaf must say of a value of this type and these dimensions. */
function expectedHead(
  given: Case,
  name: string,
  { type, dims }: Pick<Tensor, 'type' | 'dims'>,
  suite: Suite,
): { head: string; count: number } {
  const { value } = given.game.end as { value: number }
  return { head: headHash(value, { name, type, dims }, given.key, suite), count: tileCount(dims) }
}

/** Whether what both sides agree on is right: they may both be wrong about it. */
function headsAre(given: Case, name: string, shape: Pick<Tensor, 'type' | 'dims'>, suite: Suite): boolean {
  const { head, count } = expectedHead(given, name, shape, suite)
  const claim = given.game.leaf!.challenger
  return claim.head === head && claim.count === count
}

function judgeHeads(
  given: Case,
  place: Place,
  shape: Pick<Tensor, 'type' | 'dims'>,
  how: Verdict['how'],
  what: string,
  suite: Suite,
): Verdict {
  const { head, count } = expectedHead(given, place.name, shape, suite)
  const leaf = given.game.leaf!
  const right = (side: Side) => leaf[side].head === head && leaf[side].count === count
  const words = `${what}: ‘${place.name}’ is ${shape.type} of the shape [${shape.dims.join(', ')}]`
  return { ...decided({ challenger: right('challenger'), defender: right('defender') }, how, words), place }
}

function decided(right: Record<Side, boolean>, how: Verdict['how'], what: string): Verdict {
  const wrong = SIDES.filter(side => !right[side])
  if (wrong.length === 2) return { wrong: 'both', how, words: `${what}; neither side has it` }
  // The two differ, so at most one of them is right.
  const [loser = 'neither' as const] = wrong
  const other = loser === 'challenger' ? 'defender' : 'challenger'
  return { wrong: loser, how, words: `${what}; the ${other} has it, the ${loser} does not` }
}
