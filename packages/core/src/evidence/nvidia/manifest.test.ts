import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  type ManifestOptions,
  makeManifest,
  makeManifestMaker,
  manifestMaker,
} from '../../../test/manifest.ts'
import {
  answerAbout,
  DEVICE_TIME,
  type DeviceOptions,
  DRIVER,
  devicePolicy,
  GPU_VBIOS,
  type MadeDevice,
  makeGpuEvidence,
  remembering,
} from '../../../test/nvidia.ts'
import { opensslSuite } from '../../../test/openssl-suite.ts'
import { fromUtf8, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { type Appraisal, appraise } from '../appraise.ts'
import { type Endorsement, endorsementsFrom } from '../endorsements.ts'
import { DEFAULT_ROOTS } from '../roots.ts'
import { parseManifest } from './manifest.ts'
import { nvidiaGpu } from './nvidia.ts'

const VECTORS = new URL('../../../../../../shared/vectors/nvidia/', import.meta.url)
const skip = existsSync(VECTORS) ? false : 'shared/vectors is not here'
const suite = remembering(opensslSuite)
const hex = (byte: number): string => byte.toString(16).padStart(2, '0').repeat(48)
const gpu = makeGpuEvidence({ measurements: { 1: hex(1), 2: hex(2), 3: hex(3), 36: hex(36) } })

function appraised(
  manifests: Uint8Array[],
  { made = gpu, time = DEVICE_TIME, more = [] as Endorsement[] } = {},
) {
  const rims = manifests.map(bytes => ({ kind: 'rim' as const, bytes }))
  const endorsements = endorsementsFrom([...made.answers, ...rims, ...more])
  const { roots } = devicePolicy()
  const both = [...roots['nvidia-rim'], ...DEFAULT_ROOTS['nvidia-rim']]
  const policy = devicePolicy({ roots: { ...roots, 'nvidia-rim': both } })
  return appraise(nvidiaGpu, nvidiaGpu.parse(made.document), {
    time,
    policy,
    endorsements,
    suite,
  })
}

const driver = (expected: ManifestOptions['expected'], more: Partial<ManifestOptions> = {}) =>
  makeManifest({ version: DRIVER, expected, ...more })
const vbios = (expected: ManifestOptions['expected'], more: Partial<ManifestOptions> = {}) =>
  makeManifest({ version: GPU_VBIOS, product: 'G520', expected, ...more })

function reasonOf({ checks }: Appraisal, name = 'measurement'): string {
  return checks
    .filter(one => one.check === name)
    .map(({ outcome, reason }) => `${outcome} ${reason}`)
    .join(', ')
}
const detailOf = ({ checks }: Appraisal, name = 'measurement') =>
  checks.find(one => one.check === name)!.detail

const MATCHES = 'pass measurement-matches-reference'
const DIFFERS = 'fail measurement-differs-from-reference'
const NONE = 'not-checked no-reference-values'

for (const [what, manifests, expected] of [
  ['both', [driver({ 1: [hex(1)] }), vbios({ 2: [hex(2)], 3: [hex(3)] })], MATCHES],
  ['both, in capitals', [driver({ 1: [hex(0xab), hex(1)] }), vbios({ 3: [hex(3).toUpperCase()] })], MATCHES],
  ['any of the alternatives', [driver({ 1: [hex(9), hex(8), hex(1)] }), vbios({ 2: [hex(2)] })], MATCHES],
  ['none of the alternatives', [driver({ 1: [hex(9), hex(8)] }), vbios({ 2: [hex(2)] })], DIFFERS],
  ['both at one place, alike', [driver({ 1: [hex(1)] }), vbios({ 1: [hex(1)] })], MATCHES],
  ['both at one place, not alike', [driver({ 1: [hex(1)] }), vbios({ 1: [hex(2)] })], DIFFERS],
  ['a measurement that there is not', [driver({ 9: [hex(1)] }), vbios({ 2: [hex(2)] })], DIFFERS],
  ['what is not asked for', [driver({ 1: [hex(1)] }, { inactive: [2, 9] }), vbios({ 3: [hex(3)] })], MATCHES],
  [
    'what is measured of a decoder that is off',
    [driver({ 1: [hex(1)], 36: [hex(1)] }), vbios({ 2: [hex(2)] })],
    MATCHES,
  ],
  ['the driver alone', [driver({ 1: [hex(1)] })], NONE],
  ['the VBIOS alone', [vbios({ 1: [hex(1)] })], NONE],
  ['the driver alone, which differs', [driver({ 1: [hex(9)] })], DIFFERS],
  ['another driver', [driver({ 1: [hex(9)] }, { version: '1.0' }), vbios({ 2: [hex(2)] })], NONE],
  [
    'the same driver of other chips',
    [driver({ 1: [hex(9)] }, { product: 'GB100' }), vbios({ 2: [hex(2)] })],
    NONE,
  ],
  [
    'two boards, one of them this',
    [driver({ 1: [hex(1)] }), vbios({ 2: [hex(9)] }), vbios({ 2: [hex(2)] })],
    MATCHES,
  ],
  [
    'more than measurements',
    [driver({ 1: [hex(1)] }, { resources: '<Resource type="Opaque"></Resource>\n' }), vbios({ 2: [hex(2)] })],
    NONE,
  ],
] as [string, Uint8Array[], string][])
  test(`manifests for ${what}: ${expected}`, () => {
    const found = appraised(manifests)
    assert.equal(reasonOf(found), expected)
    assert.equal(
      reasonOf(found, 'debug'),
      expected === MATCHES ? 'pass not-debug' : 'not-checked debug-not-stated',
    )
    assert.equal(found.verdict.met, expected === MATCHES)
    assert.equal(reasonOf(appraised(manifests.toReversed())), expected)
  })

test('an archive’s manifests are read once, whatever number of devices and times they are held against', () => {
  const bytes = driver({ 1: [hex(1)] })
  const { roots } = devicePolicy()
  const endorsements = endorsementsFrom([...gpu.answers, { kind: 'rim', bytes }])
  const options = { time: DEVICE_TIME, policy: devicePolicy({ roots }), endorsements, suite }
  const once = () => appraise(nvidiaGpu, nvidiaGpu.parse(gpu.document), options)
  const first = once()
  // A hostile one takes long to read: it is not looked at a hundred times.
  bytes.fill(0)
  assert.deepEqual(once().checks, first.checks)
  const anew = { ...options, endorsements: endorsementsFrom([...gpu.answers, { kind: 'rim', bytes }]) }
  assert.notDeepEqual(appraise(nvidiaGpu, nvidiaGpu.parse(gpu.document), anew).checks, first.checks)
})

test('where one manifest is missing, it says which measurements were compared', () => {
  assert.equal(
    detailOf(appraised([driver({ 1: [hex(1)], 3: [hex(3)] })])),
    'as NVIDIA’s manifest says are only 1, 3; for VBIOS 96.00.A5.00.01 none came along',
  )
  assert.equal(
    detailOf(appraised([driver({ 1: [hex(9)], 2: [hex(9)] }), vbios({ 3: [hex(3)] })])),
    'NVIDIA’s manifests say otherwise of measurement 1, 2',
  )
})

test('the decoder counts where it is on', () => {
  const options: DeviceOptions = {
    measurements: { 1: hex(1), 36: hex(36) },
    opaque: { 11: Uint8Array.of(0xaa) },
  }
  const made: MadeDevice = makeGpuEvidence(options)
  const wrong = [driver({ 1: [hex(1)] }), vbios({ 36: [hex(1)] })]
  assert.equal(reasonOf(appraised(wrong, { made })), DIFFERS)
  assert.equal(reasonOf(appraised([wrong[0]!, vbios({ 36: [hex(36)] })], { made })), MATCHES)
})

const good = vbios({ 2: [hex(2)] })
const stranger = makeManifestMaker()
const short = makeManifestMaker('2026-06-01T00:00:00Z')

for (const [what, manifest, name, expected] of [
  ['who is not NVIDIA', driver({ 1: [hex(1)] }, { maker: stranger }), 'platform', 'bad-endorsement'],
  [
    'nobody under that certificate',
    driver({ 1: [hex(1)] }, { certificates: [stranger.signer, stranger.authority, stranger.root] }),
    'platform',
    'bad-endorsement-signature',
  ],
  [
    'whose chain did not come along',
    driver({ 1: [hex(1)] }, { certificates: [manifestMaker().signer] }),
    'platform',
    'bad-endorsement',
  ],
  [
    'who signed something else',
    utf8(fromUtf8(driver({ 1: [hex(1)] })).replace('active="True"', 'active="False"')),
    'platform',
    'bad-endorsement-signature',
  ],
  ['what is none', utf8('<SoftwareIdentity/>'), 'platform', 'bad-endorsement'],
] as [string, Uint8Array, string, string][])
  test(`a manifest by ${what}: ${expected}`, () => {
    const found = appraised([manifest, good])
    assert.ok(reasonOf(found, name).split(', ').includes(`fail ${expected}`), reasonOf(found, name))
    assert.notEqual(reasonOf(found), MATCHES)
    assert.equal(found.verdict.met, false)
  })

test('a manifest counts for as long as who signed it', () => {
  const { roots } = devicePolicy()
  const root = roots['nvidia-rim'][0]!
  assert.equal(root, manifestMaker().root.fingerprint)
  const late = makeManifest({
    version: DRIVER,
    expected: { 1: [hex(1)] },
    maker: { ...manifestMaker(), signer: short.signer },
  })
  assert.equal(reasonOf(appraised([late, good]), 'platform').includes('bad-endorsement'), true)
  const made = makeGpuEvidence({ measurements: { 1: hex(1), 2: hex(2) } })
  const after = appraised([driver({ 1: [hex(1)] }), good], { made, time: Date.parse('2027-01-02T00:00:00Z') })
  assert.ok(reasonOf(after, 'validity').includes('fail endorsement-expired'))
  const before = appraised([driver({ 1: [hex(1)] }), good], {
    made,
    time: Date.parse('2025-06-01T00:00:00Z'),
  })
  assert.ok(reasonOf(before, 'validity').includes('fail endorsement-not-yet-valid'))
})

test('what revokes who signed a manifest counts, and nobody has to be asked', () => {
  const { signer, authority } = manifestMaker()
  const manifests = [driver({ 1: [hex(1)] }), good]
  const held = answerAbout(signer, authority, { status: 'revoked', reason: 6 })
  const found = appraised(manifests, { more: [held] })
  assert.ok(reasonOf(found, 'revocation').includes('fail certificate-on-hold'))
  assert.equal(found.verdict.met, false)
  assert.equal(appraised(manifests, { more: [answerAbout(signer, authority)] }).verdict.met, true)
})

for (const [what, change] of [
  ['no version', (text: string) => text.replace(/ colloquialVersion="[^"]*"/, '')],
  ['two payloads', (text: string) => text.replace('</Payload>', '</Payload><Payload></Payload>')],
  ['no measurement that it asks for', (text: string) => text.replace('active="True"', 'active="False"')],
  ['a measurement twice', (text: string) => text.replace(/ {4}<Resource .*\n/, '$&$&')],
  ['a measurement that is neither active nor not', (text: string) => text.replace('"True"', '"yes"')],
  ['a number that is none', (text: string) => text.replace('index="1"', 'index="x"')],
  ['a number that is too large', (text: string) => text.replace('index="1"', 'index="255"')],
  ['fewer alternatives than it says', (text: string) => text.replace('alternatives="1"', 'alternatives="2"')],
  ['a value shorter than it says', (text: string) => text.replace('size="48"', 'size="49"')],
  ['a value that is no hex', (text: string) => text.replace('0202', '02zz')],
  ['something else in its payload', (text: string) => text.replace('</Payload>', '<File></File></Payload>')],
  ['another namespace', (text: string) => text.replaceAll('19770/-2/2015', '19770/-2/2009')],
] as [string, (text: string) => string][])
  test(`a manifest with ${what} is none`, () => {
    const text = resigned(change)
    assert.throws(
      () => parseManifest(text),
      error => error instanceof AnswerableError && error.code === 'bad-endorsement',
    )
  })

/** Changed before it is signed. */
function resigned(change: (text: string) => string): Uint8Array {
  return makeManifest({ version: GPU_VBIOS, product: 'G520', expected: { 2: [hex(2)] }, change })
}

function assertNoByteCounts(bytes: Uint8Array, others: Uint8Array[], made: MadeDevice, step: number): void {
  const same = fromUtf8(parseManifest(bytes).document.bytes)
  for (let at = 0; at < bytes.length; at += step) {
    const altered = bytes.with(at, bytes[at]! ^ 1)
    const found = appraised([altered, ...others], { made })
    if (reasonOf(found) !== MATCHES || !found.verdict.met) continue
    assert.equal(fromUtf8(parseManifest(altered).document.bytes), same, `byte ${at}`)
  }
}

test('a manifest of which any byte is altered counts for nothing, or is the same in another spelling', () => {
  const made = makeGpuEvidence({ measurements: { 1: hex(1), 2: hex(2) } })
  const others = [driver({ 1: [hex(1)] })]
  assert.equal(reasonOf(appraised([good, ...others], { made })), MATCHES)
  assertNoByteCounts(good, others, made, 1)
})

const vector = () =>
  new Uint8Array(readFileSync(new URL('nvsdk_NV_GPU_DRIVER_GH100_550.144.03.xml', VECTORS)))

/** A device that has what NVIDIA's manifest asks for. */
function deviceLike(bytes: Uint8Array, change: Record<number, string> = {}): MadeDevice {
  const values = [...parseManifest(bytes).expected].map(([index, [first]]) => [index, first!])
  const measurements = { ...Object.fromEntries(values), 60: hex(60), ...change }
  return makeGpuEvidence({ driver: '550.144.03', measurements })
}

test('NVIDIA’s manifest, under NVIDIA’s root', { skip }, () => {
  const bytes = vector()
  const { version, product, expected, asksMore } = parseManifest(bytes)
  assert.deepEqual([version, product, expected.size, asksMore], ['550.144.03', 'GH100', 21, false])
  const made = deviceLike(bytes)
  const own = vbios({ 60: [hex(60)] })
  const found = appraised([bytes, own], { made })
  assert.equal(reasonOf(found), MATCHES)
  assert.equal(found.verdict.met, true)
  assert.equal(reasonOf(appraised([bytes], { made })), NONE)
  const [first] = expected.keys()
  const other = deviceLike(bytes, { [first!]: hex(0) })
  assert.equal(reasonOf(appraised([bytes, own], { made: other })), DIFFERS)
  assert.equal(
    detailOf(appraised([bytes, own], { made: other })),
    `NVIDIA’s manifests say otherwise of measurement ${first}`,
  )
  const late = appraised([bytes, own], { made, time: Date.parse('2026-12-30T16:56:51Z') })
  assert.ok(reasonOf(late, 'validity').includes('fail endorsement-expired'))
})

test('NVIDIA’s manifest with bytes altered', { skip }, () => {
  const bytes = vector()
  assertNoByteCounts(bytes, [vbios({ 60: [hex(60)] })], deviceLike(bytes), 61)
})
