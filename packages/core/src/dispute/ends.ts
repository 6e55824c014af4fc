/**
 * Where both sides computed the same, only the ends are in question: whether it was the record's model and input, and
 * whether the response that the record commits to is what comes out.
 *
 * A service may use another runtime than the canonical one, whose last bits differ: so the response is compared within a
 * bound. Everything between was compared to the bit, so this bound is no room for another computation.
 */
import { OUTPUT_BOUND } from '../audit/bounds.ts'
import { ulpOf32, ulpOf64 } from '../audit/ulp.ts'
import { AnswerableError } from '../error.ts'
import { sourceIndex } from '../graph/broadcast.ts'
import { type Graph, type GraphNode, valueNumbers } from '../graph/graph.ts'
import type { ElementType, Tensor } from '../graph/tensor.ts'
import type { Suite } from '../suite.ts'
import { claimHash } from '../trace/commitment.ts'
import { checkBeginning, checkOpening, type OpenedValue } from '../trace/opening.ts'
import { claimOf } from '../trace/trace.ts'
import type { Side } from './game.ts'
import type { Case, Verdict } from './verdict.ts'

/** Two numbers agree where they differ by at most `absolute + relative * |canonical|`. */
export interface Bound {
  readonly absolute: number
  readonly relative: number
}

/**
 * What the runtimes here may differ by over a whole graph, with room: they were at most a few units in the last place of
 * FP32 apart (docs/disputes.md has the figures), and no bit of a decision hangs on as little.
 */
export const RUNTIME_BOUND: Bound = { absolute: 2 ** -16, relative: 2 ** -14 }

/** Comparisons, whose result may honestly flip where the two numbers are within the bound of each other. */
export const COMPARISONS: readonly string[] = ['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Equal']

const SIDES: readonly Side[] = ['challenger', 'defender']

/** Judges a game in which both sides have one root. */
export function judgeEnds(given: Case, suite: Suite): Verdict {
  const { graph, request, response, evidence } = given
  const offered = SIDES.filter(side => evidence[side] !== undefined)
  if (response === undefined || graph.inputs.some(({ name }) => !request?.has(name)))
    return undecided('both computed the same, and the record’s request and response were not opened')
  if (offered.length === 0) return undecided('both computed the same, and opened nothing of it')

  const leaves = [
    ...graph.initializers.map(({ name, tensor }) => ({ name, tensor })),
    ...graph.inputs.map(({ name }) => ({ name, tensor: request!.get(name)! })),
  ].map(({ name, tensor }, value) => claimHash(claimOf(value, name, tensor, given.key, suite), suite))
  const begins = offered.some(side =>
    holds(() =>
      checkBeginning(leaves, evidence[side]?.beginning ?? [], given.game.commitments.challenger, suite),
    ),
  )
  if (!begins)
    return {
      wrong: 'both',
      how: 'record',
      words: 'both computed the same, and it does not begin with the record’s model and input',
    }
  return judgeResponse(given, graph, response, offered, suite)
}

function judgeResponse(
  given: Case,
  graph: Graph,
  response: ReadonlyMap<string, Tensor>,
  offered: readonly Side[],
  suite: Suite,
): Verdict {
  const numbers = valueNumbers(graph)
  const values = new Map<string, OpenedValue>()
  for (const side of offered)
    for (const opening of given.evidence[side]?.outputs ?? [])
      holds(() => {
        const opened = checkOpening(opening, given.game.commitments.challenger, given.key, suite)
        if (numbers.get(opened.name) === opened.value && opened.shows(0, opened.data.length))
          values.set(opened.name, opened)
      })
  const bound = given.bound ?? RUNTIME_BOUND
  const wrong = (words: string): Verdict => ({ wrong: 'defender', how: 'record', words })
  if (response.size === 0) return undecided('the response holds no output')
  for (const [name, answered] of response) {
    if (!graph.outputs.some(output => output.name === name))
      return wrong(`the response has an output ‘${name}’, and the model has none`)
    const canonical = values.get(name)
    if (canonical === undefined) return undecided(`the output ‘${name}’ was not opened`)
    const different = firstDifference(canonical, answered, bound, given.graph, values)
    if (different !== undefined)
      return wrong(`both computed the same, and the response is another: ‘${name}’ ${different}`)
  }
  for (const [name, answered] of response) {
    const further = firstDifference(
      values.get(name)!,
      answered,
      honestBound(graph, values, name),
      graph,
      values,
    )
    if (further !== undefined)
      return {
        wrong: 'neither',
        how: 'record',
        words: `both computed the same, and the response is within ${boundWords(bound)} of it, further than honest runtimes are: ‘${name}’ ${further}`,
      }
  }
  return {
    wrong: 'challenger',
    how: 'record',
    words: `both computed the same, and the response is it, within ${boundWords(bound)}`,
  }
}

