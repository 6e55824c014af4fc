/** Receipts that can hold anything, and verifiers that have judged many. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { made, receipt, recorded, world } from '../../test/checking.ts'
import { suite } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'
import { CLAIMS, REASONS } from './claims.ts'
import type { Receipt } from './receipt.ts'
import { Verifier } from './verify.ts'

test('nothing that a receipt can hold makes a check throw', () => {
  const junk = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom('', '\n\n', '\ud800', '[]', '{"a":1}', receipt.proof, receipt.disclosures.model!),
  )
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(receipt.statement, utf8('{}')))
  const proven = { statement: bytes, proof: junk }
  const any = fc.record(
    {
      ...proven,
      begin: fc.record(proven),
      disclosures: fc.dictionary(
        fc.constantFrom('request', 'response', 'model', 'sampling', 'parties'),
        junk,
      ),
      content: fc.record({ request: bytes, response: bytes }, { requiredKeys: [] }),
      documents: fc.dictionary(fc.constantFrom('__proto__', '11'.repeat(32), made.statement.node), bytes),
      registryCheckpoint: junk,
    },
    { requiredKeys: ['statement', 'proof', 'disclosures', 'content', 'documents'] },
  )
  const verifier = new Verifier(suite, world.trust)
  fc.assert(
    fc.property(any, fc.boolean(), (odd, mixed) => {
      const { statement, proof } = receipt
      const of = { ...odd, ...(mixed && { statement, proof }) } as Receipt
      const { claims } = verifier.verify(of)
      for (const name of CLAIMS) assert.ok(REASONS.includes(claims[name].reason))
      if (claims.recorded.result === 'pass') assert.ok(mixed)
    }),
    { numRuns: 1000, seed: 1 },
  )
})

test('a verifier that has judged many checkpoints judges as a new one does', () => {
  const verifier = new Verifier(suite, world.trust)
  const receipts = Array.from({ length: 300 }, (_, i) =>
    i % 3 === 0 ? world.answer({ cosigners: {} }).receipt : world.answer().receipt,
  )
  for (const each of [...receipts, ...receipts.reverse()]) {
    const { claims } = verifier.verify(each)
    assert.deepEqual([claims.recorded.result, claims.recorded.reason], recorded(each))
  }
})
