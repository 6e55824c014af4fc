/**
 * An I/O error at every operation of a script, once or for a while, with none, some or all of the operation done.
 * Nothing that failed is acknowledged, reading goes on, and the log takes records again by itself.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerableError } from '@answerable/core'
import { type Fault, FaultyDisk } from './faulty-disk.ts'
import { check, House, Ledger, script } from './house.ts'

type Kind = Omit<Fault, 'at' | 'kind'>

const KINDS: Kind[] = [
  { code: 'EIO', landing: 'none' },
  { code: 'EIO', landing: 'sectors' },
  { code: 'EIO', landing: 'all' },
  { code: 'ENOSPC', landing: 'none', times: 8 },
  { code: 'EIO', landing: 'all', times: 4 },
]

const turn = () => new Promise(resolve => setImmediate(resolve))

/** Opens a house; where that meets the fault, again: nothing of it may stay in the way. */
async function open(disk: FaultyDisk): Promise<House> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await House.open(disk)
    } catch (error) {
      assert.ok(attempt < 20, 'it does not open')
      assert.ok(!(error instanceof AnswerableError), `${error}`)
      assert.equal(disk.handles, 0, 'files are left open by a start that failed')
    }
  }
}

/** Waits until records are taken again; those that are there can be read all the while. */
async function recovered(house: House, ledger: Ledger): Promise<void> {
  const start = performance.now()
  for (let first = true; !house.log.writable; first = false) {
    assert.ok(performance.now() - start < 5000, 'it does not recover')
    if (first) {
      await assert.rejects(house.answer(ledger), { code: 'not-writable' })
      const { size } = house.log.signed
      if (size > 0) {
        for await (const record of house.storage.scan(size - 1))
          assert.equal((await house.storage.read(record.position)).statement.length, record.statement.length)
        await house.log.prove(size - 1)
      }
    }
    await turn()
  }
}

async function failAt(at: number, kind: Kind): Promise<void> {
  const disk = new FaultyDisk({ ...kind, at, kind: 'error' }, at)
  const ledger = new Ledger()
  const house = await open(disk)
  for (const step of script()) {
    await step(house, ledger).catch(error => {
      const code: unknown = (error as { code?: unknown }).code
      assert.ok(code === kind.code || code === 'not-writable', `${error}`)
    })
    await recovered(house, ledger)
  }
  // The last failures may still be to come.
  while (disk.operations < at + (kind.times ?? 1)) {
    await house.answer(ledger).catch(() => undefined)
    await house.publish(ledger).catch(() => undefined)
    await recovered(house, ledger)
  }
  await house.answer(ledger)
  await check(house, ledger)
  await house.close()
  assert.equal(disk.handles, 0, 'files are left open')

  const again = await House.open(disk.afterPowerLoss())
  await check(again, ledger)
  await again.answer(ledger)
  await check(again, ledger)
  await again.close()
}

async function countOperations(): Promise<number> {
  const disk = new FaultyDisk()
  const house = await open(disk)
  for (const step of script()) await step(house, new Ledger())
  await house.close()
  return disk.operations
}

const operations = await countOperations()

for (const kind of KINDS) {
  const { code, landing, times = 1 } = kind
  test(`${code} ${times} times, ${landing} of it done: at each of ${operations} operations`, async () => {
    for (let at = 0; at < operations; at++) {
      try {
        await failAt(at, kind)
      } catch (cause) {
        throw new Error(`at operation ${at}`, { cause })
      }
    }
  })
}

test('a disk that stays full is tried again at a bounded rate, and reading goes on', async () => {
  const disk = new FaultyDisk({ at: 30, kind: 'error', landing: 'none', code: 'ENOSPC', times: 1_000_000 })
  const ledger = new Ledger()
  const house = await open(disk)
  for (const step of script()) await step(house, ledger).catch(() => undefined)
  assert.equal(house.log.writable, false)
  const before = disk.operations
  for (let i = 0; i < 100; i++) {
    await assert.rejects(house.answer(ledger), { code: 'not-writable' })
    await turn()
  }
  // An attempt takes a few turns, and only one is under way at a time.
  assert.ok(disk.operations - before <= 100)
  await check(house, ledger)
  await house.close()
  assert.equal(disk.handles, 0)
})