/**
 * What auditors allow for (core/audit), which is less than what convicts: in between, an honest auditor complains of what
 * may be an honest answer, and neither is wrong.
 */
function honestBound(graph: Graph, values: ReadonlyMap<string, Tensor>, name: string): Bound {
  const node = graph.nodes.find(({ outputs }) => outputs.includes(name))
  const compared = node !== undefined && COMPARISONS.includes(node.operator) ? node.inputs : [name]
  let absolute = 0
  for (const { type, data } of compared.flatMap(one => values.get(one) ?? [])) {
    if (type !== 'float32' && type !== 'float64') continue
    let most = 0
    for (const one of data as Float32Array | Float64Array)
      if (Number.isFinite(one)) most = Math.max(most, Math.abs(one))
    absolute = Math.max(absolute, OUTPUT_BOUND.ulps * (type === 'float32' ? ulpOf32(most) : ulpOf64(most)))
  }
  return { absolute, relative: 0 }
}

/** Where two tensors are further apart than the bound, in words; undefined where they are not. */
export function firstDifference(
  canonical: Tensor,
  answered: Tensor,
  bound: Bound,
  graph?: Graph,
  values?: ReadonlyMap<string, Tensor>,
  name?: string,
): string | undefined {
  if (canonical.type !== answered.type || canonical.dims.join() !== answered.dims.join())
    return `is ${shapeWords(answered)}, not ${shapeWords(canonical)}`
  const made = name ?? (canonical as Partial<OpenedValue>).name
  const node = graph?.nodes.find(({ outputs }) => made !== undefined && outputs.includes(made))
  for (let i = 0; i < canonical.data.length; i++) {
    const a = canonical.data[i]!
    const b = answered.data[i]!
    if (within(canonical.type, a, b, bound)) continue
    if (node !== undefined && values !== undefined && isClose(node, canonical.dims, i, values, bound))
      continue
    return `has ${b} at ${i}, not ${a} within ${boundWords(bound)}`
  }
  return undefined
}

function within(type: ElementType, a: number | bigint, b: number | bigint, bound: Bound): boolean {
  if (a === b) return true
  if (type !== 'float32' && type !== 'float64') return false
  const [x, y] = [a as number, b as number]
  if (Number.isNaN(x) && Number.isNaN(y)) return true
  return Number.isFinite(x) && Math.abs(x - y) <= bound.absolute + bound.relative * Math.abs(x)
}

/** Whether a comparison is of two numbers so close that an honest runtime may have had it the other way. */
function isClose(
  node: GraphNode,
  dims: readonly number[],
  index: number,
  values: ReadonlyMap<string, Tensor>,
  bound: Bound,
): boolean {
  if (node.domain !== '' || !COMPARISONS.includes(node.operator)) return false
  const [a, b] = node.inputs.map(input => values.get(input))
  if (a === undefined || b === undefined || a.type !== b.type) return false
  const [x, y] = [a, b].map(({ dims: of, data }) => data[sourceIndex(index, dims, of)]!)
  return within(a.type, x!, y!, bound)
}

function shapeWords({ type, dims }: Pick<Tensor, 'type' | 'dims'>): string {
  return `${type} of the shape [${dims.join(', ')}]`
}

export function boundWords({ absolute, relative }: Bound): string {
  return `${absolute.toExponential(1)} + ${relative.toExponential(1)} of the value`
}

function undecided(words: string): Verdict {
  return { wrong: 'neither', how: 'opening', words }
}

/** Whether an opening fits: what a side opened must not stop a verdict. */
function holds(check: () => void): boolean {
  try {
    check()
    return true
  } catch (error) {
    if (error instanceof AnswerableError) return false
    throw error
  }
}
