import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ATTESTED, testDrills } from '../../test/drills.ts'
import { SIMULATED } from './attested-network.ts'
import { listDrills } from './index.ts'

// What is waited for is the registry's time more than the processor's.
testDrills(ATTESTED, 3)

test('each says that its hardware is simulated, in its title and in what it does not show', () => {
  for (const { name, title, notShown } of listDrills()) {
    if (!Object.hasOwn(ATTESTED, name)) continue
    assert.match(title, /simulated/)
    assert.ok(notShown.includes(SIMULATED))
  }
})
