/**
 * Simulated: evidence of GPUs and switches like NVIDIA's, for drills and tests: a maker of chips with roots of its own, which
 * nobody trusts by default, and reports with any fault in them.
 */
import { createHash, sign } from 'node:crypto'
import {
  DEFAULT_EVIDENCE_POLICY,
  type Endorsement,
  type EvidencePolicy,
  formatDeviceEvidence,
} from '@answerable/core/evidence'
import {
  type CertificateOptions,
  type Made,
  makeCertificate,
  octets,
  oid,
  secondOf,
  sequence,
  tagged,
} from './certificates.ts'
import { type ManifestMaker, makeManifest, manifestMaker } from './manifest.ts'
import { type AboutOptions, makeOcspAnswer, NO_CHECK, OCSP_SIGNING } from './ocsp.ts'

export interface DeviceOptions {
  kind?: 'gpu' | 'switch'
  /** 32 bytes. */
  nonce?: Uint8Array
  chip?: string
  arch?: string
  driver?: string
  /** By number, from 1; hex of 48 bytes. */
  measurements?: Readonly<Record<number, string>>
  /** What manifests expect of them, where that is not the same. */
  expected?: Readonly<Record<number, readonly string[]>>
  /** More that the device says of itself, or in place of what it says; `null` leaves a thing out. */
  opaque?: Readonly<Record<number, Uint8Array | null>>
  /** What its maker's key certified; the same as the device says unless told. */
  firmware?: Uint8Array
  /** Of the device's own certificate. */
  leaf?: Partial<CertificateOptions>
  /** Changes the report before it is signed. */
  alter?: (report: Buffer) => Buffer
  /** Signs in place of the device. */
  signWith?: Made
  /** When answers about it are in their time, Unix milliseconds. */
  time?: number
  /** Who makes its manifests; who makes all of them unless told. */
  manifests?: ManifestMaker
}

export interface MadeDevice {
  /** The document: what the format's parser takes. */
  document: Uint8Array
  report: Uint8Array
  pem: string
  /** The device's certificate first, the root last. */
  chain: readonly Made[]
  /** Good answers about the chain, and manifests that match: with these and the policy, it meets the default's demands. */
  endorsements: Endorsement[]
  answers: Endorsement[]
  manifests: Endorsement[]
}

export const DRIVER = '590.12'
export const GPU_VBIOS = '96.00.A5.00.01'
export const SWITCH_VBIOS = '96.10.55.00.01'
/** When answers about synthetic chips are in their time. */
export const DEVICE_TIME = Date.parse('2026-06-15T00:00:00Z')
const LASTING = { from: '2020-01-01T00:00:00Z', to: '9999-12-31T23:59:59Z' }

interface ChipMaker {
  root: Made
  identity: Made
  provisioner: Made
}

let usual: ChipMaker | undefined
/** Roots and what they issue, made once. */
export function chipMaker(): ChipMaker {
  if (usual === undefined) {
    const root = makeCertificate({ subject: 'Device root', ca: true, ...LASTING })
    const identity = makeCertificate({ subject: 'Device identity', issuer: root, ca: true, ...LASTING })
    const provisioner = makeCertificate({ subject: 'Provisioner', issuer: identity, ca: true, ...LASTING })
    usual = { root, identity, provisioner }
  }
  return usual
}

const responders = new Map<Made, Made>()
/** Who answers for `issuer`. */
export function responderOf(issuer: Made): Made {
  let responder = responders.get(issuer)
  if (responder === undefined) {
    const subject = `Answers for ${issuer.certificate.subject.parts.get('CN')}`
    responder = makeCertificate({
      subject,
      issuer,
      purposes: [OCSP_SIGNING],
      extensions: [NO_CHECK],
      ...LASTING,
    })
    responders.set(issuer, responder)
  }
  return responder
}

