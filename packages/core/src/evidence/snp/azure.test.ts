/**
 * Azure's wrapper. No document of it with its certificates is at hand that could be kept here, so these are made by the
 * tests, after the layout that Azure's own tools read.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flipped } from '../../../test/fixture.ts'
import { opensslSuite } from '../../../test/openssl-suite.ts'
import { azureRuntime, Chip } from '../../../test/snp.ts'
import { concat } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { type Appraisal, appraise } from '../appraise.ts'
import { endorsementsFrom } from '../endorsements.ts'
import { azureSevSnp } from './index.ts'

const NOW = Date.parse('2026-06-15T00:00:00Z')
const DATA = new Uint8Array(64).fill(0x44)
const chip = new Chip()
const endorsements = endorsementsFrom(chip.endorsements)

function of(bytes: Uint8Array): Appraisal {
  return appraise(azureSevSnp, azureSevSnp.parse(bytes), {
    time: NOW,
    policy: chip.policy(),
    endorsements,
    suite: opensslSuite,
    binding: DATA.subarray(0, 32),
  })
}

function isRejected(bytes: Uint8Array): boolean {
  try {
    return of(bytes).checks.some(({ outcome }) => outcome === 'fail')
  } catch (error) {
    return error instanceof AnswerableError
  }
}

test('Azure: the report signs the runtime data, and they hold what the guest wants signed', () => {
  const userData = concat(DATA.subarray(0, 32), new Uint8Array(32))
  const found = of(chip.azureReport({ userData }))
  assert.deepEqual(found.verdict.unmet, [])
  assert.ok(found.verdict.met)
  assert.equal(found.platform, 'AMD SEV-SNP (Milan), Azure’s paravisor')
  assert.equal(found.checks.find(({ check }) => check === 'binding')?.reason, 'bound')
  assert.deepEqual(found.facts['vm-configuration'], {
    'console-enabled': true,
    'secure-boot': true,
    'tpm-enabled': true,
    vmuniqueid: 'C51D54DD-F03C-4F2C-ABE3-1F8DAB21E836',
  })
  assert.equal(found.facts['ak-sha256'], opensslSuite.sha256Hex(new Uint8Array(256).fill(0xc5)))
  assert.ok(of(chip.azureReport({ userData, version: 5 })).verdict.met)
})

test('Azure: other runtime data than were signed, and none', () => {
  const other = of(chip.azureReport({ signed: azureRuntime(DATA).replace('true', 'false') }))
  assert.deepEqual(
    other.checks.filter(({ outcome }) => outcome === 'fail').map(({ check, reason }) => `${check} ${reason}`),
    ['signature bad-signature', 'binding wrong-binding'],
  )
  const none = of(chip.azureReport({ userData: new Uint8Array(0) }))
  assert.equal(none.reportData, undefined)
  assert.equal(none.checks.find(({ check }) => check === 'binding')?.reason, 'wrong-binding')
  // Report data that go on after the digest are of some other use.
  const longer = chip.azureReport({ patch: { at: 0x50 + 63, bytes: Uint8Array.of(1) } })
  assert.ok(!of(longer).verdict.met)
})

test('Azure: only what the paravisor asked for, at VMPL 0, whatever else the reader takes', () => {
  const guest = of(chip.azureReport({ vmpl: 1 }))
  assert.deepEqual(
    guest.checks.filter(({ check }) => check === 'platform').map(({ reason }) => reason),
    ['privilege-not-accepted'],
  )
  assert.ok(!guest.verdict.met)
})

test('Azure: every byte counts, headers and padding too', () => {
  const bytes = chip.azureReport({ userData: concat(DATA.subarray(0, 32), new Uint8Array(32)) })
  assert.ok(!isRejected(bytes))
  for (let at = 0; at < bytes.length; at++)
    for (const mask of [1, 0x20]) assert.ok(isRejected(flipped(bytes, at, mask)), `byte ${at} ^ ${mask}`)
})

const json = (change: (fields: Record<string, unknown>) => void): string => {
  const fields = JSON.parse(azureRuntime(DATA)) as Record<string, unknown>
  change(fields)
  return JSON.stringify(fields)
}

const word = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = bytes.slice()
  new DataView(copy.buffer).setUint32(at, value, true)
  return copy
}

const good = chip.azureReport()
const NOT_READ: Record<string, [bytes: Uint8Array, code: string]> = {
  empty: [new Uint8Array(0), 'truncated'],
  'cut in its runtime data': [good.subarray(0, 1400), 'truncated'],
  'of over 16 KiB': [concat(good, new Uint8Array(16 * 1024)), 'too-large'],
  'of another magic': [flipped(good, 0), 'bad-evidence'],
  'of version 1': [word(good, 4, 1), 'unknown-version'],
  'with runtime data of version 2': [word(good, 1216 + 4, 2), 'unknown-version'],
  'of TDX': [word(good, 1216 + 8, 4), 'bad-evidence'],
  'hashed with SHA-384': [word(good, 1216 + 12, 2), 'unknown-algorithm'],
  'with runtime data of 4 GiB': [word(good, 1216 + 16, 0xffffffff), 'truncated'],
  'with something behind it': [flipped(good, good.length - 1), 'trailing-bytes'],
  'a key twice': [chip.azureReport({ runtime: '{"keys":[],"keys":[]}' }), 'duplicate-key'],
  'nested too deep': [chip.azureReport({ runtime: `${'['.repeat(20)}${']'.repeat(20)}` }), 'too-deep'],
  'no JSON': [chip.azureReport({ runtime: 'runtime' }), 'bad-evidence'],
  'no UTF-8': [chip.azureReport({ runtime: azureRuntime(DATA) }).fill(0xff, 1300, 1310), 'bad-evidence'],
  'no HCLAkPub': [
    chip.azureReport({
      runtime: json(fields => {
        fields.keys = []
      }),
    }),
    'bad-evidence',
  ],
  'user data of 63 bytes': [chip.azureReport({ userData: DATA.subarray(1) }), 'bad-evidence'],
  'user data not hex': [
    chip.azureReport({
      runtime: json(fields => {
        fields['user-data'] = 'zz'
      }),
    }),
    'bad-evidence',
  ],
}

for (const [name, [bytes, code]] of Object.entries(NOT_READ))
  test(`Azure, not read: ${name}`, () => {
    assert.throws(
      () => azureSevSnp.parse(bytes),
      error => error instanceof AnswerableError && error.code === code,
    )
  })
