/** What is said of a re-run: the setting first, and never more than fits beside a finding. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { tokenMargin } from './bounds.ts'
import { decisionsOf } from './decisions.ts'
import { MAX_RERUN_BYTES, NOT_RERUN, type NotRerun, notRerun, rerunOf } from './rerun.ts'
import { sameSetting } from './setting.ts'
import { compareTokens, type TokenStep } from './tokens.ts'

const OWN = {
  name: 'onnxruntime-node',
  version: '1.30.0',
  configuration: { intraOpNumThreads: 1, graphOptimizationLevel: 'disabled' },
  processor: { architecture: 'x64', model: 'A processor', features: ['avx2', 'fma'] },
}
const ENTRY = 'e'.repeat(64)
const MODEL = 'd'.repeat(64)

test('the same setting is the same, whatever the order of its options', () => {
  const recorded = JSON.parse(
    JSON.stringify({ ...OWN, configuration: { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1 } }),
  )
  assert.deepEqual(sameSetting(recorded, OWN).differences, [])
  assert.ok(sameSetting(recorded, OWN).same)
})

test('differences come with the weightiest first', () => {
  const setting = sameSetting(
    {
      ...OWN,
      version: '1.29.0',
      configuration: { ...OWN.configuration, intraOpNumThreads: 2 },
      processor: { architecture: 'arm64', model: 'Another', features: ['asimd', 'fma'] },
    },
    OWN,
  )
  assert.deepEqual(
    setting.differences.map(({ what }) => what),
    [
      'version of the runtime',
      'processor architecture',
      'processor',
      'instruction sets',
      'option intraOpNumThreads',
    ],
  )
  assert.deepEqual(setting.differences[3], { what: 'instruction sets', recorded: 'asimd', own: 'avx2' })
  const { words } = rerunOf({
    entry: ENTRY,
    model: MODEL,
    setting,
    ...compareTokens([{ same: true, noise: 0, gap: 0 }], { noise: 0.05 }),
    why: 'why',
  })
  assert.match(
    words[0]!,
    /^Run again in another setting: version of the runtime: 1\.29\.0 on record, 1\.30\.0 here/,
  )
})

test('whatever a record says of its runtime, a result is short, plain JSON', () => {
  const step: fc.Arbitrary<TokenStep> = fc.record({
    same: fc.boolean(),
    noise: fc.double({ min: 0 }),
    gap: fc.double({ min: 0 }),
  })
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.array(step),
      fc.array(fc.string({ unit: 'binary' })),
      (runtime, steps, remarks) => {
        const hostile = {
          ...OWN,
          name: 'x'.repeat(5000),
          configuration: wide(remarks),
          ...(runtime as object),
        }
        for (const recorded of [runtime, hostile]) {
          const rerun = rerunOf({
            entry: ENTRY,
            model: MODEL,
            setting: sameSetting(recorded, OWN),
            ...compareTokens(steps, { noise: 0.05 }),
            why: 'why'.repeat(2000),
            remarks,
          })
          const text = JSON.stringify(rerun)
          assert.ok(Buffer.byteLength(text) < MAX_RERUN_BYTES, `${Buffer.byteLength(text)} bytes`)
          assert.deepEqual(JSON.parse(text), rerun)
          assert.match(rerun.words.join(''), /^[\x20-\x7e]*$/)
        }
      },
    ),
  )
  function wide(names: readonly string[]): Record<string, string> {
    return Object.fromEntries(
      [...names, ...'abcdefghijklmnopq'].map(name => [name.repeat(50), '"\\'.repeat(200)]),
    )
  }
})

test('the word that nobody may use is in no sentence', () => {
  const all = (Object.keys(NOT_RERUN) as NotRerun[]).flatMap(
    reason => notRerun({ entry: ENTRY }, reason).words,
  )
  for (const quantised of [true, false])
    for (const same of [true, false]) all.push(tokenMargin({ quantised, sameSetting: same }).why)
  for (const sentence of all) assert.doesNotMatch(sentence, /verified/i)
})

test('tokens within the margin are consistent, and the first one beyond it convicts', () => {
  const same = { same: true, noise: 0, gap: 0 }
  const near = { same: false, noise: 0.02, gap: 0.04 }
  const far = { same: false, noise: 0.3, gap: 0.6 }
  const margin = { noise: 0.05 }
  assert.equal(compareTokens([same, same], margin).outcome, 'exact')
  const consistent = compareTokens([same, near, same], margin)
  assert.equal(consistent.outcome, 'consistent')
  assert.deepEqual(consistent.closeness.first, { at: 1, gap: 0.04, noise: 0.02 })
  const convicted = compareTokens([near, same, far, { ...far, noise: 5 }], margin)
  assert.equal(convicted.outcome, 'inconsistent')
  assert.equal(convicted.closeness.first!.at, 0)
  assert.deepEqual(convicted.closeness.furthest, { at: 2, gap: 0.6, noise: 0.3 })
  assert.equal(convicted.closeness.same, 1)
  assert.equal(compareTokens([same], margin, 'the counts differ').outcome, 'inconsistent')
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 8, noNaN: true })), noises => {
      const steps = noises.map(noise => ({ same: noise === 0, noise, gap: noise }))
      const { outcome } = compareTokens(steps, margin)
      const most = Math.max(0, ...noises)
      assert.equal(
        outcome,
        most === 0 ? 'exact' : Number(most.toPrecision(6)) <= 0.05 ? 'consistent' : 'inconsistent',
      )
    }),
  )
})

test('a decision is an output that compares another output with a stored number', () => {
  const graph = {
    nodes: [
      { operator: 'GreaterOrEqual', inputs: ['p', 't'], outputs: ['ok'] },
      { operator: 'Less', inputs: ['t', 'p'], outputs: ['high'] },
      { operator: 'Less', inputs: ['p', 'many'], outputs: ['rows'] },
      { operator: 'Less', inputs: ['hidden', 't'], outputs: ['unseen'] },
      { operator: 'And', inputs: ['ok', 'high'], outputs: ['both'] },
    ],
    initializers: [
      { name: 't', tensor: { data: Float32Array.of(0.5) } },
      { name: 'many', tensor: { data: Float32Array.of(1, 2) } },
    ],
    outputs: ['p', 'ok', 'high', 'rows', 'unseen', 'both'].map(name => ({ name })),
  }
  assert.deepEqual(decisionsOf(graph), [
    { output: 'ok', from: 'p', operator: 'GreaterOrEqual', threshold: 0.5 },
    { output: 'high', from: 'p', operator: 'Greater', threshold: 0.5 },
  ])
})
