/**
 * Simulated: a root, signing keys, chips and reports like AMD's, for drills and tests: all of it made here, with faults where
 * asked for, and trusted by nobody by default.
 */
import { createHash, sign } from 'node:crypto'
import { utf8 } from '@answerable/core'
import {
  DEFAULT_EVIDENCE_POLICY,
  type Endorsement,
  type EvidencePolicy,
  type Generation,
} from '@answerable/core/evidence'
import { type KeyPair, keyPair, type Made, makeCertificate, octets, tagged } from './certificates.ts'

type Parts = { fmc?: number; bootloader: number; tee: number; snp: number; microcode: number }

const AMD = '1.3.6.1.4.1.3704.1'
const CPUS: Record<Generation, readonly [number, number, number]> = {
  Milan: [0x19, 0x01, 1],
  Genoa: [0x19, 0x11, 1],
  Turin: [0x1a, 0x02, 1],
}

export interface ChipOptions {
  generation?: Generation
  key?: 'vcek' | 'vlek'
  /** What the certificate says; the report says the same unless told. */
  tcb?: Partial<Parts>
  product?: string
  hardwareId?: Uint8Array
  /** Newer certificates hold an octet string. */
  wrappedHardwareId?: boolean
  /** In place of the common name of the signing key. */
  issuerName?: string
  /** RFC 3339, of the chip's certificate. */
  from?: string
  to?: string
  /** In place of the signing key: a forgery. */
  signWith?: Made
  /** RSA keys of its own for root and signing key, which take long to make; those of all others unless told. */
  ownKeys?: boolean
}

export interface ReportOptions {
  version?: 2 | 3 | 5
  policy?: bigint
  vmpl?: number
  reportData?: Uint8Array
  measurement?: Uint8Array
  tcb?: Partial<Parts>
  chipId?: Uint8Array
  /** As bits 2 to 4 of the key information. */
  signingKey?: number
  cpu?: readonly [number, number, number]
  reportIdMa?: number
  platformInfo?: number
  /** Written over the report before it is signed. */
  patch?: { at: number; bytes: Uint8Array }
}

let shared: readonly [KeyPair, KeyPair] | undefined
/** Made once, when first asked for. */
function sharedKeys(): readonly [KeyPair, KeyPair] {
  shared ??= [keyPair('RSA-PSS'), keyPair('RSA-PSS')]
  return shared
}

const PARTS: Parts = { fmc: 1, bootloader: 4, tee: 1, snp: 24, microcode: 219 }

/** One root with its two signing keys, and one chip below them. */
export class Chip {
  readonly generation: Generation
  readonly kind: 'vcek' | 'vlek'
  readonly tcb: Parts
  readonly hardwareId: Uint8Array
  readonly ark: Made
  readonly ask: Made
  readonly key: Made

  constructor(options: ChipOptions = {}) {
    const { generation = 'Milan', key = 'vcek', from, to, signWith } = options
    this.generation = generation
    this.kind = key
    this.tcb = { ...PARTS, ...options.tcb }
    this.hardwareId = options.hardwareId ?? new Uint8Array(generation === 'Turin' ? 8 : 64).fill(0xab)
    const times = { from: '2020-01-01T00:00:00Z', to: '2045-01-01T00:00:00Z', kind: 'RSA-PSS' as const }
    const [root, signing] = options.ownKeys ? [{}, {}] : sharedKeys().map(keys => ({ keys }))
    this.ark = makeCertificate({ subject: `ARK-${generation}`, ca: true, ...times, ...root })
    const name = options.issuerName ?? `SEV-${key === 'vlek' ? 'VLEK-' : ''}${generation}`
    this.ask = makeCertificate({ subject: name, issuer: this.ark, ca: true, ...times, ...signing })
    this.key = makeCertificate({
      subject: `SEV-${key.toUpperCase()}`,
      issuer: this.ask,
      kind: 'P-384',
      usage: null,
      extensions: this.#extensions(options),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(signWith && { signWith }),
    })
  }

