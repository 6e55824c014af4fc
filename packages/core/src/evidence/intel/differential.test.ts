/**
 * Held against Phala's verifier of quotes (@phala/dcap-qvl), which stops at the first fault and accepts every status but
 * `Revoked`; so does the policy here. What we accept, it accepts. What it accepts and we refuse is in a list, each with why.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { QuoteVerifier, verify } from '@phala/dcap-qvl'
import { flipped } from '../../../test/fixture.ts'
import {
  appraiseMade,
  appraiseQuote,
  type MadeQuote,
  makeSgxQuote,
  makeTdxQuote,
  QUOTE_TIME,
  type QuoteOptions,
  rememberingSuite,
  sgxExtension,
} from '../../../test/quote.ts'
import { fromUtf8, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { TCB_STATUSES } from '../policy.ts'

const VECTORS = new URL('../../../../../../shared/vectors/tdx/', import.meta.url)
const skip = existsSync(VECTORS) ? false : 'shared/vectors is not here'
const CURRENT = TCB_STATUSES.filter(status => status !== 'Revoked')
const ANY_STATUS = { tcb: { tdx: CURRENT, sgx: CURRENT } }

type Collateral = Record<string, string>

function theirs(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

/** What stands in the way here; nothing where it is accepted. */
function ours(check: () => { verdict: { unmet: string[] } }): string[] {
  try {
    return check().verdict.unmet
  } catch (error) {
    assert.ok(error instanceof AnswerableError, String(error))
    return [`cannot be read: ${error.code}`]
  }
}

const MADE: [string, () => MadeQuote][] = (
  [
    ['good', {}],
    ['TDX 1.5', { version: 5 }],
    ['1.0 in version 5', { version: 5, report: '1.0' }],
    ['debug', { debug: true }],
    ['profiled', { body: { 120: '10' } }],
    ['its own key', { wrongKey: true }],
    ['forged quote', { forged: 'quote' }],
    ['forged report', { forged: 'qe' }],
    ['forged certificate', { forged: 'pck' }],
    ['forged TCB info', { forged: 'tcb_info' }],
    ['forged identity', { forged: 'qe_identity' }],
    ['revoked platform', { revoked: 'pck' }],
    ['revoked intermediate', { revoked: 'ca' }],
    ['revoked signer', { revoked: 'signer' }],
    ['no level', { noLevel: true }],
    ['out of date', { status: 'OutOfDate' }],
    ['revoked level', { status: 'Revoked' }],
    ['enclave out of date', { qeStatus: 'OutOfDate' }],
    ['enclave revoked', { qeStatus: 'Revoked' }],
    ['expired', { until: '2026-08-31T00:00:00Z' }],
    ['not yet', { issued: '2026-09-02T00:00:00Z' }],
    ['TCB info of the other kind', { tcbInfo: { id: 'QVE' } }],
    ['identity of the other kind', { qeIdentity: { id: 'QVE' } }],
    ['another platform', { tcbInfo: { fmspc: '00906ED50001' } }],
    ['high as one number', { extension: sgxExtension({ svn: [255, 4, ...new Array<number>(14).fill(9)] }) }],
    ['another signer of the enclave', { wrongQe: 'mrsigner' }],
    ['another product', { wrongQe: 'isvprodid' }],
    ['debug enclave', { wrongQe: 'debug' }],
    ['other features', { wrongQe: 'miscselect' }],
    ['other attributes', { wrongQe: 'attributes' }],
    ['old enclave', { wrongQe: 'isvsvn' }],
    ['service domain', { version: 5, body: { 600: '01' } }],
  ] as [string, QuoteOptions][]
).flatMap(([name, options]) => [
  // Theirs holds a module with a major version against the platform's levels; Intel's own levels ask for 0 there.
  [`TDX, ${name}`, () => makeTdxQuote({ ...options, body: { 0: '0900', ...options.body } })],
  [`SGX, ${name}`, () => makeSgxQuote(options.version === 5 ? {} : { ...options, body: {} })],
])

