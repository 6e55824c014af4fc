/**
 * How often two equal models are told apart by mistake, looked at after every pair, and how soon substitutions are found:
 * by the test of equality, and token by token against a trusted copy. The model is stories260K and versions of it.
 *
 * Each version's completions are made once, and pairs drawn from them without replacement within a comparison: a thousand
 * comparisons with completions of their own would be ten million tokens. Comparisons that share a pool are not
 * independent of one another, which widens the spread of a measured share and does not move it; some with completions
 * of their own stand beside them.
 */
import { TokenMatchTest } from '@answerable/core/compare'
import { ModelFileSource } from '@answerable/node/compare'
import { CHANGED, Completions, type Pool, PROMPTS, TOKENS, type Version, WARMER } from './lib/completions.ts'
import { atMost, type Benchmark, forTheRecord, type Row } from './lib/rows.ts'
import { freshAlarms, type Random, seeded, toldAfter } from './lib/telling.ts'

const LEVEL = 0.05
const EQUAL_RUNS = 1000
const EQUAL_PAIRS = 200
const FRESH_RUNS = 40
const FRESH_PAIRS = 80

const POWER_LEVEL = 0.01
const OF_EACH = 300
const RUNS = 200
const LOOKS = [25, 50, 100, 200, 400, 800]

const HONEST = 0.01
const ANSWERS = 150
const ANSWER_TOKENS = 32
const TOKEN_LOOKS = [25, 50, 100, 200, 400, 800]
const TOKEN_VERSIONS: readonly Version[] = [
  { name: 'honest: the same file' },
  { name: 'honest: with an F32 cache', cacheType: 'F32' },
  ...CHANGED,
  { name: 'temperature 0.3 for 0', temperature: 0.3 },
]

export const benchmark: Benchmark = {
  title: 'compare',
  async run(say): Promise<Row[]> {
    const completions = new Completions(1)
    try {
      const random = seeded(20_260_131)
      return [
        ...(await equality(completions, random, say)),
        ...(await tokenByToken(completions, random, say)),
      ]
    } finally {
      completions.close()
    }
  },
}

async function equality(
  completions: Completions,
  random: Random,
  say: (line: string) => void,
): Promise<Row[]> {
  say(`completions of the model, ${TOKENS} tokens each`)
  const honest = await completions.pool({}, OF_EACH)
  const fresh = await completions.pool({}, Math.ceil((FRESH_RUNS * FRESH_PAIRS * 2) / PROMPTS.length))
  const alarms = freshAlarms(fresh, FRESH_RUNS, FRESH_PAIRS, LEVEL)
  const rows: Row[] = [
    equalRow('the model with itself', honest, random),
    atMost(
      `the model with itself: ${FRESH_RUNS} comparisons of ${FRESH_PAIRS} pairs, completions of their own, level ${LEVEL}`,
      alarms / FRESH_RUNS,
      '',
      LEVEL,
    ),
  ]
  for (const version of [...CHANGED, ...WARMER]) {
    say(version.name)
    const other = await completions.pool(version, OF_EACH)
    if (version.name.endsWith('Q4_0'))
      rows.splice(1, 0, equalRow('its Q4_0 version with itself', other, random))
    const told: number[] = []
    for (let run = 0; run < RUNS; run++)
      told.push(toldAfter(honest, other, LOOKS.at(-1)!, POWER_LEVEL, random))
    for (const look of LOOKS)
      rows.push(forTheRecord(`${version.name}: told apart within ${look} pairs`, shareWithin(told, look), ''))
  }
  return rows
}

function equalRow(name: string, pool: Pool, random: Random): Row {
  const told: number[] = []
  for (let run = 0; run < EQUAL_RUNS; run++) told.push(toldAfter(pool, pool, EQUAL_PAIRS, LEVEL, random))
  return atMost(
    `${name}: false alarms, ${EQUAL_RUNS} comparisons of ${EQUAL_PAIRS} pairs, level ${LEVEL}`,
    shareWithin(told, EQUAL_PAIRS),
    '',
    LEVEL,
  )
}

/** Greedy answers, followed through the model itself; in comparisons that take the answers in random order. */
async function tokenByToken(
  completions: Completions,
  random: Random,
  say: (line: string) => void,
): Promise<Row[]> {
  // Greedy answers differ only as their prompts do: beginnings that the model makes up.
  const begun = await completions.pool({}, Math.ceil(ANSWERS / PROMPTS.length))
  const prompts = begun.flatMap((texts, i) => texts.map(text => PROMPTS[i]! + text)).slice(0, ANSWERS)
  const rows: Row[] = []
  for (const version of TOKEN_VERSIONS) {
    say(`${version.name}, token by token`)
    const answers = await completions.answers(version, prompts, ANSWER_TOKENS)
    const matches = await matchesOf(completions.file(), prompts, answers)
    const all = matches.flat()
    rows.push(forTheRecord(`${version.name}: tokens that match`, all.filter(Boolean).length / all.length, ''))
    const told: number[] = []
    for (let run = 0; run < RUNS; run++) told.push(toldAfterTokens(matches, random))
    for (const look of TOKEN_LOOKS)
      rows.push(
        forTheRecord(`${version.name}: told apart within ${look} tokens`, shareWithin(told, look), ''),
      )
  }
  return rows
}

async function matchesOf(file: string, prompts: string[], answers: string[]): Promise<boolean[][]> {
  const parameters = { temperature: 0, topP: 1, maxTokens: ANSWER_TOKENS, api: 'completion' } as const
  const copy = await ModelFileSource.open(file, parameters)
  try {
    const out: boolean[][] = []
    for (const [i, answer] of answers.entries())
      out.push(await copy.matches(prompts[i]!, answer, copy.margin, NEVER))
    return out
  } finally {
    await copy.close()
  }
}

const NEVER = new AbortController().signal

function toldAfterTokens(matches: readonly boolean[][], random: Random): number {
  const test = new TokenMatchTest(POWER_LEVEL, HONEST)
  const order = matches.map(answer => ({ answer, key: random() })).sort((x, y) => x.key - y.key)
  // To the first mismatch, as `replayTokens` does.
  for (const { answer } of order)
    for (const matched of answer) {
      test.add(matched)
      if (test.path.crossing !== undefined) return test.tokens
      if (!matched) break
    }
  return Number.POSITIVE_INFINITY
}

function shareWithin(told: readonly number[], look: number): number {
  return told.filter(at => at <= look).length / told.length
}
