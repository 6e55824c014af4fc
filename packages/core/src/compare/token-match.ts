/**
 * Does a source give the tokens that a trusted copy of the weights gives? Each position of its answers, with the tokens
 * before it given to the copy, is a match or a mismatch of the copy's greedy token, or of the one that it draws from the
 * same seed.
 *
 * **The null.** Given all that came before, a position is a mismatch with a probability of at most q. The caller states
 * q, and where from: honest runs on other processors, libraries and batch sizes flip near-ties. Positions where the
 * copy's two best tokens are nearly tied can be left out, or be given a q of their own, as long as that follows from the
 * position's prefix and the copy alone. What is random in an honest run is which prompts are drawn and how its machine
 * decides near-ties. Mismatches come in clusters, and given the first of one the next is likely: so answers are to be read
 * to their first mismatch, and q bounds the probability of that at each token before it.
 *
 * **Why the capital is a supermartingale.** A gambler of boldness g multiplies its capital by 1 - g at a match and by
 * 1 - g + g/q at a mismatch. Where mismatches have probability p that is 1 - g + g·p/q on average: at most 1 for every
 * p <= q. Several g are bet at once (`capital.ts`); by Ville's inequality P(the e-value ever reaches 1/level) <= level
 * for every honest operator. This is the test of a bounded mean by Waudby-Smith and Ramdas, "Estimating means of bounded
 * random variables by betting" (J. R. Stat. Soc. B, 2024).
 */
import { AnswerableError } from '../error.ts'
import { Capital } from './capital.ts'
import { Path, type Point } from './path.ts'

export const TOKEN_MATCH_STATISTIC = 'token-match-betting/1'
export const MOST_TOKENS = 10_000_000
const BOLDNESS = [1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 31 / 32]

export class TokenMatchTest {
  readonly path: Path
  /** The share of mismatches that an honest operator may have. */
  readonly honest: number
  readonly #capital = new Capital(BOLDNESS.length)
  readonly #factors = new Float64Array(BOLDNESS.length)
  #matches = 0

  /** Throws `bad-request` for a level or a share that is none. */
  constructor(level: number, honest: number) {
    this.path = new Path(level)
    this.honest = checkHonest(honest)
  }

  get tokens(): number {
    return this.#capital.rounds
  }

  get matches(): number {
    return this.#matches
  }

  /** The e-value after one more token; `honest` is of this position, where it has its own. Throws `bad-request` and `too-large`. */
  add(matched: boolean, honest: number = this.honest): Point {
    if (typeof matched !== 'boolean') throw new AnswerableError('bad-request', 'a token matches or does not')
    if (this.tokens >= MOST_TOKENS)
      throw new AnswerableError('too-large', `a replay has at most ${MOST_TOKENS} tokens`)
    const q = honest === this.honest ? honest : checkHonest(honest)
    if (matched) this.#matches++
    for (const [i, g] of BOLDNESS.entries()) this.#factors[i] = Math.log1p(matched ? -g : g / q - g)
    return this.path.add(this.#capital.settle(this.#factors))
  }
}

function checkHonest(honest: number): number {
  if (!(typeof honest === 'number' && honest >= 1e-6 && honest <= 0.9))
    throw new AnswerableError('bad-request', 'honest mismatches: expected a share from 1e-6 to 0.9')
  return honest
}
