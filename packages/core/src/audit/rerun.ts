/**
 * What came of running a record again: a finding's evidence, in words and as data. It holds no content, though it does hold
 * counts: what of it is made public is for whoever publishes it to weigh; its digest can always be.
 */
import type { Comparison, OutputCloseness } from './outputs.ts'
import { type RuntimeSide, type Setting, settingWords } from './setting.ts'
import type { TokenCloseness } from './tokens.ts'

export type RerunOutcome = Comparison | 'not-rerun'

/** Why a record was not run again. Stable. */
export const NOT_RERUN = {
  upstream: 'The answer came from an upstream: nobody here has that model.',
  'no-manifest': 'The record names no model file.',
  'other-runtime': 'The record names a runtime that is not run here.',
  'no-model-file': 'The model file that the record names is not here.',
  'model-changed': 'The model file is not the one that the record names: it has another digest.',
  'bad-model': 'The model file cannot be opened with the recorded configuration.',
  'no-answer': 'The record is of a refusal, an error, or a caller who left before any answer.',
  'no-seed': 'The answer was drawn, and the record does not say by which seed.',
  'bad-request': 'The recorded request is none that this runtime answers.',
  'bad-answer': 'The recorded answer cannot be read.',
  unclear: 'The text can be cut into tokens in more ways than were tried, and none of those tried fits.',
  'beyond-limits': 'To run it again would take more memory or time than is given to one record.',
  'timed-out': 'The run did not end in the time that is given to one record.',
  crashed: 'The runtime crashed.',
  aborted: 'The run was stopped.',
  failed: 'The runtime failed.',
} as const
export type NotRerun = keyof typeof NOT_RERUN

export interface Rerun {
  /** The log's entry of the record, in hex. */
  entry: string
  /** SHA-256 of the model's file, in hex, as the record names it. */
  model?: string
  /** Who ran it then, and again; with all in which they differ, the weightiest first. */
  setting?: Setting
  outcome: RerunOutcome
  /** Of `not-rerun`. */
  reason?: NotRerun
  closeness?: OutputCloseness | TokenCloseness
  /** What was found, a sentence each; differences of the setting first. */
  words: string[]
  /** What this does not show. */
  notShown: string
}

/** Over this a result would not fit beside a finding; `words` are cut to keep it. */
export const MAX_RERUN_BYTES = 4096
const MOST_WORDS = 1600

const NOT_SHOWN =
  'That the answer is good, or true. That auditor and operator do not collude. That other answers came from this model.'

export function notRerun(
  { entry, model }: Pick<Rerun, 'entry' | 'model'>,
  reason: NotRerun,
  detail?: string,
): Rerun {
  return {
    entry,
    ...(model !== undefined && { model }),
    outcome: 'not-rerun',
    reason,
    words: bounded([NOT_RERUN[reason], ...(detail === undefined ? [] : [`${detail}.`])]),
    notShown: 'Anything about the answer: it was not run again.',
  }
}

export interface Compared {
  entry: string
  model: string
  setting: Setting
  outcome: Comparison
  closeness: OutputCloseness | TokenCloseness
  /** Why the bound, or the margin, is what it is. */
  why: string
  /** What else is to be said, a sentence each. */
  remarks?: readonly string[]
}

export function rerunOf({ entry, model, setting, outcome, closeness, why, remarks = [] }: Compared): Rerun {
  const found = closeness.of === 'outputs' ? outputWords(outcome, closeness) : tokenWords(outcome, closeness)
  const words = [
    ...differenceWords(setting),
    ...found,
    ...(outcome === 'consistent' && setting.same
      ? ['Nothing in the setting on record explains a difference: what ran may have been something else.']
      : []),
    ...remarks,
    ...(outcome === 'exact' ? [] : [why]),
  ]
  return { entry, model, setting, outcome, closeness, words: bounded(words), notShown: notShownOf(outcome) }
}

function notShownOf(outcome: Comparison): string {
  if (outcome === 'inconsistent')
    return `Which of model, sampling and answer was another than recorded, and whether on purpose. ${NOT_SHOWN}`
  return `That this model computed the answer then: it gives it, and so may another that is close to it. ${NOT_SHOWN}`
}

function differenceWords(setting: Setting): string[] {
  if (setting.same) return ['Run again with the same runtime, configuration and type of processor.']
  return [`Run again in another setting: ${settingWords(setting).join('; ')}.`]
}

function outputWords(outcome: Comparison, found: OutputCloseness): string[] {
  const { values, differing, largest, bound, flipped, flippedWithin, problem } = found
  if (problem !== undefined) return [`Not what the model gives: ${problem}.`]
  if (outcome === 'exact') return [`All ${values} values are the same to the bit.`]
  const words = [`${differing} of ${values} values differ.`]
  if (largest !== undefined)
    words.push(
      `The largest difference is ${number(largest.absolute)}: ${number(largest.ulps)} units in the last place of the number itself, ${number(largest.scaledUlps)} of the largest number beside it, where ${bound} are allowed.`,
    )
  const beyond = flipped - flippedWithin
  if (flippedWithin > 0)
    words.push(
      `${flippedWithin} ${flippedWithin === 1 ? 'decision comes' : 'decisions come'} out otherwise, from a number that lies within the bound of the threshold: so close, neither side is wrong.`,
    )
  if (beyond > 0)
    words.push(
      `${beyond} ${beyond === 1 ? 'decision comes' : 'decisions come'} out otherwise, and no difference within the bound explains it.`,
    )
  return words
}

function tokenWords(outcome: Comparison, found: TokenCloseness): string[] {
  const { checked, same, first, furthest, margin, problem } = found
  if (problem !== undefined && first === undefined) return [`Not what the model gives: ${problem}.`]
  if (outcome === 'exact') return [`All ${checked} tokens are the same, the end of the answer included.`]
  const words = [`${same} of ${checked} tokens are what the model gives after those before them.`]
  if (first !== undefined && furthest !== undefined) {
    words.push(
      `Both part at token ${first.at}, whose logit is ${number(first.gap)} under the highest.`,
      `At token ${furthest.at} the logits would have to be off by ${number(furthest.noise)} each, where ${number(margin)} is allowed.`,
    )
  }
  if (problem !== undefined) words.push(`Besides: ${problem}.`)
  return words
}

function number(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value)
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : 'no finite number'
}

/** In ASCII and cut, so that the whole stays under its bound whatever a record holds. */
function bounded(words: readonly string[]): string[] {
  const out: string[] = []
  let left = MOST_WORDS
  for (const word of words) {
    const text = word.replace(/[^\x20-\x7e]+/g, '?').replace(/\\/g, '/')
    if (left < 40) break
    out.push(text.length <= left ? text : `${text.slice(0, left - 3)}...`)
    left -= text.length
  }
  return out
}

export type { RuntimeSide }
