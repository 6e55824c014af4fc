import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { flipped } from '../../../test/fixture.ts'
import { opensslSuite } from '../../../test/openssl-suite.ts'
import { Chip, type ChipOptions, type ReportOptions } from '../../../test/snp.ts'
import { makeCertificate, makeCrl } from '../../../test/x509.ts'
import { concat } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { portableSuite } from '../../portable.ts'
import type { Suite } from '../../suite.ts'
import { readPemCertificates } from '../../x509/index.ts'
import { type Appraisal, appraise } from '../appraise.ts'
import { type Endorsement, endorsementsFrom } from '../endorsements.ts'
import { DEFAULT_EVIDENCE_POLICY, type EvidencePolicy } from '../policy.ts'
import { sevSnp, splitExtendedReport } from './index.ts'

const VECTORS = new URL('../../../../../../shared/vectors/sev-snp/', import.meta.url)
const skip = existsSync(VECTORS) ? false : 'shared/vectors is not here'
const NOW = Date.parse('2026-06-15T00:00:00Z')

interface Asked {
  time?: number
  policy?: EvidencePolicy
  endorsements?: readonly Endorsement[]
  suite?: Suite
  binding?: Uint8Array
}

function appraiseReport(report: Uint8Array, asked: Asked = {}): Appraisal {
  const { time = NOW, policy = DEFAULT_EVIDENCE_POLICY, endorsements = [], suite = opensslSuite } = asked
  return appraise(sevSnp, sevSnp.parse(report), {
    time,
    policy,
    endorsements: endorsementsFrom(endorsements),
    suite,
    ...(asked.binding && { binding: asked.binding }),
  })
}

/** `check reason` of what did not pass, but for what nobody asked. */
function faults({ checks }: Appraisal): string[] {
  return checks.filter(({ outcome }) => outcome === 'fail').map(({ check, reason }) => `${check} ${reason}`)
}

function reasonOf({ checks }: Appraisal, name: string): string {
  return checks
    .filter(({ check }) => check === name)
    .map(({ reason }) => reason)
    .join(' ')
}

function of(chip: Chip, report: Uint8Array = chip.report(), asked: Asked = {}): Appraisal {
  return appraiseReport(report, { policy: chip.policy(), endorsements: chip.endorsements, ...asked })
}

for (const generation of ['Milan', 'Genoa', 'Turin'] as const)
  for (const key of ['vcek', 'vlek'] as const)
    for (const version of [2, 3, 5] as const)
      test(`${generation}, ${key}, version ${version}: good, with either suite`, () => {
        const chip = new Chip({ generation, key, wrappedHardwareId: version === 5 })
        for (const suite of [opensslSuite, portableSuite]) {
          const found = of(chip, chip.report({ version }), { suite, binding: new Uint8Array(64).fill(0x11) })
          assert.deepEqual(found.verdict.unmet, [])
          assert.ok(found.verdict.met)
          assert.equal(found.platform, `AMD SEV-SNP (${generation})`)
          assert.equal(found.measurements.measurement, '22'.repeat(48))
          assert.equal(found.measurements.policy, '0000000000030000')
          assert.equal(reasonOf(found, 'binding'), 'bound')
          assert.equal(reasonOf(found, 'revocation'), 'no-revocation-answer')
          assert.equal(found.facts.cloud, key === 'vlek' ? 'CN=cloud.example' : undefined)
          assert.match(
            found.facts['reported-tcb'] as string,
            generation === 'Turin'
              ? /^fmc 1, bootloader 4, tee 1, snp 24, microcode 219$/
              : /^bootloader 4, tee 1, snp 24, microcode 219$/,
          )
          assert.equal(found.facts['launch-mitigations'], version === 5 ? '0000000000000003' : undefined)
          assert.equal(found.window.from, Date.parse('2026-01-01T00:00:00Z'))
          assert.equal(found.window.until, Date.parse('2027-01-01T00:00:00.999Z'))
        }
      })

interface Fault {
  chip?: ChipOptions
  report?: ReportOptions
  time?: string
  policy?: Partial<EvidencePolicy>
  expect: string[]
}

