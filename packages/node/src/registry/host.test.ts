import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '@answerable/core/registry'
import type { RegistryBook } from './book.ts'
import { Host } from './host.ts'

test('a submission that comes just as the last one ends is taken too', async () => {
  let index = 0
  const book = {
    origin: 'host',
    state: { host: { origin: 'host' } },
    append: async (entries: Uint8Array[]) =>
      entries.map(() => ({
        outcome: { index: index++, digest: 'd', effective: true } as Outcome,
        taken: true,
      })),
  }
  const host = new Host(book as unknown as RegistryBook)
  const entry = new Uint8Array(1)
  for (let turns = 0; turns < 30; turns++) {
    await host.submit(entry)
    for (let i = 0; i < turns; i++) await null
    assert.equal((await host.submit(entry)).digest, 'd')
  }
  await host.idle()
  assert.equal(index, 60)
})
