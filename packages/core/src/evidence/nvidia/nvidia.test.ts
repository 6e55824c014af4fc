import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { flipped } from '../../../test/fixture.ts'
import { makeManifest } from '../../../test/manifest.ts'
import {
  answerAbout,
  chipMaker,
  DEVICE_TIME,
  type DeviceOptions,
  DRIVER,
  devicePolicy,
  type MadeDevice,
  makeGpuEvidence,
  makeSwitchEvidence,
  remembering,
} from '../../../test/nvidia.ts'
import { opensslSuite } from '../../../test/openssl-suite.ts'
import { type Made, makeCertificate, makeCrl } from '../../../test/x509.ts'
import { concat, fromHex, utf8 } from '../../bytes.ts'
import { portableSuite } from '../../portable.ts'
import type { Suite } from '../../suite.ts'
import { type Appraisal, appraise } from '../appraise.ts'
import { type Endorsement, endorsementsFrom } from '../endorsements.ts'
import { DEFAULT_EVIDENCE_POLICY, type EvidencePolicy } from '../policy.ts'
import {
  type DeviceEvidence,
  formatDeviceEvidence,
  fromSdkEvidence,
  nvidiaGpu,
  nvidiaSwitch,
  reportFromHex,
} from './index.ts'

const VECTORS = new URL('../../../../../../shared/vectors/nvidia/', import.meta.url)
const skip = existsSync(VECTORS) ? false : 'shared/vectors is not here'
const vector = (name: string): string => readFileSync(new URL(`nvsdk_${name}`, VECTORS), 'utf8')
const NONCE = new Uint8Array(32).fill(7)

interface Asked {
  time?: number
  policy?: EvidencePolicy
  endorsements?: readonly Endorsement[]
  suite?: Suite
  nonce?: Uint8Array
  format?: typeof nvidiaGpu
}

function appraiseDevice(document: Uint8Array | DeviceEvidence, asked: Asked = {}): Appraisal {
  const { time = DEVICE_TIME, policy = devicePolicy(), endorsements = [], suite = opensslSuite } = asked
  const { format = nvidiaGpu, nonce } = asked
  const parsed = document instanceof Uint8Array ? format.parse(document) : document
  const context = { time, policy, endorsements: endorsementsFrom(endorsements), suite }
  return appraise(format, parsed, { ...context, ...(nonce && { nonce }) })
}

function of(made: MadeDevice, asked: Asked = {}): Appraisal {
  return appraiseDevice(made.document, { endorsements: made.endorsements, ...asked })
}

function reasons({ checks }: Appraisal, outcome = 'fail'): string[] {
  return checks
    .filter(one => one.outcome === outcome)
    .map(one => `${one.check} ${one.reason}`)
    .sort()
}

function reasonOf({ checks }: Appraisal, name: string): string {
  return checks
    .filter(({ check }) => check === name)
    .map(({ reason }) => reason)
    .join(' ')
}

const gpu = makeGpuEvidence()

test('a GPU with good answers and its manifests meets the default policy, with either suite', () => {
  for (const suite of [opensslSuite, portableSuite]) {
    const found = of(gpu, { suite, nonce: NONCE })
    assert.deepEqual(found.verdict.unmet, [])
    assert.equal(found.verdict.met, true)
    assert.equal(found.platform, 'NVIDIA GPU (GH100)')
    assert.equal(found.measurements.measurement8?.length, 96)
    assert.deepEqual(found.nonce, NONCE)
    assert.deepEqual(found.facts.manifests, [
      `NV_GPU_DRIVER_GH100_${DRIVER}`,
      'NV_GPU_VBIOS_G520_0200_885_9600A50001',
    ])
    assert.equal(reasonOf(found, 'measurement'), 'measurement-matches-reference')
    assert.equal(reasonOf(found, 'debug'), 'not-debug')
    assert.equal(reasonOf(found, 'nonce'), 'nonce-matches')
    // The answers are the first of all to begin, and to end.
    assert.deepEqual(found.window, {
      from: Date.parse('2026-06-14T12:00:00Z'),
      until: Date.parse('2026-06-16T12:00:00.999Z'),
    })
  }
})

test('a switch needs one manifest only', () => {
  const made = makeSwitchEvidence()
  const found = of(made, { format: nvidiaSwitch })
  assert.deepEqual(found.verdict.unmet, [])
  assert.equal(found.platform, 'NVIDIA switch (LS_10)')
  assert.deepEqual(found.facts.gpus, ['6b'.repeat(8)])
})

