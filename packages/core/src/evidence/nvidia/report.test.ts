import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeGpuEvidence, signReport, writeReport } from '../../../test/nvidia.ts'
import { concat, fromUtf8, toHex, utf8 } from '../../bytes.ts'
import { AnswerableError, errorCode } from '../../error.ts'
import {
  deviceKindOf,
  formatDeviceEvidence,
  fromSdkEvidence,
  nvidiaGpu,
  nvidiaSwitch,
  OPAQUE,
  parseReport,
  reportFromHex,
} from './index.ts'

const VECTORS = new URL('../../../../../../shared/vectors/nvidia/', import.meta.url)
const skip = existsSync(VECTORS) ? false : 'shared/vectors is not here'
const vector = (name: string): string => readFileSync(new URL(`nvsdk_${name}`, VECTORS), 'utf8')
const made = makeGpuEvidence()
const { report } = made
const ONE = { measurements: { 1: '11'.repeat(48) }, opaque: { [OPAQUE.driverVersion]: utf8('1') } }

function codeOf(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    assert.ok(error instanceof AnswerableError, String(error))
    return error.code
  }
  return 'read'
}

test('a report comes out as NVIDIA’s own parser has it', { skip }, () => {
  const golden = JSON.parse(vector('spdm_parsed_output.json'))
  const found = parseReport(reportFromHex(vector('hopperAttestationReport.txt')))
  const { NumberOfBlocks, MeasurementBlocks } = golden.MeasurementRecord
  assert.equal(found.measurements.size, NumberOfBlocks)
  for (const [index, block] of Object.entries<Record<string, string>>(MeasurementBlocks))
    assert.equal(`0x${found.measurements.get(Number(index))}`, block.DMTFSpecMeasurementValue, index)
  assert.equal(`0x${toHex(found.signature)}`, golden.Signature)
  const said = golden.OpaqueData.OpaqueDataField
  for (const [type, name] of [
    [OPAQUE.vbiosVersion, 'VBIOS_VERSION'],
    [OPAQUE.boardId, 'BOARD_ID'],
    [OPAQUE.chipSku, 'CHIP_SKU'],
    [OPAQUE.project, 'PROJECT'],
    [OPAQUE.projectSku, 'PROJECT_SKU'],
    [OPAQUE.driverVersion, 'DRIVER_VERSION'],
    [OPAQUE.nvdec0Status, 'NVDEC0_STATUS'],
    [OPAQUE.fwid, 'FWID'],
    [OPAQUE.protectedPcie, 'PROTECTED_PCIE_STATUS'],
  ] as const)
    assert.equal(`0x${toHex(found.opaque.get(type)!)}`, said[`OPAQUE_FIELD_ID_${name}`], name)
  const counts = found.opaque.get(12)!
  assert.deepEqual(
    said.OPAQUE_FIELD_ID_MSRSCNT,
    Array.from({ length: 64 }, (_, i) => Buffer.from(counts).readUInt32LE(i * 4)),
  )
})

test('a report that is cut anywhere, or goes on, is none', () => {
  const short = signReport(writeReport(ONE), made.chain[0]!)
  for (let length = 0; length < short.length; length++)
    assert.equal(
      codeOf(() => parseReport(short.subarray(0, length))),
      'truncated',
      String(length),
    )
  assert.equal(
    codeOf(() => parseReport(concat(short, Uint8Array.of(0)))),
    'trailing-bytes',
  )
  assert.equal(
    codeOf(() => parseReport(concat(short, new Uint8Array(16_384)))),
    'too-large',
  )
})

/** Where things are in a report of one measurement. */
const RESPONSE = 37
const RECORD = RESPONSE + 8
const OPAQUE_AT = RECORD + 55 + 32
const set =
  (at: number, ...bytes: number[]) =>
  (of: Buffer): Buffer => {
    of.set(bytes, at)
    return of
  }

for (const [what, alter, code] of [
  ['a request of SPDM 1.2', set(0, 0x12), 'unknown-version'],
  ['another request', set(1, 0xe1), 'bad-evidence'],
  ['a request that asks for no signature', set(2, 0), 'bad-evidence'],
  ['a request for one measurement', set(3, 1), 'bad-evidence'],
  ['a slot that there is not', set(36, 8), 'bad-evidence'],
  ['a response of SPDM 1.0', set(RESPONSE, 0x10), 'unknown-version'],
  ['an error in place of the response', set(RESPONSE + 1, 0x7f), 'bad-evidence'],
  ['no measurements', set(RESPONSE + 4, 0), 'trailing-bytes'],
  ['more measurements than there are', set(RESPONSE + 4, 2), 'truncated'],
  ['a record that is longer than the report', set(RESPONSE + 7, 1), 'truncated'],
  ['a record that ends within a measurement', set(RESPONSE + 5, 54), 'truncated'],
  ['a measurement of another specification', set(RECORD + 1, 2), 'bad-evidence'],
  ['a block that is shorter than its measurement', set(RECORD + 2, 50), 'truncated'],
  ['a measurement that is shorter than its block', set(RECORD + 5, 47), 'trailing-bytes'],
  ['a measurement with the number 0', set(RECORD, 0), 'bad-evidence'],
  [
    'a later form of what the device says',
    (of: Buffer) =>
      set(
        OPAQUE_AT,
        13,
        0,
      )(Buffer.concat([of.subarray(0, OPAQUE_AT + 2), Buffer.from('NVDAOD\0\0\x02\0\0\0\0')])),
    'unknown-version',
  ],
  ['a thing that is said with more bytes than there are', set(OPAQUE_AT + 4, 2), 'truncated'],
] as const)
  test(`a report with ${what}: ${code}`, () => {
    const bytes = signReport(writeReport({ ...ONE, alter }), made.chain[0]!)
    assert.equal(
      codeOf(() => parseReport(bytes)),
      code,
    )
  })

