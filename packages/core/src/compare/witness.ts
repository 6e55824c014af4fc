/**
 * The witness function of a kernel's maximum mean discrepancy, learnt from the pairs so far: high for completions that
 * look like A's, low for those that look like B's.
 *
 * Features that are common to both are weighed down: the share of A's among the times that a feature was seen is shrunk
 * towards a half. That is the witness under a kernel whose weights are a function of how often a feature was seen in
 * either, which is known before the round and the same for both sides.
 */
import { type StringKernel, TABLE } from './kernels.ts'

/** As if each feature had been seen this often already, half of it from either side. */
const SHRINK = 6

export class Witness {
  readonly #kernel: StringKernel
  readonly #a = new Int32Array(TABLE)
  readonly #b = new Int32Array(TABLE)
  #square = 0
  #rounds = 0

  constructor(kernel: StringKernel) {
    this.#kernel = kernel
  }

  /**
   * How much more `x` looks like A's than `y` does, on the scale of the margins so far. Then learns the pair.
   *
   * Exchanging x and y changes the sign and nothing else; exchanging the two sides from the beginning changes nothing.
   * Both hold to the last bit, since negation is exact and addition commutes.
   */
  margin(prompt: number, x: Uint32Array, y: Uint32Array): number {
    const ofX = this.#kernel.features(prompt, x)
    const ofY = this.#kernel.features(prompt, y)
    const margin = this.#score(ofX) - this.#score(ofY)
    for (const feature of ofX) this.#a[feature]!++
    for (const feature of ofY) this.#b[feature]!++
    this.#kernel.learn(x)
    this.#kernel.learn(y)
    if (Math.abs(margin) < ROUNDING) return 0
    // The scale may know this margin's size, which is the same whichever of the two came from A.
    this.#rounds++
    this.#square += (margin * margin - this.#square) / Math.min(this.#rounds, WINDOW)
    return margin / Math.sqrt(this.#square)
  }

  #score(features: Int32Array): number {
    let score = 0
    for (const feature of features) {
      const a = this.#a[feature]!
      const b = this.#b[feature]!
      score += (a - b) / (a + b + SHRINK)
    }
    return score
  }
}

/** A margin this small is what is left of sums that should be equal. */
const ROUNDING = 1e-12
/** Margins shrink as the noise in what was learnt does; older ones are forgotten. */
const WINDOW = 32
