/** Policies: what they can ask for, what they cannot go without, and that nobody asks for nothing by mistake. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chip, IMAGE, LOG_VKEY } from '../../test/attested.ts'
import { suite } from '../../test/fixture.ts'
import { AnswerableError } from '../error.ts'
import { asReportData, evidenceBinding } from './binding.ts'
import { type Check, check } from './check.ts'
import { DocumentAppraiser } from './document.ts'
import { DEFAULT_EVIDENCE_POLICY, judgeEvidence, parseEvidencePolicy } from './policy.ts'

const TIME = Date.parse('2026-06-01T00:00:00Z')
const read = (fields: object, base = DEFAULT_EVIDENCE_POLICY) =>
  parseEvidencePolicy(JSON.stringify(fields), base)

test('evidence that nobody is shown to have signed meets no policy', () => {
  const report = chip.report({ reportData: asReportData(evidenceBinding(LOG_VKEY, [], suite), 64) })
  const items = [{ format: 'sev-snp' as const, bytes: report.fill(0, 0x2a0) }]
  for (const require of [
    { 'sev-snp': ['measurement'] },
    { every: [], 'sev-snp': [] },
    { every: ['measurement'], 'sev-snp': ['debug'] },
  ]) {
    const policy = read({ require, references: [IMAGE] })
    const options = { log: LOG_VKEY, policy, archives: [], suite }
    const { verdict } = new DocumentAppraiser({ log: LOG_VKEY, items }, options).at(TIME)
    assert.ok(!verdict.met)
    assert.ok(verdict.checks.includes('signature') && verdict.checks.includes('chain'))
  }
  assert.ok(!judgeEvidence('nitro', [], { ...DEFAULT_EVIDENCE_POLICY, require: {} }).met)
})

test('what a policy leaves out is as it was, row by row', () => {
  const { require } = read({ require: { tdx: ['debug', 'measurement'], maa: [] } })
  assert.deepEqual(require, {
    ...DEFAULT_EVIDENCE_POLICY.require,
    tdx: ['debug', 'measurement'],
    maa: [],
  })
})

test('a field that is not known is refused, wherever it stands', () => {
  for (const fields of [
    { requires: {} },
    { require: { snp: ['debug'] } },
    { require: { tdx: ['debugging'] } },
    { tcb: { TDX: ['UpToDate'] } },
    { snp: { minimun: { milan: { snp: 99 } } } },
    { snp: { minimum: { Milan: { snp: 99 } } } },
    { snp: { minimum: { milan: { svn: 99 } } } },
    { roots: { aws: [] } },
  ])
    assert.throws(
      () => read(fields),
      (error: unknown) => error instanceof AnswerableError && error.code === 'bad-policy',
      JSON.stringify(fields),
    )
})

test('of several checks of one name all must pass where one must', () => {
  const passed: Check[] = [
    check('signature', 'pass', 'signed', ''),
    check('chain', 'pass', 'chained', ''),
    check('validity', 'pass', 'in-time', ''),
    check('debug', 'pass', 'not-debug', ''),
  ]
  const judge = (more: Check[]) =>
    judgeEvidence('nitro', [...passed, ...more], DEFAULT_EVIDENCE_POLICY).unmet.map(
      line => line.split(' ')[0],
    )
  assert.deepEqual(judge([]), [])
  assert.deepEqual(judge([check('signature', 'not-checked', 'key-missing', '')]), ['signature'])
  assert.deepEqual(judge([check('debug', 'fail', 'debug-mode', '')]), ['debug'])
  // Of what is not asked for, only a failure counts.
  assert.deepEqual(judge([check('platform', 'not-checked', 'no-platform-status', '')]), [])
  assert.deepEqual(judge([check('platform', 'fail', 'platform-revoked', '')]), ['platform'])
})
