import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { suite } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'
import { drawn, highestRate, isDrawn, rateOf, type Samples, staysDrawn } from './sampling.ts'

const LOG = 'ada.example/gateway'
const seedOf = (text: string) => suite.sha256Hex(utf8(text))
const all = (seed: string, from: number, to: number, oneIn: number) => [
  ...drawn(seed, LOG, { from, to }, oneIn, suite),
]

test('what is drawn is in range and in order, and anyone who asks about one record is told the same', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.nat(5000),
      fc.nat(500),
      fc.integer({ min: 1, max: 60 }),
      (text, from, length, oneIn) => {
        const seed = seedOf(text)
        const found = all(seed, from, from + length, oneIn)
        const asked = Array.from({ length }, (_, i) => from + i).filter(index =>
          isDrawn(seed, LOG, index, oneIn, suite),
        )
        assert.deepEqual(found, asked)
        if (oneIn === 1) assert.equal(found.length, length)
      },
    ),
  )
})

test('a record is due with one chance in so many, wherever an epoch ends', () => {
  const [oneIn, size, epochs] = [10, 37, 4000]
  let count = 0
  const places = new Array<number>(size).fill(0)
  for (let epoch = 0; epoch < epochs; epoch++)
    for (const index of all(seedOf(`${epoch}`), 1000, 1000 + size, oneIn)) {
      count++
      places[index - 1000]!++
    }
  const expected = (epochs * size) / oneIn
  // Five standard deviations of a sum of independent draws; the seeds are fixed, so this comes out the same each time.
  assert.ok(Math.abs(count - expected) < 5 * Math.sqrt(expected), `${count} of ${expected}`)
  for (const [place, hits] of places.entries())
    assert.ok(Math.abs(hits - epochs / oneIn) < 5 * Math.sqrt(epochs / oneIn), `place ${place}: ${hits}`)
})

test('declared uses thin what was drawn to their own rate', () => {
  const samples: Samples = { default: 40, uses: { 'loan approval': 4, chat: 100 } }
  assert.equal(highestRate(samples), 4)
  assert.equal(rateOf('constructor', samples), 40)
  const seed = seedOf('thin')
  const due = all(seed, 0, 400_000, highestRate(samples))
  for (const use of ['loan approval', 'chat', 'other', undefined]) {
    const stay = due.filter(index => staysDrawn(seed, LOG, index, use, samples, suite)).length
    const expected = 400_000 / rateOf(use, samples)
    assert.ok(Math.abs(stay - expected) <= 5 * Math.sqrt(expected), `${use}: ${stay} of ${expected}`)
  }
})

test('a seed of another epoch, another log and another rate draw others', () => {
  const one = all(seedOf('a'), 0, 10_000, 10)
  assert.notDeepEqual(one, all(seedOf('b'), 0, 10_000, 10))
  assert.notDeepEqual(one, [...drawn(seedOf('a'), 'bo.example/gateway', { from: 0, to: 10_000 }, 10, suite)])
  assert.notDeepEqual(
    one,
    all(seedOf('a'), 0, 10_000, 20).filter(index => one.includes(index)),
  )
})

test('an operator that orders its records anew, or adds some, gains nothing before the seed is known', () => {
  // It has 200 records, of which one is false, and may anchor them in any order, with or without others between them.
  const order = (grind: number) => Array.from({ length: 200 }, (_, i) => (i * 7 + grind) % 200)
  const caught = (grind: number, seed: string) => all(seed, 0, 200, 5).includes(order(grind).indexOf(0))
  const rates = [0, 1, 50, 199].map(grind => {
    let hits = 0
    for (let i = 0; i < 3000; i++) if (caught(grind, seedOf(`seed ${i}`))) hits++
    return hits / 3000
  })
  for (const rate of rates) assert.ok(Math.abs(rate - 0.2) < 5 * Math.sqrt(0.16 / 3000), `${rate}`)
  // Who knows the seed beforehand can: that is what 'predictable' says of a network of one owner.
  const seed = seedOf('known')
  assert.ok(order(0).some((_, grind) => !caught(grind, seed)))
})

test('rates and ranges that are none are refused', () => {
  for (const oneIn of [0, -1, 0.5, Number.NaN, 1e12])
    assert.throws(() => isDrawn(seedOf('a'), LOG, 1, oneIn, suite), { code: 'bad-request' })
  assert.throws(() => all(seedOf('a'), 5, 4, 1), { code: 'bad-request' })
  assert.throws(() => all(seedOf('a'), 0, 2_000_000, 1), { code: 'too-large' })
})
