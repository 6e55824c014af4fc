/**
 * Testing by betting. A test begins with a capital of 1 and plays rounds that are fair, or worse than fair, as long as
 * the null hypothesis holds. Its capital then is a nonnegative (super)martingale, an **e-process**, and by Ville's
 * inequality (1939) the probability that it ever reaches 1/level is at most `level`: however often one looks, and
 * whenever one stops. See Shafer, "Testing by betting" (J. R. Stat. Soc. A, 2021); Ramdas, Grünwald, Vovk and Shafer,
 * "Game-theoretic statistics and safe anytime-valid inference" (Statist. Sci., 2023).
 *
 * The capital is spread over several gamblers, since nobody knows beforehand how large a difference to bet on. The sum
 * of (super)martingales is one again. After each round every gambler hands a share of what it has to all (Herbster and
 * Warmuth, "Tracking the best expert", Machine Learning 1998), so that one who lost while there was little to learn from
 * can come back; handing capital around leaves its sum as it is, and so the martingale.
 */
export class Capital {
  /** Natural logarithms: the capital itself would leave the range of a double after a thousand good rounds. */
  readonly #logs: Float64Array
  #rounds = 0
  #total = 0

  constructor(gamblers: number) {
    this.#logs = new Float64Array(gamblers).fill(-Math.log(gamblers))
  }

  /** The natural logarithm of the e-value. */
  get log(): number {
    return this.#total
  }

  get rounds(): number {
    return this.#rounds
  }

  /** What each gambler's capital was multiplied by, as logarithms, none of which is NaN or above 700. */
  settle(factors: ArrayLike<number>): number {
    const logs = this.#logs
    for (let i = 0; i < logs.length; i++) logs[i] = Math.max(FLOOR, logs[i]! + factors[i]!)
    this.#total = logSum(logs)
    this.#rounds++
    // The share that is handed around gets smaller, so that over n rounds it costs the best one a factor of about n.
    const share = 1 / (this.#rounds + SHARE_FROM)
    const kept = Math.log1p(-share)
    const given = Math.log(share / logs.length) + this.#total
    for (let i = 0; i < logs.length; i++) logs[i] = logAdd(logs[i]! + kept, given)
    return this.#total
  }
}

/** The first rounds teach the most, and the least of what was won in them should be handed on. */
const SHARE_FROM = 15
/** Logarithms below this are this: rounding in the test's favour by e^-10000 is none that a double could show. */
const FLOOR = -10_000

function logSum(logs: Float64Array): number {
  let most = Number.NEGATIVE_INFINITY
  for (const value of logs) if (value > most) most = value
  let sum = 0
  for (const value of logs) sum += Math.exp(value - most)
  return most + Math.log(sum)
}

function logAdd(a: number, b: number): number {
  const [more, less] = a > b ? [a, b] : [b, a]
  return more + Math.log1p(Math.exp(less - more))
}
