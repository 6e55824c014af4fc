/** On tokens made here: no token of the service is published together with the keys that signed it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alteredBytes, contextOf, recordedSuite, refusal } from '../../../test/tampering.ts'
import { keySet, makeToken, type TestKey } from '../../../test/tokens.ts'
import { makeCertificate } from '../../../test/x509.ts'
import { toBase64, toHex, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import type { JsonObject } from '../../shape.ts'
import { appraise } from '../appraise.ts'
import type { Check, CheckName } from '../check.ts'
import { endorsementsFrom } from '../endorsements.ts'
import { DEFAULT_EVIDENCE_POLICY } from '../policy.ts'
import { maa } from './maa.ts'

const TIME = Date.parse('2026-06-01T12:00:00Z')
const SECONDS = TIME / 1000
const ISSUER = 'https://sharedneu.neu.attest.azure.net'
/** As Azure publishes its keys: in certificates that it signs itself, without the numbers. */
const SIGNER = makeCertificate({ subject: ISSUER, kind: 'RSA-PKCS1' })
const KEY: TestKey = { algorithm: 'RS256', id: 'of Azure', privateKey: SIGNER.privateKey }
const SET = keySet({ kty: 'RSA', kid: KEY.id, x5c: [toBase64(SIGNER.der)] })
const BASE = contextOf(TIME)
const CONTEXT = {
  ...BASE,
  policy: {
    ...DEFAULT_EVIDENCE_POLICY,
    roots: { ...DEFAULT_EVIDENCE_POLICY.roots, maa: [BASE.suite.sha256Hex(SET)] },
  },
  endorsements: endorsementsFrom([{ kind: 'jwks', bytes: SET }]),
}

const COMMON: JsonObject = {
  iss: ISSUER,
  iat: SECONDS - 5,
  nbf: SECONDS - 5,
  exp: SECONDS + 28_800,
  jti: 'a',
  'x-ms-ver': '1.0',
  'x-ms-policy-hash': 'wm9mHlvTU82e8UqoOy1Yj1FBRSNkfe99-69IYDq9eWs',
}
const SNP: JsonObject = {
  'x-ms-attestation-type': 'sevsnpvm',
  'x-ms-compliance-status': 'azure-compliant-cvm',
  'x-ms-sevsnpvm-is-debuggable': false,
  'x-ms-sevsnpvm-launchmeasurement': 'AD'.repeat(48),
  'x-ms-sevsnpvm-hostdata': '00'.repeat(32),
  'x-ms-sevsnpvm-reportdata': `${'09'.repeat(32)}${'00'.repeat(32)}`,
}
const TDX: JsonObject = {
  'x-ms-attestation-type': 'tdxvm',
  'x-ms-compliance-status': 'azure-compliant-cvm',
  attester_tcb_status: 'UpToDate',
  dbgstat: 'disabled',
  tdx_mrtd: '0c'.repeat(48),
  tdx_rtmr0: '01'.repeat(48),
  tdx_td_attributes_debug: false,
  tdx_report_data: `${'31'.repeat(32)}${'00'.repeat(32)}`,
}
const SGX: JsonObject = {
  'x-ms-attestation-type': 'sgx',
  'x-ms-sgx-is-debuggable': false,
  'x-ms-sgx-mrenclave': 'e1'.repeat(32),
  'x-ms-sgx-mrsigner': 'e2'.repeat(32),
}
/** A confidential machine of Azure: the hardware's claims are within. */
function machine(hardware: JsonObject = SNP, more: JsonObject = {}): JsonObject {
  return {
    ...COMMON,
    secureboot: true,
    'x-ms-attestation-type': 'azurevm',
    'x-ms-azurevm-vmid': '5A1B',
    'x-ms-azurevm-bootdebug-enabled': false,
    'x-ms-azurevm-hypervisordebug-enabled': false,
    'x-ms-azurevm-kerneldebug-enabled': false,
    'x-ms-isolation-tee': hardware,
    'x-ms-runtime': { 'client-payload': { nonce: toBase64(utf8('ab'.repeat(32))) } },
    ...more,
  }
}

const token = (claims: JsonObject): Uint8Array => utf8(makeToken(claims, KEY))

function find(checks: readonly Check[], name: CheckName): string | undefined {
  const found = checks.find(one => one.check === name)
  return found && `${found.outcome} ${found.reason}`
}

