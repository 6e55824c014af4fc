/** The thread that computes traces is kept for the next, and whatever went wrong in it is gone with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tensor } from '@answerable/core/graph'
import { withoutCanonical } from '../../test/canonical.ts'
import { CREDIT_FEATURES, demoFiles } from '../models/index.ts'
import { canonicalValues } from './values.ts'

const skip = withoutCanonical()

function inputs(): Map<string, Tensor> {
  return new Map(
    CREDIT_FEATURES.map(({ name, default: value }) => [
      name,
      { type: 'float32', dims: [1, 1], data: Float32Array.of(value) },
    ]),
  )
}

test('the same values each time, one after the other and side by side, also after a failure', {
  skip,
}, async () => {
  const model = demoFiles()['credit-f32.onnx']!
  const first = await canonicalValues(model, inputs())
  assert.deepEqual(await canonicalValues(model, inputs()), first)
  await assert.rejects(canonicalValues(model, new Map()), { code: 'bad-request' })
  await assert.rejects(canonicalValues(Uint8Array.of(1, 2, 3), inputs()), { code: 'bad-model' })
  await assert.rejects(canonicalValues(model, inputs(), { timeoutMs: 0 }), { code: 'unavailable' })
  const both = await Promise.all([canonicalValues(model, inputs()), canonicalValues(model, inputs())])
  assert.deepEqual(both, [first, first])
})
