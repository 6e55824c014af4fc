/** On tokens made here: no token of the service is published together with the keys that signed it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { alteredBytes, contextOf, recordedSuite, refusal } from '../../../test/tampering.ts'
import { jwkOf, keySet, makeKey, makeToken } from '../../../test/tokens.ts'
import { makeCertificate } from '../../../test/x509.ts'
import { fromHex, toBase64, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import type { JsonObject } from '../../shape.ts'
import { appraise } from '../appraise.ts'
import type { Check, CheckName } from '../check.ts'
import { endorsementsFrom } from '../endorsements.ts'
import { DEFAULT_EVIDENCE_POLICY } from '../policy.ts'
import { NRAS_ISSUER, nras } from './nras.ts'

const TIME = Date.parse('2026-06-01T12:00:00Z')
const SECONDS = TIME / 1000
const KEY = makeKey('ES384', 'nv-eat-kid-prod')
const SET = keySet(jwkOf(KEY))
const NONCE = '5a'.repeat(32)

function contextWith(set: Uint8Array, trusted = true) {
  const context = contextOf(TIME)
  const roots = { ...DEFAULT_EVIDENCE_POLICY.roots, nras: trusted ? [context.suite.sha256Hex(set)] : [] }
  return {
    ...context,
    policy: { ...DEFAULT_EVIDENCE_POLICY, roots },
    endorsements: endorsementsFrom([{ kind: 'jwks', bytes: set }]),
  }
}
const CONTEXT = contextWith(SET)

const COMMON: JsonObject = {
  iss: NRAS_ISSUER,
  iat: SECONDS - 5,
  nbf: SECONDS - 5,
  exp: SECONDS + 3600,
  eat_nonce: NONCE,
}
const CHAIN: JsonObject = {
  'x-nvidia-cert-expiration-date': '9999-12-31T23:59:59Z',
  'x-nvidia-cert-status': 'valid',
  'x-nvidia-cert-ocsp-status': 'good',
  'x-nvidia-cert-revocation-reason': null,
}
const DEVICE: JsonObject = {
  ...COMMON,
  hwmodel: 'GH100 A01 GSP BROM',
  ueid: '642960189298007511250958030500749152730221142468',
  measres: 'success',
  secboot: true,
  dbgstat: 'disabled',
  'x-nvidia-gpu-driver-version': '570.133.20',
  'x-nvidia-gpu-vbios-version': '96.00.CF.00.02',
  'x-nvidia-gpu-attestation-report-cert-chain': CHAIN,
  'x-nvidia-gpu-driver-rim-cert-chain': CHAIN,
}

interface BundleOptions {
  devices?: JsonObject[]
  overall?: JsonObject
  key?: typeof KEY
  deviceKey?: typeof KEY
  /** In place of what the overall token says of the devices. */
  submods?: (digests: JsonObject) => JsonObject
}

function bundle({
  devices = [{}],
  overall = {},
  key = KEY,
  deviceKey = key,
  submods = digests => digests,
}: BundleOptions = {}): Uint8Array {
  const tokens: JsonObject = Object.fromEntries(
    devices.map((claims, i) => [`GPU-${i}`, makeToken({ ...DEVICE, ...claims }, deviceKey)]),
  )
  const digests: JsonObject = Object.fromEntries(
    Object.entries(tokens).map(([name, token]) => [
      name,
      ['DIGEST', ['SHA-256', CONTEXT.suite.sha256Hex(utf8(token as string))]],
    ]),
  )
  const claims = {
    ...COMMON,
    sub: 'NVIDIA-PLATFORM-ATTESTATION',
    'x-nvidia-ver': '3.0',
    'x-nvidia-overall-att-result': true,
    submods: submods(digests),
    ...overall,
  }
  return utf8(JSON.stringify([['JWT', makeToken(claims, key)], tokens]))
}

