/** Chance that repeats: mulberry32, from a seed. */
export type Random = () => number

/** Numbers from 0 up to 1. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** An integer from 0 up to but not including `end`. */
export function below(random: Random, end: number): number {
  return Math.floor(random() * end)
}
