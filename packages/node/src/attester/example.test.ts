import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import {
  type Appraisal,
  appraise,
  evidenceFormat,
  NO_ENDORSEMENTS,
  readEvidence,
} from '@answerable/core/evidence'
import { nodeSuite } from '../log/suite.ts'
import { type ExampleEvidence, exampleEvidence } from './example.ts'

const NOW = Date.parse('2026-08-01T10:00:00Z')

function check({ bytes, time, policy }: ExampleEvidence): Appraisal {
  const [{ format, parsed } = assert.fail()] = readEvidence(bytes).found
  return appraise(evidenceFormat(format)!, parsed, {
    time,
    policy,
    endorsements: NO_ENDORSEMENTS,
    suite: nodeSuite,
  })
}

const reasons = (one: ExampleEvidence) =>
  check(one).checks.flatMap(({ outcome, reason }) => (outcome === 'fail' ? [reason] : []))

test('without recorded documents, simulated ones are made that say so on their face', () => {
  for (const time of [NOW, Date.parse('2061-01-01T00:00:00Z')]) {
    const examples = exampleEvidence(time, pathToFileURL('/nowhere/at/all/'))
    assert.deepEqual(
      examples.map(one => check(one).verdict.met),
      examples.map(({ good }) => good),
    )
    assert.deepEqual(examples.map(reasons), [[], ['root-not-trusted'], ['debug-mode']])
    for (const { title, bytes } of examples) {
      assert.match(title, /^SIMULATED/)
      assert.ok(Buffer.from(bytes).includes('SIMULATED example, no hardware: root'))
    }
  }
})

test('a recorded real document is good as of its time, and rejected with its reasons now', t => {
  const vectors = new URL('../../../../../shared/vectors/nitro/', import.meta.url)
  if (!existsSync(vectors)) return t.skip('shared/vectors is not here')
  const examples = exampleEvidence(NOW)
  assert.equal(examples.length, 3)
  assert.deepEqual(
    examples.map(one => check(one).verdict.met),
    [true, false, false],
  )
  assert.deepEqual(examples.map(reasons), [[], ['certificate-expired'], ['debug-mode']])
  assert.ok(examples.every(({ title }) => !title.includes('SIMULATED')))
})
