import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { flipped } from '../../../test/fixture.ts'
import {
  appraiseMade,
  appraiseQuote,
  faultsOf,
  makeTdxQuote,
  type QuoteAsked,
  type QuoteOptions,
  reasonOf,
  sgxExtension,
} from '../../../test/quote.ts'
import { makeCertificate, makeCrl } from '../../../test/x509.ts'
import { concat, fromHex, utf8 } from '../../bytes.ts'
import { portableSuite } from '../../portable.ts'
import type { Endorsement } from '../endorsements.ts'
import { TCB_STATUSES } from '../policy.ts'
import { tdx } from './index.ts'

const VECTORS = new URL('../../../../../../shared/vectors/tdx/', import.meta.url)
const skip = existsSync(VECTORS) ? false : 'shared/vectors is not here'

function vector(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, VECTORS)))
}

function collateralOf(name: string): Endorsement[] {
  return [{ kind: 'intel-collateral', bytes: vector(name) }]
}

function packed(collateral: Record<string, string>): Endorsement[] {
  return [{ kind: 'intel-collateral', bytes: utf8(JSON.stringify(collateral)) }]
}

for (const options of [{ version: 4 }, { version: 5, report: '1.0' }, { version: 5, report: '1.5' }] as const)
  test(`a quote of version ${options.version}${'report' in options ? `, TDX ${options.report}` : ''}`, () => {
    const reportData = concat(fromHex('ab'.repeat(32)), new Uint8Array(32))
    const made = makeTdxQuote({ ...options, reportData })
    const found = appraiseMade(made, { binding: reportData.subarray(0, 32) })
    assert.deepEqual(found.verdict.unmet, [])
    assert.equal(reasonOf(found, 'binding'), 'bound')
    assert.equal(found.measurements.mrtd, 'a0'.repeat(48))
    assert.equal(found.measurements.rtmr3, 'a7'.repeat(48))
    assert.equal(found.measurements.tdattributes, '0000001000000000')
    assert.equal(
      found.measurements.mrservicetd !== undefined,
      'report' in options && options.report === '1.5',
    )
    assert.equal(found.facts.tcbStatus, 'UpToDate')
    assert.equal(found.facts.fmspc, '00906ed50000')
    assert.deepEqual(found.window, {
      from: Date.parse('2026-08-01T00:00:00Z'),
      until: Date.parse('2026-09-15T00:00:00Z'),
    })
    assert.deepEqual(appraiseMade(made, { suite: portableSuite }).verdict.unmet, [])
  })

