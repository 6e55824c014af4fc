/** Records come back as they went in, whatever their sizes and those of batches, segments and key files. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equal } from '@answerable/core'
import fc from 'fast-check'
import { nodeSuite } from '../src/log/index.ts'
import { FileStorage, type NewRecord, type Position } from '../src/storage/index.ts'
import { FaultyDisk } from './faulty-disk.ts'

const FOLDER = '/store'

interface Sizes {
  firstSegmentBytes: number
  lastSegmentBytes: number
  keysPerFile: number
}

function open(disk: FaultyDisk, sizes: Sizes): Promise<FileStorage> {
  return FileStorage.open(disk, FOLDER, { entryOf: nodeSuite.sha256, ...sizes })
}

/** A record of these sizes; every third has no content. What is in it may look like a batch of the store. */
function record(number: number, statementBytes: number, contentBytes: number): NewRecord {
  const statement = Buffer.alloc(Math.max(4, statementBytes), 'ABT1')
  statement.writeUInt32BE(number)
  if (number % 3 === 0) return { statement, content: Buffer.alloc(0), entry: nodeSuite.sha256(statement) }
  const content = Buffer.alloc(contentBytes + 1, 'ABT1')
  const key = Buffer.alloc(32, number)
  return { statement, content, entry: nodeSuite.sha256(statement), key }
}

async function assertHolds(
  storage: FileStorage,
  records: readonly NewRecord[],
  positions: readonly Position[],
  from: number,
): Promise<void> {
  let index = from
  for await (const scanned of storage.scan(from)) {
    const expected = records[index]!
    assert.equal(scanned.index, index)
    assert.deepEqual(scanned.position, positions[index])
    assert.ok(equal(scanned.statement, expected.statement) && equal(scanned.content, expected.content))
    const read = await storage.read(scanned.position)
    assert.ok(equal(read.statement, expected.statement) && equal(read.content, expected.content))
    if (expected.key !== undefined) assert.ok(equal((await storage.key(index))!, expected.key))
    index++
  }
  assert.equal(index, Math.max(from, records.length))
}

const sizes = fc.record({
  firstSegmentBytes: fc.integer({ min: 64, max: 4096 }),
  lastSegmentBytes: fc.integer({ min: 64, max: 8192 }),
  keysPerFile: fc.integer({ min: 1, max: 12 }),
})
const batches = fc.array(
  fc.record({
    sizes: fc.array(fc.tuple(fc.integer({ min: 4, max: 600 }), fc.integer({ min: 0, max: 1500 })), {
      minLength: 1,
      maxLength: 6,
    }),
    reopen: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
)

test('what was committed is scanned and read, from any index, before and after opening again', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, batches, fc.nat(80), async (one, work, from) => {
      const disk = new FaultyDisk()
      const records: NewRecord[] = []
      const positions: Position[] = []
      let storage = await open(disk, one)
      for (const { sizes: batch, reopen } of work) {
        const added = batch.map(([statement, content], i) => record(records.length + i, statement, content))
        positions.push(...(await storage.commit(added)))
        records.push(...added)
        assert.equal(storage.size, records.length)
        if (!reopen) continue
        await storage.close()
        assert.equal(disk.handles, 0)
        storage = await open(disk, one)
        assert.equal(storage.size, records.length)
      }
      await assertHolds(storage, records, positions, Math.min(from, records.length))
      await assertHolds(storage, records, positions, 0)
      await storage.close()
    }),
    { numRuns: 60 },
  )
})

test('a scan sees what there was when it began, while more is committed and segments roll', async () => {
  const disk = new FaultyDisk()
  const storage = await open(disk, { firstSegmentBytes: 512, lastSegmentBytes: 2048, keysPerFile: 4 })
  const records: NewRecord[] = []
  const positions: Position[] = []
  const add = async (count: number) => {
    const added = Array.from({ length: count }, (_, i) => record(records.length + i, 60, 100))
    records.push(...added)
    positions.push(...(await storage.commit(added)))
  }
  for (let i = 0; i < 10; i++) await add(3)
  let committing = true
  const writer = (async () => {
    for (let i = 0; i < 60; i++) await add(2)
    committing = false
  })()
  let scans = 0
  while (committing) {
    const { size } = storage
    let index = Math.floor(size / 2)
    for await (const scanned of storage.scan(index)) {
      assert.equal(scanned.index, index)
      assert.ok(equal(scanned.statement, records[index++]!.statement))
    }
    assert.equal(index, size)
    scans++
  }
  await writer
  assert.ok(scans > 3)
  await assertHolds(storage, records, positions, 0)
  await storage.close()
})

test('few files stay open, however many segments and key files there are', async () => {
  const disk = new FaultyDisk()
  const storage = await open(disk, { firstSegmentBytes: 256, lastSegmentBytes: 256, keysPerFile: 1 })
  const records: NewRecord[] = []
  const positions: Position[] = []
  for (let i = 0; i < 100; i++) {
    const added = [record(i, 50, 50)]
    records.push(...added)
    positions.push(...(await storage.commit(added)))
  }
  await Promise.all(positions.map(position => storage.read(position)))
  await assertHolds(storage, records, positions, 0)
  assert.ok(disk.handles <= 32, `${disk.handles} files are open`)
  await storage.close()
  assert.equal(disk.handles, 0)
})

test('a slot beyond the last record cannot be erased, and an erased one stays so', async () => {
  const disk = new FaultyDisk()
  const one = { firstSegmentBytes: 4096, lastSegmentBytes: 4096, keysPerFile: 4 }
  let storage = await open(disk, one)
  await storage.commit([record(1, 50, 50), record(2, 50, 50)])
  await assert.rejects(storage.eraseKey(2), { code: 'not-found' })
  await storage.eraseKey(1)
  await storage.close()
  storage = await open(disk, one)
  // The erased record is in the last batch, which must still count.
  assert.equal(storage.size, 2)
  assert.equal(await storage.key(1), undefined)
  assert.ok(await storage.key(0))
  await storage.close()
})

test('keys are erased in ranges that cross key files, and no others with them', async () => {
  const disk = new FaultyDisk()
  const storage = await open(disk, { firstSegmentBytes: 8192, lastSegmentBytes: 8192, keysPerFile: 4 })
  const records = Array.from({ length: 15 }, (_, i) => record(i, 50, 50))
  await storage.commit(records)
  await storage.eraseKey(2, 9)
  for (const [index, { key }] of records.entries()) {
    const held = await storage.key(index)
    assert.equal(held !== undefined, key !== undefined && (index < 2 || index >= 11), `record ${index}`)
  }
  await assert.rejects(storage.eraseKey(10, 6), { code: 'not-found' })
  await storage.close()
})
