/**
 * The attestation report of AMD SEV-SNP (SEV Secure Nested Paging Firmware ABI, 56860, ATTESTATION_REPORT): 1184 bytes,
 * little-endian, of which the first 672 are signed. Fields by their offsets there; what the specification has as zero
 * must be zero.
 */
import { AnswerableError } from '../../error.ts'

export const REPORT_BYTES = 1184
const SIGNED_BYTES = 0x2a0
/** r and s, each as 72 bytes of which P-384 fills 48. */
const NUMBER_BYTES = 72
const P384_BYTES = 48
/** Version 2 came with Milan's firmware, 3 names the processor, 5 the mitigations in force. */
const VERSIONS: readonly number[] = [2, 3, 5]
const ECDSA_P384_SHA384 = 1
/** Bits of the guest policy that are known here: one that is not may allow anything. */
const POLICY_BITS = 26
const POLICY_RESERVED_ONE = 17

export type SigningKey = 'vcek' | 'vlek' | 'none'
const SIGNING_KEYS: Readonly<Record<number, SigningKey>> = { 0: 'vcek', 1: 'vlek', 7: 'none' }

export interface GuestPolicy {
  raw: bigint
  abi: string
  smt: boolean
  /** Whether another machine may be let in to move this one. */
  migrationAgent: boolean
  /** Whether the host may read and write what is in it. */
  debug: boolean
  singleSocket: boolean
}

export interface SnpReport {
  version: number
  guestSvn: number
  policy: GuestPolicy
  familyId: Uint8Array
  imageId: Uint8Array
  vmpl: number
  /** TCB versions as eight bytes: which part is where depends on the generation. */
  currentTcb: Uint8Array
  reportedTcb: Uint8Array
  committedTcb: Uint8Array
  launchTcb: Uint8Array
  platformInfo: bigint
  authorKey: boolean
  chipKeyMasked: boolean
  signingKey: SigningKey
  reportData: Uint8Array
  measurement: Uint8Array
  hostData: Uint8Array
  idKeyDigest: Uint8Array
  authorKeyDigest: Uint8Array
  reportId: Uint8Array
  /** All ones where no migration agent belongs to it. */
  reportIdMa: Uint8Array
  /** From version 3 on. */
  cpu?: { family: number; model: number; stepping: number }
  chipId: Uint8Array
  /** Firmware as `major.minor.build`. */
  currentFirmware: string
  committedFirmware: string
  /** From version 5 on: bits of mitigations, at launch and now. */
  mitigations?: { launch: bigint; current: bigint }
  signed: Uint8Array
  /** r and s, big-endian, 48 bytes each. */
  signature: Uint8Array
}

/** Throws `truncated`, `trailing-bytes`, `unknown-version`, `unknown-algorithm` and `bad-evidence`. */
export function parseSnpReport(bytes: Uint8Array): SnpReport {
  if (bytes.length < REPORT_BYTES)
    throw new AnswerableError('truncated', `SEV-SNP report: ${REPORT_BYTES - bytes.length} bytes missing`)
  if (bytes.length > REPORT_BYTES)
    throw new AnswerableError(
      'trailing-bytes',
      `SEV-SNP report: ${bytes.length - REPORT_BYTES} bytes too many`,
    )
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const u32 = (at: number) => view.getUint32(at, true)
  const u64 = (at: number) => view.getBigUint64(at, true)
  const slice = (at: number, length: number) => bytes.subarray(at, at + length)
  const version = u32(0)
  if (!VERSIONS.includes(version))
    throw new AnswerableError('unknown-version', `SEV-SNP report: version ${version} is not known here`)
  const algorithm = u32(0x34)
  if (algorithm !== ECDSA_P384_SHA384)
    throw new AnswerableError(
      'unknown-algorithm',
      `SEV-SNP report: signature algorithm ${algorithm} is not known here`,
    )
  const zero = (from: number, to: number) => {
    if (bytes.subarray(from, to).some(byte => byte !== 0))
      bad(`reserved bytes from ${hex(from)} on are not zero`)
  }
  zero(0x4c, 0x50)
  zero(version < 3 ? 0x188 : 0x18b, 0x1a0)
  zero(0x1eb, 0x1ec)
  zero(0x1ef, 0x1f0)
  zero(version < 5 ? 0x1f8 : 0x208, SIGNED_BYTES)
  zero(SIGNED_BYTES + 2 * NUMBER_BYTES, REPORT_BYTES)
  const keys = u32(0x48)
  const signingKey = SIGNING_KEYS[(keys >> 2) & 7]
  if (keys >>> 5 !== 0 || signingKey === undefined) bad('it names a signing key that is not known here')
  const vmpl = u32(0x30)
  if (vmpl > 3) bad(`VMPL ${vmpl} does not exist`)
  const firmware = (at: number) => `${bytes[at + 2]}.${bytes[at + 1]}.${bytes[at]}`
  return {
    version,
    guestSvn: u32(0x04),
    policy: guestPolicy(u64(0x08)),
    familyId: slice(0x10, 16),
    imageId: slice(0x20, 16),
    vmpl,
    currentTcb: slice(0x38, 8),
    platformInfo: u64(0x40),
    authorKey: (keys & 1) !== 0,
    chipKeyMasked: (keys & 2) !== 0,
    signingKey,
    reportData: slice(0x50, 64),
    measurement: slice(0x90, 48),
    hostData: slice(0xc0, 32),
    idKeyDigest: slice(0xe0, 48),
    authorKeyDigest: slice(0x110, 48),
    reportId: slice(0x140, 32),
    reportIdMa: slice(0x160, 32),
    reportedTcb: slice(0x180, 8),
    ...(version >= 3 && { cpu: { family: bytes[0x188]!, model: bytes[0x189]!, stepping: bytes[0x18a]! } }),
    chipId: slice(0x1a0, 64),
    committedTcb: slice(0x1e0, 8),
    currentFirmware: firmware(0x1e8),
    committedFirmware: firmware(0x1ec),
    launchTcb: slice(0x1f0, 8),
    ...(version >= 5 && { mitigations: { launch: u64(0x1f8), current: u64(0x200) } }),
    signed: slice(0, SIGNED_BYTES),
    signature: signatureOf(slice(SIGNED_BYTES, 2 * NUMBER_BYTES)),
  }
}

function guestPolicy(raw: bigint): GuestPolicy {
  const bit = (at: number) => ((raw >> BigInt(at)) & 1n) === 1n
  if (!bit(POLICY_RESERVED_ONE)) bad('bit 17 of its policy is not set')
  if (raw >> BigInt(POLICY_BITS) !== 0n) bad('its policy has bits that are not known here')
  return {
    raw,
    abi: `${(raw >> 8n) & 255n}.${raw & 255n}`,
    smt: bit(16),
    migrationAgent: bit(18),
    debug: bit(19),
    singleSocket: bit(20),
  }
}

/** Two little-endian numbers, turned round. */
function signatureOf(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(2 * P384_BYTES)
  for (const i of [0, 1]) {
    const number = bytes.subarray(i * NUMBER_BYTES, (i + 1) * NUMBER_BYTES)
    if (number.subarray(P384_BYTES).some(byte => byte !== 0))
      bad('a number of its signature is over 384 bits long')
    out.set(number.slice(0, P384_BYTES).reverse(), i * P384_BYTES)
  }
  return out
}

function bad(what: string): never {
  throw new AnswerableError('bad-evidence', `SEV-SNP report: ${what}`)
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
