/**
 * A quote of Intel's DCAP, versions 3, 4 and 5: what a quoting enclave (QE) signed for an enclave or a trust domain, and
 * why that enclave's key is to be believed. Layout: "Intel SGX ECDSA QuoteGenReference" appendix A (version 3), "Intel TDX DCAP
 * Quoting Library API" appendix 3 (versions 4 and 5). All numbers are little-endian. Lengths must come out to the byte; only
 * after the end may a quote go on, since the interfaces that hand them out have buffers of a fixed size.
 */
import { toHex } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { type EnclaveReport, readEnclaveReport, readTdReport, SIZES, type TdReport } from './report.ts'

export type Tee = 'tdx' | 'sgx'

export interface Quote {
  version: 3 | 4 | 5
  /** The enclave, or the trust domain, that asked for the quote. */
  body: EnclaveReport | TdReport
  /** 20 bytes of the quoting enclave's own: of some, an identifier of the platform. */
  userData: Uint8Array
  /** Header and body: what the attestation key signed. */
  signed: Uint8Array
  /** r and s, 32 bytes each, as the other signature here. */
  signature: Uint8Array
  /** A point of P-256, without the byte that says so. */
  attestationKey: Uint8Array
  /** The quoting enclave's own report, signed by the platform's key (PCK). */
  qe: { report: EnclaveReport; signature: Uint8Array; authData: Uint8Array }
  certification: Certification
  /** Bytes after the end that are no padding. Nobody signed them. */
  unsigned: number
}

/** How the certificate of the platform's key comes along. */
export interface Certification {
  /**
   * 1 to 3: an identifier of the platform (PPID), plain or encrypted, with the CPUSVN, PCESVN and PCE-ID of its
   * certificate; 4: the certificate; 5: it and those above it.
   */
  type: 1 | 2 | 3 | 4 | 5
  data: Uint8Array
}

export const MAX_QUOTE_BYTES = 32 * 1024
const QE_VENDOR = '939a7233f79c4ca9940a0db3957f0607'
const ECDSA_P256 = 2
const TEES: Record<number, Tee> = { 0: 'sgx', 129: 'tdx' }
const QE_REPORT_CERTIFICATION = 6
/** Bytes of the identifier in types 1 to 3, and of what follows it in each. */
const PPID_BYTES: Record<number, number> = { 1: 16, 2: 256, 3: 384 }
export const AFTER_PPID_BYTES = 20

/** Throws `truncated`, `trailing-bytes`, `too-large`, `unknown-version`, `unknown-algorithm` and `bad-evidence`. */
export function parseQuote(bytes: Uint8Array): Quote {
  if (bytes.length > MAX_QUOTE_BYTES)
    throw new AnswerableError('too-large', `quote: over ${MAX_QUOTE_BYTES} bytes`)
  const from = new Reader(bytes, 'quote')
  const version = from.u16()
  if (version !== 3 && version !== 4 && version !== 5)
    throw new AnswerableError('unknown-version', `quote: version ${version} where 3, 4 or 5 belongs`)
  const algorithm = from.u16()
  const tee = TEES[from.u32()] ?? bad('neither of SGX nor of TDX')
  if (algorithm !== ECDSA_P256)
    throw new AnswerableError(
      'unknown-algorithm',
      `quote: attestation keys of type ${algorithm} are not known`,
    )
  from.take(4)
  if (toHex(from.take(16)) !== QE_VENDOR) bad('not by Intel’s quoting enclave')
  const userData = from.take(20)
  const body = readBody(from, version, tee)
  const signed = bytes.subarray(0, from.at)
  const auth = new Reader(from.take(from.u32()), 'signature data')
  const signature = auth.take(64)
  const attestationKey = auth.take(64)
  // From version 4 on, the same fields lie in a certification data of their own.
  const inner = version === 3 ? auth : nested(auth)
  const qe = {
    report: readEnclaveReport(inner.take(SIZES.enclave)),
    signature: inner.take(64),
    authData: inner.take(inner.u16()),
  }
  const certification = readCertification(inner)
  const unsigned = bytes.subarray(from.at).some(byte => byte !== 0) ? bytes.length - from.at : 0
  return { version, body, userData, signed, signature, attestationKey, qe, certification, unsigned }
}

function readBody(from: Reader, version: number, tee: Tee): EnclaveReport | TdReport {
  if (version === 3 && tee === 'tdx') bad('of TDX, and of version 3, which is for SGX alone')
  if (version < 5)
    return tee === 'tdx' ? readTdReport(from.take(SIZES.td)) : readEnclaveReport(from.take(SIZES.enclave))
  const type = from.u16()
  const size = from.u32()
  if (tee === 'sgx' && type === 1 && size === SIZES.enclave) return readEnclaveReport(from.take(size))
  if (tee === 'tdx' && ((type === 2 && size === SIZES.td) || (type === 3 && size === SIZES.td15)))
    return readTdReport(from.take(size))
  return bad(`a body of type ${type} and of ${size} bytes does not belong in a quote of ${tee.toUpperCase()}`)
}

function nested(auth: Reader): Reader {
  const type = auth.u16()
  if (type !== QE_REPORT_CERTIFICATION) bad(`certification data of type ${type} where 6 belongs`)
  const inner = new Reader(auth.take(auth.u32()), 'certification data')
  auth.end()
  return inner
}

function readCertification(from: Reader): Certification {
  const type = from.u16()
  const data = from.take(from.u32())
  from.end()
  const ppid = PPID_BYTES[type]
  if (ppid !== undefined && data.length !== ppid + AFTER_PPID_BYTES)
    bad(`certification data of type ${type} and of ${data.length} bytes`)
  if (type < 1 || type > 5) bad(`certification data of type ${type}`)
  return { type: type as Certification['type'], data }
}

function bad(what: string): never {
  throw new AnswerableError('bad-evidence', `quote: ${what}`)
}

class Reader {
  at = 0
  readonly #bytes: Uint8Array
  readonly #what: string

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  take(count: number): Uint8Array {
    const end = this.at + count
    if (end > this.#bytes.length)
      throw new AnswerableError('truncated', `${this.#what}: ${end - this.#bytes.length} bytes missing`)
    const bytes = this.#bytes.subarray(this.at, end)
    this.at = end
    return bytes
  }

  u16(): number {
    const [low, high] = this.take(2)
    return low! | (high! << 8)
  }

  u32(): number {
    const low = this.u16()
    return low + this.u16() * 65_536
  }

  end(): void {
    const left = this.#bytes.length - this.at
    if (left > 0) throw new AnswerableError('trailing-bytes', `${this.#what}: ${left} bytes too many`)
  }
}