test('measurements must be in order, and nothing said twice', () => {
  const two = writeReport({ ...ONE, measurements: { 1: '11'.repeat(48), 2: '22'.repeat(48) } })
  two[RECORD + 55] = 1
  assert.equal(
    codeOf(() => parseReport(signReport(two, made.chain[0]!))),
    'bad-evidence',
  )
  const twice = writeReport({ ...ONE, opaque: { 3: utf8('1'), 5: utf8('2') } })
  twice[OPAQUE_AT + 2 + 5] = 3
  assert.equal(
    codeOf(() => parseReport(signReport(twice, made.chain[0]!))),
    'bad-evidence',
  )
})

test('no bytes make the parser throw anything but its own errors', () => {
  const seed = Buffer.from(report)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.nat(seed.length),
      (changes, length) => {
        const bytes = Uint8Array.from(seed.subarray(0, length))
        for (const [at, byte] of changes) if (at < length) bytes[at] = byte
        codeOf(() => parseReport(bytes))
      },
    ),
    { numRuns: 2000 },
  )
})

const object = JSON.parse(fromUtf8(made.document))
const written = (change: Record<string, unknown>) => utf8(JSON.stringify({ ...object, ...change }))

for (const [what, bytes, code] of [
  ['nothing', utf8(''), 'bad-json'],
  ['an array', utf8('[]'), 'bad-evidence'],
  ['another architecture', written({ arch: 'VOLTA' }), 'bad-evidence'],
  ['no architecture', written({ arch: undefined }), 'bad-evidence'],
  ['another nonce than the report has', written({ nonce: '00'.repeat(32) }), 'bad-evidence'],
  ['no nonce', written({ nonce: undefined }), 'bad-evidence'],
  ['a report with a space in it', written({ evidence: ` ${object.evidence}` }), 'bad-evidence'],
  ['a report that is none', written({ evidence: 'AAAA' }), 'unknown-version'],
  ['no certificates', written({ certificate: btoa('none') }), 'bad-evidence'],
  ['half a certificate', written({ certificate: btoa(made.pem.slice(0, 300)) }), 'truncated'],
  ['too many certificates', written({ certificate: btoa(made.pem.repeat(2)) }), 'bad-evidence'],
  ['certificates that are no text', written({ certificate: 'gICA' }), 'bad-evidence'],
  ['a member twice', utf8(`{"arch":"HOPPER",${JSON.stringify(object).slice(1)}`), 'duplicate-key'],
  ['a deep member', written({ more: [[[[1]]]] }), 'too-deep'],
  ['more bytes than there can be', written({ more: 'a'.repeat(200_000) }), 'too-large'],
] as const)
  test(`a document with ${what}: ${code}`, () => {
    assert.equal(
      codeOf(() => nvidiaGpu.parse(bytes)),
      code,
    )
  })

test('a GPU is no switch', () => {
  assert.equal(
    codeOf(() => nvidiaSwitch.parse(made.document)),
    'bad-evidence',
  )
  assert.equal(deviceKindOf(made.document), 'nvidia-gpu')
  assert.equal(deviceKindOf(made.report), 'nvidia-gpu')
  assert.equal(deviceKindOf(utf8('{}')), undefined)
})

test('what the SDK writes becomes a document for each device', () => {
  const sdk = [{ version: '1.0', ...object, driver_version: '590.12' }, object]
  const documents = fromSdkEvidence(JSON.stringify(sdk, null, 2))
  assert.deepEqual(documents.map(fromUtf8), [fromUtf8(made.document), fromUtf8(made.document)])
  assert.deepEqual(fromSdkEvidence(made.document).map(fromUtf8), [fromUtf8(made.document)])
  assert.throws(
    () => fromSdkEvidence('[1]'),
    error => errorCode(error) === 'bad-evidence',
  )
  assert.deepEqual(formatDeviceEvidence(report, made.pem, 'HOPPER'), made.document)
  assert.deepEqual(reportFromHex(` ${toHex(report).toUpperCase()}\n`), report)
})
