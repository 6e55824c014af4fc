/**
 * A crash at every operation of a script, torn in every way, and often another one while the store is opened again.
 * Whatever was acknowledged is there with its openings, and the tree is the one of every checkpoint handed out.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fault, FaultyDisk, LANDINGS } from './faulty-disk.ts'
import { check, House, Ledger, script } from './house.ts'
import { below, seeded } from './random.ts'

/** Runs the script until the disk dies. */
async function work(disk: FaultyDisk, ledger: Ledger): Promise<void> {
  let house: House | undefined
  try {
    house = await House.open(disk)
    for (const step of script()) await step(house, ledger)
  } catch (error) {
    if (!disk.crashed) throw error
  } finally {
    await house?.close()
  }
}

/** Opens a disk on which nothing fails, and goes on working. */
async function goOn(disk: FaultyDisk, ledger: Ledger): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const house = await House.open(disk)
    await check(house, ledger)
    ledger.checkpoints.push(house.log.signed)
    await Promise.all([house.answer(ledger), house.answer(ledger), house.publish(ledger)])
    await house.answer(ledger)
    if (round === 1) await check(house, ledger)
    await house.close()
    assert.equal(disk.handles, 0, 'files are left open')
  }
}

async function countOperations(): Promise<number> {
  const disk = new FaultyDisk()
  const ledger = new Ledger()
  await work(disk, ledger)
  await goOn(disk, ledger)
  return disk.operations
}

async function crashAt(at: number, kind: 'power-loss' | 'kill', landing: Fault['landing']): Promise<void> {
  const seed = at * 8 + LANDINGS.indexOf(landing) + (kind === 'kill' ? 4 : 0)
  const random = seeded(seed)
  const ledger = new Ledger()
  const first = new FaultyDisk({ at, kind, landing }, seed)
  await work(first, ledger)
  // Every other time the next start meets a crash too, and after a kill it may be power that goes.
  const again: Fault | undefined =
    random() < 0.5
      ? { at: below(random, 16), kind: 'power-loss', landing: LANDINGS[below(random, 4)]! }
      : undefined
  const second = kind === 'kill' ? first.afterKill(again, seed + 1) : first.afterPowerLoss(again, seed + 1)
  if (again !== undefined) await work(second, ledger)
  if (again === undefined && kind === 'kill') {
    const house = await House.open(second)
    await check(house, ledger)
    // Handed out before anything else is written: it must stand even if power goes now.
    ledger.checkpoints.push(house.log.signed)
  }
  await goOn(second.afterPowerLoss(undefined, seed + 2), ledger)
}

const operations = await countOperations()

for (const kind of ['power-loss', 'kill'] as const) {
  // A process that was killed leaves whole calls, or pieces of the one it was in.
  for (const landing of kind === 'kill' ? (['sectors', 'all'] as const) : LANDINGS) {
    test(`${kind}, ${landing} of it lands: at each of ${operations} operations`, async () => {
      for (let at = 0; at < operations; at++) {
        try {
          await crashAt(at, kind, landing)
        } catch (cause) {
          throw new Error(`at operation ${at}`, { cause })
        }
      }
    })
  }
}