function find(checks: readonly Check[], name: CheckName): string | undefined {
  const found = checks.find(one => one.check === name)
  return found && `${found.outcome} ${found.reason}`
}

function checked(bytes: Uint8Array, context = CONTEXT) {
  return nras.check(nras.parse(bytes), context)
}

function codeOf(bytes: Uint8Array): string {
  try {
    nras.parse(bytes)
  } catch (error) {
    assert.ok(error instanceof AnswerableError, `${error}`)
    return error.code
  }
  return 'read'
}

test('a bundle by the documents: good, under a key set that the reader trusts', () => {
  const { checks, verdict, ...found } = appraise(nras, nras.parse(bundle({ devices: [{}, {}] })), {
    ...CONTEXT,
    nonce: fromHex(NONCE),
    also: ['nonce', 'revocation', 'platform', 'measurement'],
  })
  assert.deepEqual(verdict.unmet, [])
  assert.equal(find(checks, 'measurement'), 'pass measurement-matches-reference')
  assert.equal(found.platform, 'NVIDIA GH100 A01 GSP BROM, by NVIDIA’s attestation service')
  assert.deepEqual(found.measurements, {
    'x-nvidia-gpu-driver-version': '570.133.20',
    'x-nvidia-gpu-vbios-version': '96.00.CF.00.02',
    hwmodel: 'GH100 A01 GSP BROM',
  })
  assert.deepEqual(found.window, { from: TIME - 5000, until: TIME + 3_600_000 - 1 })
  assert.equal(find(checks, 'binding'), 'not-checked nothing-bound')
})

test('devices that differ are measured each by its name', () => {
  const { measurements } = checked(
    bundle({ devices: [{}, { 'x-nvidia-gpu-vbios-version': '97', 'x-nvidia-gpu-driver-version': null }] }),
  )
  assert.deepEqual(measurements, {
    'gpu-0.x-nvidia-gpu-driver-version': '570.133.20',
    'gpu-0.x-nvidia-gpu-vbios-version': '96.00.CF.00.02',
    'gpu-1.x-nvidia-gpu-vbios-version': '97',
    hwmodel: 'GH100 A01 GSP BROM',
  })
})

test('a bundle made here: not one altered byte is taken', () => {
  const bytes = bundle()
  const suite = recordedSuite(recording => {
    assert.equal(refusal(nras, bytes, { ...CONTEXT, suite: recording }), undefined)
  })
  for (const { at, altered } of alteredBytes(bytes, [0x01, 0x04, 0x80]))
    assert.ok(refusal(nras, altered, { ...CONTEXT, suite }) !== undefined, `byte ${at}`)
  for (let end = 0; end < bytes.length; end += 3)
    assert.ok(refusal(nras, bytes.subarray(0, end), { ...CONTEXT, suite }) !== undefined)
})

test('keys: each fault with its reason', () => {
  const other = makeKey('ES384', KEY.id)
  assert.equal(find(checked(bundle(), contextWith(SET, false)).checks, 'chain'), 'fail root-not-trusted')
  const none = { ...CONTEXT, endorsements: endorsementsFrom([]) }
  assert.equal(find(checked(bundle(), none).checks, 'chain'), 'not-checked endorsement-missing')
  assert.equal(find(checked(bundle(), none).checks, 'signature'), 'not-checked key-missing')
  assert.equal(find(checked(bundle({ key: other })).checks, 'signature'), 'fail bad-signature')
  assert.equal(find(checked(bundle({ deviceKey: other })).checks, 'signature'), 'fail bad-signature')
  // Another set has a key under the same id: it signs nothing for the one that is trusted.
  const beside = endorsementsFrom([keySet(jwkOf(other)), SET].map(bytes => ({ kind: 'jwks', bytes })))
  const planted = checked(bundle({ key: other }), { ...CONTEXT, endorsements: beside })
  assert.equal(find(planted.checks, 'signature'), 'fail bad-signature')
  const strange = checked(bundle({ deviceKey: makeKey('ES384', 'another') }))
  assert.equal(find(strange.checks, 'chain'), 'fail chain-incomplete')
  assert.equal(find(strange.checks, 'signature'), 'not-checked key-missing')
})