/** An answer about `certificate` by who answers for its issuer. */
export function answerAbout(
  { certificate }: Made,
  issuer: Made,
  about: Partial<AboutOptions> = {},
): Endorsement {
  return {
    kind: 'ocsp',
    bytes: makeOcspAnswer({
      responder: responderOf(issuer),
      about: [{ certificate, issuer: issuer.certificate, ...about }],
    }),
  }
}

const HALF_A_DAY = 43_200_000

function daysAround(time: number): Pick<AboutOptions, 'thisUpdate' | 'nextUpdate'> {
  return { thisUpdate: secondOf(time - HALF_A_DAY), nextUpdate: secondOf(time + 3 * HALF_A_DAY) }
}

/** A GPU's evidence, good unless told otherwise. */
export function makeGpuEvidence(options: DeviceOptions = {}): MadeDevice {
  return makeDevice({ kind: 'gpu', ...options })
}

export function makeSwitchEvidence(options: DeviceOptions = {}): MadeDevice {
  return makeDevice({ kind: 'switch', ...options })
}

/** The default policy under these roots in place of NVIDIA's. */
export function devicePolicy(change: Partial<EvidencePolicy> = {}): EvidencePolicy {
  const { roots } = DEFAULT_EVIDENCE_POLICY
  return {
    ...DEFAULT_EVIDENCE_POLICY,
    roots: {
      ...roots,
      nvidia: [chipMaker().root.fingerprint],
      'nvidia-rim': [manifestMaker().root.fingerprint],
    },
    ...change,
  }
}

function makeDevice(options: DeviceOptions): MadeDevice {
  const { kind = 'gpu', driver = DRIVER } = options
  const gpu = kind === 'gpu'
  const { time = DEVICE_TIME, manifests: maker } = options
  const { chip = gpu ? 'GH100' : 'LS_10', arch = gpu ? 'HOPPER' : 'LS10' } = options
  const { measurements = usualMeasurements(gpu), expected = alternativesOf(measurements) } = options
  const said: Record<number, Uint8Array | null> = {
    ...(gpu
      ? gpuSays(driver)
      : { 6: Buffer.from(SWITCH_VBIOS), 22: Buffer.alloc(8, 0x20), 26: switchLinks() }),
    ...options.opaque,
  }
  const firmware = options.firmware ?? said[20] ?? Buffer.alloc(48)
  const { root, identity, provisioner } = chipMaker()
  const rom = makeCertificate({
    subject: `${chip} A01 ROM`,
    issuer: provisioner,
    ca: true,
    usage: ['certificate-sign'],
    ...LASTING,
  })
  const leaf = makeCertificate({
    subject: `${chip} A01 FMC`,
    issuer: rom,
    ...LASTING,
    extensions: [
      nameExtension(chip),
      chip.startsWith('GB') ? tcbInfo(firmware) : firmwareExtension(firmware),
    ],
    ...options.leaf,
  })
  const report = signReport(writeReport({ ...options, measurements, opaque: said }), options.signWith ?? leaf)
  const chain = [leaf, rom, provisioner, identity, root]
  const pem = chain.map(one => one.pem).join('')
  const answers = [
    answerAbout(rom, provisioner, daysAround(time)),
    answerAbout(provisioner, identity, daysAround(time)),
    answerAbout(identity, root, daysAround(time)),
  ]
  const numbers = Object.keys(expected).map(Number)
  const half = gpu ? Math.ceil(numbers.length / 2) : 0
  const of = (some: readonly number[]) => Object.fromEntries(some.map(one => [one, expected[one]!]))
  const manifests: Endorsement[] = [
    ...(gpu ? [{ version: driver, expected: of(numbers.slice(0, half)) }] : []),
    { version: gpu ? GPU_VBIOS : SWITCH_VBIOS, expected: of(numbers.slice(half)) },
  ].map(one => ({
    kind: 'rim',
    bytes: makeManifest({ ...one, product: chip, ...(maker && { maker }) }),
  }))
  return {
    document: formatDeviceEvidence(report, pem, arch),
    report,
    pem,
    chain,
    endorsements: [...answers, ...manifests],
    answers,
    manifests,
  }
}

