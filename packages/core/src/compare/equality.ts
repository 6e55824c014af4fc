/**
 * Are two sources of text the same? A sequential two-sample test on pairs of completions, by betting on the witness of a
 * kernel's maximum mean discrepancy (Shekhar and Ramdas, "Nonparametric two-sample testing by betting", IEEE Trans. Inf.
 * Theory 2024; Podkopaev, Blöbaum, Kasiviswanathan and Ramdas, "Sequential kernelized independence testing", ICML 2023;
 * Podkopaev and Ramdas, "Sequential predictive two-sample and independence testing", NeurIPS 2023), with the string
 * kernels in `kernels.ts`.
 *
 * **The null.** Given all that came before and the prompt, (x from A, y from B) is as likely as (y from A, x from B).
 * That holds where both draw their answers from one distribution, independently of each other; it needs no independence
 * between rounds, and prompts may be chosen in any way from what came before.
 *
 * **Why the capital is a martingale.** Let D be a round's margin: how much more x looks like A's than y does, by what
 * was learnt in earlier rounds. It changes its sign when x and y are exchanged; its scale s does not. A gambler with
 * boldness c multiplies its capital by 1 + tanh(c·D/s), which lies in (0, 2). Given the past and which two texts came,
 * but not from whom, both orders are equally likely under the null, and the two factors that they give are 1 + t and
 * 1 - t. So the expected factor is 1. Gamblers are a kernel and a boldness each; `Capital` sums them. By Ville's
 * inequality P(the e-value ever reaches 1/level) <= level.
 *
 * 1 + tanh(u) is twice the logistic function of 2u: each gambler states the probability that the pair came this way
 * round rather than the other, and is paid by how right it was.
 */
import { AnswerableError } from '../error.ts'
import { Capital } from './capital.ts'
import { placeKernel, rarityKernel, spectrumKernel } from './kernels.ts'
import { Path, type Point } from './path.ts'
import { hashOf, unitsOf } from './units.ts'
import { Witness } from './witness.ts'

export interface Pair {
  prompt: string
  a: string
  b: string
}

/** What the statement calls this: another kernel, boldness or scale is another statistic. */
export const EQUALITY_STATISTIC = 'mmd-betting/1: place, spectrum, rarity'
export const MOST_PAIRS = 20_000
const BOLDNESS = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2]
/** A margin beyond this many times its scale is bet on as one of this size. */
const MOST_MARGIN = 4

export class EqualityTest {
  readonly path: Path
  readonly #witnesses = [placeKernel(), spectrumKernel(), rarityKernel()].map(kernel => new Witness(kernel))
  readonly #capital = new Capital(this.#witnesses.length * BOLDNESS.length)
  readonly #factors = new Float64Array(this.#witnesses.length * BOLDNESS.length)

  /** Throws `bad-request` for a level that is none. */
  constructor(level: number) {
    this.path = new Path(level)
  }

  /** The e-value after one more pair. Throws `bad-request`, and `too-large` for a text or a pair too many. */
  add({ prompt, a, b }: Pair): Point {
    if (this.#capital.rounds >= MOST_PAIRS)
      throw new AnswerableError('too-large', `a comparison has at most ${MOST_PAIRS} pairs`)
    if (typeof prompt !== 'string') throw new AnswerableError('bad-request', 'prompt: expected text')
    const x = unitsOf(a, 'a')
    const y = unitsOf(b, 'b')
    const asked = hashOf(prompt)
    let at = 0
    for (const witness of this.#witnesses) {
      const margin = Math.max(-MOST_MARGIN, Math.min(MOST_MARGIN, witness.margin(asked, x, y)))
      for (const boldness of BOLDNESS) this.#factors[at++] = logFactor(boldness * margin)
    }
    return this.path.add(this.#capital.settle(this.#factors))
  }
}

/** The natural logarithm of 1 + tanh(u). */
function logFactor(u: number): number {
  return u >= 0 ? Math.LN2 - Math.log1p(Math.exp(-2 * u)) : Math.LN2 + 2 * u - Math.log1p(Math.exp(2 * u))
}

/** The whole path of a list of pairs. Throws as `EqualityTest` does. */
export function equalityPath(pairs: readonly Pair[], level: number): Path {
  const test = new EqualityTest(level)
  for (const pair of pairs) test.add(pair)
  return test.path
}
