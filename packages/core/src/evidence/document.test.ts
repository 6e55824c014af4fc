/** Documents of evidence: read strictly, and bounded in what they can make a reader do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chip, LOG_VKEY } from '../../test/attested.ts'
import { suite } from '../../test/fixture.ts'
import { opensslSuite } from '../../test/openssl-suite.ts'
import { makeTdxQuote, QUOTE_TIME, type QuoteOptions } from '../../test/quote.ts'
import { makeCrl } from '../../test/x509.ts'
import { fromUtf8, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { asReportData, deviceNonce, evidenceBinding, isBoundTo } from './binding.ts'
import { budgeted } from './budget.ts'
import {
  DocumentAppraiser,
  formatEvidenceDocument,
  MAX_EVIDENCE_BYTES,
  parseEvidenceDocument,
} from './document.ts'
import { endorsementsFrom, readAll } from './endorsements.ts'
import { DEFAULT_EVIDENCE_POLICY } from './policy.ts'

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

test('an archive is read once, however many items and times there are', () => {
  let parsed = 0
  const parse = (bytes: Uint8Array): number => {
    parsed++
    if (bytes.length === 0) throw new AnswerableError('truncated', 'x')
    return bytes.length
  }
  const endorsements = endorsementsFrom([
    { kind: 'crl', bytes: utf8('one') },
    { kind: 'crl', bytes: new Uint8Array() },
  ])
  for (let i = 0; i < 3; i++) {
    const { read, faults } = readAll(endorsements, 'crl', parse)
    assert.deepEqual([read, faults.length], [[3], 1])
  }
  assert.equal(parsed, 2)
  // Of the same bytes in another archive nothing is remembered.
  assert.deepEqual(readAll(endorsementsFrom([]), 'crl', parse).read, [])
})

test('an older word on a platform does not pass for the newest by the newer lists beside it', () => {
  const reportData = asReportData(evidenceBinding(LOG_VKEY, [], suite), 64)
  const made = makeTdxQuote({ reportData })
  const archive = (options: QuoteOptions, from: string) => {
    const [collateral] = makeTdxQuote(options).endorsements
    const lists = Object.entries({ root_ca_crl: made.rootCa, pck_crl: made.ca }).map(([name, by]) => [
      name,
      Buffer.from(makeCrl(by, [], { from })).toString('hex'),
    ])
    const fields = { ...JSON.parse(fromUtf8(collateral!.bytes)), ...Object.fromEntries(lists) }
    return [{ kind: 'intel-collateral' as const, bytes: utf8(JSON.stringify(fields)) }]
  }
  const good = archive({ issued: '2026-08-01T00:00:00Z' }, '2026-08-20T00:00:00Z')
  const met = (...archives: (typeof good)[]) =>
    new DocumentAppraiser(
      { log: LOG_VKEY, items: [{ format: 'tdx', bytes: made.quote }] },
      {
        log: LOG_VKEY,
        policy: {
          ...DEFAULT_EVIDENCE_POLICY,
          roots: { ...DEFAULT_EVIDENCE_POLICY.roots, intel: [made.root] },
        },
        archives,
        suite: opensslSuite,
      },
    ).at(QUOTE_TIME).verdict.met
  assert.ok(met(good))
  for (const against of [
    { status: 'OutOfDate' },
    { status: 'Revoked' },
    { status: 'ConfigurationNeeded' },
    { moduleStatus: 'OutOfDate' },
    { qeStatus: 'OutOfDate' },
    { qeStatus: 'Revoked' },
  ] as const) {
    const worse = archive({ ...against, issued: '2026-08-10T00:00:00Z' }, '2026-08-10T00:00:00Z')
    assert.ok(!met(good, worse), JSON.stringify(against))
    assert.ok(!met(worse, good), JSON.stringify(against))
    // Before its time it says nothing yet, and by whom nobody trusts it never does.
    const later = archive({ ...against, issued: '2026-09-02T00:00:00Z' }, '2026-08-10T00:00:00Z')
    assert.ok(met(good, later), JSON.stringify(against))
    const forged = archive(
      {
        ...against,
        issued: '2026-08-10T00:00:00Z',
        forged: 'qeStatus' in against ? 'qe_identity' : 'tcb_info',
      },
      '2026-08-10T00:00:00Z',
    )
    assert.ok(met(good, forged), JSON.stringify(against))
  }
})