test('a key’s own certificate counts by its dates', () => {
  const day = { from: '2026-06-01T00:00:00Z', to: '2026-06-02T00:00:00Z' }
  const made = makeCertificate({ subject: 'eat', kind: 'P-384', ...day })
  const key = { ...KEY, privateKey: made.privateKey }
  const context = contextWith(keySet({ kty: 'EC', kid: KEY.id, x5c: [toBase64(made.der)] }))
  const long = { devices: [{ exp: SECONDS + 1e6 }], overall: { exp: SECONDS + 1e6 }, key }
  const { checks, window } = checked(bundle(long), context)
  assert.equal(find(checks, 'chain'), 'pass chained')
  assert.equal(window.until, Date.parse(day.to) + 999)
  const later = checked(bundle(long), { ...context, time: Date.parse('2026-06-02T00:00:01Z') })
  assert.equal(find(later.checks, 'validity'), 'fail certificate-expired')
})

test('tokens belong together', () => {
  const swapped = (digests: JsonObject): JsonObject => ({
    'GPU-0': digests['GPU-1']!,
    'GPU-1': digests['GPU-0']!,
  })
  const rows: [string, BundleOptions][] = [
    ['named the other way round', { devices: [{}, { ueid: '2' }], submods: swapped }],
    ['not named', { submods: () => ({}) }],
    ['one more named', { submods: digests => ({ ...digests, 'GPU-1': ['DIGEST', ['SHA-256', '00']] }) }],
    ['another digest', { submods: () => ({ 'GPU-0': ['DIGEST', ['SHA-256', '00'.repeat(32)]] }) }],
    ['another algorithm', { submods: digests => ({ 'GPU-0': ['DIGEST', ['MD5', digests['GPU-0']!]] }) }],
    ['nested', { submods: () => ({ 'GPU-0': ['JWT', 'x'] }) }],
    ['no list at all', { overall: { submods: null } }],
  ]
  for (const [what, options] of rows)
    assert.equal(find(checked(bundle(options)).checks, 'signature'), 'fail bad-signature', what)
  const spelled = bundle({
    submods: digests =>
      Object.fromEntries(
        Object.entries(digests).map(([name, one]) => [
          name,
          ['DIGEST', ['SHA256', (one as [string, [string, string]])[1][1].toUpperCase()]],
        ]),
      ),
  })
  assert.equal(find(checked(spelled).checks, 'signature'), 'pass signed')
})

