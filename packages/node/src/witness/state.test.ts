/** What a witness stores outlives it, and never goes back. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { newFolder } from './fixtures.test.ts'
import { originId, WitnessState } from './state.ts'

const root = new Uint8Array(32).fill(1)
const otherRoot = new Uint8Array(32).fill(2)
const at = (size: number, time = 100, hash = root) => ({ size, root: hash, note: `note ${size}\n`, time })

test('a record advances from the size that it has, and from no other', () => {
  const state = new WitnessState(':memory:')
  assert.equal(state.record('a'), undefined)
  assert.equal(state.advance('a', 3, at(5)), false)
  assert.equal(state.advance('a', 0, at(5)), true)
  assert.equal(state.advance('a', 0, at(6)), false)
  assert.equal(state.advance('a', 5, at(5, 101)), true)
  assert.equal(state.advance('a', 5, at(5, 101, otherRoot)), false)
  assert.equal(state.advance('a', 5, at(7, 100)), false)
  assert.equal(state.advance('a', 5, at(7, 101)), true)
  assert.equal(state.advance('a', 5, at(8, 101)), false)
  assert.throws(() => state.advance('a', 7, at(6)), { code: 'conflict' })
  assert.deepEqual(state.record('a'), at(7, 101))
  assert.deepEqual(state.recordById(originId('a')), at(7, 101))
  assert.equal(state.recordById(originId('b')), undefined)
  assert.equal(state.advance('b', 0, at(0)), true)
  assert.equal(state.advance('b', 0, at(2 ** 53 - 1)), true)
  assert.equal(state.record('b')!.size, 2 ** 53 - 1)
})

test('everything is there after reopening, without a close', async () => {
  const path = join(await newFolder(), 'witness.db')
  const first = new WitnessState(path)
  first.advance('a', 0, at(5))
  first.addLog('vkey')
  const conflict = { kind: 'two-roots' as const, origin: 'a', time: 1, size: 5, root, note: 'x', known: 'y' }
  first.addConflict(conflict)
  const second = new WitnessState(path)
  assert.deepEqual(second.record('a'), at(5))
  assert.deepEqual(second.logs(), ['vkey'])
  assert.deepEqual(second.conflicts(), [conflict])
  assert.equal(second.advance('a', 5, at(9)), true)
  assert.equal(first.advance('a', 5, at(8)), false)
  first.close()
  second.close()
})

/** Each thread tries to advance from whatever it reads, as often as it can. */
const CONTENDER = `
  import { parentPort, workerData } from 'node:worker_threads'
  const { WitnessState } = await import(workerData.module)
  const state = new WitnessState(workerData.path)
  const won = []
  for (let i = 0; i < 150; i++) {
    const size = state.record('a')?.size ?? 0
    if (state.advance('a', size, { size: size + 1, root: new Uint8Array(32), note: 'n', time: 1 })) won.push(size + 1)
  }
  state.close()
  parentPort.postMessage(won)
`

test('of several processes on one file only one advances from each size', async () => {
  const path = join(await newFolder(), 'witness.db')
  new WitnessState(path).close()
  const workerData = { path, module: new URL('./state.ts', import.meta.url).href }
  const source = new URL(`data:text/javascript,${encodeURIComponent(CONTENDER)}`)
  const won = await Promise.all(
    [1, 2, 3].map(
      () =>
        new Promise<number[]>((resolve, reject) => {
          const worker = new Worker(source, { workerData })
          worker.once('message', resolve)
          worker.once('error', reject)
        }),
    ),
  )
  const sizes = won.flat().sort((a, b) => a - b)
  assert.ok(sizes.length >= 150)
  assert.deepEqual(
    sizes,
    sizes.map((_, i) => i + 1),
  )
  const state = new WitnessState(path)
  assert.equal(state.record('a')!.size, sizes.length)
  state.close()
})
