import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewRecord } from '../storage/storage.ts'
import { CommitQueue, type Committed, type Draft, MOST_BYTES, MOST_RECORDS } from './commit-queue.ts'

const EMPTY = new Uint8Array(0)

function record(bytes = 1): Draft {
  return { bytes, make: () => recordOf(bytes) }
}

function recordOf(bytes: number): NewRecord {
  return { statement: new Uint8Array(bytes), content: EMPTY, entry: EMPTY }
}

/** A store that is slow, keeps what it got, and fails where it is told to. */
function store(fails: (batch: number) => boolean = () => false) {
  const batches: NewRecord[][] = []
  let size = 0
  let busy = false
  const commit = async (records: NewRecord[]): Promise<Committed[]> => {
    assert.ok(!busy, 'two commits at a time')
    busy = true
    batches.push(records)
    await new Promise(resolve => setTimeout(resolve, 2))
    busy = false
    if (fails(batches.length - 1)) throw new Error(`batch ${batches.length - 1}`)
    const first = size
    size += records.length
    return records.map((_, i) => ({ index: first + i, position: { segment: 0, offset: 0 } }))
  }
  return { batches, queue: new CommitQueue(commit) }
}

test('records of one turn share a commit, and those that come meanwhile share the next', async () => {
  const { batches, queue } = store()
  const first = [1, 2, 3].map(() => queue.add(record()))
  await first[0]
  const second = [1, 2].map(() => queue.add(record()))
  await Promise.all([...first, ...second])
  assert.deepEqual(
    batches.map(batch => batch.length),
    [3, 2],
  )
})

test('acknowledgements come in the order of the indexes, which is that of the calls', async () => {
  const { queue } = store()
  const acknowledged: number[] = []
  const all: Promise<unknown>[] = []
  for (let i = 0; i < 200; i++) {
    all.push(queue.add(record()).then(({ index }) => acknowledged.push(index)))
    if (i % 17 === 0) await new Promise(resolve => setTimeout(resolve, 1))
  }
  await Promise.all(all)
  assert.deepEqual(
    acknowledged,
    Array.from({ length: 200 }, (_, i) => i),
  )
})

test('a commit that fails fails for all that wait, and later ones succeed', async () => {
  const { batches, queue } = store(batch => batch === 1)
  const first = queue.add(record())
  await new Promise(resolve => setImmediate(resolve))
  const failing = [queue.add(record()), queue.add(record())]
  await first
  await new Promise(resolve => setTimeout(resolve, 1))
  const late = queue.add(record())
  for (const one of [...failing, late]) await assert.rejects(one, { message: 'batch 1' })
  assert.equal(batches[1]!.length, 2)
  assert.equal((await queue.add(record())).index, 1)
  await queue.idle()
})

test('a batch holds no more records and bytes than it may, except for one record larger than that', async () => {
  const { batches, queue } = store()
  const many = Array.from({ length: MOST_RECORDS * 2 + 5 }, () => queue.add(record()))
  await Promise.all(many)
  assert.deepEqual(
    batches.map(batch => batch.length),
    [MOST_RECORDS, MOST_RECORDS, 5],
  )
  batches.length = 0
  const half = MOST_BYTES / 2
  await Promise.all([half, half, 1, MOST_BYTES + 1, 1].map(bytes => queue.add(record(bytes))))
  assert.deepEqual(
    batches.map(batch => batch.map(({ statement }) => statement.length)),
    [[half, half], [1], [MOST_BYTES + 1], [1]],
  )
})
