import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/network.ts'
import { charterOf } from '../network/founding.ts'
import { soloMembership } from '../network/membership.ts'
import { type Disk, realDisk } from '../storage/disk.ts'
import { bookFolder, RegistryBook } from './book.ts'
import { openKeyring } from './keyring.ts'

/** From its operation `at` on nothing more is done, as when the process is killed. */
function dying(at: number): { disk: Disk; count: () => number } {
  let done = 0
  const disk: Disk = { ...realDisk }
  for (const name of ['open', 'preallocate', 'replace', 'rename', 'remove'] as const) {
    const work = realDisk[name] as (...args: unknown[]) => Promise<unknown>
    Object.assign(disk, {
      [name]: (...args: unknown[]) =>
        done++ < at ? work(...args) : Promise.reject(new Error('the process was killed')),
    })
  }
  return { disk, count: () => done }
}

test('a rewind that is cut off anywhere leaves the old book or the new one', async t => {
  const folder = temporaryFolder(t)
  const keyring = await openKeyring(realDisk, folder, 'a.local', [], true)
  const membership = { ...soloMembership('a', 'A'), member: 'a.local' }
  const charter = Buffer.from(
    charterOf([{ membership, keyring, url: 'http://127.0.0.1:1' }], { name: 'a', terms: {} }, Date.now()),
  )
  const junk = (text: string) => Buffer.from(text)
  const old = [charter, junk('one'), junk('two')]
  const later = [charter, junk('other')]
  const signer = keyring.signer('host')
  let whole = false
  const seen = new Set<number>()
  for (let at = 0; !whole; at++) {
    const data = join(folder, `data-${at}`)
    const place = bookFolder(data)
    const first = await RegistryBook.open({ disk: realDisk, folder: place, signer })
    await first.append(old)
    await first.close()
    const { disk, count } = dying(Number.MAX_SAFE_INTEGER)
    const opened = await RegistryBook.open({ disk, folder: place, signer })
    const base = count()
    await opened.close()
    const limited = dying(base + at)
    const book = await RegistryBook.open({ disk: limited.disk, folder: place, signer })
    whole = await book.rewind(1, later.slice(1)).then(
      () => true,
      () => false,
    )
    await book.close().catch(() => undefined)
    const again = await RegistryBook.open({ disk: realDisk, folder: place, signer })
    const entries = await again.entries(0, again.size)
    const expected = [old, later].find(one => one.length === again.size)
    assert.ok(expected, `cut off at ${at}: ${again.size} entries`)
    assert.deepEqual(entries.map(String), expected.map(String), `cut off at ${at}`)
    assert.ok(again.find(again.outcome(0)!.digest!)?.effective)
    await again.append([junk('goes on')])
    await again.close()
    assert.equal(existsSync(`${place}-next`), false)
    seen.add(again.size)
    assert.ok(readdirSync(data).length <= 2)
  }
  assert.deepEqual([...seen].sort(), [3, 4])
})
