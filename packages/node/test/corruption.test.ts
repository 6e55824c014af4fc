/**
 * Every byte of a small store flipped, one at a time. The store refuses to open, or whoever reads what was touched is
 * told so; nobody gets another record, another tree or an error that is not ours.
 */
import assert from 'node:assert/strict'
import { basename, dirname, join } from 'node:path'
import { test } from 'node:test'
import { AnswerableError, equal } from '@answerable/core'
import { nodeSuite } from '../src/log/index.ts'
import { openContent } from '../src/storage/index.ts'
import { FaultyDisk } from './faulty-disk.ts'
import { check, FOLDER, House, Ledger } from './house.ts'

/** A store that was closed: five batches in two segments, all published. */
async function closedStore(): Promise<{ disk: FaultyDisk; ledger: Ledger }> {
  const disk = new FaultyDisk()
  const ledger = new Ledger()
  const house = await House.open(disk)
  await house.answer(ledger, 10)
  await Promise.all([house.answer(ledger, 10), house.answer(ledger, 10)])
  await house.answer(ledger, 10)
  await house.answer(ledger, 10)
  await house.answer(ledger, 10)
  await house.publish(ledger)
  await house.close()
  return { disk, ledger }
}

/** Opens the store and reads all of it. Gives the errors met. */
async function readAll(disk: FaultyDisk, ledger: Ledger): Promise<AnswerableError[]> {
  const errors: unknown[] = []
  let house: House | undefined
  try {
    house = await House.open(disk)
    const { log, storage } = house
    assert.equal(storage.size, ledger.records.size)
    for (const index of ledger.records.keys()) {
      try {
        await readOne(house, ledger, index)
      } catch (error) {
        errors.push(error)
      }
    }
    for (const { size, root } of ledger.checkpoints)
      if (size === log.signed.size) assert.deepEqual(Buffer.from(log.signed.root), Buffer.from(root))
  } catch (error) {
    errors.push(error)
  } finally {
    await house?.close()
    assert.equal(disk.handles, 0, 'files are left open')
  }
  return errors.map(error => {
    if (!(error instanceof AnswerableError)) throw error
    return error
  })
}

/** Where each record lies, as the index would know. */
const positions = new Map<number, { segment: number; offset: number }>()

async function readOne({ storage, log }: House, ledger: Ledger, index: number): Promise<void> {
  const position = positions.get(index)!
  const { statement, content } = await storage.read(position)
  await log.check(index, statement, position)
  await log.prove(index)
  // As whoever reads the log whole does, with the tiles.
  if (!equal((await log.entries(index, 1))[0]!, nodeSuite.sha256(statement)))
    throw new AnswerableError('corrupt', `tiles: not the entry at ${index}`)
  const key = await storage.key(index)
  // An erasure is in the log; a key that is not there without one is lost.
  if (key === undefined) throw new AnswerableError('corrupt', `keys: the key of ${index} is gone`)
  const parts = openContent(key, content)
  const { request } = ledger.records.get(index)!.parts
  assert.equal(Buffer.from(parts.request!).toString(), request)
}

const { disk: original, ledger } = await closedStore()
{
  const house = await House.open(original.copy())
  for await (const { index, position } of house.storage.scan(0)) positions.set(index, position)
  await check(house, ledger)
  await house.close()
}

const flips = [0x01, 0xff]

/** All bytes of what gives structure, and some of what is hashed or encrypted anyway; not the zeros behind the last. */
function matters(path: string, bytes: Buffer, at: number): boolean {
  if (!path.endsWith('.seg')) return true
  const segment = Number(basename(path).slice(0, 8))
  const offsets = [...positions.values()].filter(one => one.segment === segment).map(({ offset }) => offset)
  if (at < 128 || offsets.some(offset => at >= offset - 24 && at < offset + 16)) return true
  return at % 7 === 0 && bytes.subarray(at - (at % 64)).some(byte => byte !== 0)
}

for (const [path, bytes] of original.files) {
  const name = join(basename(dirname(path)), basename(path))
  // These wait for records that are still to come.
  if (name === 'segments/spare' || name === 'keys/00000001.keys' || bytes.length === 0) continue
  test(`${name}: its bytes flipped, one at a time`, async () => {
    let noticed = 0
    for (let at = 0; at < bytes.length; at++) {
      if (!matters(path, bytes, at)) continue
      const disk = original.copy()
      disk.tamper(path, copy => {
        copy[at]! ^= flips[at % flips.length]!
        return copy
      })
      try {
        const errors = await readAll(disk, ledger)
        noticed += Number(errors.length > 0)
        for (const { code, message } of errors) {
          assert.ok(code === 'corrupt' || code === 'rolled-back', `${code}: ${message}`)
          assert.ok(
            /\.seg|\.keys|keys:|tile|checkpoint|house|content|record \d+ \(segment/.test(message),
            message,
          )
        }
        if (path === join(FOLDER, 'checkpoint') && bytes.toString('latin1', 0, at).split('\n').length < 6)
          assert.ok(errors.length > 0, 'a checkpoint that is not ours was taken for it')
      } catch (cause) {
        throw new Error(`byte ${at} of ${name}`, { cause })
      }
    }
    assert.ok(noticed > 0, 'nobody noticed')
  })

  test(`${name}: cut short, and gone`, async () => {
    for (const length of [0, 1, Math.floor(bytes.length / 2), bytes.length - 1, undefined]) {
      if (length !== undefined && (length < 0 || length >= bytes.length)) continue
      const disk = original.copy()
      disk.tamper(path, copy => (length === undefined ? undefined : copy.subarray(0, length)))
      for (const { code, message } of await readAll(disk, ledger))
        assert.ok(code === 'corrupt' || code === 'rolled-back' || code === 'not-found', `${code}: ${message}`)
    }
  })
}

test('the last batch is damaged after it was published: the store refuses to start', async () => {
  const { segment, offset } = positions.get(ledger.records.size - 1)!
  const path = join(FOLDER, 'segments', `${String(segment).padStart(8, '0')}.seg`)
  const disk = original.copy()
  disk.tamper(path, copy => {
    copy[offset + 100]! ^= 1
    return copy
  })
  await assert.rejects(House.open(disk), { code: 'rolled-back' })
})

test('a batch before the last is damaged: the store refuses to start and says where', async () => {
  const { segment, offset } = positions.get(ledger.records.size - 2)!
  assert.equal(segment, positions.get(ledger.records.size - 1)!.segment)
  const path = join(FOLDER, 'segments', `${String(segment).padStart(8, '0')}.seg`)
  const disk = original.copy()
  disk.tamper(path, copy => {
    copy[offset + 100]! ^= 1
    return copy
  })
  await assert.rejects(House.open(disk), { code: 'corrupt', message: new RegExp(path) })
})

test('a folder restored without its keys opens, again and again, with its tree and without its contents', async () => {
  const disk = original.copy()
  for (const path of disk.files.keys()) if (path.includes('/keys/')) disk.tamper(path, () => undefined)
  for (let start = 0; start < 3; start++) {
    const house = await House.open(disk)
    assert.equal(house.log.signed.size, ledger.records.size)
    assert.equal(await house.storage.key(ledger.records.size - 1), undefined)
    await house.close()
  }
})
