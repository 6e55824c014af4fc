/**
 * What bytes look like, by their beginnings: of which format, or wrapped how. It believes nothing; a format's parser has
 * the last word on what is its own.
 */
import { fromHex, utf8 } from '../bytes.ts'
import type { Format } from './format.ts'
import { unwrapNitro } from './nitro/index.ts'
import { AZURE_MAGIC, REPORT_BYTES, splitExtendedReport } from './snp/index.ts'

/** A document: formats that it may be of, the likelier first. */
export interface Document {
  formats: readonly Format[]
}

/** Something around a document, and certificates that came along. */
export interface Wrapper {
  name: string
  inner: Uint8Array
  certificates?: Uint8Array[]
}

/** QE Vendor ID of Intel's quoting enclaves, at byte 12 of each quote. */
const INTEL = fromHex('939a7233f79c4ca9940a0db3957f0607')
/** SPDM 1.1, GET_MEASUREMENTS: the request, which stands before NVIDIA's answer. */
const SPDM = fromHex('11e0')
const SPDM_ANSWER = fromHex('1160')
const SPDM_REQUEST_BYTES = 37
const MAGIC = utf8(AZURE_MAGIC)
const MOST_VERSION = 15

/** What these bytes are, as far as their beginning says; undefined for text and for what is not known here. */
export function sniff(bytes: Uint8Array): Document | Wrapper | undefined {
  const nitro = unwrapNitro(bytes)
  if (nitro === bytes) return { formats: ['nitro'] }
  if (nitro !== undefined)
    return { name: bytes[0] === 0 ? 'dstack attestation' : 'NSM response', inner: nitro }
  if (beginsWith(bytes, MAGIC)) return { formats: ['azure-sev-snp'] }
  if (bytes.length >= 48 && beginsWith(bytes.subarray(12), INTEL)) return { formats: [teeOf(bytes)] }
  if (beginsWith(bytes, SPDM) && beginsWith(bytes.subarray(SPDM_REQUEST_BYTES), SPDM_ANSWER))
    return { formats: ['nvidia-gpu', 'nvidia-switch'] }
  return dstackQuote(bytes) ?? snp(bytes)
}

function beginsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.length >= start.length && start.every((byte, i) => bytes[i] === byte)
}

/** Version 3 is of SGX alone; later ones say of what they are (sgx_quote_4.h, tee_type). */
function teeOf(bytes: Uint8Array): Format {
  return bytes[0] !== 3 && bytes[4] === 0x81 ? 'tdx' : 'sgx'
}

/**
 * dstack's attestation of version 0 with a quote of TDX, in SCALE: version, kind of quote (0), the quote's length in compact
 * form, the quote, and then what nobody signed.
 */
function dstackQuote(bytes: Uint8Array): Wrapper | undefined {
  if (bytes[0] !== 0 || bytes[1] !== 0 || bytes.length < 8) return undefined
  const mode = bytes[2]! & 3
  const size = mode === 1 ? 2 : mode === 2 ? 4 : 0
  if (size === 0) return undefined
  let length = 0
  for (let i = size - 1; i >= 0; i--) length = length * 256 + bytes[2 + i]!
  const start = 2 + size
  const end = start + Math.floor(length / 4)
  if (end > bytes.length || end === start) return undefined
  const inner = bytes.subarray(start, end)
  return beginsWith(inner.subarray(12), INTEL) ? { name: 'dstack attestation', inner } : undefined
}

function snp(bytes: Uint8Array): Document | Wrapper | undefined {
  if (bytes.length < REPORT_BYTES) return undefined
  const small = (at: number, most: number) =>
    bytes[at]! > 0 && bytes[at]! <= most && bytes.subarray(at + 1, at + 4).every(byte => byte === 0)
  if (!small(0, MOST_VERSION) || !small(0x34, MOST_VERSION)) return undefined
  if (bytes.length === REPORT_BYTES) return { formats: ['sev-snp'] }
  const { report, certificates } = splitExtendedReport(bytes)
  return { name: 'extended report', inner: report, certificates }
}