/** Each fault by itself: what fails, and nothing besides. */
const FAULTS: [string, QuoteOptions, string[], QuoteAsked?][] = [
  ['debug', { debug: true }, ['debug debug-mode']],
  ['profiled by its host', { body: { 120: '10' } }, ['debug debug-mode']],
  [
    'another root',
    { wrongRoot: true },
    [
      'chain root-not-trusted',
      'revocation bad-revocation-answer',
      'platform bad-endorsement-signature',
      'identity bad-endorsement-signature',
    ],
  ],
  ['its own key', { wrongKey: true }, ['signature bad-signature']],
  ['a forged quote', { forged: 'quote' }, ['signature bad-signature']],
  ['a forged report of the quoting enclave', { forged: 'qe' }, ['signature bad-signature']],
  ['a forged certificate', { forged: 'pck' }, ['chain bad-certificate-signature']],
  ['forged TCB info', { forged: 'tcb_info' }, ['platform bad-endorsement-signature']],
  ['a forged identity', { forged: 'qe_identity' }, ['identity bad-endorsement-signature']],
  ['a forged list', { forged: 'pck_crl' }, ['revocation bad-revocation-answer']],
  ['a forged list of the root', { forged: 'root_ca_crl' }, ['revocation bad-revocation-answer']],
  ['a revoked platform', { revoked: 'pck' }, ['revocation certificate-revoked']],
  ['a revoked intermediate', { revoked: 'ca' }, ['revocation certificate-revoked']],
  ['a revoked signer of TCB info', { revoked: 'signer' }, ['revocation certificate-revoked']],
  ['below all levels', { noLevel: true }, ['platform no-matching-tcb-level']],
  ['out of date', { status: 'OutOfDate' }, ['platform platform-out-of-date']],
  ['its TDX module out of date', { moduleStatus: 'OutOfDate' }, ['platform platform-out-of-date']],
  ['its TDX module revoked', { moduleStatus: 'Revoked' }, ['platform platform-revoked']],
  ['its TDX module below all levels', { body: { 0: '01' } }, ['platform no-matching-tcb-level']],
  [
    'a TDX module of a version that Intel does not list',
    { body: { 1: '02' } },
    ['platform no-matching-tcb-level', 'identity identity-mismatch'],
  ],
  ['a TDX module by somebody else', { body: { 64: '01' } }, ['identity identity-mismatch']],
  ['a TDX module with attributes', { body: { 112: '01' } }, ['identity identity-mismatch']],
  ['a quoting enclave out of date', { qeStatus: 'OutOfDate' }, ['identity identity-out-of-date']],
  ['a quoting enclave revoked', { qeStatus: 'Revoked' }, ['identity identity-revoked']],
  ['a quoting enclave below all levels', { wrongQe: 'isvsvn' }, ['identity identity-out-of-date']],
  ['collateral of yesterday', { until: '2026-08-31T00:00:00Z' }, ['validity endorsement-expired']],
  ['collateral of tomorrow', { issued: '2026-09-02T00:00:00Z' }, ['validity endorsement-not-yet-valid']],
  [
    'certificates run out',
    {},
    ['validity certificate-expired'],
    { time: Date.parse('2027-01-01T00:00:01Z') },
  ],
  ['TCB info for SGX', { tcbInfo: { id: 'SGX' } }, ['platform platform-mismatch']],
  ['identity of the enclave for SGX', { qeIdentity: { id: 'QE' } }, ['identity identity-mismatch']],
  [
    'TCB info of another kind of platform',
    { tcbInfo: { fmspc: '00906ED50001' } },
    ['platform platform-mismatch'],
  ],
  ['TCB info of another certifying enclave', { tcbInfo: { pceId: '0001' } }, ['platform platform-mismatch']],
  [
    'a certificate of another kind of platform',
    { extension: sgxExtension({ fmspc: '00906ed50009' }) },
    ['platform platform-mismatch'],
  ],
  // Far ahead in one component, behind in the next: as one number it would be higher.
  [
    'SVNs that only as one number are high',
    { extension: sgxExtension({ svn: [255, 4, 2, 2, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0] }) },
    ['platform no-matching-tcb-level'],
  ],
  ['a certificate without the extension', { extension: Uint8Array.of(5, 0) }, ['chain bad-certificate']],
  ['bytes after the end', { padding: utf8('x') }, ['signature unsigned-bytes']],
  ['zeros after the end, and one that is none', { padding: fromHex('000001') }, ['signature unsigned-bytes']],
  ['a service trust domain', { version: 5, body: { 600: '01' } }, ['platform migration-agent']],
  ['movable, and no word by whom', { body: { 123: '30' } }, ['platform migration-agent']],
]

for (const [name, options, expected, asked] of FAULTS)
  test(`a quote with one fault: ${name}`, () => {
    const found = appraiseMade(makeTdxQuote(options), asked)
    const faults = faultsOf(found)
    if (name === 'certificates run out') assert.ok(faults.includes(expected[0]!))
    else assert.deepEqual(faults, expected)
    assert.equal(found.verdict.met, expected.length === 0)
  })

for (const wrongQe of ['mrsigner', 'isvprodid', 'debug', 'miscselect', 'attributes'] as const)
  test(`a quoting enclave with another ${wrongQe}`, () => {
    assert.deepEqual(faultsOf(appraiseMade(makeTdxQuote({ wrongQe }))), ['identity identity-mismatch'])
  })

test('a debug quoting enclave, and an identity whose mask lets it through', () => {
  const qeIdentity = { attributes: `13${'00'.repeat(15)}`, attributesMask: '00'.repeat(16) }
  assert.deepEqual(faultsOf(appraiseMade(makeTdxQuote({ wrongQe: 'debug', qeIdentity }))), [
    'identity identity-mismatch',
  ])
})