test('synthetic quotes: both accept, or both refuse', () => {
  let accepted = 0
  for (const [name, make] of MADE) {
    const made = make()
    const verifier = QuoteVerifier.newWithRootCa(Buffer.from(made.rootCa.der))
    const here = ours(() => appraiseMade(made, { policy: { ...ANY_STATUS, ...rootsOf(made) } }))
    const there = theirs(() =>
      verifier.verify(Buffer.from(made.quote), made.collateral as never, QUOTE_TIME / 1000),
    )
    assert.equal(here.length === 0, there, `${name}: ${here}`)
    if (there) accepted++
  }
  assert.ok(accepted > 5 && accepted < MADE.length - 20, `${accepted} of ${MADE.length}`)
})

/** Refused here and accepted there, each for one reason. */
const STRICTER: [string, () => MadeQuote, string][] = [
  ['bytes after the end', () => made({ padding: utf8('x') }), 'signature fails: unsigned-bytes'],
  [
    'a forged list of revocations',
    () => made({ forged: 'pck_crl' }),
    'revocation fails: bad-revocation-answer',
  ],
  [
    'TCB info of another certifying enclave',
    () => made({ tcbInfo: { pceId: '0001' } }),
    'platform fails: platform-mismatch',
  ],
  ['a TDX module by somebody else', () => made({ body: { 64: '01' } }), 'identity fails: identity-mismatch'],
  ['a TDX module with attributes', () => made({ body: { 112: '01' } }), 'identity fails: identity-mismatch'],
  [
    'certificates in another framing',
    () => made({ certificationData: pem => utf8(pem.replaceAll('\n', '\r\n')) }),
    'chain fails: bad-certificate',
  ],
]

function made(options: QuoteOptions): MadeQuote {
  return makeTdxQuote({ ...options, body: { 0: '0900', ...options.body } })
}

function rootsOf({ root }: MadeQuote): { roots: never } {
  return { roots: { intel: [root] } as never }
}

for (const [name, make, why] of STRICTER)
  test(`refused here alone: ${name}`, () => {
    const one = make()
    const verifier = QuoteVerifier.newWithRootCa(Buffer.from(one.rootCa.der))
    verifier.verify(Buffer.from(one.quote), one.collateral as never, QUOTE_TIME / 1000)
    assert.ok(ours(() => appraiseMade(one)).includes(why))
  })

test('accepted here alone: what a reader’s reference values are for', () => {
  // SEPT_VE_DISABLE off: guests that need it refuse to start, and it is in what is measured.
  const open = made({ body: { 123: '00' } })
  const verifier = QuoteVerifier.newWithRootCa(Buffer.from(open.rootCa.der))
  assert.throws(() => verifier.verify(Buffer.from(open.quote), open.collateral as never, QUOTE_TIME / 1000))
  assert.deepEqual(appraiseMade(open).verdict.unmet, [])
  assert.equal(appraiseMade(open).facts.septVeDisable, false)
  assert.equal(appraiseMade(open).measurements.tdattributes, '0000000000000000')
})

function vector(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, VECTORS)))
}

/** Collateral without what is nobody's: line ends in PEM, and which case hex is in. */
function essence(bytes: Uint8Array): string {
  const texts = Object.values(JSON.parse(fromUtf8(bytes)) as Collateral)
  return texts
    .map(text => (/^[0-9a-fA-F]+$/.test(text) ? text.toLowerCase() : text.replace(/\s/g, '')))
    .join()
}

const RECORDED = [
  ['phala_tdx_quote', 'phala_tdx_quote_collateral.json'],
  ['phala_sgx_quote', 'phala_sgx_quote_collateral.json'],
  ['gotdxguest_tdx_prod_quote_SPR_E4.dat', 'derived_gotdxguest_SPR_E4_collateral.json'],
] as const

