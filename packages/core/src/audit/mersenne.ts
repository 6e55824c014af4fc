/**
 * The numbers that llama.cpp draws tokens by: the 32-bit Mersenne Twister (Matsumoto and Nishimura 1998), two of its
 * outputs to a number from 0 to 1 as GNU's C++ library makes one (`uniform_real_distribution<double>`). Other libraries
 * need not; who relies on it compares with what the runtime drew. One number is drawn a token, also where one token alone is
 * left to draw from (seen with llama.cpp v0.4.0; earlier ones drew none then).
 */

const SIZE = 624
const SHIFT = 397

/** The numbers of one seed, by their place: asked for in any order, made once. */
export class Uniforms {
  readonly #state = new Uint32Array(SIZE)
  readonly #made: number[] = []
  #next = SIZE

  constructor(seed: number) {
    const state = this.#state
    state[0] = seed
    for (let i = 1; i < SIZE; i++) {
      const last = state[i - 1]!
      state[i] = Math.imul(1_812_433_253, last ^ (last >>> 30)) + i
    }
  }

  at(index: number): number {
    while (this.#made.length <= index) {
      const low = this.#word()
      const value = (low + this.#word() * 2 ** 32) / 2 ** 64
      this.#made.push(value < 1 ? value : 1 - 2 ** -53)
    }
    return this.#made[index]!
  }

  #word(): number {
    if (this.#next === SIZE) this.#refill()
    let word = this.#state[this.#next++]!
    word ^= word >>> 11
    word ^= (word << 7) & 0x9d2c5680
    word ^= (word << 15) & 0xefc60000
    return (word ^ (word >>> 18)) >>> 0
  }

  #refill(): void {
    const state = this.#state
    for (let i = 0; i < SIZE; i++) {
      const mixed = (state[i]! & 0x80000000) | (state[(i + 1) % SIZE]! & 0x7fffffff)
      state[i] = state[(i + SHIFT) % SIZE]! ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0)
    }
    this.#next = 0
  }
}
