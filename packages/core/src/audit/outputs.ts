/**
 * Compares the tensors that were answered with those that a re-run gives. Floating-point numbers may differ within a
 * bound, since runtimes add in other orders; whole numbers, texts and truth values may not, unless they are decisions that
 * follow from a number within the bound of its threshold.
 */
import { ulpOf32, ulpOf64, ulps32, ulps64 } from './ulp.ts'

export type Comparison = 'exact' | 'consistent' | 'inconsistent'

export interface OutputTensor {
  name: string
  /** KServe's name: FP32, INT64, BOOL ... */
  datatype: string
  shape: readonly number[]
  /** Truth values as 0 and 1. */
  data: ArrayLike<number | bigint | string>
}

export interface OutputBound {
  /** How far a number may be off, in units in the last place of its tensor's largest number. */
  ulps: number
  /** Why so much and no more. */
  why: string
}

/** A truth value that a model makes of a number: `output` is `from` compared with the threshold. */
export interface Decision {
  output: string
  from: string
  operator: 'Greater' | 'GreaterOrEqual' | 'Less' | 'LessOrEqual'
  threshold: number
}

export interface OutputCloseness {
  of: 'outputs'
  /** Values compared. */
  values: number
  /** Values that are not the same. */
  differing: number
  /** The difference that is largest by the bound's measure. */
  largest?: {
    absolute: number
    /** In units in the last place of the value itself. */
    ulps: number
    /** In those of its tensor's largest number, which the bound counts. */
    scaledUlps: number
  }
  /** The bound in units in the last place of the tensor's largest number. */
  bound: number
  /** Decisions that came out otherwise, and how many of them lie within the bound of their threshold. */
  flipped: number
  flippedWithin: number
  /** What cannot be compared at all. */
  problem?: string
}

interface Found {
  values: number
  differing: number
  largest: OutputCloseness['largest']
  flipped: number
  flippedWithin: number
  beyond: boolean
  problem: string | undefined
}

/** `decisions` are those of the model, of outputs that both sides have; a decision about another output is ignored. */
export function compareOutputs(
  recorded: readonly OutputTensor[],
  recomputed: readonly OutputTensor[],
  bound: Pick<OutputBound, 'ulps'>,
  decisions: readonly Decision[] = [],
): { outcome: Comparison; closeness: OutputCloseness } {
  const found: Found = {
    values: 0,
    differing: 0,
    largest: undefined,
    flipped: 0,
    flippedWithin: 0,
    beyond: false,
    problem: undefined,
  }
  if (recorded.length !== recomputed.length) found.problem = 'the answer has another number of outputs'
  for (const ours of recomputed) {
    const theirs = recorded.filter(({ name }) => name === ours.name)
    if (theirs.length !== 1) found.problem ??= 'the answer has other outputs'
    else compareOne(theirs[0]!, ours, bound.ulps, { recorded, recomputed, decisions }, found)
  }
  const { values, differing, largest, flipped, flippedWithin, problem } = found
  const closeness: OutputCloseness = {
    of: 'outputs',
    values,
    differing,
    ...(largest && { largest }),
    bound: bound.ulps,
    flipped,
    flippedWithin,
    ...(problem !== undefined && { problem }),
  }
  const outcome =
    problem !== undefined || found.beyond ? 'inconsistent' : differing === 0 ? 'exact' : 'consistent'
  return { outcome, closeness }
}

interface Both {
  recorded: readonly OutputTensor[]
  recomputed: readonly OutputTensor[]
  decisions: readonly Decision[]
}

function compareOne(theirs: OutputTensor, ours: OutputTensor, bound: number, both: Both, found: Found): void {
  if (theirs.datatype !== ours.datatype) found.problem ??= 'an output has another type'
  else if (theirs.shape.join() !== ours.shape.join()) found.problem ??= 'an output has another shape'
  else if (theirs.data.length !== ours.data.length)
    found.problem ??= 'an output has fewer or more values than its shape says'
  else {
    found.values += ours.data.length
    if (ours.datatype === 'FP32' || ours.datatype === 'FP64') compareFloats(theirs, ours, bound, found)
    else compareDiscrete(theirs, ours, bound, both, found)
  }
}

function compareFloats(theirs: OutputTensor, ours: OutputTensor, bound: number, found: Found): void {
  const double = ours.datatype === 'FP64'
  const unit = scaleUnit(ours)
  for (let i = 0; i < ours.data.length; i++) {
    const [a, b] = [Number(theirs.data[i]), Number(ours.data[i])]
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue
    found.differing++
    // JSON holds more than FP32: what no FP32 number can be was not this model's.
    if (!double && Math.fround(a) !== a) found.problem ??= 'an output has a number that FP32 cannot hold'
    const absolute = Math.abs(a - b)
    const scaledUlps = Number.isFinite(absolute) ? absolute / unit : Number.POSITIVE_INFINITY
    if (!(scaledUlps <= bound)) found.beyond = true
    if (found.largest === undefined || scaledUlps > found.largest.scaledUlps)
      found.largest = { absolute, ulps: double ? ulps64(a, b) : ulps32(a, b), scaledUlps }
  }
}

/** One unit in the last place of the tensor's largest number. */
function scaleUnit({ datatype, data }: OutputTensor): number {
  let most = 0
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(Number(data[i]))
    if (size > most && size < Number.POSITIVE_INFINITY) most = size
  }
  return datatype === 'FP64' ? ulpOf64(most) : ulpOf32(most)
}

function compareDiscrete(
  theirs: OutputTensor,
  ours: OutputTensor,
  bound: number,
  both: Both,
  found: Found,
): void {
  const decision = both.decisions.find(({ output }) => output === ours.name)
  for (let i = 0; i < ours.data.length; i++) {
    // A BigInt is never the same as a number, whatever both say.
    if (String(theirs.data[i]) === String(ours.data[i])) continue
    found.differing++
    if (decision === undefined) {
      found.beyond = true
      continue
    }
    found.flipped++
    if (isWithin(decision, i, theirs, bound, both)) found.flippedWithin++
    else found.beyond = true
  }
}

/** Whether the number that value `i` was decided by is within the bound of the threshold, and the record agrees with itself. */
function isWithin(
  { from, operator, threshold }: Decision,
  i: number,
  theirs: OutputTensor,
  bound: number,
  { recorded, recomputed }: Both,
): boolean {
  const ours = recomputed.find(({ name }) => name === from)
  const value = Number(ours?.data[i])
  if (ours === undefined || !(Math.abs(value - threshold) <= bound * scaleUnit(ours))) return false
  const said = recorded.find(({ name }) => name === from)
  if (said === undefined) return true
  return holds(operator, Number(said.data[i]), threshold) === (Number(theirs.data[i]) === 1)
}

function holds(operator: Decision['operator'], value: number, threshold: number): boolean {
  if (operator === 'Greater') return value > threshold
  if (operator === 'GreaterOrEqual') return value >= threshold
  return operator === 'Less' ? value < threshold : value <= threshold
}
