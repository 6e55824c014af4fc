import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { alteredBytes, contextOf, recordedSuite, refusal } from '../../../test/tampering.ts'
import { jwkOf, keySet, makeKey, makeToken, type TestKey, type TokenOptions } from '../../../test/tokens.ts'
import { type Made, makeCertificate, makeCrl } from '../../../test/x509.ts'
import { toBase64, toHex, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { portableSuite } from '../../portable.ts'
import type { JsonObject } from '../../shape.ts'
import { appraise } from '../appraise.ts'
import type { Check, CheckName } from '../check.ts'
import { endorsementsFrom } from '../endorsements.ts'
import { DEFAULT_EVIDENCE_POLICY } from '../policy.ts'
import { CONFIDENTIAL_SPACE_ISSUER, confidentialSpace } from './confidential-space.ts'

const VECTORS = new URL('../../../../../../shared/vectors/jwt/', import.meta.url)

function vector(file: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(new URL(file, VECTORS)))
  } catch {
    return undefined
  }
}

const OAK = vector('oak_valid.jwt')
const skip = OAK === undefined && 'shared/vectors is not here'
/** The token is of 14:22:31Z, and of one hour. */
const OAK_TIME = '2025-06-23T14:23:00Z'

const TIME = Date.parse('2026-06-01T12:00:00Z')
const SECONDS = TIME / 1000
const ROOT = makeCertificate({ subject: 'root', ca: true, kind: 'RSA-PKCS1' })
const INTERMEDIATE = makeCertificate({ subject: 'intermediate', issuer: ROOT, ca: true, kind: 'RSA-PKCS1' })
const LEAF = makeCertificate({ subject: 'leaf', issuer: INTERMEDIATE, usage: null, kind: 'RSA-PKCS1' })
const POLICY = {
  ...DEFAULT_EVIDENCE_POLICY,
  roots: { ...DEFAULT_EVIDENCE_POLICY.roots, google: [ROOT.fingerprint] },
}
const CONTEXT = contextOf(TIME, { policy: POLICY })

const CONTAINER: JsonObject = {
  image_reference: 'example.com/workload:latest',
  image_digest: `sha256:${'ab'.repeat(32)}`,
  image_id: `sha256:${'cd'.repeat(32)}`,
  args: ['/run', '--fast'],
  env_override: { MODE: 'test' },
}
const CLAIMS: JsonObject = {
  aud: 'https://example.com',
  iss: CONFIDENTIAL_SPACE_ISSUER,
  iat: SECONDS - 10,
  nbf: SECONDS - 10,
  exp: SECONDS + 3590,
  sub: 'https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/i',
  eat_nonce: ['11'.repeat(32), 'a challenge'],
  secboot: true,
  hwmodel: 'GCP_INTEL_TDX',
  swname: 'CONFIDENTIAL_SPACE',
  swversion: ['260500'],
  dbgstat: 'disabled-since-boot',
  submods: {
    confidential_space: { support_attributes: ['LATEST', 'STABLE', 'USABLE'] },
    container: CONTAINER,
    gce: { project_id: 'p', zone: 'z', instance_id: '1' },
  },
}

function keyOf(made: Made): TestKey {
  return { algorithm: 'RS256', id: 'leaf', privateKey: made.privateKey }
}

/** A token with its certificates. */
function token(
  claims: JsonObject = {},
  chain: Made[] = [LEAF, INTERMEDIATE, ROOT],
  options: TokenOptions = {},
) {
  const header = { x5c: chain.map(({ der }) => toBase64(der)) }
  return utf8(makeToken({ ...CLAIMS, ...claims }, keyOf(chain[0]!), { header, ...options }))
}

function find(checks: readonly Check[], name: CheckName): string | undefined {
  const found = checks.find(one => one.check === name)
  return found && `${found.outcome} ${found.reason}`
}

function checked(bytes: Uint8Array, context = CONTEXT) {
  return confidentialSpace.check(confidentialSpace.parse(bytes), context)
}

function codeOf(bytes: Uint8Array): string {
  try {
    confidentialSpace.parse(bytes)
  } catch (error) {
    assert.ok(error instanceof AnswerableError, `${error}`)
    return error.code
  }
  return 'read'
}