test('a Blackwell has its firmware where TCG says, and manifests by other names', () => {
  const options = { chip: 'GB100', arch: 'BLACKWELL' }
  const found = of(makeGpuEvidence(options))
  assert.deepEqual(found.verdict.unmet, [])
  assert.equal(reasonOf(found, 'platform'), 'platform-accepted')
  assert.equal((found.facts.manifests as string[])[0], `NV_GPU_CC_DRIVER_GB100_${DRIVER}`)
  const other = of(makeGpuEvidence({ ...options, firmware: new Uint8Array(48) }))
  assert.deepEqual(reasons(other), ['platform platform-mismatch'])
})

test('what a certificate says that leads nowhere is not shown', () => {
  const found = appraiseDevice(gpu.document, { policy: DEFAULT_EVIDENCE_POLICY })
  assert.deepEqual(
    [found.platform, found.facts.chip, found.facts.device],
    ['NVIDIA GPU', undefined, undefined],
  )
  assert.equal(found.facts.driver, DRIVER)
})

test('what a device says of itself is shown only as far as it is plain text', () => {
  const hostile = makeGpuEvidence({
    opaque: {
      15: utf8('8\u001b[2J'),
      17: new Uint8Array(65).fill(65),
      18: utf8('\u202e'),
      6: utf8('short'),
      36: utf8(''),
    },
  })
  const { facts, checks } = appraiseDevice(hostile.document)
  assert.deepEqual(Object.keys(facts), ['chip', 'device', 'driver', 'protectedPcie', 'nvdec0', 'manifests'])
  assert.ok(checks.every(({ detail }) => !/[\p{Cc}\p{Cf}]/u.test(detail)))
})

test('a report alone takes its certificates from the endorsements', () => {
  const certificates = gpu.chain.map(({ der }) => ({ kind: 'certificate', bytes: der }) as const)
  const other = makeGpuEvidence()
    .chain.slice(0, 2)
    .map(({ der }) => ({ kind: 'certificate', bytes: der }) as const)
  const found = appraiseDevice(gpu.report, { endorsements: [...other, ...certificates, ...gpu.endorsements] })
  assert.deepEqual(found.verdict.unmet, [])
  const missing = appraiseDevice(gpu.report, { endorsements: gpu.endorsements })
  assert.equal(reasonOf(missing, 'signature'), 'key-missing')
  assert.equal(reasonOf(missing, 'chain'), 'endorsement-missing')
  assert.equal(reasonOf(missing, 'validity'), 'undated')
  assert.equal(missing.verdict.met, false)
  const others = appraiseDevice(gpu.report, { endorsements: [...other, ...gpu.endorsements] })
  assert.deepEqual(reasons(others), ['signature bad-signature'])
})

test('without answers and manifests the default policy is not met, and nothing fails', () => {
  const found = of(gpu, { endorsements: [] })
  assert.deepEqual(reasons(found), [])
  assert.deepEqual(found.verdict.unmet, [
    'revocation is required, and was not checked: no-revocation-answer',
    'measurement is required, and was not checked: no-reference-values',
  ])
  assert.equal(reasonOf(found, 'debug'), 'debug-not-stated')
})

test('a reader who names the measurements needs no manifest, and one who names others refuses', () => {
  const measurements = { measurement1: of(gpu).measurements.measurement1! }
  const reference = { format: 'nvidia-gpu', image: 'driver 590', role: 'model' } as const
  const named = devicePolicy({ references: [{ ...reference, measurements }] })
  for (const endorsements of [gpu.answers, [...gpu.answers, gpu.manifests[0]!], gpu.endorsements])
    assert.deepEqual(of(gpu, { policy: named, endorsements }).verdict.unmet, [])
  const others = devicePolicy({ references: [{ ...reference, measurements: { measurement1: '00' } }] })
  assert.deepEqual(reasons(of(gpu, { policy: others })), ['measurement measurement-not-approved'])
})

const forger = makeCertificate({ subject: 'Forger', ca: true })
const later = makeCertificate({ subject: 'Later', to: '9999-12-31T23:59:59Z', from: '2026-06-20T00:00:00Z' })

