import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from './random.fixture.ts'
import { TokenMatchTest } from './token-match.ts'

/** The expected e-value after all lists of `length` outcomes, where each is a mismatch with probability p. */
function expected(length: number, p: number, q: number, bound: (i: number) => number = () => q): number {
  let mean = 0
  for (let outcomes = 0; outcomes < 1 << length; outcomes++) {
    const test = new TokenMatchTest(0.01, q)
    let probability = 1
    for (let i = 0; i < length; i++) {
      const mismatch = ((outcomes >> i) & 1) === 1
      probability *= mismatch ? p : 1 - p
      test.add(!mismatch, bound(i))
    }
    mean += probability * 10 ** test.path.last.logE
  }
  return mean
}

test('a martingale where mismatches are as frequent as they may be, and less below', () => {
  for (const q of [0.01, 0.2]) {
    assert.ok(Math.abs(expected(10, q, q) - 1) < 1e-9)
    assert.ok(expected(10, q / 2, q) < 1)
    assert.ok(expected(10, 0, q) < 1)
    assert.ok(expected(10, q * 1.5, q) > 1)
  }
  // A bound of its own for each position, at least as large as the probability there.
  assert.ok(expected(10, 0.1, 0.1, i => 0.1 + i / 50) <= 1)
})

test('an honest operator is accused no more often than the level says, looked at after every token', () => {
  const runs = 1000
  for (const [q, p] of [
    [0.05, () => 0.05],
    // Mismatches in clusters, as near-ties are: never more than q, but seldom far from it or far below.
    [0.05, (i: number) => (i % 40 < 20 ? 0.05 : 0)],
  ] as const) {
    let alarms = 0
    for (let run = 0; run < runs; run++) {
      const random = seeded(run)
      const test = new TokenMatchTest(0.05, q)
      for (let i = 0; i < 400; i++) test.add(random() >= p(i))
      if (test.path.crossing !== undefined) alarms++
    }
    assert.ok(alarms <= runs * 0.05, `${alarms} of ${runs}`)
  }
})

test('what the design measured is told apart within a few tokens', () => {
  const tokens = (agreement: number) => {
    const random = seeded(9)
    const test = new TokenMatchTest(0.01, 0.05)
    while (test.path.crossing === undefined && test.tokens < 5000) test.add(random() < agreement)
    return test.tokens
  }
  // Another model, a coarser quantisation; and an honest one that agrees more often than it must.
  assert.ok(tokens(0.002) <= 6, String(tokens(0.002)))
  assert.ok(tokens(0.51) <= 20, String(tokens(0.51)))
  assert.equal(tokens(0.99), 5000)
})

test('it counts, and refuses what is none of its own', () => {
  const test = new TokenMatchTest(0.01, 0.05)
  test.add(true)
  test.add(false)
  assert.deepEqual([test.tokens, test.matches], [2, 1])
  assert.throws(() => test.add(1 as never), { code: 'bad-request' })
  for (const honest of [0, 1, -0.1, Number.NaN]) {
    assert.throws(() => new TokenMatchTest(0.01, honest), { code: 'bad-request' })
    assert.throws(() => test.add(true, honest), { code: 'bad-request' })
  }
  assert.equal(test.tokens, 2)
})