test('each status, under the default policy and under one that names it', () => {
  for (const status of TCB_STATUSES) {
    const made = makeTdxQuote({ status })
    const expected =
      status === 'UpToDate' || status === 'SWHardeningNeeded'
        ? 'platform-accepted'
        : status === 'Revoked'
          ? 'platform-revoked'
          : status.startsWith('OutOfDate')
            ? 'platform-out-of-date'
            : 'platform-needs-configuration'
    const found = appraiseMade(made)
    assert.equal(reasonOf(found, 'platform'), expected, status)
    assert.equal(found.facts.tcbStatus, status)
    const named = appraiseMade(made, { policy: { tcb: { tdx: [status], sgx: [] } } })
    assert.equal(
      reasonOf(named, 'platform'),
      status === 'Revoked' ? 'platform-revoked' : 'platform-accepted',
      status,
    )
  }
})

test('what module and quoting enclave make of the platform’s status', () => {
  const found = appraiseMade(makeTdxQuote({ status: 'ConfigurationNeeded', moduleStatus: 'OutOfDate' }))
  assert.equal(found.facts.tcbStatus, 'OutOfDateConfigurationNeeded')
  assert.equal(appraiseMade(makeTdxQuote({ qeStatus: 'Revoked' })).facts.tcbStatus, 'Revoked')
  assert.deepEqual(appraiseMade(makeTdxQuote({ status: 'OutOfDate' })).facts.advisoryIDs, ['INTEL-SA-00001'])
})

test('a module of major version 0 is judged with the platform', () => {
  // Its SVN is the first component, which the level then asks for.
  assert.equal(reasonOf(appraiseMade(makeTdxQuote({ body: { 0: '0900' } })), 'platform'), 'platform-accepted')
  assert.equal(
    reasonOf(appraiseMade(makeTdxQuote({ body: { 0: '0800' } })), 'platform'),
    'no-matching-tcb-level',
  )
})

test('a service trust domain that the reader’s own reference names', () => {
  const made = makeTdxQuote({ version: 5, body: { 600: '01' } })
  const measurements = { mrservicetd: `01${'00'.repeat(47)}` }
  const references = [{ format: 'tdx', measurements, image: 'x', role: 'model' }] as const
  assert.equal(appraiseMade(made, { policy: { references } }).verdict.met, true)
  // One that may move another image may not move this one.
  const other = { ...references[0], measurements: { ...measurements, mrtd: '00'.repeat(48) } }
  const own = { ...references[0], measurements: { mrtd: 'a0'.repeat(48) } }
  const found = appraiseMade(made, { policy: { references: [own, other] } })
  assert.deepEqual(faultsOf(found), ['platform migration-agent'])
})

test('without collateral: who signed it, and under which root', () => {
  const found = appraiseMade(makeTdxQuote(), { endorsements: [] })
  assert.deepEqual(faultsOf(found), [])
  assert.equal(reasonOf(found, 'signature'), 'signed')
  assert.equal(reasonOf(found, 'chain'), 'chained')
  assert.equal(reasonOf(found, 'validity'), 'in-time')
  assert.equal(reasonOf(found, 'revocation'), 'no-revocation-answer')
  assert.equal(reasonOf(found, 'platform'), 'endorsement-missing')
  assert.equal(reasonOf(found, 'identity'), 'endorsement-missing')
  assert.equal(found.verdict.met, false)
})

test('lists of revocations by themselves', () => {
  const made = makeTdxQuote()
  const lists = (of: Uint8Array[]): Endorsement[] => of.map(bytes => ({ kind: 'crl', bytes }))
  const both = lists([makeCrl(made.ca), makeCrl(made.rootCa)])
  assert.equal(reasonOf(appraiseMade(made, { endorsements: both }), 'revocation'), 'not-revoked')
  // One of the root alone says nothing of the platform.
  const one = lists([makeCrl(made.rootCa)])
  assert.equal(reasonOf(appraiseMade(made, { endorsements: one }), 'revocation'), 'no-revocation-answer')
  const revoked = lists([makeCrl(made.ca, [{ certificate: made.pck.certificate }]), makeCrl(made.rootCa)])
  assert.equal(reasonOf(appraiseMade(made, { endorsements: revoked }), 'revocation'), 'certificate-revoked')
  const old = lists([makeCrl(made.ca, [], { to: '2026-08-01T00:00:00Z' }), makeCrl(made.rootCa)])
  assert.equal(
    reasonOf(appraiseMade(made, { endorsements: old }), 'revocation'),
    'revocation-answer-out-of-date',
  )
})