test('a real token of Google: signed in its hour, and of a debug image', { skip }, () => {
  const parsed = confidentialSpace.parse(OAK!)
  for (const at of [OAK_TIME, '2025-06-23T15:22:00Z']) {
    const { checks, verdict } = appraise(confidentialSpace, parsed, contextOf(at))
    assert.equal(find(checks, 'signature'), 'pass signed')
    assert.equal(find(checks, 'chain'), 'pass chained')
    assert.equal(find(checks, 'validity'), 'pass in-time')
    assert.equal(find(checks, 'debug'), 'fail debug-mode')
    assert.deepEqual(verdict.unmet, ['debug fails: debug-mode'])
  }
  for (const [at, reason] of [
    ['2025-06-23T14:22:30Z', 'token-not-yet-valid'],
    ['2025-06-23T15:22:31Z', 'token-expired'],
    ['2026-11-01T00:00:00Z', 'certificate-expired'],
  ])
    assert.equal(find(confidentialSpace.check(parsed, contextOf(at!)).checks, 'validity'), `fail ${reason}`)
  const findings = confidentialSpace.check(parsed, contextOf(OAK_TIME))
  assert.equal(findings.platform, 'Google Confidential Space (AMD SEV)')
  assert.equal(
    findings.measurements.image_digest,
    'sha256:313b8a83d3c8bfc9abcffee4f538424473e2705383a7e46f16d159faf0e5ef34',
  )
  assert.deepEqual(findings.nonce, utf8('a nonce between 10 and 74 characters'))
  assert.equal(findings.reportData, undefined)
  assert.deepEqual(findings.window, {
    from: Date.parse('2025-06-23T14:22:31Z'),
    until: Date.parse('2025-06-23T15:22:31Z') - 1,
  })
  const portable = confidentialSpace.check(parsed, contextOf(OAK_TIME, { suite: portableSuite }))
  assert.deepEqual(portable.checks, findings.checks)
})

test('a real token whose signature was altered', { skip }, () => {
  const { checks } = checked(vector('oak_invalid_signature.jwt')!, contextOf(OAK_TIME))
  assert.equal(find(checks, 'signature'), 'fail bad-signature')
  assert.equal(find(checks, 'chain'), 'pass chained')
})

test('a real token: not one altered byte is taken', { skip }, () => {
  const suite = recordedSuite(recording => {
    assert.equal(refusal(confidentialSpace, OAK!, contextOf(OAK_TIME, { suite: recording })), undefined)
  })
  for (const { at, altered } of alteredBytes(OAK!))
    assert.ok(refusal(confidentialSpace, altered, contextOf(OAK_TIME, { suite })) !== undefined, `byte ${at}`)
  for (const { at, altered } of alteredBytes(OAK!, [0x01], 211))
    assert.ok(refusal(confidentialSpace, altered, contextOf(OAK_TIME)) !== undefined, `byte ${at}`)
})

test('a token made here is good, and says what it is of', () => {
  const { checks, verdict, measurements, facts, platform, window } = appraise(
    confidentialSpace,
    confidentialSpace.parse(token()),
    CONTEXT,
  )
  assert.deepEqual(verdict.unmet, [])
  assert.equal(find(checks, 'platform'), 'pass platform-accepted')
  assert.equal(find(checks, 'revocation'), 'not-checked no-revocation-answer')
  assert.equal(platform, 'Google Confidential Space (Intel TDX)')
  assert.deepEqual(measurements, {
    image_digest: CONTAINER.image_digest as string,
    image_id: CONTAINER.image_id as string,
  })
  assert.deepEqual(facts.arguments, ['/run', '--fast'])
  assert.deepEqual(facts.environmentOverridden, ['MODE'])
  assert.deepEqual(window, { from: TIME - 10_000, until: TIME + 3_590_000 - 1 })
})

test('a token made here: not one altered byte is taken', () => {
  const bytes = token()
  const suite = recordedSuite(recording => {
    assert.equal(refusal(confidentialSpace, bytes, { ...CONTEXT, suite: recording }), undefined)
  })
  for (const { at, altered } of alteredBytes(bytes, [0x01, 0x20]))
    assert.ok(refusal(confidentialSpace, altered, { ...CONTEXT, suite }) !== undefined, `byte ${at}`)
  for (let end = 0; end < bytes.length; end += 7)
    assert.ok(refusal(confidentialSpace, bytes.subarray(0, end), { ...CONTEXT, suite }) !== undefined)
})