function checked(claims: JsonObject, context = CONTEXT) {
  return maa.check(maa.parse(token(claims)), context)
}

test('a machine of Azure, by the documents', () => {
  const { checks, verdict, ...found } = appraise(maa, maa.parse(token(machine())), {
    ...CONTEXT,
    binding: new Uint8Array(32).fill(0xab),
    also: ['binding', 'platform'],
  })
  assert.deepEqual(verdict.unmet, [])
  assert.equal(find(checks, 'revocation'), 'not-checked no-revocation-answer')
  assert.equal(found.platform, 'AMD SEV-SNP, by Azure Attestation')
  assert.deepEqual(found.measurements, {
    issuer: ISSUER,
    'x-ms-policy-hash': 'wm9mHlvTU82e8UqoOy1Yj1FBRSNkfe99-69IYDq9eWs',
    'x-ms-sevsnpvm-launchmeasurement': 'ad'.repeat(48),
    'x-ms-sevsnpvm-hostdata': '00'.repeat(32),
  })
  assert.equal(found.facts.machine, '5A1B')
})

test('hardware by itself: SEV-SNP, TDX and SGX', () => {
  const rows = [
    [SNP, 'AMD SEV-SNP', '09', 'pass platform-accepted'],
    [TDX, 'Intel TDX', '31', 'pass platform-accepted'],
    [SGX, 'Intel SGX', undefined, 'not-checked no-platform-status'],
  ] as const
  for (const [hardware, name, first, platform] of rows) {
    const found = checked({ ...COMMON, ...hardware })
    assert.equal(found.platform, `${name}, by Azure Attestation`)
    assert.equal(found.reportData && toHex(found.reportData).slice(0, 2), first)
    assert.equal(found.nonce, undefined)
    assert.equal(find(found.checks, 'debug'), 'pass not-debug')
    assert.equal(find(found.checks, 'platform'), platform)
    assert.equal(find(found.checks, 'chain'), 'pass chained')
  }
  const { measurements } = checked({ ...COMMON, ...TDX })
  assert.equal(measurements.tdx_mrtd, '0c'.repeat(48))
  assert.equal(measurements.tdx_rtmr1, undefined)
})

test('claims: each that is not what it must be', () => {
  const rows: [string, JsonObject, CheckName, string][] = [
    ['not compliant', machine({ ...SNP, 'x-ms-compliance-status': 'azure-noncompliant' }), 'platform', 'fail rejected-by-service'], // biome-ignore format: a row
    ['compliance not said', machine({ ...SNP, 'x-ms-compliance-status': null }), 'platform', 'fail rejected-by-service'], // biome-ignore format: a row
    ['said outside alone', machine({ ...SNP, 'x-ms-compliance-status': null }, { 'x-ms-compliance-status': 'azure-compliant-cvm' }), 'platform', 'fail rejected-by-service'], // biome-ignore format: a row
    ['container', { ...COMMON, ...SNP, 'x-ms-compliance-status': 'azure-compliant-uvm' }, 'platform', 'pass platform-accepted'], // biome-ignore format: a row
    ['debuggable', machine({ ...SNP, 'x-ms-sevsnpvm-is-debuggable': true }), 'debug', 'fail debug-mode'],
    ['in words', machine({ ...SNP, 'x-ms-sevsnpvm-is-debuggable': 'false' }), 'debug', 'fail debug-mode'],
    ['not said', { ...COMMON, ...SNP, 'x-ms-sevsnpvm-is-debuggable': undefined as never }, 'debug', 'not-checked debug-not-stated'], // biome-ignore format: a row
    ['kernel', machine(SNP, { 'x-ms-azurevm-kerneldebug-enabled': true }), 'debug', 'fail debug-mode'],
    ['TDX', machine({ ...TDX, tdx_td_attributes_debug: true }), 'debug', 'fail debug-mode'],
    ['TDX by EAT', machine({ ...TDX, dbgstat: 'enabled' }), 'debug', 'fail debug-mode'],
    ['SGX', { ...COMMON, ...SGX, 'x-ms-sgx-is-debuggable': true }, 'debug', 'fail debug-mode'],
    ['expired', machine(SNP, { exp: SECONDS }), 'validity', 'fail token-expired'],
    ['not yet', machine(SNP, { nbf: SECONDS + 1 }), 'validity', 'fail token-not-yet-valid'],
  ]
  for (const [what, claims, name, expected] of rows)
    assert.equal(find(checked(claims).checks, name), expected, what)
})

