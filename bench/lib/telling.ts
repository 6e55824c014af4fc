/** Comparisons of pools of completions, as many as one likes: which were told apart, and after how many pairs. */
import { EqualityTest } from '@answerable/core/compare'
import { type Pool, PROMPTS } from './completions.ts'

export type Random = () => number

/** Uniform in [0, 1), the same every time (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** At which pair two pools are told apart; Infinity where they are not. Nothing is drawn twice in one comparison. */
export function toldAfter(a: Pool, b: Pool, pairs: number, level: number, random: Random): number {
  const test = new EqualityTest(level)
  const fromA = new Draw(a, random)
  const fromB = a === b ? fromA : new Draw(b, random)
  for (let i = 0; i < pairs; i++) {
    const prompt = Math.floor(random() * PROMPTS.length)
    test.add({ prompt: PROMPTS[prompt]!, a: fromA.take(prompt), b: fromB.take(prompt) })
    if (test.path.crossing !== undefined) return i + 1
  }
  return Number.POSITIVE_INFINITY
}

/** Draws without replacement. */
class Draw {
  readonly #pool: Pool
  readonly #random: Random
  readonly #taken: Set<number>[]

  constructor(pool: Pool, random: Random) {
    this.#pool = pool
    this.#random = random
    this.#taken = pool.map(() => new Set())
  }

  take(prompt: number): string {
    const texts = this.#pool[prompt]!
    const taken = this.#taken[prompt]!
    if (taken.size >= texts.length) throw new Error('the pool is used up')
    for (;;) {
      const i = Math.floor(this.#random() * texts.length)
      if (taken.has(i)) continue
      taken.add(i)
      return texts[i]!
    }
  }
}

/** False alarms of `runs` comparisons in which each completion of the pool is used once, in the order of making. */
export function freshAlarms(pool: Pool, runs: number, pairs: number, level: number): number {
  const next = pool.map(() => 0)
  let alarms = 0
  for (let run = 0; run < runs; run++) {
    const test = new EqualityTest(level)
    for (let i = 0; i < pairs; i++) {
      const prompt = i % PROMPTS.length
      const take = () => pool[prompt]![next[prompt]!++]!
      test.add({ prompt: PROMPTS[prompt]!, a: take(), b: take() })
    }
    if (test.path.crossing !== undefined) alarms++
  }
  return alarms
}
