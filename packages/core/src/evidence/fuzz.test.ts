/** A few thousand damaged inputs; `npm run fuzz:evidence` feeds a million to each target. */
import { test } from 'node:test'
import { fuzz } from '../../test/fuzz/fuzz.ts'
import { evidenceTargets } from '../../test/fuzz/targets.ts'

for (const target of evidenceTargets())
  test(`damaged inputs: ${target.name}`, () => {
    fuzz(target, { count: 250, seed: 20_261_121 })
  })
