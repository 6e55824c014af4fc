/**
 * The inputs of the operator in question, as far as either side opened them. They come before the place where the two
 * part, so an opening that fits either side's commitment shows what both have.
 */
import { AnswerableError } from '../error.ts'
import { type GraphNode, type Place, valueNumbers, valuesOf } from '../graph/graph.ts'
import type { Tensor } from '../graph/tensor.ts'
import type { Suite } from '../suite.ts'
import { checkOpening, mergeOpened, type OpenedValue, type ValueOpening } from '../trace/opening.ts'
import { claimOf } from '../trace/trace.ts'
import type { Side } from './game.ts'
import type { Wanted } from './referee.ts'
import type { Case, Verdict } from './verdict.ts'

const SIDES: readonly Side[] = ['challenger', 'defender']

/** A value that no operator makes, from the model's file or the record's request. */
export function sourceOf({ graph, request }: Case, place: Place): Tensor | undefined {
  if (place.kind === 'initializer') return graph.initializers[place.index]!.tensor
  return place.kind === 'input' ? request?.get(place.name) : undefined
}

export class AgreedInputs {
  readonly #given: Case
  readonly #suite: Suite
  readonly #places: readonly Place[]
  readonly #numbers: ReadonlyMap<string, number>
  readonly #values = new Map<string, OpenedValue | undefined>()
  /** Sides of which an opening did not fit. */
  readonly #false = new Set<Side>()

  constructor(given: Case, suite: Suite) {
    this.#given = given
    this.#suite = suite
    this.#places = valuesOf(given.graph)
    this.#numbers = valueNumbers(given.graph)
  }

  /** By name; whole where the judge has it himself and it is the agreed one. */
  get(name: string): OpenedValue | undefined {
    if (!this.#values.has(name)) this.#values.set(name, this.#find(name))
    return this.#values.get(name)
  }

  /** Whether everything wanted of the operator's inputs was opened. */
  show(node: GraphNode, wanted: readonly Wanted[]): boolean {
    return node.inputs.every((name, i) => {
      const value = name === '' ? undefined : this.get(name)
      if (value === undefined) return true
      const want = wanted[i] ?? 'all'
      if (want === 'all') return value.shows(0, value.data.length)
      return want.every(index => index < value.data.length && value.shows(index, index + 1))
    })
  }

  /** The verdict where something is missing: against who opened something else than was committed to, if anybody did. */
  missing(words: string, place: Place): Verdict {
    const liars = SIDES.filter(side => this.#false.has(side))
    const wrong = liars.length === 2 ? 'both' : (liars[0] ?? 'neither')
    const more =
      liars.length === 0 ? '' : `; what the ${liars.join(' and the ')} opened is not what was committed to`
    return { wrong, how: 'opening', words: words + more, place }
  }

  #find(name: string): OpenedValue | undefined {
    const number = this.#numbers.get(name)!
    const source = sourceOf(this.#given, this.#places[number]!)
    let found: OpenedValue | undefined
    for (const side of SIDES)
      for (const opening of this.#given.evidence[side]?.inputs ?? []) {
        if (opening.value !== number) continue
        const opened = this.#check(side, opening, name)
        if (opened === undefined) continue
        if (source !== undefined && this.#isAgreed(source, opening, opened))
          return { ...opened, data: source.data, shows: () => true }
        // Merged: a side that opens much, and not what matters, hides nothing that the other opens.
        found = found === undefined ? opened : mergeOpened(found, opened)
      }
    return found
  }

  #check(side: Side, opening: ValueOpening, name: string): OpenedValue | undefined {
    const { game, key } = this.#given
    const { challenger, defender = challenger } = game.commitments
    try {
      const opened = checkOpening(opening, side === 'challenger' ? challenger : defender, key, this.#suite)
      if (opened.name === name) return opened
    } catch (error) {
      if (!(error instanceof AnswerableError)) throw error
    }
    this.#false.add(side)
    return undefined
  }

  #isAgreed(source: Tensor, { root }: ValueOpening, { value, name, type, dims }: OpenedValue): boolean {
    if (source.type !== type || source.dims.join() !== dims.join()) return false
    return claimOf(value, name, source, this.#given.key, this.#suite).tiles === root
  }
}
