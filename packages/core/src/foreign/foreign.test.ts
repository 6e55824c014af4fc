import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { World } from '../../test/fixture.ts'
import { Gateway, lookAt, Wallet } from '../../test/foreign.ts'
import { utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { formatReceipt } from '../receipt/index.ts'
import { FOREIGN_SYSTEMS, foreignSystem } from './index.ts'

const gateway = new Gateway()
const response = gateway.response('{}', 'x', { choices: [{ message: { content: 'x' } }] })
const wallet = new Wallet()
const text = `m:${'0'.repeat(64)}:${'1'.repeat(64)}`
const near = { text, signature: wallet.sign(text), signing_address: wallet.address, signing_algo: 'ecdsa' }
const aci = { api_version: 'aci/1', receipt_id: 'r', workload_keyset_digest: '', event_log: [] }
const json = (value: unknown) => utf8(JSON.stringify(value))

test('each is known by its fields, and nothing else is taken for one', () => {
  assert.equal(foreignSystem(json(response)), 'opengradient')
  assert.equal(foreignSystem(json(near)), 'near')
  assert.equal(foreignSystem(json(aci)), 'aci')
  assert.equal(foreignSystem(utf8(formatReceipt(new World().answer().receipt))), undefined)
  for (const bytes of [
    json({ ...near, ...aci }),
    json({ ...JSON.parse(formatReceipt(new World().answer().receipt)), ...near }),
    json([near]),
    json({ inner: near }),
    json(JSON.stringify(near)),
    utf8(`${JSON.stringify(near)}x`),
    utf8('{"text":1,"text":2,"signature":"","signing_address":"","signing_algo":""}'),
    Uint8Array.of(0xff, 0xfe),
    new Uint8Array(0),
  ])
    assert.equal(foreignSystem(bytes), undefined)
})

test('random and mutated files: a refusal with its code, or claims; never anything shown', () => {
  const files = { opengradient: json(response), near: json(near), aci: json(aci) }
  for (const system of FOREIGN_SYSTEMS)
    fc.assert(
      fc.property(fc.nat(files[system].length - 1), fc.uint8Array({ maxLength: 6 }), (at, bytes) => {
        const file = Uint8Array.from(files[system])
        file.set(bytes.subarray(0, file.length - at), at)
        foreignSystem(file)
        try {
          const { claims } = lookAt(system, file)
          assert.notEqual(claims.recorded.result, 'pass')
          assert.notEqual(claims.place.result, 'pass')
        } catch (error) {
          assert.ok(error instanceof AnswerableError, String(error))
        }
      }),
      { numRuns: 300 },
    )
})

test('the sources say nowhere that something is what they only compared', () => {
  const folder = new URL('.', import.meta.url)
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.test.ts')) continue
    const source = readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8')
    const quotedWords = source.replaceAll("'upstream.verified'", '').replaceAll("=== 'verified'", '')
    assert.ok(!/\bverified\b/i.test(quotedWords), entry.name)
  }
})
