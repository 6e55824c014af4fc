/**
 * Compares one side's greedy answers with a trusted copy of the weights that it should have, token by token: each answer
 * is followed through the copy, and each token either is the copy's own, give or take a margin on the scores, or is not.
 * Whoever answered gets the benefit of every doubt about how a text is cut into tokens.
 *
 * An answer is read to its first mismatch. Mismatches come in clusters, of which one is chance and the rest follow, and an
 * honest operator's would break a bound that they keep on average. Each prompt is asked once. A greedy answer that is asked for again is the same again, so one near-tie that an honest
 * operator's machine decided otherwise would count each time, and more often than anyone allowed for.
 */
import { randomInt } from 'node:crypto'
import { AnswerableError } from '@answerable/core'
import {
  checkPrompts,
  comparisonBody,
  MOST_TOKENS,
  type Point,
  TOKEN_MATCH_STATISTIC,
  TokenMatchTest,
} from '@answerable/core/compare'
import { collect, type Missed } from './collect.ts'
import { type Compared, type CompareOptions, checkSamples, describePrompts, SEEDS } from './compare.ts'
import type { Source } from './source.ts'
import { Transcript } from './transcript.ts'

/** A model that anyone can run, and that the other side is held against. */
export interface TrustedCopy extends Pick<Source, 'side'> {
  /** Scores that are off by as much, in nats, are nobody's fault: of this copy, where nobody says otherwise. */
  readonly margin: number
  /** Of each token of an answer: whether it is the copy's own, or would be if its scores were off by the margin. */
  matches(prompt: string, text: string, margin: number, signal: AbortSignal): Promise<boolean[]>
}

/** `samples` are answers, of which there are no more than prompts. */
export interface ReplayTokensOptions extends Omit<CompareOptions, 'b' | 'onPoint'> {
  b: TrustedCopy
  /** The share of tokens beyond the margin that an honest operator may have. */
  honest: number
  /** In place of the copy's own. */
  margin?: number
  /** After each answer. */
  onPoint?: (point: Point, answers: number) => void
}

interface Answered {
  prompt: number
  text: string
  matches: boolean[]
}

/** Throws `bad-request` for options out of bounds, and what a side is refused for where it never answered. */
export async function replayTokens(options: ReplayTokensOptions): Promise<Compared> {
  const { a, b, prompts, parameters, samples, level, honest, parallel = 1, signal, onPoint } = options
  const { margin = b.margin } = options
  checkPrompts(prompts)
  checkSamples(samples)
  if (parameters.temperature !== 0)
    throw new AnswerableError('bad-request', 'temperature: token by token, greedy answers are compared: 0')
  if (!(margin >= 0))
    throw new AnswerableError('bad-request', 'margin: expected a number that is not negative')
  const test = new TokenMatchTest(level, honest)
  const transcript = new Transcript(options.keep)
  const from = Date.now()
  const order = shuffled(prompts.length).slice(0, samples)
  const left = order.values()
  let answers = 0
  const { ended, failed, faults } = await collect<Answered>({
    ask: stop => ask(options, left.next().value!, margin, stop),
    take({ prompt, text, matches }) {
      transcript.add({ prompt, a: text })
      for (const matched of matches) {
        test.add(matched)
        if (!matched) break
      }
      onPoint?.(test.path.last, ++answers)
      return test.path.crossing !== undefined
    },
    samples: order.length,
    parallel,
    signal,
  })
  const facts = {
    statistic: TOKEN_MATCH_STATISTIC,
    a: a.side,
    b: b.side,
    prompts: describePrompts(prompts),
    parameters,
    honest,
    margin,
    planned: Math.min(MOST_TOKENS, order.length * parameters.maxTokens),
    matches: test.matches,
    failed,
    ended,
    transcript: transcript.digest(),
    from,
    to: Date.now(),
  }
  return { body: comparisonBody(facts, level, test.path), faults }
}

async function ask(
  { a, b, prompts }: ReplayTokensOptions,
  prompt: number,
  margin: number,
  signal: AbortSignal,
): Promise<Answered | Missed> {
  let text: string
  try {
    text = await a.complete(prompts[prompt]!, randomInt(SEEDS), signal)
  } catch (error) {
    return { missed: 'a', error }
  }
  try {
    return { prompt, text, matches: await b.matches(prompts[prompt]!, text, margin, signal) }
  } catch (error) {
    return { missed: 'b', error }
  }
}

/** 0 to `count` - 1 in random order (Fisher and Yates). */
function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = randomInt(i + 1)
    const held = order[i]!
    order[i] = order[j]!
    order[j] = held
  }
  return order
}