for (const [what, options, expected, asked] of [
  ['the key of another device', { signWith: makeGpuEvidence().chain[0]! }, ['signature bad-signature']],
  [
    'a key on another curve',
    { leaf: { kind: 'P-256' }, signWith: gpu.chain[0]! },
    ['signature unknown-algorithm'],
  ],
  ['a certificate by nobody', { leaf: { signWith: forger } }, ['chain bad-certificate-signature']],
  ['a certificate for something else', { leaf: { usage: ['key-agreement'] } }, ['chain certificate-misused']],
  [
    'a critical extension',
    { leaf: { extensions: [{ id: '1.2.3', critical: true, value: new Uint8Array([5, 0]) }] } },
    // It has no name and no firmware either, and what it says of that is read all the same.
    ['chain unknown-critical-extension', 'platform platform-mismatch'],
  ],
  ['a certificate that was over', { leaf: { to: '2026-02-01T00:00:00Z' } }, ['validity certificate-expired']],
  [
    'a certificate of tomorrow',
    { leaf: { from: '2026-06-16T00:00:00Z' } },
    ['validity certificate-not-yet-valid'],
  ],
  ['other firmware than was certified', { firmware: new Uint8Array(48) }, ['platform platform-mismatch']],
  ['the certificate of a switch', { chip: 'LS_10', arch: 'HOPPER' }, ['platform platform-mismatch']],
  ['another architecture than it has', { arch: 'BLACKWELL' }, ['platform platform-mismatch']],
  [
    'roots of somebody else',
    {},
    ['chain root-not-trusted'],
    { policy: { ...devicePolicy(), roots: { ...devicePolicy().roots, nvidia: [forger.fingerprint] } } },
  ],
  ['another nonce', { nonce: new Uint8Array(32) }, ['nonce wrong-nonce']],
] as [string, DeviceOptions, string[], Asked?][])
  test(`a GPU with ${what}: ${expected.join(', ')}`, () => {
    const found = of(makeGpuEvidence(options), { nonce: NONCE, ...asked })
    assert.deepEqual(reasons(found), expected)
    assert.equal(found.verdict.met, false)
  })

test('a chain of which a part is missing, or cannot be read', () => {
  const [leaf, rom, provisioner, identity, root] = gpu.chain as [Made, Made, Made, Made, Made]
  const chained = (...chain: Made[]) =>
    reasons(
      appraiseDevice(formatDeviceEvidence(gpu.report, chain.map(({ pem }) => pem).join(''), 'HOPPER'), {
        endorsements: gpu.endorsements,
      }),
    )
  assert.deepEqual(chained(leaf, rom, identity, root), ['chain chain-incomplete'])
  assert.deepEqual(chained(leaf, root, identity, provisioner, rom), [])
  const document = nvidiaGpu.parse(gpu.document)
  const broken = { ...document, certificates: document.certificates!.with(1, flipped(rom.der, 4)) }
  assert.deepEqual(reasons(appraiseDevice(broken)), ['chain bad-certificate'])
  const headless = { ...document, certificates: document.certificates!.with(0, flipped(leaf.der, 4)) }
  assert.equal(reasonOf(appraiseDevice(headless), 'signature'), 'key-missing')
  assert.equal(later.certificate.notBefore > DEVICE_TIME, true)
})

test('what revokes any of its certificates, or all that is missing of answers', () => {
  const [leaf, rom, provisioner, identity, root] = gpu.chain as [Made, Made, Made, Made, Made]
  const [ofRom, ofProvisioner, ofIdentity] = gpu.answers as [Endorsement, Endorsement, Endorsement]
  const asked = (...answers: Endorsement[]) => of(gpu, { endorsements: [...answers, ...gpu.manifests] })
  const revocation = (...answers: Endorsement[]) => reasonOf(asked(...answers), 'revocation')
  assert.equal(revocation(ofRom, ofProvisioner, ofIdentity), 'not-revoked')
  assert.equal(revocation(ofProvisioner, ofIdentity), 'no-revocation-answer')
  assert.equal(revocation(ofRom, ofProvisioner), 'no-revocation-answer')
  const hold = answerAbout(rom, provisioner, { status: 'revoked', reason: 6 })
  assert.equal(revocation(hold, ofProvisioner, ofIdentity), 'certificate-on-hold')
  const gone = answerAbout(identity, root, { status: 'revoked' })
  assert.equal(revocation(ofRom, ofProvisioner, gone), 'certificate-revoked')
  assert.equal(revocation(ofRom, ofProvisioner, ofIdentity, gone), 'certificate-revoked')
  // Nobody is asked about the leaf; what is said of it counts.
  const own = answerAbout(leaf, rom, { status: 'revoked' })
  assert.equal(revocation(ofRom, ofProvisioner, ofIdentity, own), 'certificate-revoked')
  const old = answerAbout(rom, provisioner, {
    thisUpdate: '2026-06-10T00:00:00Z',
    nextUpdate: '2026-06-12T00:00:00Z',
  })
  assert.equal(revocation(old, ofProvisioner, ofIdentity), 'revocation-answer-out-of-date')
  const forged = { kind: 'ocsp', bytes: flipped(ofRom.bytes, ofRom.bytes.length - 1) } as const
  assert.equal(asked(forged, ofProvisioner, ofIdentity).verdict.met, false)
  const unreadable = { kind: 'ocsp', bytes: utf8('nothing') } as const
  assert.equal(revocation(ofRom, ofProvisioner, ofIdentity, unreadable), 'not-revoked')
  assert.equal(revocation(unreadable, ofProvisioner, ofIdentity), 'no-revocation-answer')
})