test('certificates and signatures: each fault with its reason', () => {
  const other = makeCertificate({ subject: 'root', ca: true, kind: 'RSA-PKCS1' })
  const forged = makeCertificate({
    subject: 'leaf',
    issuer: INTERMEDIATE,
    signWith: other,
    kind: 'RSA-PKCS1',
  })
  const sealer = makeCertificate({
    subject: 'leaf',
    issuer: INTERMEDIATE,
    usage: ['key-agreement'],
    kind: 'RSA-PKCS1',
  })
  const expired = makeCertificate({
    subject: 'leaf',
    issuer: INTERMEDIATE,
    to: '2026-05-31T00:00:00Z',
    kind: 'RSA-PKCS1',
  })
  const own = makeCertificate({ subject: 'leaf', issuer: other, kind: 'RSA-PKCS1' })
  const curve = makeCertificate({ subject: 'leaf', issuer: INTERMEDIATE, kind: 'P-256' })
  const rows: [string, Uint8Array, CheckName, string][] = [
    ['another root', token({}, [own, other]), 'chain', 'fail root-not-trusted'],
    ['no intermediate', token({}, [LEAF, ROOT]), 'chain', 'fail chain-incomplete'],
    ['forged', token({}, [forged, INTERMEDIATE, ROOT]), 'chain', 'fail bad-certificate-signature'],
    ['not for signing', token({}, [sealer, INTERMEDIATE, ROOT]), 'chain', 'fail certificate-misused'],
    ['expired', token({}, [expired, INTERMEDIATE, ROOT]), 'validity', 'fail certificate-expired'],
    ['garbage', token({}, undefined, { header: { x5c: ['AAAA'] } }), 'chain', 'fail bad-certificate'],
    ['another key', token({}, undefined, { signWith: keyOf(ROOT) }), 'signature', 'fail bad-signature'],
    ['key of another sort', token({}, [curve, INTERMEDIATE, ROOT], { signWith: keyOf(LEAF) }), 'signature', 'fail bad-signature'], // biome-ignore format: a row
  ]
  for (const [what, bytes, name, expected] of rows) {
    assert.equal(find(checked(bytes).checks, name), expected, what)
    assert.equal(
      appraise(confidentialSpace, confidentialSpace.parse(bytes), CONTEXT).verdict.met,
      false,
      what,
    )
  }
  const crl = makeCrl(INTERMEDIATE, [{ certificate: LEAF.certificate }])
  const endorsements = endorsementsFrom([{ kind: 'crl', bytes: crl }])
  const revoked = checked(token(), { ...CONTEXT, endorsements })
  assert.equal(find(revoked.checks, 'revocation'), 'fail certificate-revoked')
})

test('time, to the second', () => {
  const at = (time: number, claims: JsonObject = {}): string | undefined =>
    find(checked(token(claims), { ...CONTEXT, time }).checks, 'validity')
  assert.equal(at(TIME - 10_001), 'fail token-not-yet-valid')
  assert.equal(at(TIME - 10_000), 'pass in-time')
  assert.equal(at(TIME + 3_589_999), 'pass in-time')
  assert.equal(at(TIME + 3_590_000), 'fail token-expired')
  const { nbf: _, ...rest } = CLAIMS
  const undated = utf8(
    makeToken({ ...rest, iat: SECONDS + 61 }, keyOf(LEAF), {
      header: { x5c: [LEAF, INTERMEDIATE, ROOT].map(({ der }) => toBase64(der)) },
    }),
  )
  assert.equal(find(checked(undated).checks, 'validity'), 'fail evidence-not-yet-made')
  for (const exp of ['never', -1, 1e300, true, null])
    assert.equal(codeOf(token({ exp })), 'bad-evidence', `${exp}`)
  const { exp: __, ...endless } = CLAIMS
  const bytes = utf8(
    makeToken(endless, keyOf(LEAF), {
      header: { x5c: [LEAF, INTERMEDIATE, ROOT].map(({ der }) => toBase64(der)) },
    }),
  )
  assert.equal(find(checked(bytes).checks, 'validity'), 'not-checked undated')
  assert.equal(appraise(confidentialSpace, confidentialSpace.parse(bytes), CONTEXT).verdict.met, false)
})

test('claims: each that is not what it must be', () => {
  const rows: [string, JsonObject, CheckName, string][] = [
    ['debug image', { dbgstat: 'enabled' }, 'debug', 'fail debug-mode'],
    ['disabled later', { dbgstat: 'disabled' }, 'debug', 'fail debug-mode'],
    ['no word of debugging', { dbgstat: null }, 'debug', 'fail debug-mode'],
    ['another image', { swname: 'GCE' }, 'platform', 'fail platform-mismatch'],
    ['shielded only', { hwmodel: 'GCP_SHIELDED_VM' }, 'platform', 'fail platform-mismatch'],
    ['unknown machine', { hwmodel: 'constructor' }, 'platform', 'fail platform-mismatch'],
    ['no secure boot', { secboot: false }, 'platform', 'fail platform-needs-configuration'],
    ['secure boot in words', { secboot: 'true' }, 'platform', 'fail platform-needs-configuration'],
    ['out of support', support('USABLE'), 'platform', 'fail platform-out-of-date'],
    ['supported', support('STABLE', 'USABLE'), 'platform', 'pass platform-accepted'],
    ['no word of support', { submods: {} }, 'platform', 'not-checked no-platform-status'],
  ]
  for (const [what, claims, name, expected] of rows)
    assert.equal(find(checked(token(claims)).checks, name), expected, what)
  for (const iss of ['https://accounts.google.com', `${CONFIDENTIAL_SPACE_ISSUER}/`, null])
    assert.equal(codeOf(token({ iss })), 'bad-evidence')
  // Whatever stands where an object belongs is as nothing.
  const odd = checked(token({ submods: [1], aud: 5, eat_nonce: { a: 1 }, swversion: 'one' }))
  assert.deepEqual(odd.measurements, {})
  assert.equal(odd.nonce, undefined)
})

