import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/network.ts'
import { realDisk } from '../storage/disk.ts'
import { MAX_DOCUMENT_BYTES, RegistryDocuments } from './documents.ts'

const digestOf = (bytes: Uint8Array) => hash('sha256', bytes, 'hex')

/** Bytes of a length that are of no other number. */
function bytesOf(number: number, length = 1000): Uint8Array {
  const bytes = Buffer.alloc(length)
  bytes.writeUInt32BE(number)
  return bytes
}

test('what is kept is here after a restart, by its digest and size', async t => {
  const folder = join(temporaryFolder(t), 'documents')
  const documents = await RegistryDocuments.open(realDisk, folder)
  const digest = await documents.keep(bytesOf(1))
  const again = await RegistryDocuments.open(realDisk, folder)
  assert.deepEqual([again.has(digest, 1000), again.has(digest, 999)], [true, false])
  assert.deepEqual(new Uint8Array((await again.get(digest))!), new Uint8Array(bytesOf(1)))
  assert.equal(await again.get('ab'.repeat(32)), undefined)
  assert.equal(await again.get('../keys'), undefined)
  await again.remove(digest)
  assert.deepEqual([again.has(digest, 1000), await again.get(digest)], [false, undefined])
})

test('a file that was damaged is no document, and can be had again', async t => {
  const folder = join(temporaryFolder(t), 'documents')
  const documents = await RegistryDocuments.open(realDisk, folder)
  const digest = await documents.keep(bytesOf(1))
  const [name] = readdirSync(folder)
  writeFileSync(join(folder, name!), bytesOf(2))
  assert.equal(await documents.get(digest), undefined)
  assert.equal(documents.has(digest, 1000), false)
  await documents.keep(bytesOf(1))
  assert.ok((await documents.get(digest)) !== undefined)
})

test('strangers leave so much for so long, the oldest goes first, and nothing is kept that no one takes', async t => {
  let now = 1_000_000
  const folder = join(temporaryFolder(t), 'documents')
  const documents = await RegistryDocuments.open(realDisk, folder, () => now)
  const leave = (bytes: Uint8Array) => documents.leave(digestOf(bytes), bytes)
  assert.throws(() => documents.leave(digestOf(bytesOf(1)), bytesOf(2)), { code: 'bad-request' })
  assert.throws(() => leave(new Uint8Array(MAX_DOCUMENT_BYTES + 1)), { code: 'too-large' })
  await assert.rejects(documents.keep(new Uint8Array(MAX_DOCUMENT_BYTES + 1)), { code: 'too-large' })
  for (let i = 0; i < 70; i++) leave(bytesOf(i))
  const isThere = async (bytes: Uint8Array) => (await documents.get(digestOf(bytes))) !== undefined
  assert.deepEqual([await isThere(bytesOf(5)), await isThere(bytesOf(6))], [false, true])
  const large = Array.from({ length: 9 }, (_, i) => bytesOf(100 + i, MAX_DOCUMENT_BYTES))
  for (const one of large) leave(one)
  assert.deepEqual(
    [await isThere(bytesOf(69)), await isThere(large[0]!), await isThere(large[1]!)],
    [false, false, true],
  )
  assert.equal(documents.has(digestOf(large[1]!), MAX_DOCUMENT_BYTES), false)
  assert.equal(await documents.take(digestOf(large[1]!)), true)
  assert.equal(documents.has(digestOf(large[1]!), MAX_DOCUMENT_BYTES), true)
  now += 10 * 60_000
  assert.equal(await documents.take(digestOf(large[2]!)), false)
  assert.equal(await isThere(large[2]!), false)
  assert.deepEqual(readdirSync(folder).length, 1)
})
