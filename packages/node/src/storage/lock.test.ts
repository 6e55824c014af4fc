import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { lockFolder } from './lock.ts'

const folder = await mkdtemp(join(tmpdir(), 'answerable-lock-'))
after(() => rm(folder, { recursive: true, force: true }))

const MODULE = new URL('./lock.ts', import.meta.url).href

/** Takes the lock in another process, and says how that went. */
function takeElsewhere(): string {
  const script = `
    import { lockFolder } from ${JSON.stringify(MODULE)}
    try { lockFolder(${JSON.stringify(folder)}); console.log('taken') } catch (error) { console.log(error.code) }
    process.kill(process.pid, 'SIGKILL')`
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  }).stdout.trim()
}

test('a second process on a folder is refused, and the lock dies with its process', () => {
  assert.equal(takeElsewhere(), 'taken')
  const unlock = lockFolder(folder)
  assert.equal(takeElsewhere(), 'locked')
  assert.throws(() => lockFolder(folder), { code: 'locked', message: /--data/ })
  unlock()
  assert.equal(takeElsewhere(), 'taken')
})
