/** Draws, and how far scores would have to be off for others: against a plain simulation. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MOST_NOISE, type Sampler, Scores } from './draw.ts'
import { Uniforms } from './mersenne.ts'

const sampler: fc.Arbitrary<Sampler> = fc.record({
  temperature: fc.constantFrom(0, 0.3, 1, 1.7),
  topK: fc.constantFrom(0, 0, 3, 8),
  topP: fc.constantFrom(1, 1, 0.9, 0.5),
  minP: fc.constantFrom(0, 0, 0.05, 0.3),
})
const logits = fc.array(fc.double({ min: -9, max: 3, noNaN: true }), { minLength: 2, maxLength: 24 })
const uniform = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

/** Probabilities at temperature 1, as a model gives them. */
function normalised(values: readonly number[]): Float64Array {
  const total = values.reduce((sum, value) => sum + Math.exp(value), 0)
  return Float64Array.from(values, value => value - Math.log(total))
}

/** The sampler as it is described: sort, cut, draw. */
function simulate(logs: Float64Array, { temperature, topK, topP, minP }: Sampler, drawn: number): number {
  const sorted = [...logs.keys()].sort((a, b) => logs[b]! - logs[a]! || a - b)
  if (temperature === 0) return sorted[0]!
  let kept = topK > 0 ? sorted.slice(0, topK) : sorted
  const whole = kept.reduce((sum, token) => sum + Math.exp(logs[token]!), 0)
  if (topP < 1) {
    let before = 0
    kept = kept.filter(token => {
      const keeps = before / whole < topP
      before += Math.exp(logs[token]!)
      return keeps
    })
  }
  if (minP > 0) kept = kept.filter(token => logs[token]! >= logs[kept[0]!]! + Math.log(minP))
  const weights = kept.map(token => Math.exp((logs[token]! - logs[kept[0]!]!) / temperature))
  const target = drawn * weights.reduce((sum, weight) => sum + weight, 0)
  let sum = 0
  for (const [i, weight] of weights.entries()) {
    sum += weight
    if (sum >= target) return kept[i]!
  }
  return kept.at(-1)!
}

test('what is drawn takes no noise', () => {
  fc.assert(
    fc.property(logits, sampler, uniform, (values, how, drawn) => {
      const logs = normalised(values)
      assert.equal(new Scores(logs, how).leastNoise(simulate(logs, how, drawn), drawn), 0)
    }),
    { numRuns: 2000 },
  )
})

test('`draw` gives the token that is drawn', () => {
  fc.assert(
    fc.property(logits, sampler, uniform, (values, how, drawn) => {
      const logs = normalised(values)
      const near = [-1e-6, 0, 1e-6].map(off => simulate(logs, how, Math.min(1, Math.max(0, drawn + off))))
      // But for sums that end at the very number, where rounding decides.
      fc.pre(new Set(near).size === 1)
      const scores = new Scores(logs, how)
      assert.equal(scores.draw(drawn), near[0])
      assert.equal(scores.leastNoise(near[0]!, drawn), 0)
    }),
    { numRuns: 3000 },
  )
})

test('a token that some noise makes is never said to take more than that noise', () => {
  const noise = fc.double({ min: 0, max: 0.5, noNaN: true })
  fc.assert(
    fc.property(
      logits,
      sampler,
      uniform,
      noise,
      fc.infiniteStream(uniform),
      (values, how, drawn, most, signs) => {
        const ours = normalised(values)
        // Whole logits are off, before they are made probabilities of.
        const theirs = normalised(values.map(value => value + most * (2 * signs.next().value! - 1)))
        const token = simulate(theirs, how, drawn)
        const least = new Scores(ours, how).leastNoise(token, drawn)
        assert.ok(least <= most * 1.01 + 2e-6, `${least} for a token that ${most} makes`)
      },
    ),
    { numRuns: 5000 },
  )
})

test('a token far from what is drawn takes much noise', () => {
  const logs = normalised([3, 2, -6])
  const greedy = new Scores(logs, { temperature: 0, topK: 0, topP: 1, minP: 0 })
  assert.ok(Math.abs(greedy.leastNoise(1, undefined) - 0.5) < 1e-3)
  assert.ok(greedy.leastNoise(2, undefined) > 4.4)
  const drawn = new Scores(logs, { temperature: 1, topK: 0, topP: 1, minP: 0 })
  assert.ok(drawn.leastNoise(2, 0.5) > 2)
  assert.ok(drawn.leastNoise(1, 0.99) < 1e-6)
  const cut = new Scores(logs, { temperature: 1, topK: 2, topP: 1, minP: 0 })
  assert.ok(cut.leastNoise(2, 0.999999) > 3.9)
  assert.equal(drawn.leastNoise(7, 0.5), Number.POSITIVE_INFINITY)
  const impossible = new Scores(Float64Array.of(0, Number.NEGATIVE_INFINITY), {
    temperature: 1,
    topK: 0,
    topP: 1,
    minP: 0,
  })
  assert.equal(impossible.leastNoise(1, 0.9), Number.POSITIVE_INFINITY)
  assert.ok(MOST_NOISE < Number.POSITIVE_INFINITY)
})

test('the Mersenne Twister gives its published numbers', () => {
  // The 10,000th output of mt19937 with the seed 5489 is 4123659995 (ISO C++ [rand.predef]); two make one number.
  const uniforms = new Uniforms(5489)
  const high = Math.floor(uniforms.at(4999) * 2 ** 32)
  assert.equal(high, 4123659995)
  assert.equal(new Uniforms(5489).at(4999), uniforms.at(4999))
  for (let i = 0; i < 1000; i++) assert.ok(uniforms.at(i) >= 0 && uniforms.at(i) < 1)
})
