import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from './prng.ts'
import { exp, sigmoid } from './sigmoid.ts'

test('exp is accurate to 1e-15 and ends where doubles do', () => {
  for (let x = -700; x <= 700; x += 0.137) {
    const expected = Math.exp(x)
    assert.ok(Math.abs(exp(x) - expected) <= 1e-15 * expected, String(x))
  }
  assert.equal(exp(0), 1)
  assert.equal(exp(-701), 0)
  assert.equal(exp(701), Number.POSITIVE_INFINITY)
  assert.equal(sigmoid(0), 0.5)
  assert.equal(sigmoid(-1e6), 0)
  assert.equal(sigmoid(1e6), 1)
})

test('a seed gives the same numbers, and another seed others', () => {
  const draw = (seed: number) => {
    const random = new Prng(seed)
    return Array.from({ length: 4 }, () => random.uint32())
  }
  assert.deepEqual(draw(1), [2442144158, 3238099751, 3819917871, 2104621829])
  assert.notDeepEqual(draw(2), draw(1))
})

test('draws have the distribution that they claim', () => {
  const random = new Prng(3)
  const count = 100_000
  let sum = 0
  let squares = 0
  const picks = [0, 0, 0]
  let uniform = 0
  for (let i = 0; i < count; i++) {
    const x = random.normal()
    sum += x
    squares += x * x
    picks[random.pick([1, 2, 5])]!++
    uniform += random.uniform()
  }
  assert.ok(Math.abs(sum / count) < 0.015)
  assert.ok(Math.abs(squares / count - 1) < 0.02)
  assert.ok(Math.abs(uniform / count - 0.5) < 0.005)
  ;[1 / 8, 2 / 8, 5 / 8].forEach((share, i) => {
    assert.ok(Math.abs(picks[i]! / count - share) < 0.01)
  })
})

test('a shuffle keeps every item', () => {
  const items = Int32Array.from({ length: 100 }, (_, i) => i)
  new Prng(4).shuffle(items)
  assert.notDeepEqual(
    [...items],
    Array.from({ length: 100 }, (_, i) => i),
  )
  assert.deepEqual(
    [...items].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  )
})