const SNP = DEFAULT_EVIDENCE_POLICY.snp
const FAULTS: Record<string, Fault> = {
  'debug mode': { report: { policy: 0xb0000n }, expect: ['debug debug-mode'] },
  'debug mode that the reader lets in': {
    report: { policy: 0xb0000n },
    policy: { debug: 'accept' },
    expect: ['debug debug-mode'],
  },
  'VMPL above what is accepted': { report: { vmpl: 2 }, expect: ['platform privilege-not-accepted'] },
  'a migration agent that nothing shows': {
    report: { policy: 0x70000n, reportIdMa: 0x55 },
    expect: ['platform migration-agent'],
  },
  'a migration agent allowed, and none there': { report: { policy: 0x70000n }, expect: [] },
  'no key signed it': {
    report: { signingKey: 7 },
    expect: ['signature bad-signature', 'platform platform-mismatch'],
  },
  'a VLEK named, a VCEK brought': { report: { signingKey: 1 }, expect: ['platform platform-mismatch'] },
  'a VCEK named, a VLEK brought': {
    chip: { key: 'vlek' },
    report: { signingKey: 0 },
    expect: ['platform platform-mismatch'],
  },
  'a VCEK by the key that signs VLEKs': {
    chip: { issuerName: 'SEV-VLEK-Milan' },
    expect: ['chain certificate-misused'],
  },
  'a VLEK by the key that signs VCEKs': {
    chip: { key: 'vlek', issuerName: 'SEV-Milan' },
    expect: ['chain certificate-misused'],
  },
  'a TCB that the certificate is not of': {
    report: { tcb: { microcode: 218 } },
    expect: ['platform platform-mismatch'],
  },
  'an FMC that the certificate is not of': {
    chip: { generation: 'Turin' },
    report: { tcb: { fmc: 2 } },
    expect: ['platform platform-mismatch'],
  },
  'another chip': { report: { chipId: new Uint8Array(64).fill(1) }, expect: ['platform platform-mismatch'] },
  'another chip of Turin': {
    chip: { generation: 'Turin' },
    report: { chipId: new Uint8Array(64).fill(0xab) },
    expect: ['platform platform-mismatch'],
  },
  'a chip that is left out': { report: { chipId: new Uint8Array(64) }, expect: [] },
  'a certificate for another generation': {
    chip: { product: 'Genoa-B0' },
    expect: ['platform platform-mismatch'],
  },
  'a product of its line': { chip: { generation: 'Genoa', product: 'Siena-B0' }, expect: [] },
  'a product that is not known': { chip: { product: 'Milano' }, expect: ['platform platform-mismatch'] },
  'a processor of another generation': {
    report: { cpu: [0x19, 0x11, 0] },
    expect: ['platform platform-mismatch'],
  },
  'a processor that is not known': { report: { cpu: [0x1b, 0, 0] }, expect: ['platform platform-mismatch'] },
  'a signing key for another generation': {
    chip: { issuerName: 'SEV-Genoa' },
    expect: ['platform platform-mismatch'],
  },
  'a TCB below the least': {
    policy: { snp: { ...SNP, minimum: { milan: { snp: 25 } } } },
    expect: ['platform platform-below-minimum'],
  },
  'a TCB that is the least': {
    policy: { snp: { ...SNP, minimum: { milan: { snp: 24, fmc: 9 }, turin: { snp: 99 } } } },
    expect: [],
  },
  'before its time': { time: '2025-12-31T23:59:59Z', expect: ['validity certificate-not-yet-valid'] },
  'after its time': { time: '2027-01-01T00:00:01Z', expect: ['validity certificate-expired'] },
}

for (const [name, { chip: options, report, time, policy, expect }] of Object.entries(FAULTS))
  test(`${name}: ${expect.join(', ') || 'good'}`, () => {
    const chip = new Chip(options)
    const found = of(chip, chip.report(report), {
      policy: chip.policy(policy),
      ...(time && { time: Date.parse(time) }),
    })
    assert.deepEqual(faults(found), expect)
    assert.equal(found.verdict.met, expect.length === 0 || policy?.debug === 'accept')
  })

test('without certificates nothing is shown; with strangers’ among them, only those of its key count', () => {
  const chip = new Chip()
  const bare = of(chip, chip.report(), { endorsements: [] })
  assert.deepEqual(
    bare.checks.slice(0, 5).map(({ outcome, reason }) => `${outcome} ${reason}`),
    [
      'not-checked key-missing',
      'not-checked endorsement-missing',
      'not-checked endorsement-missing',
      'not-checked no-revocation-answer',
      'not-checked endorsement-missing',
    ],
  )
  assert.ok(!bare.verdict.met)
  const others = [
    new Chip({ tcb: { snp: 3 }, ownKeys: true }),
    new Chip({ generation: 'Genoa', key: 'vlek' }),
  ]
  const junk = { kind: 'certificate' as const, bytes: new Uint8Array([0x30, 1, 0]) }
  const endorsements = [junk, ...others.flatMap(one => one.endorsements), ...chip.endorsements]
  assert.ok(of(chip, chip.report(), { endorsements }).verdict.met)
  assert.equal(reasonOf(of(chip, chip.report(), { endorsements: [junk] }), 'chain'), 'bad-certificate')
})