test('a certificate on hold has its own reason', () => {
  const made = makeTdxQuote()
  const held = makeCrl(made.ca, [{ certificate: made.pck.certificate, reason: 6 }])
  const endorsements = [...made.endorsements, { kind: 'crl' as const, bytes: held }]
  assert.equal(reasonOf(appraiseMade(made, { endorsements }), 'revocation'), 'certificate-on-hold')
})

test('where the platform’s chain does not hold, no list answers for it', () => {
  const made = makeTdxQuote({ certification: 4 })
  const pck_crl = made.collateral.root_ca_crl!
  const collateral = { ...made.collateral, pck_crl, pck_crl_issuer_chain: made.rootCa.pem }
  const found = appraiseMade(made, { endorsements: packed(collateral) })
  assert.equal(reasonOf(found, 'chain'), 'chain-incomplete')
  assert.equal(reasonOf(found, 'revocation'), 'no-revocation-answer')
})

test('a list that does not cover the platform', () => {
  const made = makeTdxQuote()
  const pck_crl = made.collateral.root_ca_crl!
  const by = (pck_crl_issuer_chain: string): string =>
    reasonOf(
      appraiseMade(made, { endorsements: packed({ ...made.collateral, pck_crl, pck_crl_issuer_chain }) }),
      'revocation',
    )
  assert.equal(by(made.rootCa.pem), 'no-revocation-answer')
  assert.equal(by(made.collateral.pck_crl_issuer_chain!), 'bad-revocation-answer')
})

test('TCB info signed by whoever has a certificate under the root', () => {
  const made = makeTdxQuote()
  const { pck, ca, rootCa } = made
  // The chain of a platform's key, and that of a certificate with the right name in the wrong place.
  const below = makeCertificate({ subject: 'Intel SGX TCB Signing', issuer: ca, kind: 'P-256' })
  for (const leaf of [pck, below]) {
    const tcb_info_issuer_chain = leaf.pem + ca.pem + rootCa.pem
    const found = appraiseMade(made, { endorsements: packed({ ...made.collateral, tcb_info_issuer_chain }) })
    assert.equal(reasonOf(found, 'chain'), 'certificate-misused')
    assert.equal(reasonOf(found, 'platform'), 'bad-endorsement-signature')
  }
  // The right certificates with another's first.
  const tcb_info_issuer_chain = rootCa.pem + made.collateral.tcb_info_issuer_chain!
  const found = appraiseMade(made, { endorsements: packed({ ...made.collateral, tcb_info_issuer_chain }) })
  assert.equal(reasonOf(found, 'platform'), 'bad-endorsement-signature')
})

test('a key under the root that is no platform’s', () => {
  const { ca, rootCa } = makeTdxQuote()
  const other = makeCertificate({ subject: 'Intel SGX TCB Signing', issuer: rootCa, kind: 'P-256' })
  const made = makeTdxQuote({ certificationData: () => utf8(other.pem + rootCa.pem) })
  assert.equal(reasonOf(appraiseMade(made), 'chain'), 'certificate-misused')
  const extra = makeTdxQuote({ certificationData: pem => utf8(pem + ca.pem) })
  assert.equal(reasonOf(appraiseMade(extra), 'chain'), 'bad-certificate')
})

test('certificates of a quote in another framing, of which nobody signed anything', () => {
  for (const change of [
    (pem: string) => pem.replace('\n', ' '),
    (pem: string) => pem.replaceAll('\n', '\r\n'),
    (pem: string) => `x${pem}`,
    (pem: string) => `${pem}\0\0`,
    (pem: string) => pem.trimEnd(),
    () => '',
  ]) {
    const made = makeTdxQuote({ certificationData: pem => utf8(change(pem)) })
    assert.equal(reasonOf(appraiseMade(made), 'chain'), 'bad-certificate')
  }
  const made = makeTdxQuote({ certificationData: pem => utf8(`${pem}\0`) })
  assert.equal(appraiseMade(made).verdict.met, true)
})

