import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from './cli.fixture.ts'
import { dataFolder, homeFolder, writePrivately } from './home.ts'

test('the home folder, by environment and platform', () => {
  const user = '/home/ann'
  assert.equal(homeFolder({ ANSWERABLE_HOME: '/srv/a' }, 'linux', user), '/srv/a')
  assert.equal(homeFolder({ XDG_CONFIG_HOME: '/cfg' }, 'linux', user), '/cfg/answerable')
  assert.equal(homeFolder({ XDG_CONFIG_HOME: 'relative' }, 'linux', user), '/home/ann/.config/answerable')
  assert.equal(homeFolder({}, 'darwin', user), '/home/ann/Library/Application Support/answerable')
  assert.equal(homeFolder({ APPDATA: '/roaming' }, 'win32', user), '/roaming/answerable')
  assert.equal(dataFolder({ ANSWERABLE_HOME: '/srv/a' }, 'linux', user), '/srv/a/data')
  assert.equal(dataFolder({}, 'linux', user), '/home/ann/.local/share/answerable')
})

test('what is written is the owner’s alone, whatever was there before', () => {
  const folder = temporaryFolder()
  const path = join(folder, 'deep', 'er', 'file')
  writePrivately(path, 'one')
  assert.equal(statSync(join(folder, 'deep')).mode & 0o777, 0o700)
  writeFileSync(path, 'open', { mode: 0o644 })
  writePrivately(path, 'two')
  assert.equal(readFileSync(path, 'utf8'), 'two')
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('a file that cannot be written is said so, and nothing is left over', () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'file'))
  assert.throws(() => writePrivately(join(folder, 'file'), 'x'), { code: 'not-writable' })
})