function support(...attributes: string[]): JsonObject {
  return { submods: { confidential_space: { support_attributes: attributes }, container: CONTAINER } }
}

test('nonces: what was asked, and what is bound', () => {
  const binding = new Uint8Array(32).fill(0x11)
  const challenge = utf8('a challenge')
  const judge = (claims: JsonObject, more: object) =>
    appraise(confidentialSpace, confidentialSpace.parse(token(claims)), { ...CONTEXT, ...more })
  const both = judge({}, { binding, nonce: challenge, also: ['binding', 'nonce'] })
  assert.deepEqual(both.verdict.unmet, [])
  const one = judge({ eat_nonce: toHex(binding) }, { binding })
  assert.equal(find(one.checks, 'binding'), 'pass bound')
  const wrong = judge({}, { binding: new Uint8Array(32), nonce: utf8('another') })
  assert.equal(find(wrong.checks, 'binding'), 'fail wrong-binding')
  assert.equal(find(wrong.checks, 'nonce'), 'fail wrong-nonce')
  // The nonce by itself binds nothing, also in the form of a digest.
  const hexNonce = { eat_nonce: ['22'.repeat(32), '11'.repeat(32)] }
  const asked = judge(hexNonce, { binding, nonce: new Uint8Array(32).fill(0x22) })
  assert.equal(find(asked.checks, 'binding'), 'pass bound')
  assert.equal(find(asked.checks, 'nonce'), 'pass nonce-matches')
  // Upper case is another text.
  const upper = judge({ eat_nonce: 'AB'.repeat(32) }, { binding: new Uint8Array(32).fill(0xab) })
  assert.equal(find(upper.checks, 'binding'), 'fail wrong-binding')
  const none = judge({ eat_nonce: [] }, { nonce: challenge })
  assert.equal(find(none.checks, 'nonce'), 'fail wrong-nonce')
})

test('OIDC tokens: a key of a set that the reader trusts by its digest', () => {
  const key = makeKey('RS256', 'current')
  const old = makeKey('RS256', 'old')
  const set = keySet(jwkOf(old), jwkOf(key))
  const bytes = utf8(makeToken(CLAIMS, key))
  const judge = (sets: Uint8Array[], trusted: Uint8Array[], token = bytes) => {
    const google = trusted.map(one => CONTEXT.suite.sha256Hex(one))
    return checked(token, {
      ...CONTEXT,
      policy: { ...POLICY, roots: { ...POLICY.roots, google } },
      endorsements: endorsementsFrom(sets.map(one => ({ kind: 'jwks', bytes: one }))),
    }).checks
  }
  assert.equal(find(judge([set], [set]), 'signature'), 'pass signed')
  assert.equal(find(judge([set], [set]), 'chain'), 'pass chained')
  assert.equal(find(judge([set], []), 'signature'), 'pass signed')
  assert.equal(find(judge([set], []), 'chain'), 'fail root-not-trusted')
  assert.equal(find(judge([], [set]), 'signature'), 'not-checked key-missing')
  assert.equal(find(judge([], [set]), 'chain'), 'not-checked endorsement-missing')
  const without = keySet(jwkOf(old))
  assert.equal(find(judge([without], [without]), 'chain'), 'fail chain-incomplete')
  assert.equal(find(judge([without, set], [without]), 'chain'), 'fail chain-incomplete')
  const stolen = utf8(makeToken(CLAIMS, key, { signWith: old }))
  assert.equal(find(judge([set], [set], stolen), 'signature'), 'fail bad-signature')
  const nameless = utf8(makeToken(CLAIMS, key, { header: { kid: '' } }))
  assert.equal(find(judge([set], [set], nameless), 'signature'), 'not-checked key-missing')
  // A key that is for another algorithm is not this token's.
  const other = keySet(jwkOf(key, { alg: 'PS256' }))
  assert.equal(find(judge([other], [other]), 'chain'), 'fail chain-incomplete')
  assert.equal(find(judge([utf8('{'), set], [set]), 'chain'), 'pass chained')
})
