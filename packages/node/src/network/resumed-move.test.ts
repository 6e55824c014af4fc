import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/network.ts'
import { loadConfig } from '../gateway/index.ts'
import { openKeyring } from '../registry/keyring.ts'
import { realDisk } from '../storage/disk.ts'
import { startLocal } from './index.ts'

test('a move to a key of one’s own goes on where a crash cut it off', async t => {
  const folder = temporaryFolder(t)
  const config = loadConfig(undefined, {}, { port: 0, operator: 'a' })
  const run = () => startLocal({ folder, environment: {}, demo: false, config })
  const before = await run()
  assert.ok(before.registry.hosting)
  await before.close()
  // The new key was made, and nothing stated yet.
  await (await openKeyring(realDisk, folder, before.member, [], false)).replaceHost()
  for (const hosts of [2, 2]) {
    const after = await run()
    assert.ok(after.registry.hosting)
    assert.equal(after.registry.book.state.hosts.size, hosts)
    await after.close()
  }
})