test('what the workload sent along', () => {
  const sent = (nonce: unknown) =>
    checked(machine(SNP, { 'x-ms-runtime': { 'client-payload': { nonce } } as JsonObject })).reportData
  assert.deepEqual(sent('MTIzNA=='), utf8('1234'))
  assert.deepEqual(sent(toBase64(new Uint8Array(32).fill(0xfe))), new Uint8Array(32).fill(0xfe))
  for (const nothing of ['', 'no base64', 5, null, toBase64(new Uint8Array(1025))])
    assert.equal(sent(nothing), undefined, `${nothing}`)
  // The hardware's report data is Azure's own there, and binds nothing of the workload's.
  assert.equal(checked(machine(SNP, { 'x-ms-runtime': null })).reportData, undefined)
})

test('keys: only those of a set that the reader trusts, as long as their certificates are valid', () => {
  const roots = { ...CONTEXT.policy.roots, maa: [] }
  const distrusted = { ...CONTEXT, policy: { ...CONTEXT.policy, roots } }
  assert.equal(find(checked(machine(), distrusted).checks, 'chain'), 'fail root-not-trusted')
  // Trusted for another service is not trusted for this one.
  const elsewhere = { ...CONTEXT.policy.roots, maa: [], nras: CONTEXT.policy.roots.maa }
  const other = { ...CONTEXT, policy: { ...CONTEXT.policy, roots: elsewhere } }
  assert.equal(find(checked(machine(), other).checks, 'chain'), 'fail root-not-trusted')
  const stranger = makeCertificate({ subject: ISSUER, kind: 'RSA-PKCS1' })
  // A key in the header, or behind it, is nobody's.
  const header = { x5c: [toBase64(stranger.der)], jku: `${ISSUER}/certs`, jwk: { kty: 'RSA' } }
  const forged = utf8(makeToken(machine(), { ...KEY, privateKey: stranger.privateKey }, { header }))
  assert.equal(find(maa.check(maa.parse(forged), CONTEXT).checks, 'signature'), 'fail bad-signature')
  const late = { exp: Date.parse('2028-01-01T00:00:00Z') / 1000 }
  const expired = checked(machine(SNP, late), { ...CONTEXT, time: Date.parse('2027-01-02T00:00:00Z') })
  assert.equal(find(expired.checks, 'validity'), 'fail certificate-expired')
})

test('a token made here: not one altered byte is taken', () => {
  const bytes = token(machine())
  const suite = recordedSuite(recording => {
    assert.equal(refusal(maa, bytes, { ...CONTEXT, suite: recording }), undefined)
  })
  for (const { at, altered } of alteredBytes(bytes, [0x01, 0x08, 0x80]))
    assert.ok(refusal(maa, altered, { ...CONTEXT, suite }) !== undefined, `byte ${at}`)
})

test('what is no token of the service, each with its code', () => {
  const codeOf = (claims: JsonObject): string => {
    try {
      maa.parse(token(claims))
      return 'read'
    } catch (error) {
      assert.ok(error instanceof AnswerableError)
      return error.code
    }
  }
  for (const iss of [
    null,
    'https://attest.azure.net.example.com',
    'http://a.attest.azure.net',
    `${ISSUER}/certs`,
  ])
    assert.equal(codeOf(machine(SNP, { iss })), 'bad-evidence', `${iss}`)
  assert.equal(codeOf(machine(SNP, { iss: 'https://a.attest.azure.us/' })), 'read')
  for (const type of [null, 'tpm', 'constructor', 'azurevm'])
    assert.equal(codeOf(machine({ ...SNP, 'x-ms-attestation-type': type })), 'bad-evidence', `${type}`)
  assert.equal(codeOf({ ...COMMON, 'x-ms-attestation-type': 'azurevm' }), 'bad-evidence')
  // Hardware's claims that a policy issued into the token of something else.
  for (const type of ['sgx', 'tpm', 'sevsnpvm', null])
    assert.equal(codeOf(machine(SNP, { 'x-ms-attestation-type': type })), 'bad-evidence', `${type}`)
})