  #extensions({ product, wrappedHardwareId = false }: ChipOptions) {
    const { bootloader, tee, snp, microcode, fmc = 0 } = this.tcb
    const small = (value: number) => tagged(0x02, value > 127 ? Buffer.of(0, value) : Buffer.of(value))
    const text = (value: string) => tagged(0x16, Buffer.from(value))
    return [
      { id: `${AMD}.1`, value: small(0) },
      {
        id: `${AMD}.2`,
        value: text(product ?? (this.kind === 'vlek' ? this.generation : `${this.generation}-B0`)),
      },
      { id: `${AMD}.3.1`, value: small(bootloader) },
      { id: `${AMD}.3.2`, value: small(tee) },
      { id: `${AMD}.3.3`, value: small(snp) },
      { id: `${AMD}.3.8`, value: small(microcode) },
      ...(this.generation === 'Turin' ? [{ id: `${AMD}.3.9`, value: small(fmc) }] : []),
      this.kind === 'vlek'
        ? { id: `${AMD}.5`, value: text('CN=cloud.example') }
        : {
            id: `${AMD}.4`,
            value: wrappedHardwareId ? octets(this.hardwareId) : Buffer.from(this.hardwareId),
          },
    ]
  }

  get endorsements(): Endorsement[] {
    return [this.key, this.ask, this.ark].map(({ der }) => ({ kind: 'certificate', bytes: der }))
  }

  /** The usual policy, under this root. */
  policy(changes: Partial<EvidencePolicy> = {}): EvidencePolicy {
    const { roots } = DEFAULT_EVIDENCE_POLICY
    return {
      ...DEFAULT_EVIDENCE_POLICY,
      roots: { ...roots, amd: [this.ark.fingerprint] },
      ...changes,
    }
  }

  report(options: ReportOptions = {}): Uint8Array {
    const { version = 3, policy = 0x30000n, vmpl = 0, reportIdMa = 0xff, patch } = options
    const bytes = Buffer.alloc(1184)
    bytes.writeUInt32LE(version, 0)
    bytes.writeBigUInt64LE(policy, 8)
    bytes.writeUInt32LE(vmpl, 0x30)
    bytes.writeUInt32LE(1, 0x34)
    bytes.writeBigUInt64LE(BigInt(options.platformInfo ?? 0x25), 0x40)
    bytes.writeUInt32LE((options.signingKey ?? (this.kind === 'vlek' ? 1 : 0)) << 2, 0x48)
    bytes.set(options.reportData ?? new Uint8Array(64).fill(0x11), 0x50)
    bytes.set(options.measurement ?? new Uint8Array(48).fill(0x22), 0x90)
    bytes.fill(0x33, 0x140, 0x160)
    bytes.fill(reportIdMa, 0x160, 0x180)
    if (version >= 3) bytes.set(options.cpu ?? CPUS[this.generation], 0x188)
    if (this.kind === 'vcek') bytes.set(options.chipId ?? this.hardwareId, 0x1a0)
    for (const at of [0x38, 0x180, 0x1e0, 0x1f0]) bytes.set(this.#tcb(options.tcb), at)
    bytes.set([29, 55, 1, 0, 29, 55, 1, 0], 0x1e8)
    if (version >= 5) bytes.set([3, 0, 0, 0, 0, 0, 0, 0, 7], 0x1f8)
    if (patch !== undefined) bytes.set(patch.bytes, patch.at)
    const raw = sign('sha384', bytes.subarray(0, 0x2a0), {
      key: this.key.privateKey,
      dsaEncoding: 'ieee-p1363',
    })
    bytes.set(Buffer.from(raw.subarray(0, 48)).reverse(), 0x2a0)
    bytes.set(Buffer.from(raw.subarray(48)).reverse(), 0x2a0 + 72)
    return new Uint8Array(bytes)
  }

  #tcb(changes: Partial<Parts> = {}): number[] {
    const { fmc = 0, bootloader, tee, snp, microcode } = { ...this.tcb, ...changes }
    return this.generation === 'Turin'
      ? [fmc, bootloader, tee, snp, 0, 0, 0, microcode]
      : [bootloader, tee, 0, 0, 0, 0, snp, microcode]
  }

  /** The report with the certificates after it that a host laid by. */
  extendedReport(options: ReportOptions = {}): Uint8Array {
    const certificates = [this.key, this.ask, this.ark].map(({ der }) => der)
    const head = Buffer.alloc(24 * (certificates.length + 1))
    let offset = head.length
    for (const [i, { length }] of certificates.entries()) {
      head.fill(i + 1, i * 24, i * 24 + 16)
      head.writeUInt32LE(offset, i * 24 + 16)
      head.writeUInt32LE(length, i * 24 + 20)
      offset += length
    }
    const padding = Buffer.alloc(4096 - (offset % 4096))
    return new Uint8Array(Buffer.concat([this.report(options), head, ...certificates, padding]))
  }

  /** Azure's wrapper around a report over `runtime`. */
  azureReport({
    userData = new Uint8Array(64).fill(0x44),
    runtime = azureRuntime(userData),
    signed = runtime,
    ...options
  }: ReportOptions & { userData?: Uint8Array; runtime?: string; signed?: string } = {}): Uint8Array {
    const reportData = Buffer.concat([createHash('sha256').update(signed).digest(), Buffer.alloc(32)])
    const report = this.report({ reportData, ...options })
    const json = utf8(runtime)
    const head = Buffer.alloc(32)
    head.write('HCLA')
    for (const [at, value] of [
      [4, 2],
      [8, 1236 + json.length],
      [12, 2],
    ] as const)
      head.writeUInt32LE(value, at)
    const second = Buffer.alloc(20)
    for (const [i, value] of [20 + json.length, 1, 2, 1, json.length].entries())
      second.writeUInt32LE(value, 4 * i)
    const whole = Buffer.concat([head, report, second, json])
    return new Uint8Array(Buffer.concat([whole, Buffer.alloc(Math.max(0, 2600 - whole.length))]))
  }
}

/** Runtime data as Azure writes them. */
export function azureRuntime(userData: Uint8Array): string {
  return JSON.stringify({
    keys: [
      {
        kid: 'HCLAkPub',
        key_ops: ['sign'],
        kty: 'RSA',
        e: 'AQAB',
        n: Buffer.alloc(256, 0xc5).toString('base64url'),
      },
    ],
    'vm-configuration': {
      'console-enabled': true,
      'secure-boot': true,
      'tpm-enabled': true,
      vmUniqueId: 'C51D54DD-F03C-4F2C-ABE3-1F8DAB21E836',
    },
    'user-data': Buffer.from(userData).toString('hex').toUpperCase(),
  })
}
