/**
 * How often two equal models are told apart by mistake, looked at after every pair; and how soon substitutions are
 * found. The model is stories260K at temperature 1, and versions of it.
 *
 * Each version's completions are made once and pairs are drawn from them without replacement within a comparison: a
 * thousand comparisons with completions of their own would be some ten million tokens. Comparisons that share a pool are
 * not independent of one another, which widens the spread of a measured share and does not move it. Some comparisons of
 * equal models with completions of their own stand beside them.
 */
import { EqualityTest } from '@answerable/core/compare'
import { Completions, type Pool, PROMPTS, SUBSTITUTIONS, TOKENS } from './lib/completions.ts'
import { atMost, type Benchmark, forTheRecord, type Row } from './lib/rows.ts'

const LEVEL = 0.05
const POWER_LEVEL = 0.01
const OF_EACH = 500
const EQUAL_RUNS = 1000
const EQUAL_PAIRS = 200
const FRESH_RUNS = 40
const FRESH_PAIRS = 80
const RUNS = 200
const PAIRS = 400
const LOOKS = [25, 50, 100, 200, 400]

export const benchmark: Benchmark = {
  title: 'compare',
  async run(say): Promise<Row[]> {
    const completions = new Completions(1)
    const random = seeded(20_260_131)
    try {
      say(`completions of the model, ${TOKENS} tokens each`)
      const honest = await completions.pool({}, OF_EACH)
      const fresh = await completions.pool({}, Math.ceil((FRESH_RUNS * FRESH_PAIRS * 2) / PROMPTS.length))
      const rows = [equalRow('the model with itself', honest, honest, random), freshRow(fresh)]
      for (const [i, version] of SUBSTITUTIONS.entries()) {
        say(`${i + 1} of ${SUBSTITUTIONS.length}: ${version.name}`)
        const other = await completions.pool(version, OF_EACH)
        if (version.name.endsWith('Q4_0'))
          rows.push(equalRow('its Q4_0 version with itself', other, other, random))
        const found: number[] = []
        let time = 0
        for (let run = 0; run < RUNS; run++) {
          const start = performance.now()
          found.push(foundAfter(honest, other, PAIRS, POWER_LEVEL, random))
          time += performance.now() - start
        }
        for (const look of LOOKS)
          rows.push(
            forTheRecord(
              `${version.name}: told apart within ${look} pairs`,
              found.filter(at => at <= look).length / RUNS,
              '',
            ),
          )
        say(`${(time / RUNS).toFixed(0)} ms a comparison`)
      }
      return rows
    } finally {
      completions.close()
    }
  },
}

function equalRow(name: string, a: Pool, b: Pool, random: () => number): Row {
  let alarms = 0
  for (let run = 0; run < EQUAL_RUNS; run++)
    if (foundAfter(a, b, EQUAL_PAIRS, LEVEL, random) <= EQUAL_PAIRS) alarms++
  return atMost(
    `${name}: false alarms of ${EQUAL_RUNS} comparisons, ${EQUAL_PAIRS} pairs each, level ${LEVEL}`,
    alarms / EQUAL_RUNS,
    '',
    LEVEL,
  )
}

/** Each completion is used once, in the order in which it was made. */
function freshRow(pool: Pool): Row {
  const next = pool.map(() => 0)
  let alarms = 0
  for (let run = 0; run < FRESH_RUNS; run++) {
    const test = new EqualityTest(LEVEL)
    for (let i = 0; i < FRESH_PAIRS; i++) {
      const prompt = i % PROMPTS.length
      const take = () => pool[prompt]![next[prompt]!++]!
      test.add({ prompt: PROMPTS[prompt]!, a: take(), b: take() })
    }
    if (test.path.crossing !== undefined) alarms++
  }
  return atMost(
    `the same, ${FRESH_RUNS} comparisons of ${FRESH_PAIRS} pairs with completions of their own`,
    alarms / FRESH_RUNS,
    '',
    LEVEL,
  )
}

/** At which pair they were told apart. */
function foundAfter(a: Pool, b: Pool, pairs: number, level: number, random: () => number): number {
  const test = new EqualityTest(level)
  const taken = new Map<Pool, Set<number>[]>()
  const take = (pool: Pool, prompt: number): string => {
    const used = taken.get(pool) ?? pool.map(() => new Set<number>())
    taken.set(pool, used)
    const texts = pool[prompt]!
    for (;;) {
      const i = Math.floor(random() * texts.length)
      if (used[prompt]!.has(i)) continue
      used[prompt]!.add(i)
      return texts[i]!
    }
  }
  for (let i = 0; i < pairs; i++) {
    const prompt = Math.floor(random() * PROMPTS.length)
    test.add({ prompt: PROMPTS[prompt]!, a: take(a, prompt), b: take(b, prompt) })
    if (test.path.crossing !== undefined) return i + 1
  }
  return Number.POSITIVE_INFINITY
}

/** Uniform in [0, 1), the same every time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
