import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultyDisk } from '../../test/faulty-disk.ts'
import { OpenFiles } from './open-files.ts'

async function withFiles(count: number): Promise<FaultyDisk> {
  const disk = new FaultyDisk()
  for (let i = 0; i < count; i++) await disk.replace(`/f/${i}`, Buffer.from(`${i}`))
  return disk
}

test('no more than its bound stay open, and a file in use is never closed', async () => {
  const disk = await withFiles(20)
  const files = new OpenFiles(disk, 3)
  let release = () => {}
  const held = files.use('/f/0', async file => {
    await new Promise<void>(resolve => {
      release = resolve
    })
    return (await file.read(0, 10)).toString()
  })
  for (let round = 0; round < 2; round++) {
    for (let i = 1; i < 20; i++)
      assert.equal((await files.use(`/f/${i}`, file => file.read(0, 10))).toString(), `${i}`)
    await new Promise(resolve => setImmediate(resolve))
    assert.ok(disk.handles <= 3, `${disk.handles} are open`)
  }
  release()
  assert.equal(await held, '0')
  await Promise.all(
    Array.from({ length: 200 }, (_, i) => files.use(`/f/${i % 20}`, file => file.read(0, 10))),
  )
  await files.close()
  assert.equal(disk.handles, 0)
})

test('a file that could not be opened is tried again', async () => {
  const disk = await withFiles(0)
  const files = new OpenFiles(disk)
  await assert.rejects(
    files.use('/f/0', async () => undefined),
    { code: 'ENOENT' },
  )
  await disk.replace('/f/0', Buffer.from('0'))
  assert.equal((await files.use('/f/0', file => file.read(0, 1))).toString(), '0')
  await files.close()
})

test('after its end nothing is opened again', async () => {
  const disk = await withFiles(1)
  const files = new OpenFiles(disk)
  await files.close()
  await assert.rejects(
    files.use('/f/0', file => file.read(0, 10)),
    { code: 'unavailable' },
  )
  assert.equal(disk.handles, 0)
})