test('the platform’s certificate from elsewhere', () => {
  for (const certification of [1, 2, 3, 4] as const) {
    const made = makeTdxQuote({ certification })
    const bare = appraiseMade(made)
    const { pck, ca, rootCa } = made
    if (certification === 4) assert.equal(bare.verdict.met, true)
    else {
      assert.equal(reasonOf(bare, 'signature'), 'key-missing')
      for (const name of ['chain', 'validity', 'platform'] as const)
        assert.equal(reasonOf(bare, name), 'endorsement-missing')
      assert.equal(reasonOf(bare, 'revocation'), 'no-revocation-answer')
    }
    const pck_certificate_chain = pck.pem + ca.pem + rootCa.pem
    const endorsements = packed({ ...made.collateral, pck_certificate_chain })
    assert.deepEqual(appraiseMade(made, { endorsements }).verdict.unmet, [])
    const loose = [pck, ca, rootCa].map(({ der }): Endorsement => ({ kind: 'certificate', bytes: der }))
    const another: Endorsement = { kind: 'certificate', bytes: makeTdxQuote().pck.der }
    assert.equal(
      appraiseMade(made, { endorsements: [another, ...loose, ...made.endorsements] }).verdict.met,
      true,
    )
    assert.equal(
      appraiseMade(made, { endorsements: [another, ...made.endorsements] }).verdict.met,
      certification === 4,
    )
  }
})

test('a quote that brings its chain without the root', () => {
  const { ca, rootCa } = makeTdxQuote()
  const made = makeTdxQuote({ certificationData: pem => utf8(pem.replace(rootCa.pem, '')) })
  assert.equal(reasonOf(appraiseMade(made, { endorsements: [] }), 'chain'), 'chain-incomplete')
  assert.equal(appraiseMade(made).verdict.met, true)
  const alone = makeTdxQuote({ certificationData: pem => utf8(pem.replace(ca.pem + rootCa.pem, '')) })
  assert.equal(appraiseMade(alone).verdict.met, true)
})

test('a quoting enclave with more or less data of its own', () => {
  for (const length of [0, 1, 33, 2000])
    assert.equal(appraiseMade(makeTdxQuote({ authData: new Uint8Array(length).fill(1) })).verdict.met, true)
})

test('what types 1 to 3 say of the certificate, and it does not', () => {
  const said = fromHex(`${'99'.repeat(16)}05050202030100030000000000000000${'0b00'}0000`)
  for (let at = 0; at < said.length; at++) {
    const made = makeTdxQuote({ certification: 1, certificationData: () => flipped(said, at) })
    const pck_certificate_chain = made.pck.pem + made.ca.pem + made.rootCa.pem
    const endorsements = packed({ ...made.collateral, pck_certificate_chain })
    assert.equal(reasonOf(appraiseMade(made, { endorsements }), 'chain'), 'bad-certificate')
  }
})

test('of several collaterals, the one of this platform and of this time', () => {
  const made = makeTdxQuote()
  const others = [
    makeTdxQuote({ issued: '2026-08-20T00:00:00Z', tcbInfo: { fmspc: '0'.repeat(12) } }),
    makeTdxQuote({ until: '2026-08-15T00:00:00Z', issued: '2026-07-15T00:00:00Z' }),
    makeTdxQuote({ issued: '2026-09-02T00:00:00Z' }),
  ].flatMap(({ endorsements }) => endorsements)
  const unreadable: Endorsement = { kind: 'intel-collateral', bytes: utf8('{') }
  const endorsements = [unreadable, ...others, ...made.endorsements, ...others]
  assert.equal(appraiseMade(made, { endorsements }).verdict.met, true)
  assert.equal(reasonOf(appraiseMade(made, { endorsements: [unreadable] }), 'platform'), 'bad-endorsement')
})

test('collateral that is none', () => {
  const made = makeTdxQuote()
  for (const [field, text] of [
    ['tcb_info', made.collateral.tcb_info!.replace('{', '{"id":"TDX",')],
    ['tcb_info', made.collateral.tcb_info!.replace('"version":3', '"version":4')],
    ['tcb_info', made.collateral.tcb_info!.replace('"svn":5', '"svn":256')],
    ['tcb_info', made.collateral.tcb_info!.replace('"svn":5', '"svn":"5"')],
    ['tcb_info', made.collateral.tcb_info!.replace('"tcbStatus":"UpToDate"', '"tcbStatus":"Fine"')],
    ['tcb_info', made.collateral.tcb_info!.replace('2026-08-01T', '2026-02-30T')],
    ['tcb_info', made.collateral.tcb_info!.replace('TDX_03', 'TDX_01')],
    ['tcb_info', made.collateral.tcb_info!.replace('"tcbType":0', '"tcbType":1')],
    ['qe_identity', made.collateral.qe_identity!.replace('TD_QE', 'QVE')],
    ['qe_identity', made.collateral.qe_identity!.replace('"isvsvn":4', '"isvsvn":-1')],
    ['tcb_info_signature', 'zz'.repeat(64)],
    ['tcb_info_signature', 'ab'.repeat(63)],
    ['pck_crl', 'ab'],
    ['root_ca_crl', ''],
    ['tcb_info_issuer_chain', '-----BEGIN CERTIFICATE-----'],
  ] as const) {
    const found = appraiseMade(made, { endorsements: packed({ ...made.collateral, [field]: text }) })
    assert.equal(reasonOf(found, 'platform'), 'bad-endorsement', `${field} ${text.slice(0, 80)}`)
    assert.equal(found.verdict.met, false)
  }
})

