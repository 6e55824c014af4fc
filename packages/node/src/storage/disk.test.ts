import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { realDisk } from './disk.ts'

const folder = await mkdtemp(join(tmpdir(), 'answerable-disk-'))
after(() => rm(folder, { recursive: true, force: true }))

test('folders are made, and list shows names without temporary ones', async () => {
  const deep = join(folder, 'a', 'b', 'c')
  assert.deepEqual(await realDisk.list(deep), [])
  await realDisk.replace(join(deep, 'z'), Buffer.from('1'))
  await realDisk.replace(join(deep, 'y'), Buffer.from('2'))
  assert.deepEqual(await realDisk.list(deep), ['y', 'z'])
})

test('a file is made in its full size under its final name, for its owner alone', async () => {
  const path = join(folder, 'made')
  await realDisk.preallocate(path, (1 << 20) + 17, Buffer.from('head'))
  const { size, mode } = await stat(path)
  assert.equal(size, (1 << 20) + 17)
  if (process.platform !== 'win32') assert.equal(mode & 0o077, 0)
  assert.equal((await readFile(path)).toString('latin1', 0, 6), 'head\0\0')
  const file = await realDisk.open(path)
  await file.write(Buffer.from('behind'), (1 << 20) + 11)
  assert.equal((await file.read((1 << 20) + 11, 100)).toString(), 'behind')
  await file.sync()
  await file.close()
  await assert.rejects(realDisk.open(path, true), { code: 'EEXIST' })
})

test('writers of one file at one time leave one whole content and no temporary file', async () => {
  const path = join(folder, 'w', 'one')
  await realDisk.list(join(folder, 'w'))
  const contents = Array.from({ length: 12 }, (_, i) => Buffer.alloc(200_000, i + 1))
  await Promise.all(contents.map(content => realDisk.replace(path, content)))
  const kept = await readFile(path)
  assert.ok(contents.some(content => content.equals(kept)))
  assert.deepEqual(await readdir(join(folder, 'w')), ['one'])
})

test('a write that fails leaves no temporary file to fill the disk', async () => {
  const path = join(folder, 'x', 'name')
  // A folder stands where the file should go, so that the rename fails.
  await realDisk.list(join(path, 'inside'))
  await assert.rejects(realDisk.preallocate(path, 100_000, Buffer.alloc(0)))
  assert.deepEqual(await readdir(join(folder, 'x')), ['name'])
})
