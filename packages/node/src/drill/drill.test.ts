import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ATTESTED, AUDITED, MANY_OWNERS, ONE_OWNER, testDrills } from '../../test/drills.ts'
import { listDrills, runDrill } from './index.ts'

testDrills(ONE_OWNER, 7)

test('every drill is among those that are tested', () => {
  const tested = [ONE_OWNER, MANY_OWNERS, AUDITED, ATTESTED].flatMap(Object.keys)
  assert.deepEqual(
    tested.toSorted(),
    listDrills()
      .map(({ name }) => name)
      .toSorted(),
  )
})

test('an unknown name is refused with the names there are', async () => {
  await assert.rejects(runDrill('fire'), { code: 'bad-request', message: /flipped-byte, forked-log/ })
})
