/**
 * The report of an NVIDIA device: an SPDM 1.1 exchange (DMTF DSP0274), the GET_MEASUREMENTS request (37 bytes) and the
 * MEASUREMENTS response to it, whose last 96 bytes are an ES384 signature over all before them. Numbers are little-endian,
 * and every length is accounted for to the byte.
 */
import { equal, toHex, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'

export interface DeviceReport {
  /** With what the device was asked. */
  nonce: Uint8Array
  /** Hex by index, as the report numbers them: from 1. */
  measurements: ReadonlyMap<number, string>
  /** What the device says of itself, by NVIDIA's number for it (`OPAQUE`). */
  opaque: ReadonlyMap<number, Uint8Array>
  /** What is signed, and r and s behind each other. */
  signed: Uint8Array
  signature: Uint8Array
}

/** Numbers of what a device says of itself (nvtrust, spdm_msrt_resp_msg.py; attestation-sdk, gpu_opaque_data_parser.hpp). */
export const OPAQUE = {
  driverVersion: 3,
  vbiosVersion: 6,
  nvdec0Status: 11,
  boardId: 14,
  chipSku: 15,
  project: 17,
  projectSku: 18,
  fwid: 20,
  protectedPcie: 21,
  /** Of a GPU: the switches that it is joined to. Of a switch: itself. */
  pdi: 22,
  switchLock: 25,
  /** Of a switch: the GPUs that it joins, 8 of 8 bytes, and their ports. */
  switchGpus: 26,
  version: 34,
  mode: 36,
} as const

/** NVML's room for a report is half of this. */
export const MAX_REPORT_BYTES = 16 * 1024
const SIGNATURE_BYTES = 96
const VERSION = 0x11
const GET_MEASUREMENTS = 0xe0
const MEASUREMENTS = 0x60
const SIGNED = 1
const ALL = 0xff
const DMTF = 1
/** How a later form of the data begins, which no public report has so far. */
const LATER_OPAQUE = utf8('NVDAOD')

/** Throws `truncated`, `trailing-bytes`, `too-large`, `unknown-version` and `bad-evidence`. */
export function parseReport(bytes: Uint8Array): DeviceReport {
  if (bytes.length > MAX_REPORT_BYTES)
    throw new AnswerableError('too-large', `report: over ${MAX_REPORT_BYTES} bytes`)
  const reader = new Reader(bytes)
  expectVersion(reader.byte())
  reader.expect(GET_MEASUREMENTS, 'the request')
  reader.expect(SIGNED, 'what the request asks for')
  reader.expect(ALL, 'which measurements it asks for')
  const nonce = reader.take(32)
  if (reader.byte() > 7) bad('it asks for a slot that there is not')
  expectVersion(reader.byte())
  reader.expect(MEASUREMENTS, 'the response')
  // Reserved, and the slot: signed, and of no meaning to whoever has the certificates.
  reader.take(2)
  const count = reader.byte()
  const record = new Reader(reader.take(reader.number(3)))
  const measurements = readBlocks(record, count)
  reader.take(32)
  const opaque = readOpaque(new Reader(reader.take(reader.number(2))))
  const signed = bytes.subarray(0, reader.at)
  const signature = reader.take(SIGNATURE_BYTES)
  reader.end()
  return { nonce, measurements, opaque, signed, signature }
}

/** DSP0274 section 10.11.1: each block has its index, its specification and its size; within, what DMTF has. */
function readBlocks(record: Reader, count: number): Map<number, string> {
  const measurements = new Map<number, string>()
  let last = 0
  for (let i = 0; i < count; i++) {
    const index = record.byte()
    if (index <= last) bad('its measurements are not in order')
    last = index
    record.expect(DMTF, `the specification of measurement ${index}`)
    const block = new Reader(record.take(record.number(2)))
    block.byte()
    const value = block.take(block.number(2))
    block.end()
    measurements.set(index, toHex(value))
  }
  record.end()
  if (measurements.size === 0) bad('it has no measurements')
  return measurements
}

function readOpaque(data: Reader): Map<number, Uint8Array> {
  if (data.startsWith(LATER_OPAQUE))
    throw new AnswerableError('unknown-version', 'report: what the device says of itself has a later form')
  const opaque = new Map<number, Uint8Array>()
  while (!data.done) {
    const type = data.number(2)
    if (opaque.has(type)) bad(`it says ${type} of the device twice`)
    opaque.set(type, data.take(data.number(2)))
  }
  return opaque
}

class Reader {
  at = 0
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get done(): boolean {
    return this.at === this.bytes.length
  }

  startsWith(prefix: Uint8Array): boolean {
    return equal(this.bytes.subarray(this.at, this.at + prefix.length), prefix)
  }

  take(length: number): Uint8Array {
    const missing = this.at + length - this.bytes.length
    if (missing > 0) throw new AnswerableError('truncated', `report: ${missing} bytes missing`)
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  byte(): number {
    return this.take(1)[0]!
  }

  number(bytes: 2 | 3): number {
    return this.take(bytes).reduceRight((value, byte) => value * 256 + byte, 0)
  }

  expect(value: number, what: string): void {
    const found = this.byte()
    if (found !== value) bad(`${what} is ${found} where ${value} belongs`)
  }

  end(): void {
    const over = this.bytes.length - this.at
    if (over > 0) throw new AnswerableError('trailing-bytes', `report: ${over} bytes too many`)
  }
}

function expectVersion(version: number): void {
  if (version !== VERSION)
    throw new AnswerableError('unknown-version', `report: SPDM ${version >> 4}.${version & 15}, not 1.1`)
}

function bad(what: string): never {
  throw new AnswerableError('bad-evidence', `report: ${what}`)
}
