import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FaultyDisk } from '../../test/faulty-disk.ts'
import { HashFile } from './hash-file.ts'

const PATH = '/tiles/level-0.hashes'

function value(number: number): Buffer {
  const bytes = Buffer.alloc(32, number)
  bytes.writeUInt32BE(number)
  return bytes
}

function values(start: number, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => value(start + i)))
}

type Act = { append: number } | { flush: true } | { read: [number, number] }

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ append: fc.integer({ min: 1, max: 9 }) }),
  fc.constant({ flush: true as const }),
  fc.record({ read: fc.tuple(fc.nat(100), fc.nat(40)) }),
)

test('reads see all that was appended while flushes overlap them, also flushes that fail', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 60 }), fc.nat(12), fc.boolean(), async (acts, at, fails) => {
      const disk = new FaultyDisk(
        fails ? { at: at + 1, kind: 'error', landing: 'sectors', times: 3 } : undefined,
      )
      const file = await HashFile.open(disk, PATH, 0)
      const pending: Promise<unknown>[] = []
      let length = 0
      for (const one of acts) {
        if ('append' in one) {
          for (let i = 0; i < one.append; i++) file.append(value(length++))
        } else if ('flush' in one) {
          // Not waited for: the next acts meet it under way.
          pending.push(file.flush().catch(() => undefined))
        } else {
          const start = Math.min(one.read[0], length)
          const count = Math.min(one.read[1], length - start)
          const read = file.read(start, count)
          pending.push(read.then(bytes => assert.deepEqual(bytes, values(start, count))))
        }
        assert.equal(file.length, length)
        if (length % 3 === 0) await new Promise(resolve => setImmediate(resolve))
      }
      await Promise.all(pending)
      while (file.pending > 0) await file.flush().catch(() => undefined)
      await file.close()
      const again = await HashFile.open(disk.afterPowerLoss(), PATH, length)
      assert.deepEqual(await again.read(0, length), values(0, length))
    }),
    { numRuns: 100 },
  )
})

test('flush makes durable all that was appended before it, also while another is under way', async () => {
  const disk = new FaultyDisk()
  const file = await HashFile.open(disk, PATH, 0)
  file.append(value(0))
  const first = file.flush()
  file.append(value(1))
  await file.flush()
  assert.equal(file.pending, 0)
  await first
  const again = await HashFile.open(disk.afterPowerLoss(), PATH, 2)
  assert.deepEqual(await again.read(0, 2), values(0, 2))
})

test('a file with fewer values than were published, or none, is corrupt', async () => {
  const disk = new FaultyDisk()
  await assert.rejects(HashFile.open(disk, PATH, 1), { code: 'corrupt', message: /level-0\.hashes: missing/ })
  const file = await HashFile.open(disk, PATH, 0)
  file.append(value(0))
  await file.flush()
  await file.close()
  await assert.rejects(HashFile.open(disk, PATH, 2), { code: 'corrupt', message: /level-0\.hashes/ })
  assert.equal(disk.handles, 0)
})