test('a chain that is broken, cut, forged or of another root', () => {
  const chip = new Chip()
  const [key, ask] = chip.endorsements as [Endorsement, Endorsement]
  const chain = (endorsements: Endorsement[], policy = chip.policy()) =>
    reasonOf(of(chip, chip.report(), { endorsements, policy }), 'chain')
  assert.equal(chain([key]), 'chain-incomplete')
  assert.equal(chain([key, ask]), 'chain-incomplete')
  assert.equal(chain(chip.endorsements, DEFAULT_EVIDENCE_POLICY), 'root-not-trusted')
  const stranger = makeCertificate({ subject: 'SEV-Milan', ca: true, kind: 'RSA-PSS' })
  const forged = new Chip({ signWith: stranger })
  assert.equal(reasonOf(of(forged), 'chain'), 'bad-certificate-signature')
  // A certificate that says it is of that chip, below a root of somebody's own.
  const own = new Chip({ ownKeys: true })
  const found = of(chip, own.report(), { endorsements: own.endorsements })
  assert.deepEqual(faults(found), ['chain root-not-trusted'])
  // What an unbelieved certificate says of a chip is nothing.
  assert.equal(reasonOf(found, 'platform'), 'endorsement-missing')
})

test('revocation: AMD’s list, of its signing keys', () => {
  const chip = new Chip()
  const crl = (bytes: Uint8Array): Appraisal =>
    of(chip, chip.report(), { endorsements: [...chip.endorsements, { kind: 'crl', bytes }] })
  const good = crl(makeCrl(chip.ark))
  assert.equal(reasonOf(good, 'revocation'), 'not-revoked')
  assert.equal(good.window.from, Date.parse('2026-06-01T00:00:00Z'))
  const revoked = crl(makeCrl(chip.ark, [{ certificate: chip.ask.certificate }]))
  assert.deepEqual(faults(revoked), ['revocation certificate-revoked'])
  const stranger = makeCertificate({ subject: 'ARK-Milan', ca: true, kind: 'RSA-PSS' })
  assert.deepEqual(faults(crl(makeCrl(stranger))), ['revocation bad-revocation-answer'])
  assert.deepEqual(faults(crl(new Uint8Array([0x30, 0]))), ['revocation bad-revocation-answer'])
  const old = crl(makeCrl(chip.ark, [], { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' }))
  assert.equal(reasonOf(old, 'revocation'), 'revocation-answer-out-of-date')
  assert.ok(old.verdict.met)
})

const PARSE_FAULTS: Record<string, [bytes: Uint8Array, code: string]> = (() => {
  const chip = new Chip()
  const good = chip.report()
  const patched = (at: number, ...bytes: number[]) =>
    chip.report({ patch: { at, bytes: Uint8Array.from(bytes) } })
  return {
    empty: [new Uint8Array(0), 'truncated'],
    'one byte short': [good.subarray(0, -1), 'truncated'],
    'one byte long': [concat(good, new Uint8Array(1)), 'trailing-bytes'],
    'version 1': [patched(0, 1), 'unknown-version'],
    'version 4': [patched(0, 4), 'unknown-version'],
    'signature algorithm 2': [patched(0x34, 2), 'unknown-algorithm'],
    'VMPL 4': [patched(0x30, 4), 'bad-evidence'],
    'a signing key of 2': [chip.report({ signingKey: 2 }), 'bad-evidence'],
    'a bit above the signing key': [patched(0x48, 0x20), 'bad-evidence'],
    'policy without its bit 17': [chip.report({ policy: 0x10000n }), 'bad-evidence'],
    'policy with a bit not known': [chip.report({ policy: 0x4030000n }), 'bad-evidence'],
    'reserved at 4C': [patched(0x4f, 1), 'bad-evidence'],
    'reserved at 18B': [patched(0x18b, 1), 'bad-evidence'],
    'a processor in version 2': [
      chip.report({ version: 2, patch: { at: 0x188, bytes: Uint8Array.of(1) } }),
      'bad-evidence',
    ],
    'reserved at 1EB': [patched(0x1eb, 1), 'bad-evidence'],
    'reserved at 1EF': [patched(0x1ef, 1), 'bad-evidence'],
    'mitigations in version 3': [patched(0x1f8, 1), 'bad-evidence'],
    'reserved at 208 in version 5': [
      chip.report({ version: 5, patch: { at: 0x208, bytes: Uint8Array.of(1) } }),
      'bad-evidence',
    ],
    'a number over 384 bits': [flipped(good, 0x2a0 + 48), 'bad-evidence'],
    'something after the signature': [flipped(good, 1183), 'bad-evidence'],
  }
})()

for (const [name, [bytes, code]] of Object.entries(PARSE_FAULTS))
  test(`not read: ${name}`, () => {
    assert.throws(
      () => sevSnp.parse(bytes),
      error => error instanceof AnswerableError && error.code === code,
    )
  })

/** Parts of a document whose checks must not all pass once a byte of it is another. */
const HELD = ['signature', 'chain', 'validity', 'platform', 'debug']

function isRejected(run: () => Appraisal): boolean {
  try {
    const { checks } = run()
    return checks.some(({ check, outcome }) => outcome === 'fail' && HELD.includes(check))
  } catch (error) {
    return error instanceof AnswerableError
  }
}

/** Signatures of certificates are the same ones each time; only what was altered is checked anew. */
function remembering(suite: Suite): Suite {
  const known = new Map<string, boolean>()
  return {
    ...suite,
    verifyRsa(scheme, key, message, signature) {
      const name = [message, signature, key.modulus].map(one => suite.sha256Hex(one)).join()
      const good = known.get(name) ?? suite.verifyRsa(scheme, key, message, signature)
      known.set(name, good)
      return good
    },
  }
}

function everyByteCounts(
  report: Uint8Array,
  endorsements: readonly Endorsement[],
  policy: EvidencePolicy,
  time: number,
): void {
  const suite = remembering(opensslSuite)
  assert.ok(!isRejected(() => appraiseReport(report, { endorsements, policy, time, suite })))
  for (let at = 0; at < report.length; at++)
    assert.ok(
      isRejected(() => appraiseReport(flipped(report, at), { endorsements, policy, time, suite })),
      `report byte ${at}`,
    )
  const [key, ...others] = endorsements as [Endorsement, ...Endorsement[]]
  for (let at = 0; at < key.bytes.length; at++) {
    const altered = [{ ...key, bytes: flipped(key.bytes, at) }, ...others]
    assert.ok(
      isRejected(() => appraiseReport(report, { endorsements: altered, policy, time, suite })),
      `certificate byte ${at}`,
    )
  }
}

test('every byte of a report and of its key’s certificate counts', () => {
  for (const options of [{}, { generation: 'Turin', key: 'vlek' }] as const) {
    const chip = new Chip(options)
    everyByteCounts(chip.report({ version: 5 }), chip.endorsements, chip.policy(), NOW)
  }
})

test('whatever a report says, checks come out', () => {
  const chip = new Chip()
  const good = chip.report()
  const endorsements = endorsementsFrom(chip.endorsements)
  const byte = fc.record({ at: fc.nat(0x29f), value: fc.nat(255) })
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 6 }), changes => {
      const bytes = concat(good)
      for (const { at, value } of changes) bytes[at] = value
      try {
        const parsed = sevSnp.parse(bytes)
        const { checks } = sevSnp.check(parsed, {
          time: NOW,
          policy: chip.policy(),
          endorsements,
          suite: opensslSuite,
        })
        const same = bytes.every((one, i) => one === good[i])
        assert.equal(
          checks.every(({ outcome }) => outcome !== 'fail'),
          same,
        )
      } catch (error) {
        if (!(error instanceof AnswerableError)) throw error
      }
    }),
    { numRuns: 200 },
  )
})

