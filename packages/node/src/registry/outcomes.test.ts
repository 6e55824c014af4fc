import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Outcome } from '@answerable/core/registry'
import { temporaryFolder } from '../../test/network.ts'
import { Outcomes } from './outcomes.ts'

const A = 'aa'.repeat(32)
const B = 'bb'.repeat(32)
const OUTCOMES: Outcome[] = [
  { index: 0, effective: true, kind: 'charter', digest: A, member: 'ada.example' },
  { index: 1, effective: false, rule: 'malformed-envelope', detail: 'no “payload”' },
  { index: 2, effective: false, kind: 'tick', digest: B, rule: 'stale' },
  { index: 3, effective: true, kind: 'tick', digest: B, member: 'bo.example', tick: 7, settles: true },
  { index: 4, effective: false, kind: 'tick', digest: B, rule: 'duplicate' },
  { index: 5, effective: false, kind: 'charter', digest: A, rule: 'duplicate' },
]

function expect(outcomes: Outcomes): void {
  for (const one of OUTCOMES) assert.deepEqual(outcomes.at(one.index), one)
  assert.equal(outcomes.at(6), undefined)
  assert.equal(outcomes.find(A)!.index, 0)
  assert.equal(outcomes.find(B)!.index, 3)
  assert.equal(outcomes.find('cc'.repeat(32)), undefined)
  assert.deepEqual(
    outcomes.ofKind('tick', 3).map(({ index }) => index),
    [3, 4],
  )
}

test('an entry’s outcome is found by its index, by its statement and by its kind', t => {
  const path = join(temporaryFolder(t), 'outcomes.db')
  writeFileSync(path, 'not a database')
  const outcomes = new Outcomes(path)
  outcomes.add(OUTCOMES.slice(0, 2))
  outcomes.add([])
  outcomes.add(OUTCOMES.slice(2))
  expect(outcomes)
  outcomes.close()
})

test('of a statement that never took effect, the newest entry is told', t => {
  const outcomes = new Outcomes(join(temporaryFolder(t), 'outcomes.db'))
  outcomes.add([
    { index: 0, effective: false, digest: A, rule: 'stale' },
    { index: 1, effective: false, digest: A, rule: 'duplicate' },
  ])
  assert.equal(outcomes.find(A)!.index, 1)
  outcomes.close()
})

test('what the database does not take is kept, and goes there once it does', t => {
  const outcomes = new Outcomes(join(temporaryFolder(t), 'outcomes.db'))
  outcomes.add(OUTCOMES.slice(0, 3))
  // No value of a database: all of what comes with it is late.
  const impossible = { index: 9, effective: true, kind: {} as string }
  outcomes.add([...OUTCOMES.slice(3), impossible])
  expect(outcomes)
  outcomes.close()
})
