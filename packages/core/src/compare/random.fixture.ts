/** Random texts from a seed, for tests: the same every time. */
export type Random = () => number

/** Uniform in [0, 1) (mulberry32, Tommy Ettinger 2017; public domain). */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const WORDS = 'the a boat river stone old green went home saw and then said no yes slowly'.split(' ')

/** A text of up to `most` words; the higher the `tilt`, the more often the first words of the list. */
export function babble(random: Random, most: number, tilt = 1): string {
  const length = 1 + Math.floor(random() * most)
  let text = ''
  for (let i = 0; i < length; i++) text += ` ${WORDS[Math.floor(random() ** tilt * WORDS.length)]}`
  return text
}