test('claims: each that is not what it must be', () => {
  const chain = (more: JsonObject, name = 'gpu-attestation-report'): JsonObject => ({
    [`x-nvidia-${name}-cert-chain`]: { ...CHAIN, ...more },
  })
  const revoked = { 'x-nvidia-cert-ocsp-status': 'revoked', 'x-nvidia-cert-status': 'revoked' }
  const rows: [string, BundleOptions, CheckName, string][] = [
    [
      'rejected',
      { overall: { 'x-nvidia-overall-att-result': false } },
      'platform',
      'fail rejected-by-service',
    ],
    [
      'in words',
      { overall: { 'x-nvidia-overall-att-result': 'true' } },
      'platform',
      'fail rejected-by-service',
    ],
    [
      'not said',
      { overall: { 'x-nvidia-overall-att-result': null } },
      'platform',
      'fail rejected-by-service',
    ],
    [
      'no secure boot',
      { devices: [{}, { secboot: false }] },
      'platform',
      'fail platform-needs-configuration',
    ],
    ['debug', { devices: [{}, { dbgstat: 'enabled' }] }, 'debug', 'fail debug-mode'],
    ['debug not stated', { devices: [{}, { dbgstat: null }] }, 'debug', 'not-checked debug-not-stated'],
    ['measured otherwise', { devices: [{ measres: 'fail' }] }, 'measurement', 'fail measurement-differs-from-reference'], // biome-ignore format: a row
    ['not measured', { devices: [{ measres: null }] }, 'measurement', 'fail measurement-differs-from-reference'], // biome-ignore format: a row
    ['another nonce in one', { devices: [{ eat_nonce: '00' }] }, 'nonce', 'fail wrong-nonce'],
    ['revoked', { devices: [chain(revoked)] }, 'revocation', 'fail certificate-revoked'],
    ['manifest revoked', { devices: [chain(revoked, 'gpu-driver-rim')] }, 'revocation', 'fail certificate-revoked'], // biome-ignore format: a row
    ['on hold', { devices: [chain({ ...revoked, 'x-nvidia-cert-revocation-reason': 'certificateHold' })] }, 'revocation', 'fail certificate-on-hold'], // biome-ignore format: a row
    ['no answer', { devices: [chain({ 'x-nvidia-cert-ocsp-status': 'unknown' })] }, 'revocation', 'not-checked no-revocation-answer'], // biome-ignore format: a row
    ['of version 2', { devices: [{ 'x-nvidia-gpu-attestation-report-cert-chain': null }] }, 'revocation', 'not-checked no-revocation-answer'], // biome-ignore format: a row
    ['expired', { overall: { exp: SECONDS } }, 'validity', 'fail token-expired'],
    ['one expired', { devices: [{}, { exp: SECONDS }] }, 'validity', 'fail token-expired'],
    ['not yet', { devices: [{ nbf: SECONDS + 1 }] }, 'validity', 'fail token-not-yet-valid'],
  ]
  for (const [what, options, name, expected] of rows)
    assert.equal(find(checked(bundle(options)).checks, name), expected, what)
  const asked = { ...CONTEXT, nonce: new Uint8Array(32) }
  assert.equal(find(appraise(nras, nras.parse(bundle()), asked).checks, 'nonce'), 'fail wrong-nonce')
})

test('what is no bundle, each with its code', () => {
  const token = makeToken(DEVICE, KEY)
  const rows: [string, string, string][] = [
    ['nothing', '', 'bad-evidence'],
    ['a token alone', token, 'bad-evidence'],
    ['an object', '{}', 'bad-evidence'],
    ['no devices', JSON.stringify([['JWT', token], {}]), 'bad-evidence'],
    ['three parts', JSON.stringify([['JWT', token], { 'GPU-0': token }, 1]), 'bad-evidence'],
    ['not a JWT', JSON.stringify([['CWT', token], { 'GPU-0': token }]), 'bad-evidence'],
    ['odd name', JSON.stringify([['JWT', token], { '../x': token }]), 'bad-evidence'],
    ['a number', JSON.stringify([['JWT', token], { 'GPU-0': 1 }]), 'bad-evidence'],
    ['twice', `[["JWT","${token}"],{"GPU-0":"${token}","GPU-0":"${token}"}]`, 'duplicate-key'],
    ['deep', `[["JWT",[["${token}"]]],{}]`, 'too-deep'],
    ['33 devices', JSON.stringify([['JWT', token], Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`GPU-${i}`, token]))]), 'too-large'], // biome-ignore format: a row
    ['too long', ' '.repeat(600_000), 'too-large'],
    ['another issuer', JSON.stringify([['JWT', makeToken({ ...DEVICE, iss: 'NV-Attestation-SDK' }, KEY)], { 'GPU-0': token }]), 'bad-evidence'], // biome-ignore format: a row
    ['unsigned', JSON.stringify([['JWT', makeToken(DEVICE, KEY, { header: { alg: 'none' } })], { 'GPU-0': token }]), 'unknown-algorithm'], // biome-ignore format: a row
  ]
  for (const [what, text, code] of rows) assert.equal(codeOf(utf8(text)), code, what)
})
