/**
 * Runs a comparison of two sides: draws prompts, asks both in random order, feeds the test pair by pair, and stops as
 * soon as the level is reached, the samples are used up, or a side no longer answers.
 */
import { createHash, randomInt } from 'node:crypto'
import { AnswerableError } from '@answerable/core'
import {
  type ComparisonBody,
  type ComparisonFacts,
  checkPrompts,
  comparisonBody,
  EQUALITY_STATISTIC,
  EqualityTest,
  MOST_PAIRS,
  type Point,
  promptsText,
} from '@answerable/core/compare'
import { collect, type Missed, type Side } from './collect.ts'
import type { ComparisonParameters, Source } from './source.ts'
import { Transcript } from './transcript.ts'

export interface CompareOptions {
  a: Source
  b: Source
  prompts: readonly string[]
  parameters: ComparisonParameters
  /** The most pairs. */
  samples: number
  level: number
  /** Pairs under way at the same time; 1 unless told. */
  parallel?: number
  signal?: AbortSignal
  /** After each pair. */
  onPoint?: (point: Point) => void
  /** Gets each line of the transcript. */
  keep?: (line: string) => void
}

export interface Compared {
  body: ComparisonBody
  /** The last thing that went wrong with each side. */
  faults: { a?: string; b?: string }
}

/** APIs that take seeds take 31 bits. */
export const SEEDS = 2 ** 31 - 1

interface Answered {
  prompt: number
  first: Side
  seeds: Record<Side, number>
  a: string
  b: string
}

/** Throws `bad-request` for options out of bounds, and what a side is refused for where it never answered. */
export async function compare(options: CompareOptions): Promise<Compared> {
  const { a, b, prompts, parameters, samples, level, parallel = 1, signal, onPoint } = options
  checkPrompts(prompts)
  checkSamples(samples)
  const test = new EqualityTest(level)
  const transcript = new Transcript(options.keep)
  const from = Date.now()
  const { ended, failed, faults } = await collect<Answered>({
    ask: stop => askPair(options, stop),
    take(pair) {
      transcript.add(pair)
      const point = test.add({ prompt: prompts[pair.prompt]!, a: pair.a, b: pair.b })
      onPoint?.(point)
      return test.path.crossing !== undefined
    },
    samples,
    parallel,
    signal,
  })
  const facts: ComparisonFacts = {
    statistic: EQUALITY_STATISTIC,
    a: a.side,
    b: b.side,
    prompts: describePrompts(prompts),
    parameters,
    planned: samples,
    failed,
    ended,
    transcript: transcript.digest(),
    from,
    to: Date.now(),
  }
  return { body: comparisonBody(facts, level, test.path), faults }
}

export function checkSamples(samples: number): void {
  if (!(Number.isInteger(samples) && samples >= 1 && samples <= MOST_PAIRS))
    throw new AnswerableError('bad-request', `samples: expected 1 to ${MOST_PAIRS}`)
}

export function describePrompts(prompts: readonly string[]): ComparisonBody['prompts'] {
  return { count: prompts.length, sha256: createHash('sha256').update(promptsText(prompts)).digest('hex') }
}

/** One pair: whose turn comes first is drawn, so that neither side always meets the busier or the warmer machine. */
async function askPair({ a, b, prompts }: CompareOptions, signal: AbortSignal): Promise<Answered | Missed> {
  const prompt = randomInt(prompts.length)
  const first: Side = randomInt(2) === 0 ? 'a' : 'b'
  const seeds = { a: randomInt(SEEDS), b: randomInt(SEEDS) }
  const texts = { a: '', b: '' }
  for (const side of first === 'a' ? (['a', 'b'] as const) : (['b', 'a'] as const)) {
    try {
      texts[side] = await (side === 'a' ? a : b).complete(prompts[prompt]!, seeds[side], signal)
    } catch (error) {
      return { missed: side, error }
    }
  }
  return { prompt, first, seeds, ...texts }
}