const PHALA = { quote: 'phala_tdx_quote', collateral: 'phala_tdx_quote_collateral.json' }

test('Phala’s quote, in its window and out of it', { skip }, () => {
  const quote = vector(PHALA.quote)
  const endorsements = collateralOf(PHALA.collateral)
  const at = (time: string) => appraiseQuote(quote, { time: Date.parse(time), endorsements })
  for (const time of ['2025-06-19T10:33:00Z', '2025-07-01T00:00:00Z', '2025-07-19T10:00:35Z']) {
    assert.deepEqual(at(time).verdict.unmet, [])
    assert.equal(at(time).facts.tcbStatus, 'UpToDate')
  }
  assert.deepEqual(at('2025-07-01T00:00:00Z').window, {
    from: Date.parse('2025-06-19T10:32:27Z'),
    until: Date.parse('2025-07-19T10:00:35Z'),
  })
  assert.equal(reasonOf(at('2025-06-19T10:32:00Z'), 'validity'), 'endorsement-not-yet-valid')
  // TCB info and identity are good until 10:16, the list of revocations until 10:00:35.
  const late = at('2025-07-19T10:15:00Z')
  assert.deepEqual(faultsOf(late), [])
  assert.equal(reasonOf(late, 'revocation'), 'revocation-answer-out-of-date')
  assert.equal(late.facts.tcbStatus, 'UpToDate')
  const now = at('2026-11-21T00:00:00Z')
  assert.equal(reasonOf(now, 'validity'), 'endorsement-expired')
  assert.equal(now.verdict.met, false)
  assert.equal(now.measurements.mrtd!.length, 96)
})

test('a quote of Google’s: signatures good, and no TCB level', { skip }, () => {
  const quote = vector('gotdxguest_tdx_prod_quote_SPR_E4.dat')
  const endorsements = collateralOf('derived_gotdxguest_SPR_E4_collateral.json')
  const asked = { time: Date.parse('2023-06-30T00:00:00Z'), endorsements }
  const found = appraiseQuote(quote, asked)
  // It ends in a text that was put there to see what becomes of it.
  assert.equal(reasonOf(found, 'signature'), 'signed unsigned-bytes')
  assert.deepEqual(faultsOf(found), ['signature unsigned-bytes', 'platform no-matching-tcb-level'])
  assert.deepEqual(faultsOf(appraiseQuote(quote.subarray(0, 4935), asked)), [
    'platform no-matching-tcb-level',
  ])
  for (const name of ['signature', 'chain', 'validity', 'revocation', 'identity', 'debug'] as const)
    assert.equal(found.checks.find(one => one.check === name)!.outcome, 'pass', name)
})

test('quotes that come without collateral', { skip }, () => {
  const time = Date.parse('2025-07-01T00:00:00Z')
  const hex = new TextDecoder().decode(vector('phala_tdx-quote.hex')).trim().slice(2)
  for (const quote of [vector('gotdxguest_cos-113-tdx-quote.dat'), fromHex(hex)]) {
    const found = appraiseQuote(quote, { time })
    assert.deepEqual(faultsOf(found), [])
    assert.equal(reasonOf(found, 'signature'), 'signed')
    assert.equal(reasonOf(found, 'chain'), 'chained')
    assert.equal(reasonOf(found, 'platform'), 'endorsement-missing')
    assert.equal(found.verdict.met, false)
    assert.equal(tdx.parse(quote).version, 4)
  }
})