test('where nobody could be asked about, nobody said that it is good', () => {
  const { roots } = devicePolicy()
  for (const root of gpu.chain.slice(0, 2)) {
    const policy = devicePolicy({ roots: { ...roots, nvidia: [root.fingerprint] } })
    const found = of(gpu, { policy, endorsements: gpu.manifests })
    assert.equal(reasonOf(found, 'chain'), 'chained')
    assert.equal(reasonOf(found, 'revocation'), 'no-revocation-answer')
    assert.ok(!found.verdict.met)
  }
})

test('lists of revocations answer as well', () => {
  const [leaf, rom, provisioner, identity, root] = gpu.chain as [Made, Made, Made, Made, Made]
  const list = (issuer: Made, ...revoked: { certificate: Made['certificate']; reason?: number }[]) =>
    ({ kind: 'crl', bytes: makeCrl(issuer, revoked) }) as const
  const revocation = (...lists: Endorsement[]) =>
    reasonOf(of(gpu, { endorsements: [...lists, ...gpu.manifests] }), 'revocation')
  assert.equal(revocation(list(provisioner), list(identity), list(root)), 'not-revoked')
  assert.equal(revocation(gpu.answers[0]!, list(identity), list(root)), 'not-revoked')
  assert.equal(revocation(...gpu.answers, list(identity, provisioner)), 'certificate-revoked')
  assert.equal(revocation(...gpu.answers, list(root, { ...identity, reason: 6 })), 'certificate-on-hold')
  assert.equal(leaf.certificate.issuer.text, rom.certificate.subject.text)
})

/** Each byte of a report altered, and of its chain where that is asked for. */
function assertAllRejected(document: Uint8Array, asked: Asked & { chain?: boolean }): void {
  const { format = nvidiaGpu } = asked
  const suite = remembering(opensslSuite)
  const parsed = format.parse(document)
  const whole = concat(parsed.report.signed, parsed.report.signature)
  const rejected = (read: () => DeviceEvidence, what: string): void => {
    let altered: DeviceEvidence
    try {
      altered = read()
    } catch {
      return
    }
    const { checks } = appraiseDevice(altered, { ...asked, suite })
    assert.ok(
      checks.some(({ outcome }) => outcome === 'fail'),
      what,
    )
  }
  for (let at = 0; at < whole.length; at++)
    rejected(
      () => ({ ...parsed, report: format.parse(flipped(whole, at)).report }),
      `byte ${at} of the report`,
    )
  for (const [i, der] of asked.chain ? parsed.certificates!.entries() : [])
    for (let at = 0; at < der.length; at++) {
      const certificates = parsed.certificates!.with(i, flipped(der, at))
      rejected(() => ({ ...parsed, certificates }), `byte ${at} of certificate ${i}`)
    }
}

test('a report of which any byte is altered is rejected, and so is its chain', () => {
  assertAllRejected(gpu.document, { chain: true })
})

const NVIDIA = { policy: DEFAULT_EVIDENCE_POLICY, time: Date.parse('2026-06-15T00:00:00Z') }
const hopper = () =>
  formatDeviceEvidence(
    reportFromHex(vector('hopperAttestationReport.txt')),
    vector('hopperCertChain.txt'),
    'HOPPER',
  )
const ls10 = () =>
  formatDeviceEvidence(
    reportFromHex(vector('switchAttestationReport.txt')),
    vector('switchCertChain.txt'),
    'LS10',
  )
const sdk = (name: string) => fromSdkEvidence(vector(name))[0]!

