/** Documents of evidence: read strictly, and bounded in what they can make a reader do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chip, LOG_VKEY } from '../../test/attested.ts'
import { suite } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { asReportData, deviceNonce, evidenceBinding, isBoundTo } from './binding.ts'
import { budgeted } from './budget.ts'
import {
  DocumentAppraiser,
  formatEvidenceDocument,
  MAX_EVIDENCE_BYTES,
  parseEvidenceDocument,
} from './document.ts'

const TIME = Date.parse('2026-06-01T00:00:00Z')
const item = (reportData: Uint8Array) => ({ format: 'sev-snp' as const, bytes: chip.report({ reportData }) })
const binding = evidenceBinding(LOG_VKEY, [], suite)
const good = { log: LOG_VKEY, items: [item(asReportData(binding, 64))] }

test('a document is read back as it was written, and otherwise not at all', () => {
  assert.deepEqual(parseEvidenceDocument(formatEvidenceDocument(good)), good)
  const text = (fields: object) =>
    utf8(JSON.stringify({ type: 'https://answerable.dev/evidence/v1', log: LOG_VKEY, items: [], ...fields }))
  const one = { format: 'nitro', bytes: '' }
  const table: Record<string, Uint8Array> = {
    'bad-json': utf8('{'),
    'bad-evidence': text({}),
    'bad-evidence of another type': text({ type: 'x', items: [one] }),
    'bad-evidence of an unknown format': text({ items: [{ format: 'abacus', bytes: '' }] }),
    'bad-evidence in no base64': text({ items: [{ format: 'nitro', bytes: '%' }] }),
    'bad-evidence of too many': text({ items: Array.from({ length: 17 }, () => one) }),
    'duplicate-key': utf8('{"type":"x","type":"y"}'),
    'too-large': new Uint8Array(MAX_EVIDENCE_BYTES + 1).fill(0x20),
    'too-deep': text({ items: [[[[one]]]] }),
  }
  for (const [what, bytes] of Object.entries(table))
    assert.throws(
      () => parseEvidenceDocument(bytes),
      (error: unknown) => error instanceof AnswerableError && error.code === what.split(' ')[0],
      what,
    )
})

test('a binding is of one log and one set of devices, and nothing follows it', () => {
  const [a, b] = [utf8('a'), utf8('b')]
  const same = evidenceBinding(LOG_VKEY, [a, b], suite)
  assert.deepEqual(evidenceBinding(LOG_VKEY, [b, a], suite), same)
  for (const other of [[a], [b], [], [a, a, b]])
    assert.notDeepEqual(evidenceBinding(LOG_VKEY, other, suite), same)
  assert.notDeepEqual(evidenceBinding(`${LOG_VKEY}x`, [a, b], suite), same)
  assert.notDeepEqual(deviceNonce(LOG_VKEY, suite), evidenceBinding(LOG_VKEY, [], suite))
  assert.ok(isBoundTo(asReportData(same, 64), same))
  const more = asReportData(same, 64)
  more[63] = 1
  for (const wrong of [more, same.subarray(1), new Uint8Array(), asReportData(same, 64).subarray(1)])
    assert.ok(!isBoundTo(wrong, same))
})

test('a document can have only so many signatures checked', () => {
  let checked = 0
  const counting = {
    ...suite,
    verifyEcdsa: (...args: Parameters<typeof suite.verifyEcdsa>) => {
      checked++
      return suite.verifyEcdsa(...args)
    },
  }
  const few = budgeted(counting, 3)
  for (let i = 0; i < 10; i++) few.verifyEcdsa('P-256', new Uint8Array(65), utf8('m'), new Uint8Array(8))
  assert.equal(checked, 3)
  const archives = [chip.endorsements]
  const { roots } = chip.policy()
  const policy = chip.policy({ roots })
  const appraiser = new DocumentAppraiser(good, { log: LOG_VKEY, policy, archives, suite, signatures: 8 })
  assert.ok(appraiser.at(TIME).verdict.met)
  for (let i = 0; i < 8; i++) if (!appraiser.at(TIME).verdict.met) return
  assert.fail('it checks signatures for ever')
})
