import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/network.ts'
import { realDisk } from '../storage/index.ts'
import { noteSigner } from './keys.ts'
import { signCheckpoint } from './signed-checkpoint.ts'
import { lastKept, SignedFile } from './signed-file.ts'
import { nodeSuite } from './suite.ts'

const signer = noteSigner('a.example/log', generateKeyPairSync('ed25519').privateKey)
const at = (size: number) => signCheckpoint({ size, root: new Uint8Array(32).fill(size) }, signer)

test('the newest checkpoint is kept; one that is cut off anywhere leaves the one before', async t => {
  const folder = temporaryFolder(t)
  assert.equal(await lastKept(realDisk, folder, signer, nodeSuite), undefined)
  const file = await SignedFile.create(realDisk, folder)
  t.after(() => file.close())
  assert.equal(await lastKept(realDisk, folder, signer, nodeSuite), undefined)
  for (const size of [1, 2, 3]) {
    await file.keep(at(size))
    assert.equal((await lastKept(realDisk, folder, signer, nodeSuite))?.size, size)
  }
  const path = join(folder, 'signed')
  const before = readFileSync(path)
  await file.keep(at(4))
  const whole = readFileSync(path)
  const { length } = at(4).note
  for (let cut = 0; cut <= length; cut += 7) {
    // The first bytes of the new one, and what was there before behind them.
    const torn = Buffer.from(before)
    torn.set(whole.subarray(4096, 4096 + cut), 4096)
    writeFileSync(path, torn)
    const { size } = (await lastKept(realDisk, folder, signer, nodeSuite))!
    assert.ok(size === 3 || cut > length - 7, `${cut}: ${size}`)
  }
})

test('what another key signed is not taken', async t => {
  const folder = temporaryFolder(t)
  const file = await SignedFile.create(realDisk, folder)
  await file.keep(at(5))
  await file.close()
  const other = noteSigner('a.example/log', generateKeyPairSync('ed25519').privateKey)
  assert.equal(await lastKept(realDisk, folder, other, nodeSuite), undefined)
})
