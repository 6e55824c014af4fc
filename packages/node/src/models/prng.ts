/**
 * A small seeded generator of pseudo-random numbers (xoshiro128**, Blackman and Vigna 2018; seeded by splitmix32).
 *
 * Only 32-bit integer operations and exact floating-point steps are used, so a seed gives the same numbers on every
 * machine. Not for secrets.
 */
export class Prng {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    let state = seed >>> 0
    const next = () => {
      state = (state + 0x9e3779b9) | 0
      let z = state
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
      return z ^ (z >>> 16)
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next()
  }

  /** A uniform 32-bit unsigned integer. */
  uint32(): number {
    const scrambled = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotate(this.#d, 11)
    return scrambled
  }

  /** Uniform in [0, 1), a multiple of 2^-32. */
  uniform(): number {
    return this.uint32() / 4294967296
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability
  }

  /**
   * Mean 0, variance 1, close to normal and never beyond 6: the sum of twelve uniforms. Box and Muller's exact method
   * needs a logarithm and a cosine, whose last bit differs between platforms.
   */
  normal(): number {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += this.uniform()
    return sum
  }

  /** An index of `weights`, drawn in proportion to them. */
  pick(weights: readonly number[]): number {
    let total = 0
    for (const weight of weights) total += weight
    let left = this.uniform() * total
    for (let i = 0; i < weights.length - 1; i++) {
      left -= weights[i]!
      if (left < 0) return i
    }
    return weights.length - 1
  }

  /** Shuffles in place (Fisher and Yates). */
  shuffle(items: Int32Array): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = Math.floor(this.uniform() * (i + 1))
      const held = items[i]!
      items[i] = items[j]!
      items[j] = held
    }
  }
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits))
}
