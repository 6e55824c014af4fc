/**
 * How far a model's scores would have to be off for a sampler to give some token: the least noise on its logits.
 *
 * A sampler sorts the tokens by score, cuts the list off (top_k, top_p, min_p), and takes the token under which a number
 * from 0 to 1 falls. Whoever knows the scores and the number knows the token; with scores that are each off by no more
 * than some noise, several tokens are possible. The bounds here are generous to whoever drew: a token that is called
 * impossible at some noise is impossible at it, and one that is called possible may not be.
 */

export interface Sampler {
  /** 0: the token with the highest score. */
  temperature: number
  /** 0 for all tokens. */
  topK: number
  /** 1 for all. */
  topP: number
  /** 0 for all. */
  minP: number
}

/** More than any honest difference, and less than what an impossible token takes. */
export const MOST_NOISE = 8
/** What the arithmetic here, and a probability in FP32, are off by themselves. */
const ROUNDING = 1e-6

/** A model's scores at one position, and what a sampler would do with them. */
export class Scores {
  /** Natural logarithms of the probabilities at temperature 1, by token; -Infinity where there is none. */
  readonly logs: Float64Array
  readonly #sampler: Sampler
  /** Tokens by falling score. */
  readonly order: Uint32Array
  readonly #sorted: Float64Array
  /** Of the first so many tokens: the probability at temperature 1, and the weight at the sampler's. */
  readonly #mass: Float64Array
  readonly #weight: Float64Array

  constructor(logs: Float64Array, sampler: Sampler) {
    this.logs = logs
    this.#sampler = sampler
    this.order = Uint32Array.from(logs.keys()).sort((a, b) => compareScores(logs[b]!, logs[a]!) || a - b)
    this.#sorted = Float64Array.from(this.order, token => logs[token]!)
    const top = this.#sorted[0] ?? 0
    const { temperature } = sampler
    this.#mass = sums(this.#sorted, score => Math.exp(score))
    this.#weight = sums(this.#sorted, score => (temperature > 0 ? Math.exp((score - top) / temperature) : 0))
  }

  /** The highest score, less that of `token`. */
  gap(token: number): number {
    return this.#sorted[0]! - (this.logs[token] ?? Number.NEGATIVE_INFINITY)
  }

  /**
   * The least noise with which the sampler can give `token` when it draws `uniform`, 0 to `MOST_NOISE`; Infinity where
   * that is not enough. Without a number it may be any.
   */
  leastNoise(token: number, uniform: number | undefined): number {
    if (this.isPossible(token, uniform, 0)) return 0
    if (!this.isPossible(token, uniform, MOST_NOISE)) return Number.POSITIVE_INFINITY
    let [low, high] = [0, MOST_NOISE]
    while (high - low > 1e-3 * high) {
      // The first halvings are of the size: most that is asked about is small.
      const middle = low === 0 && high > 1e-3 ? high / 8 : (low + high) / 2
      if (this.isPossible(token, uniform, middle)) high = middle
      else low = middle
    }
    return high
  }

  /** Whether the sampler can give `token` when it draws `uniform`, or any number, and logits are off by `noise` at most. */
  isPossible(token: number, uniform: number | undefined, noise: number): boolean {
    return this.#isPossible(token, uniform, noise + ROUNDING)
  }

  /** The token that the sampler gives when it draws `uniform`. */
  draw(uniform: number): number {
    if (this.#sampler.temperature === 0) return this.order[0]!
    const kept = this.#cut()
    const target = uniform * this.#weight[kept]!
    let [low, high] = [0, kept - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#weight[middle + 1]! >= target) high = middle
      else low = middle + 1
    }
    return this.order[low]!
  }

  #isPossible(token: number, uniform: number | undefined, noise: number): boolean {
    const score = this.logs[token]
    if (score === undefined || score === Number.NEGATIVE_INFINITY) return false
    const { temperature } = this.#sampler
    if (temperature === 0) return this.#sorted[0]! - score <= 2 * noise
    const [least, most] = this.#kept(noise)
    // What stands before this token whatever the noise, and what may stand before it.
    const surely = this.#above(score + 2 * noise)
    const perhaps = this.#above(score - 2 * noise, true)
    if (surely >= most) return false
    if (uniform === undefined) return true
    const ratio = Math.exp((2 * noise) / temperature)
    const before = this.#weight[surely]!
    const rest = this.#weight[most]! - before
    const low = before / (before + rest * ratio)
    const upTo = this.#weight[Math.min(perhaps, most)]! * ratio
    const after = Math.max(0, this.#weight[least]! - this.#weight[Math.min(perhaps, least)]!)
    const high = upTo / (upTo + after)
    return uniform >= low - ROUNDING && uniform <= high + ROUNDING
  }

  /** How many tokens are left after the cuts, of scores as they are. */
  #cut(): number {
    const { topK, topP, minP } = this.#sampler
    const all = this.#sorted.length
    const first = topK > 0 ? Math.min(topK, all) : all
    const whole = this.#mass[first]!
    const keeps = (i: number) =>
      i < first &&
      (topP >= 1 || this.#mass[i]! / whole < topP) &&
      (minP === 0 || this.#sorted[i]! >= this.#sorted[0]! + Math.log(minP))
    return Math.max(1, this.#prefix(keeps))
  }

  /** How many tokens are left after the cuts: at least, and at most, where scores may be off by `noise`. */
  #kept(noise: number): [number, number] {
    const { topK, topP, minP } = this.#sampler
    const all = this.#sorted.length
    if (topK === 0 && topP >= 1 && minP === 0) return [all, all]
    // What top_p is a share of: all tokens, or the first topK where the list was cut to those.
    const whole = topK > 0 ? Math.max(this.#mass[Math.min(topK, all)]!, 1e-300) : 1
    const least = this.#prefix(i => {
      const score = this.#sorted[i]!
      const before = this.#above(score - 2 * noise, true) - 1
      if (topK > 0 && before >= topK) return false
      if (minP > 0 && score - 2 * noise < this.#sorted[0]! + Math.log(minP)) return false
      if (topP >= 1) return true
      const up = Math.exp(2 * noise) * this.#mass[Math.max(0, before)]!
      return up / (whole * (topK > 0 ? Math.exp(-2 * noise) : 1)) < topP
    })
    const most = this.#prefix(i => {
      const score = this.#sorted[i]!
      const before = this.#above(score + 2 * noise)
      if (topK > 0 && before >= topK) return false
      if (minP > 0 && score + 2 * noise < this.#sorted[0]! + Math.log(minP)) return false
      if (topP >= 1) return true
      const down = Math.exp(-2 * noise) * this.#mass[before]!
      return down / Math.min(1, whole * (topK > 0 ? Math.exp(2 * noise) : 1)) < topP
    })
    // The first token always stays.
    return [Math.max(1, Math.min(least, most)), Math.max(1, most)]
  }

  /** How many tokens from the first on are kept: `keeps` is true of a beginning of the list. */
  #prefix(keeps: (rank: number) => boolean): number {
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (keeps(middle)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** How many tokens have a score over `score`, or one equal to it as well. */
  #above(score: number, orEqual = false): number {
    let [low, high] = [0, this.#sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#sorted[middle]! > score || (orEqual && this.#sorted[middle] === score)) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Infinities are the same as each other, which their difference does not say. */
function compareScores(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}

function sums(values: Float64Array, of: (value: number) => number): Float64Array {
  const out = new Float64Array(values.length + 1)
  for (let i = 0; i < values.length; i++) out[i + 1] = out[i]! + of(values[i]!)
  return out
}