test('an extended report: the certificates that the host laid by count under the reader’s root alone', () => {
  const chip = new Chip()
  const bytes = chip.extendedReport()
  const { report, certificates } = splitExtendedReport(bytes)
  const endorsements = certificates.map(one => ({ kind: 'certificate' as const, bytes: one }))
  assert.equal(certificates.length, 3)
  assert.ok(of(chip, report, { endorsements }).verdict.met)
  assert.ok(!appraiseReport(report, { endorsements }).verdict.met)
  const failing = (altered: Uint8Array, code: string) =>
    assert.throws(
      () => splitExtendedReport(altered),
      error => error instanceof AnswerableError && error.code === code,
    )
  failing(bytes.subarray(0, 100), 'truncated')
  failing(bytes.subarray(0, 1184 + 40), 'truncated')
  failing(flipped(bytes, 1184 + 16 + 3, 0xff), 'bad-evidence')
  failing(flipped(bytes, 1184 + 20 + 3, 0xff), 'bad-evidence')
  failing(concat(bytes, new Uint8Array(256 * 1024)), 'too-large')
  const endless = bytes.slice()
  endless.fill(1, 1184, 1184 + 24 * 40)
  failing(endless, 'too-large')
})

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, VECTORS)))

function amd(leaf: string, chain: string): Endorsement[] {
  const pem = readPemCertificates(new TextDecoder().decode(file(`gosevguest_ask_ark_${chain}.pem`)))
  return [file(leaf), ...pem].map(bytes => ({ kind: 'certificate', bytes }))
}

