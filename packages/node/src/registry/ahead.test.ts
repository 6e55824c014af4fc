import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { test } from 'node:test'
import { utf8 } from '@answerable/core'
import { openEntry, registryPayload, signEnvelope } from '@answerable/core/registry'
import { preAuthEncoding, STATEMENT_MEDIA_TYPE } from '@answerable/core/statement'
import { nodeSuite } from '../log/suite.ts'
import { Ahead, slices } from './ahead.ts'

interface Party {
  publicKey: Uint8Array
  key: KeyObject
  keyid: string
}

function party(): Party {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return { publicKey: raw, key: privateKey, keyid: raw.toString('hex') }
}

function entryBy({ key, keyid }: Party, i: number): Uint8Array {
  const payload = registryPayload({ kind: 'tick', network: 'ab'.repeat(32), by: 'a', time: i, body: { i } })
  return signEnvelope(payload, [{ keyid, sign: message => sign(null, message, key) }])
}

/** A suite that counts what is asked of it. */
function counting() {
  const counted = { checks: 0 }
  const suite = {
    ...nodeSuite,
    verifyEd25519(...args: Parameters<typeof nodeSuite.verifyEd25519>) {
      counted.checks++
      return nodeSuite.verifyEd25519(...args)
    },
  }
  return { counted, suite }
}

/** What a fold asks of an entry's first signature. */
function partsOf(entry: Uint8Array): [message: Uint8Array, signature: Uint8Array] {
  const { payload, signatures } = openEntry(entry)
  return [preAuthEncoding(STATEMENT_MEDIA_TYPE, payload), signatures[0]!.sig]
}

test('entries come in order, and their good signatures are not checked a second time', async () => {
  const one = party()
  const entries = Array.from({ length: 1300 }, (_, i) => entryBy(one, i))
  const { counted, suite } = counting()
  const ahead = new Ahead(suite)
  const seen: Uint8Array[] = []
  for await (const part of ahead.checked(slices(entries)))
    for (const entry of part) {
      assert.ok(ahead.suite.verifyEd25519(one.publicKey, ...partsOf(entry)))
      seen.push(entry)
    }
  assert.deepEqual(seen, entries)
  assert.equal(counted.checks, 0)
})

test('a signature is known for its own key and message alone, and only where it is good', async () => {
  const [one, other] = [party(), party()]
  const entries = Array.from({ length: 20 }, (_, i) => entryBy(one, i))
  // Says that another signed it.
  const forged = entries.map(entry =>
    utf8(new TextDecoder().decode(entry).replaceAll(one.keyid, other.keyid)),
  )
  const { counted, suite } = counting()
  const ahead = new Ahead(suite)
  for await (const _ of ahead.checked([
    [...entries.slice(0, 10), ...forged.slice(10), utf8('{'), utf8('x')],
  ]));
  const [message, signature] = partsOf(entries[0]!)
  const [second] = partsOf(entries[1]!)
  assert.equal(ahead.suite.verifyEd25519(other.publicKey, message, signature), false)
  assert.equal(ahead.suite.verifyEd25519(one.publicKey, second, signature), false)
  for (const entry of forged.slice(10))
    assert.equal(ahead.suite.verifyEd25519(other.publicKey, ...partsOf(entry)), false)
  assert.equal(counted.checks, 12)
  assert.equal(ahead.suite.verifyEd25519(one.publicKey, message, signature), true)
  assert.equal(counted.checks, 12)
})

test('a source that fails is said when its part is asked for, and one that is left is ended', async () => {
  const one = party()
  let ended = false
  async function* source(fails: boolean) {
    try {
      yield [entryBy(one, 1)]
      if (fails) throw new Error('gone')
      yield [entryBy(one, 2)]
    } finally {
      ended = true
    }
  }
  const ahead = new Ahead(nodeSuite)
  let parts = 0
  await assert.rejects(async () => {
    for await (const _ of ahead.checked(source(true))) parts++
  }, /gone/)
  assert.equal(parts, 1)
  ended = false
  for await (const _ of ahead.checked(source(false))) break
  assert.ok(ended)
})
