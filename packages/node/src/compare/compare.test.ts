/** A comparison as it runs: how both sides are asked, when it ends, and what is kept of it. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AnswerableError } from '@answerable/core'
import { EqualityTest } from '@answerable/core/compare'
import { type CompareOptions, compare } from './compare.ts'
import type { Source } from './source.ts'

const PARAMETERS = { temperature: 1, topP: 1, maxTokens: 8, api: 'chat' } as const
const PROMPTS = ['one', 'two', 'three']

function fake(name: string, answer: (prompt: string, seed: number) => string | Promise<string>): Source {
  return {
    side: { kind: 'endpoint', url: `http://${name}/v1`, model: name },
    complete: async (prompt, seed) => answer(prompt, seed),
    close: async () => undefined,
  }
}

const noisy = (name: string) => fake(name, (_, seed) => ['red', 'green', 'blue'][seed % 3]!)

function options(changes: Partial<CompareOptions>): CompareOptions {
  return {
    a: noisy('a'),
    b: noisy('b'),
    prompts: PROMPTS,
    parameters: PARAMETERS,
    samples: 60,
    level: 0.01,
    ...changes,
  }
}

test('two that differ are told apart before the samples are used up', async () => {
  let asked = 0
  const b = fake('b', () => {
    asked++
    return 'something else'
  })
  const { body, faults } = await compare(options({ b, samples: 500 }))
  assert.equal(body.outcome, 'different')
  assert.equal(body.ended, 'level')
  assert.ok(body.seen < 60 && asked === body.seen)
  assert.deepEqual(faults, {})
  assert.deepEqual(body.failed, { a: 0, b: 0 })
})

test('two that are the same use all samples, except where chance has it', async () => {
  const { body } = await compare(options({ level: 1e-6 }))
  assert.equal(body.outcome, 'not-shown')
  assert.equal(body.ended, 'samples')
  assert.equal(body.seen, 60)
})

test('seeds are drawn anew for each call, prompts and turns at random', async () => {
  const seen: string[] = []
  const seeds = new Set<number>()
  const prompts = new Set<string>()
  const note = (name: string) =>
    fake(name, (prompt, seed) => {
      seen.push(name)
      seeds.add(seed)
      prompts.add(prompt)
      return 'same'
    })
  await compare(options({ a: note('a'), b: note('b') }))
  assert.ok(seeds.size > 115)
  assert.deepEqual([...prompts].sort(), [...PROMPTS].sort())
  const firsts = seen.filter((_, i) => i % 2 === 0)
  assert.ok(firsts.includes('a') && firsts.includes('b'))
})

test('pairs count in the order of drawing, however many are under way', async () => {
  let under = 0
  let most = 0
  const slow = (name: string) =>
    fake(name, async (_, seed) => {
      most = Math.max(most, ++under)
      await sleep(seed % 7)
      under--
      return String(seed)
    })
  const lines: string[] = []
  const { body } = await compare(
    options({ a: slow('a'), b: slow('b'), parallel: 6, level: 1e-6, keep: line => lines.push(line) }),
  )
  assert.ok(most > 2 && most <= 6, String(most))
  assert.equal(lines.length, 61)
  assert.match(lines[0]!, /^\{"salt":"[0-9a-f]{64}"\}\n$/)
  assert.equal(createHash('sha256').update(lines.join('')).digest('hex'), body.transcript)
  // What was kept gives the same e-value again.
  const again = new EqualityTest(1e-6)
  for (const line of lines.slice(1)) {
    const { prompt, a, b } = JSON.parse(line)
    again.add({ prompt: PROMPTS[prompt]!, a, b })
  }
  assert.ok(Math.abs(again.path.last.logE - body.logE) <= 1e-4)
})

test('a pair without an answer is left out and counted', async () => {
  let count = 0
  const b = fake('b', (_, seed) => {
    if (++count % 4 === 0) throw new AnswerableError('upstream-broken', 'no text')
    return ['red', 'green', 'blue'][seed % 3]!
  })
  const { body, faults } = await compare(options({ b, level: 1e-6 }))
  assert.equal(body.ended, 'samples')
  assert.equal(body.seen + body.failed.b, 60)
  assert.ok(body.failed.b >= 10 && body.failed.a === 0)
  assert.equal(faults.b, 'no text')
})

test('a side that is gone ends it: with what there was, or with the fault where there was nothing', async () => {
  let count = 0
  const b = fake('b', () => {
    if (++count > 10) throw new AnswerableError('upstream-timeout', 'no answer')
    return 'red'
  })
  const { body, faults } = await compare(options({ b, level: 1e-6 }))
  assert.equal(body.ended, 'failures')
  assert.equal(body.seen, 10)
  assert.equal(body.failed.b, 5)
  assert.equal(faults.b, 'no answer')
  const refusing = fake('a', () => {
    throw new AnswerableError('unauthorized', 'no key')
  })
  await assert.rejects(compare(options({ a: refusing })), { code: 'unauthorized' })
  const gone = fake('a', () => {
    throw new AnswerableError('upstream-unreachable', 'nobody there')
  })
  await assert.rejects(compare(options({ a: gone, parallel: 3 })), { code: 'upstream-unreachable' })
})

test('one who stops it gets what there was', async () => {
  const stop = new AbortController()
  let points = 0
  const { body } = await compare(
    options({
      level: 1e-6,
      samples: 5000,
      signal: stop.signal,
      onPoint: () => {
        if (++points === 7) stop.abort()
      },
    }),
  )
  assert.equal(body.ended, 'stopped')
  assert.equal(body.seen, 7)
})

test('options out of bounds are refused before anyone is asked', async () => {
  const a = fake('a', () => assert.fail('asked'))
  for (const changes of [{ samples: 0 }, { samples: 1.5 }, { samples: 1e9 }, { level: 0 }, { prompts: [] }])
    await assert.rejects(compare(options({ a, ...changes })), { code: 'bad-request' })
})
