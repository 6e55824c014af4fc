/** The test of equality: a fair game under the null, to the last pair; and no game at all where there is a difference. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EqualityTest, equalityPath, MOST_PAIRS, type Pair } from './equality.ts'
import { babble, type Random, seeded } from './random.fixture.ts'
import { MOST_TEXT } from './units.ts'

const LEVEL = 0.05

function pairsOf(random: Random, count: number, tilt = 1): Pair[] {
  return Array.from({ length: count }, () => ({
    prompt: random() < 0.5 ? 'one' : 'two',
    a: babble(random, 12),
    b: babble(random, 12, tilt),
  }))
}

const logs = (pairs: readonly Pair[]) => {
  const one = new EqualityTest(LEVEL)
  return pairs.map(pair => one.add(pair).logE)
}
const exchanged = ({ prompt, a, b }: Pair): Pair => ({ prompt, a: b, b: a })

test('whichever came from whom is a fair coin: at every step the two orders average to what there was', () => {
  for (const [seed, tilt] of [
    [1, 1],
    [2, 3],
    [3, 0.3],
  ] as const) {
    const pairs = pairsOf(seeded(seed), 8, tilt)
    // e-values after each prefix of orders, all 2^8 of them.
    const values = new Map<string, number>()
    for (let orders = 0; orders < 1 << pairs.length; orders++) {
      const path = logs(pairs.map((pair, i) => ((orders >> i) & 1 ? exchanged(pair) : pair)))
      let prefix = ''
      for (const [i, log] of path.entries()) {
        prefix += (orders >> i) & 1
        values.set(prefix, 10 ** log)
      }
    }
    values.set('', 1)
    for (const [prefix, value] of values) {
      if (prefix.length === pairs.length) continue
      const mean = (values.get(`${prefix}0`)! + values.get(`${prefix}1`)!) / 2
      assert.ok(Math.abs(mean - value) <= 1e-12 * value, `${prefix}: ${mean} where ${value} was`)
    }
  }
})

test('which side is called A makes no difference, to the last bit', () => {
  for (let seed = 0; seed < 20; seed++) {
    const pairs = pairsOf(seeded(seed), 30, 1 + seed / 5)
    assert.deepEqual(logs(pairs.map(exchanged)), logs(pairs))
  }
})

test('pair by pair is what the whole list gives', () => {
  const pairs = pairsOf(seeded(7), 50, 2)
  const path = equalityPath(pairs, LEVEL)
  assert.equal(path.last.logE, logs(pairs).at(-1))
  assert.equal(path.peak.logE, Math.max(0, ...logs(pairs)))
})

test('equal sources are told apart no more often than the level says, looked at after every pair', () => {
  const runs = 400
  const length = 80
  const scenes: [string, (random: Random) => Pair[]][] = [
    ['independent', random => pairsOf(random, length)],
    ['drifting together', random => Array.from({ length }, (_, i) => same(random, 'p', 1 + i / 20))],
    [
      'prompts in a row, each with its own answers',
      random => Array.from({ length }, (_, i) => same(random, `p${i >> 3}`, 0.5 + (i >> 3) / 4)),
    ],
    [
      'prompts chosen by the answer before',
      random => {
        const out: Pair[] = []
        for (let i = 0; i < length; i++) out.push(same(random, out.at(-1)?.a.slice(0, 5) ?? '', 2))
        return out
      },
    ],
    [
      'the same answer again and again',
      random =>
        Array.from({ length }, () => ({
          prompt: 'p',
          a: random() < 0.5 ? 'x' : 'y',
          b: random() < 0.5 ? 'x' : 'y',
        })),
    ],
    // Answers depend on the ones before, of both sides alike.
    [
      'answers that repeat earlier ones',
      random => {
        const said = ['a', 'b', 'c']
        return Array.from({ length }, () => {
          const pick = () => (random() < 0.2 ? babble(random, 4) : said[Math.floor(random() * said.length)]!)
          const pair = { prompt: 'p', a: pick(), b: pick() }
          said.push(pair.a, pair.b)
          return pair
        })
      },
    ],
  ]
  for (const [name, make] of scenes) {
    let alarms = 0
    for (let run = 0; run < runs; run++)
      if (equalityPath(make(seeded(run * 31 + 5)), LEVEL).crossing !== undefined) alarms++
    assert.ok(alarms <= runs * LEVEL, `${name}: ${alarms} of ${runs}`)
  }
})

function same(random: Random, prompt: string, tilt: number): Pair {
  return { prompt, a: babble(random, 8, tilt), b: babble(random, 8, tilt) }
}

test('a source that differs is told apart', () => {
  const found = (pairs: Pair[]) => equalityPath(pairs, 0.01).crossing?.at ?? Number.POSITIVE_INFINITY
  const fixed = Array.from({ length: 40 }, (_, i) => ({
    prompt: `p${i % 4}`,
    a: `yes ${i % 4}`,
    b: `no ${i % 4}`,
  }))
  assert.ok(found(fixed) <= 25, `two that always answer the same: ${found(fixed)}`)
  const random = seeded(3)
  assert.ok(found(pairsOf(random, 400, 2)) <= 200)
  // Only the length differs.
  const longer = Array.from({ length: 300 }, () => ({
    prompt: 'p',
    a: babble(random, 6),
    b: babble(random, 12),
  }))
  assert.ok(found(longer) <= 300)
})

test('whatever the texts are, the e-value is a number that is not negative', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          prompt: fc.string({ unit: 'binary', maxLength: 5 }),
          a: fc.string({ unit: 'binary', maxLength: 40 }),
          b: fc.string({ unit: 'binary', maxLength: 40 }),
        }),
        { maxLength: 40 },
      ),
      pairs => {
        for (const log of logs(pairs)) assert.ok(Number.isFinite(log) && 10 ** log >= 0)
      },
    ),
    { numRuns: 60 },
  )
  const lone = '\ud800'
  assert.ok(logs([{ prompt: lone, a: lone.repeat(500), b: '' }]).every(Number.isFinite))
})

test('a thousand pairs that are all alike, or all in favour, stay in range', () => {
  const alike = Array.from({ length: 1000 }, () => ({ prompt: 'p', a: 'same', b: 'same' }))
  assert.deepEqual(new Set(logs(alike).map(log => Math.round(log * 1e9))), new Set([0]))
  const clear = Array.from({ length: 1000 }, () => ({ prompt: 'p', a: 'left', b: 'right' }))
  const path = logs(clear)
  assert.ok(path.every(Number.isFinite) && path.at(-1)! > 200)
})

test('what is no pair is refused', () => {
  const one = new EqualityTest(LEVEL)
  const add = (pair: object) => () => one.add(pair as Pair)
  assert.throws(add({ prompt: 'p', a: 1, b: '' }), { code: 'bad-request' })
  assert.throws(add({ prompt: 'p', a: '' }), { code: 'bad-request' })
  assert.throws(add({ prompt: null, a: '', b: '' }), { code: 'bad-request' })
  assert.throws(add({ prompt: 'p', a: 'x'.repeat(MOST_TEXT + 1), b: '' }), { code: 'too-large' })
  for (const level of [0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, '0.01' as never])
    assert.throws(() => new EqualityTest(level), { code: 'bad-request' })
  assert.equal(one.path.last.at, 0)
  const full = new EqualityTest(LEVEL)
  for (let i = 0; i < MOST_PAIRS; i++) full.add({ prompt: '', a: '', b: '' })
  assert.throws(() => full.add({ prompt: '', a: '', b: '' }), { code: 'too-large' })
})