for (const [what, document, format, nonce] of [
  ['a GH100', hopper, nvidiaGpu, '5bb22e377702d4e1e8215a903ba094826b9ac7f731dee1fe8102958bf2840aca'],
  ['an LS10', ls10, nvidiaSwitch, '931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb'],
  [
    'a GH100 as the SDK wrote it',
    () => sdk('hopper_evidence.json'),
    nvidiaGpu,
    'e97b23a1718095a0e9e35edca810768c70a6a5a389b705e753b197912bc11576',
  ],
  [
    'a GH100 on hold',
    () => sdk('hopper_evidence_cert_hold.json'),
    nvidiaGpu,
    '931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb',
  ],
] as const) {
  test(`${what}: signature and chain are good, and without an answer the policy is not met`, { skip }, () => {
    const found = appraiseDevice(document(), { ...NVIDIA, format, nonce: fromHex(nonce) })
    assert.deepEqual(reasons(found), [])
    for (const name of ['signature', 'chain', 'validity', 'nonce'])
      assert.ok(
        found.checks.some(one => one.check === name && one.outcome === 'pass'),
        name,
      )
    assert.equal(reasonOf(found, 'revocation'), 'no-revocation-answer')
    assert.equal(found.verdict.met, false)
    if (format === nvidiaGpu) assert.equal(reasonOf(found, 'platform'), 'platform-accepted')
    // In 9999 it still is.
    const at = { ...NVIDIA, format, time: Date.parse('9999-12-31T00:00:00Z') }
    assert.equal(reasonOf(appraiseDevice(document(), at), 'validity'), 'in-time')
    const before = { ...NVIDIA, format, time: Date.parse('2021-01-01T00:00:00Z') }
    assert.equal(reasonOf(appraiseDevice(document(), before), 'validity'), 'certificate-not-yet-valid')
  })

  test(`${what}: any byte altered, it is rejected`, { skip }, () => {
    assertAllRejected(document(), { ...NVIDIA, format })
  })
}

test('a report that its device did not sign fails', { skip }, () => {
  const invalid = reportFromHex(vector('hopperAttestationReportInvalidSignature.txt'))
  const chains = [vector('hopperCertChain.txt'), vector('switchCertChain.txt')]
  for (const name of ['hopper_evidence.json', 'hopper_evidence_cert_hold.json'])
    chains.push(atob(JSON.parse(vector(name))[0].certificate))
  for (const pem of chains) {
    const found = appraiseDevice(formatDeviceEvidence(invalid, pem, 'HOPPER'), NVIDIA)
    assert.ok(reasons(found).includes('signature bad-signature'))
  }
})

test('a report of one device under the chain of another fails', { skip }, () => {
  const report = reportFromHex(vector('switchAttestationReport.txt'))
  const document = formatDeviceEvidence(report, vector('hopperCertChain.txt'), 'LS10')
  const found = appraiseDevice(document, { ...NVIDIA, format: nvidiaSwitch })
  assert.deepEqual(reasons(found), ['platform platform-mismatch', 'signature bad-signature'])
})

test('a manifest for another driver compares nothing', { skip }, () => {
  const bytes = new Uint8Array(readFileSync(new URL('nvsdk_NV_GPU_DRIVER_GH100_550.144.03.xml', VECTORS)))
  const found = appraiseDevice(hopper(), { ...NVIDIA, endorsements: [{ kind: 'rim', bytes }] })
  assert.deepEqual(reasons(found), [])
  assert.equal(reasonOf(found, 'measurement'), 'no-reference-values')
  assert.match(found.checks.find(one => one.check === 'measurement')!.detail, /550\.144\.03/)
})

test('whose roots are not NVIDIA’s, is not NVIDIA’s', { skip }, () => {
  assert.deepEqual(reasons(appraiseDevice(gpu.document, NVIDIA)), ['chain root-not-trusted'])
  assert.deepEqual(reasons(appraiseDevice(hopper(), { time: NVIDIA.time })), ['chain root-not-trusted'])
  const forged = makeManifest({ version: '580.159.03', expected: { 2: ['00'.repeat(48)] } })
  const found = appraiseDevice(hopper(), { ...NVIDIA, endorsements: [{ kind: 'rim', bytes: forged }] })
  assert.deepEqual(reasons(found), ['platform bad-endorsement'])
  assert.equal(chipMaker().root.certificate.issuer.text, 'CN=Device root')
})
