import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/network.ts'
import { nodeSuite } from '../log/suite.ts'
import { realDisk } from './disk.ts'
import { FileStorage } from './files.ts'

test('any record is found by its index, across segments and after a restart', async t => {
  const folder = temporaryFolder(t)
  const open = () =>
    FileStorage.open(realDisk, folder, {
      entryOf: nodeSuite.sha256,
      firstSegmentBytes: 1 << 20,
      lastSegmentBytes: 1 << 20,
    })
  let storage = await open()
  const statementOf = (index: number) => Buffer.from(`statement ${index}`)
  for (let batch = 0; batch < 60; batch++) {
    const records = Array.from({ length: 5 }, (_, i) => {
      const statement = statementOf(batch * 5 + i)
      const key = Buffer.alloc(32, batch)
      return { statement, entry: nodeSuite.sha256(statement), content: Buffer.alloc(8000, batch), key }
    })
    await storage.commit(records)
  }
  const look = async (index: number) => {
    const { statement, content, position, index: at } = await storage.at(index)
    assert.equal(at, index)
    assert.deepEqual(Buffer.from(statement), statementOf(index))
    assert.equal(content[0], Math.floor(index / 5))
    assert.deepEqual(Buffer.from((await storage.read(position)).statement), statementOf(index))
  }
  // In no order, and twice, so that some are found by the marks that others left.
  for (let i = 0; i < 600; i++) await look((i * 97) % 300)
  await assert.rejects(storage.at(300), { code: 'not-found' })
  await storage.close()
  storage = await open()
  for (const index of [299, 0, 150]) await look(index)
  // Two at a time, one of them from the front.
  await Promise.all(Array.from({ length: 20 }, (_, i) => look((i * 113) % 300)))
  await storage.close()
})
