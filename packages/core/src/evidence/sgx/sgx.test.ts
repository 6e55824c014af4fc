import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { flipped } from '../../../test/fixture.ts'
import {
  appraiseMade,
  appraiseQuote,
  faultsOf,
  makeSgxQuote,
  makeTdxQuote,
  QUOTE_TIME,
  type QuoteOptions,
  reasonOf,
  rememberingSuite,
} from '../../../test/quote.ts'
import { fromHex, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import type { Endorsement } from '../endorsements.ts'
import { DEFAULT_EVIDENCE_POLICY } from '../policy.ts'
import { tdx } from '../tdx/index.ts'
import { sgx } from './index.ts'

const VECTORS = new URL('../../../../../../shared/vectors/tdx/', import.meta.url)
const skip = existsSync(VECTORS) ? false : 'shared/vectors is not here'

function vector(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, VECTORS)))
}

for (const version of [3, 4, 5] as const)
  test(`a quote of an enclave, version ${version}`, () => {
    const made = makeSgxQuote({ version, reportData: fromHex('ab'.repeat(32)) })
    const found = appraiseMade(made, { binding: fromHex('ab'.repeat(32)) })
    assert.deepEqual(found.verdict.unmet, [])
    assert.equal(reasonOf(found, 'binding'), 'bound')
    assert.equal(found.measurements.mrenclave, 'ee'.repeat(32))
    assert.equal(found.measurements.mrsigner, '55'.repeat(32))
    assert.equal(found.facts.quoteVersion, version)
  })

const FAULTS: [string, QuoteOptions, string[]][] = [
  ['debug', { debug: true }, ['debug debug-mode']],
  ['its own key', { wrongKey: true }, ['signature bad-signature']],
  ['a forged quote', { forged: 'quote' }, ['signature bad-signature']],
  ['a forged report of the quoting enclave', { forged: 'qe' }, ['signature bad-signature']],
  ['forged TCB info', { forged: 'tcb_info' }, ['platform bad-endorsement-signature']],
  ['a revoked platform', { revoked: 'pck' }, ['revocation certificate-revoked']],
  ['below all levels', { noLevel: true }, ['platform no-matching-tcb-level']],
  ['out of date', { status: 'OutOfDateConfigurationNeeded' }, ['platform platform-out-of-date']],
  ['to be configured', { status: 'ConfigurationNeeded' }, ['platform platform-needs-configuration']],
  ['a quoting enclave out of date', { qeStatus: 'OutOfDate' }, ['identity identity-out-of-date']],
  ['another quoting enclave', { wrongQe: 'mrsigner' }, ['identity identity-mismatch']],
  ['the identity of the enclave for TDX', { qeIdentity: { id: 'TD_QE' } }, ['identity identity-mismatch']],
  ['collateral of yesterday', { until: '2026-08-31T00:00:00Z' }, ['validity endorsement-expired']],
  ['bytes after the end', { padding: utf8('x') }, ['signature unsigned-bytes']],
]

for (const [name, options, expected] of FAULTS)
  test(`a quote of an enclave with one fault: ${name}`, () => {
    const found = appraiseMade(makeSgxQuote(options))
    assert.deepEqual(faultsOf(found), expected)
    assert.equal(found.verdict.met, false)
  })

test('TCB info of version 2, from before TDX', () => {
  const names = Array.from({ length: 16 }, (_, i) => `sgxtcbcomp${String(i + 1).padStart(2, '0')}svn`)
  const tcb = (svn: number) => ({ ...Object.fromEntries(names.map(name => [name, svn])), pcesvn: 11 })
  const level = (svn: number, tcbStatus: string) => ({
    tcb: tcb(svn),
    tcbDate: '2026-03-13T00:00:00Z',
    tcbStatus,
  })
  const tcbInfo = {
    id: undefined,
    version: 2,
    tcbLevels: [level(1, 'UpToDate'), level(0, 'SWHardeningNeeded')],
  }
  const found = appraiseMade(makeSgxQuote({ tcbInfo }))
  assert.equal(found.facts.tcbStatus, 'SWHardeningNeeded')
  assert.equal(found.verdict.met, true)
  // It says nothing of TDX, so nothing of a trust domain's platform.
  assert.equal(reasonOf(appraiseMade(makeTdxQuote({ tcbInfo })), 'platform'), 'platform-mismatch')
})

test('collateral for the other kind', () => {
  const enclave = makeSgxQuote()
  const domain = makeTdxQuote()
  assert.deepEqual(faultsOf(appraiseMade(enclave, { endorsements: domain.endorsements })), [
    'platform platform-mismatch',
    'identity identity-mismatch',
  ])
  assert.deepEqual(faultsOf(appraiseMade(domain, { endorsements: enclave.endorsements })), [
    'platform platform-mismatch',
    'identity identity-mismatch',
  ])
  const both = [...domain.endorsements, ...enclave.endorsements]
  // Of two platforms, each finds its own; revocations of the one say nothing of the other.
  assert.deepEqual(faultsOf(appraiseMade(enclave, { endorsements: both })), [])
  assert.deepEqual(faultsOf(appraiseMade(domain, { endorsements: both.toReversed() })), [])
})

test('one kind of quote where the other belongs', () => {
  assert.throws(() => tdx.parse(makeSgxQuote().quote), { code: 'bad-evidence' })
  assert.throws(() => sgx.parse(makeTdxQuote().quote), { code: 'bad-evidence' })
})

function assertEveryByteCounts(quote: Uint8Array, asked: Parameters<typeof appraiseQuote>[1]): void {
  const suite = rememberingSuite()
  assert.equal(appraiseQuote(quote, { ...asked, suite }).verdict.met, true)
  for (let at = 0; at < quote.length; at++) {
    let faults: string[]
    try {
      faults = faultsOf(appraiseQuote(flipped(quote, at, 1 << (at % 8)), { ...asked, suite }))
    } catch (error) {
      assert.ok(error instanceof AnswerableError, `byte ${at}: ${error}`)
      continue
    }
    assert.notDeepEqual(faults, [], `byte ${at}`)
  }
}

test('every byte of a quote of version 3 counts', () => {
  const made = makeSgxQuote({ padding: new Uint8Array(8) })
  const roots = { ...DEFAULT_EVIDENCE_POLICY.roots, intel: [made.root] }
  assertEveryByteCounts(made.quote, {
    time: QUOTE_TIME,
    endorsements: made.endorsements,
    policy: { roots },
  })
})

test('Phala’s quote of an enclave: the policy decides', { skip }, () => {
  const quote = vector('phala_sgx_quote')
  const endorsements: Endorsement[] = [
    { kind: 'intel-collateral', bytes: vector('phala_sgx_quote_collateral.json') },
  ]
  const time = Date.parse('2025-07-01T00:00:00Z')
  const found = appraiseQuote(quote, { time, endorsements })
  assert.equal(found.facts.tcbStatus, 'ConfigurationAndSWHardeningNeeded')
  assert.deepEqual(found.facts.advisoryIDs, ['INTEL-SA-00289', 'INTEL-SA-00615'])
  assert.deepEqual(faultsOf(found), ['platform platform-needs-configuration'])
  const policy = { tcb: { tdx: [], sgx: ['ConfigurationAndSWHardeningNeeded'] } } as const
  assert.deepEqual(appraiseQuote(quote, { time, endorsements, policy }).verdict.unmet, [])
  const now = appraiseQuote(quote, { time: Date.parse('2026-11-21T00:00:00Z'), endorsements, policy })
  assert.deepEqual(faultsOf(now), ['validity endorsement-expired'])
  assertEveryByteCounts(quote, { time, endorsements, policy })
})
