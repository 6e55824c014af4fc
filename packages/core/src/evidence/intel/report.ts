/**
 * What hardware measured: the report of an enclave ("Intel 64 and IA-32 Architectures Software Developer's Manual", volume 3D,
 * REPORT) and that of a trust domain ("Intel TDX Module ABI", TDREPORT, as quotes have it).
 */
import { toHex } from '../../bytes.ts'

export interface EnclaveReport {
  kind: 'enclave'
  /** The exact bytes. */
  bytes: Uint8Array
  miscSelect: Uint8Array
  attributes: Uint8Array
  mrenclave: string
  mrsigner: string
  isvprodid: number
  isvsvn: number
  configid: string
  configsvn: number
  isvextprodid: string
  isvfamilyid: string
  cpusvn: string
  reportData: Uint8Array
}

export interface TdReport {
  kind: 'td'
  /** SVNs of the TDX module and of what loads it, when the trust domain was started. */
  teeTcbSvn: Uint8Array
  mrseam: string
  mrsignerseam: string
  seamAttributes: Uint8Array
  tdAttributes: Uint8Array
  xfam: string
  mrtd: string
  mrconfigid: string
  mrowner: string
  mrownerconfig: string
  rtmr: readonly [string, string, string, string]
  reportData: Uint8Array
  /** TDX 1.5: those SVNs when the quote was made, and the hash of the service trust domains that are bound to this one. */
  since15?: { teeTcbSvn2: string; mrservicetd: string }
}

export const SIZES = { header: 48, enclave: 384, td: 584, td15: 648 } as const

/** From exactly 384 bytes. */
export function readEnclaveReport(bytes: Uint8Array): EnclaveReport {
  const hex = (start: number, end: number): string => toHex(bytes.subarray(start, end))
  const u16 = (at: number): number => bytes[at]! | (bytes[at + 1]! << 8)
  return {
    kind: 'enclave',
    bytes,
    cpusvn: hex(0, 16),
    miscSelect: bytes.subarray(16, 20),
    isvextprodid: hex(32, 48),
    attributes: bytes.subarray(48, 64),
    mrenclave: hex(64, 96),
    mrsigner: hex(128, 160),
    configid: hex(192, 256),
    isvprodid: u16(256),
    isvsvn: u16(258),
    configsvn: u16(260),
    isvfamilyid: hex(304, 320),
    reportData: bytes.subarray(320, 384),
  }
}

/** From exactly 584 bytes, or 648 for TDX 1.5. */
export function readTdReport(bytes: Uint8Array): TdReport {
  const hash = (at: number): string => toHex(bytes.subarray(at, at + 48))
  const report: TdReport = {
    kind: 'td',
    teeTcbSvn: bytes.subarray(0, 16),
    mrseam: hash(16),
    mrsignerseam: hash(64),
    seamAttributes: bytes.subarray(112, 120),
    tdAttributes: bytes.subarray(120, 128),
    xfam: toHex(bytes.subarray(128, 136)),
    mrtd: hash(136),
    mrconfigid: hash(184),
    mrowner: hash(232),
    mrownerconfig: hash(280),
    rtmr: [hash(328), hash(376), hash(424), hash(472)],
    reportData: bytes.subarray(520, 584),
  }
  if (bytes.length === SIZES.td15)
    report.since15 = { teeTcbSvn2: toHex(bytes.subarray(584, 600)), mrservicetd: hash(600) }
  return report
}

/** Whether an enclave can be looked into (ATTRIBUTES.DEBUG). */
export function isDebugEnclave({ attributes }: EnclaveReport): boolean {
  return (attributes[0]! & 2) !== 0
}