for (const [quoteName, collateralName] of RECORDED)
  test(`${quoteName} at many times`, { skip }, () => {
    const quote = vector(quoteName)
    const bytes = vector(collateralName)
    const collateral = JSON.parse(fromUtf8(bytes)) as Collateral
    const suite = rememberingSuite()
    const times = [
      ...[
        '2017-01-01',
        '2018-05-21',
        '2023-06-18',
        '2023-06-30',
        '2023-07-08',
        '2024-01-01',
        '2025-05-06',
        '2025-06-19',
      ]
        .concat([
          '2025-06-20',
          '2025-07-01',
          '2025-07-18',
          '2025-07-20',
          '2026-11-21',
          '2030-01-01',
          '2033-06-01',
          '2050-01-01',
        ])
        .map(day => `${day}T00:00:00Z`),
      ...['10:16:02', '10:16:03', '10:32:26', '10:32:27', '10:56:10', '10:56:11'].map(
        time => `2025-06-19T${time}Z`,
      ),
      ...['10:00:35', '10:01:18', '10:01:19', '10:16:03', '10:16:04'].map(time => `2025-07-19T${time}Z`),
    ]
    let accepted = 0
    for (const text of times) {
      const time = Date.parse(text)
      const there = theirs(() => verify(Buffer.from(quote), collateral as never, time / 1000))
      const here = ours(() =>
        appraiseQuote(quote, {
          time,
          policy: ANY_STATUS,
          endorsements: [{ kind: 'intel-collateral', bytes }],
          suite,
        }),
      )
      // It does not look at the time of a list of revocations; one that has run out says nothing here.
      const late = here.length > 0 && here.every(one => one.endsWith('revocation-answer-out-of-date'))
      assert.equal(here.length === 0 || late, there, `${text}: ${here}`)
      if (there) accepted++
    }
    assert.equal(accepted > 3, quoteName.startsWith('phala'))
  })

test('altered quotes and collateral', { skip }, () => {
  const time = Date.parse('2025-07-01T00:00:00Z')
  for (const [quoteName, collateralName] of RECORDED.slice(0, 2)) {
    const quote = vector(quoteName)
    const bytes = vector(collateralName)
    const suite = rememberingSuite()
    const compare = (one: Uint8Array, other: Uint8Array): { here: string[]; there: boolean } => ({
      here: ours(() =>
        appraiseQuote(one, {
          time,
          policy: ANY_STATUS,
          endorsements: [{ kind: 'intel-collateral', bytes: other }],
          suite,
        }),
      ),
      there: theirs(() => verify(Buffer.from(one), JSON.parse(fromUtf8(other)), time / 1000)),
    })
    for (let at = 0; at < quote.length; at += 59) {
      const { here, there } = compare(flipped(quote, at, 1 << (at % 8)), bytes)
      assert.notDeepEqual(here, [], `quote at ${at}`)
      // It reads no certificate that it does not need, no framing, and nothing after the end.
      if (there)
        assert.match(
          here.join(),
          /chain fails: (bad-certificate|root-not-trusted)|unsigned-bytes/,
          `quote at ${at}`,
        )
    }
    for (let at = 0; at < bytes.length; at += 97) {
      const other = flipped(bytes, at, 1 << (at % 7))
      const { here, there } = compare(quote, other)
      if (here.length === 0) assert.ok(essence(other) === essence(bytes), `collateral at ${at}`)
      // It checks no signature of a list of revocations, and reads nothing of roots that come along.
      else if (there)
        assert.match(changed(bytes, other).join(), /^[a-z_]*(crl|chain)$/, `collateral at ${at}`)
    }
  }
})

/** The fields in which two collaterals differ. */
function changed(one: Uint8Array, other: Uint8Array): string[] {
  const before = JSON.parse(fromUtf8(one)) as Collateral
  const after = JSON.parse(fromUtf8(other)) as Collateral
  return Object.keys(before).filter(name => before[name] !== after[name])
}
