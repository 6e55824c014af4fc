/** Openings by those who committed to nothing that can be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suite } from '../../test/fixture.ts'
import { toHex, utf8 } from '../bytes.ts'
import type { ElementType } from '../graph/tensor.ts'
import { checkOpening, claimHash, headHash, parseOpening, tileCount } from './index.ts'

const KEY = suite.sha256(utf8('trace'))
const ROOT = 'ab'.repeat(32)

/** A commitment to one value of these dimensions, of which nothing is shown: nobody needs to have computed it. */
function committed(type: ElementType, dims: number[]) {
  const head = headHash(0, { name: 'v', type, dims }, KEY, suite)
  const root = toHex(claimHash({ head, tiles: ROOT, count: tileCount(dims) }, suite))
  const opening = parseOpening({ value: 0, name: 'v', type, dims, root: ROOT, proof: [], tiles: [] })
  return () => checkOpening(opening, { version: 1, root, count: 1 }, KEY, suite)
}

test('a value is not given gigabytes of room because two sides say that it is so large', () => {
  assert.equal(committed('float32', [1024, 1024])().data.length, 2 ** 20)
  for (const dims of [[2 ** 31], [2 ** 15, 2 ** 15], [2 ** 26]])
    assert.throws(committed('float64', dims), { code: 'bad-proof' })
})

test('shapes that no tensor has are refused before any room is made', () => {
  for (const dims of [[2 ** 40], [-1], [0.5], [Number.NaN], Array.from({ length: 17 }, () => 1)])
    assert.throws(() => committed('float32', dims)(), { name: 'AnswerableError' })
  assert.throws(committed('float32', [2 ** 20, 0, 2 ** 31])) // too large on the way
})