/** The bytes that a device signs. */
export function writeReport({
  nonce = new Uint8Array(32).fill(7),
  measurements = {},
  opaque = {},
  alter = report => report,
}: DeviceOptions): Buffer {
  const blocks = Object.entries(measurements).map(([index, hex]) => {
    const value = Buffer.from(hex, 'hex')
    return Buffer.concat([
      Buffer.of(Number(index), 1),
      little(value.length + 3, 2),
      Buffer.of(1),
      little(value.length, 2),
      value,
    ])
  })
  const record = Buffer.concat(blocks)
  const says = Buffer.concat(
    Object.entries(opaque).flatMap(([type, value]) =>
      value === null ? [] : [little(Number(type), 2), little(value.length, 2), value],
    ),
  )
  const request = Buffer.concat([Buffer.of(0x11, 0xe0, 0x01, 0xff), nonce, Buffer.of(0)])
  const response = [Buffer.of(0x11, 0x60, 0, 0, blocks.length), little(record.length, 3), record]
  return alter(Buffer.concat([request, ...response, Buffer.alloc(32, 9), little(says.length, 2), says]))
}

export function signReport(report: Uint8Array, { privateKey }: Made): Uint8Array {
  const signature = sign('sha384', report, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return new Uint8Array(Buffer.concat([report, signature]))
}

/** Eight of them, as many of the driver as of the VBIOS. */
function usualMeasurements(gpu: boolean): Record<number, string> {
  return Object.fromEntries(
    Array.from({ length: gpu ? 8 : 4 }, (_, i) => [
      i + 1,
      createHash('sha384')
        .update(`measurement ${i + 1}`)
        .digest('hex'),
    ]),
  )
}

function alternativesOf(measurements: Readonly<Record<number, string>>): Record<number, string[]> {
  return Object.fromEntries(
    Object.entries(measurements).map(([index, value]) => [index, ['ff'.repeat(48), value]]),
  )
}

function gpuSays(driver: string): Record<number, Uint8Array> {
  const text = (value: string) => Buffer.from(`${value}\0`)
  return {
    3: text(driver),
    6: Buffer.from('00a5009601000000', 'hex'),
    11: Buffer.of(0x55),
    15: text('885'),
    17: text('G520'),
    18: text('0200'),
    20: createHash('sha384').update('firmware').digest(),
    21: Buffer.of(0x55),
    36: Buffer.of(0, 0),
  }
}

function switchLinks(): Buffer {
  return Buffer.concat([Buffer.alloc(64, 0x6b), Buffer.alloc(64, 0xff)])
}

function nameExtension(chip: string): { id: string; value: Uint8Array } {
  const name = tagged(0xa0, tagged(0x0c, Buffer.from(`NVIDIA:${chip}:48B02DF44660DA06`)))
  const other = tagged(0xa0, Buffer.concat([oid('1.3.6.1.4.1.412.274.1'), name]))
  return { id: '2.5.29.17', value: sequence(other) }
}

/** As chips have it: whatever stands before, the digest stands last. */
function firmwareExtension(firmware: Uint8Array): { id: string; value: Uint8Array } {
  return { id: '2.23.133.5.4.1', value: sequence(sequence(oid('2.16.840.1.101.3.4.2.2'), octets(firmware))) }
}

/** As TCG has it, since Blackwell. */
function tcbInfo(firmware: Uint8Array): { id: string; value: Uint8Array } {
  const one = sequence(oid('2.16.840.1.101.3.4.2.2'), octets(firmware))
  return {
    id: '2.23.133.5.4.1.1',
    value: sequence(tagged(0x80, Buffer.from('NVIDIA')), tagged(0xa6, one), tagged(0x87, Buffer.alloc(5))),
  }
}

function little(value: number, bytes: number): Buffer {
  const out = Buffer.alloc(bytes)
  out.writeUIntLE(value, 0, bytes)
  return out
}