const DOCUMENTS = {
  'trustee’s report': {
    report: 'trustee_test-report.bin',
    leaf: 'trustee_test-vcek.der',
    chain: 'milan',
    from: '2023-01-24T17:58:26Z',
    until: '2030-01-24T17:58:26Z',
    faults: [],
  },
  'go-sev-guest’s report': {
    report: 'gosevguest_attestation.bin',
    leaf: 'gosevguest_vcek.testcer',
    chain: 'milan',
    from: '2022-09-24T00:55:28Z',
    until: '2029-09-24T00:55:28Z',
    faults: ['debug debug-mode'],
  },
  'trustee’s report under a VLEK': {
    report: 'trustee_test-vlek-report.bin',
    leaf: 'trustee_test-vlek.der',
    chain: 'milan_vlek',
    from: '2024-12-10T22:14:21Z',
    until: '2025-12-10T22:14:21Z',
    faults: [],
  },
} as const

for (const [name, { report, leaf, chain, from, until, faults: expected }] of Object.entries(DOCUMENTS)) {
  test(`${name}: as its table says, within its time and at no other`, { skip }, () => {
    const endorsements = amd(leaf, chain)
    for (const time of [from, until].map(Date.parse)) {
      const found = appraiseReport(file(report), { time, endorsements })
      assert.deepEqual(faults(found), expected)
      assert.equal(found.verdict.met, expected.length === 0)
      assert.equal(found.platform, 'AMD SEV-SNP (Milan)')
      assert.equal(found.window.from, Date.parse(from))
      assert.equal(found.window.until, Date.parse(until) + 999)
    }
    const portable = appraiseReport(file(report), {
      time: Date.parse(from),
      endorsements,
      suite: portableSuite,
    })
    assert.deepEqual(faults(portable), expected)
    for (const [time, reason] of [
      [Date.parse(from) - 1, 'certificate-not-yet-valid'],
      [Date.parse(until) + 1000, 'certificate-expired'],
    ] as const) {
      const found = appraiseReport(file(report), { time, endorsements })
      assert.deepEqual(faults(found), [`validity ${reason}`, ...expected])
      assert.ok(!found.verdict.met)
    }
  })
}

test('every byte of the real reports and their certificates counts', { skip }, () => {
  for (const { report, leaf, chain, from, faults: expected } of Object.values(DOCUMENTS))
    if (expected.length === 0)
      everyByteCounts(file(report), amd(leaf, chain), DEFAULT_EVIDENCE_POLICY, Date.parse(from))
})

test('certificates that AMD did not sign: the chain fails', { skip }, () => {
  for (const leaf of ['trustee_test-vcek-invalid-legacy.der', 'trustee_test-vcek-invalid-new.der']) {
    const found = appraiseReport(file('trustee_test-report.bin'), {
      time: NOW,
      endorsements: amd(leaf, 'milan'),
    })
    assert.equal(reasonOf(found, 'chain'), 'bad-certificate-signature', leaf)
    assert.ok(!found.verdict.met)
  }
})

test('the chains of all generations lead to roots that are trusted by default', { skip }, () => {
  const { amd: roots } = DEFAULT_EVIDENCE_POLICY.roots
  for (const name of ['milan', 'milan_vlek', 'genoa', 'genoa_vlek', 'turin_vcek', 'turin_vlek']) {
    const pem = readPemCertificates(new TextDecoder().decode(file(`gosevguest_ask_ark_${name}.pem`)))
    assert.ok(roots.includes(opensslSuite.sha256Hex(pem[1]!)), name)
  }
})
