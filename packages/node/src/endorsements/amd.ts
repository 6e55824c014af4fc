/**
 * AMD's certificates for a SEV-SNP report (Versioned Chip Endorsement Key and KDS Interface Specification, 57230, chapter 4): the
 * key of this chip at this TCB, those who signed it, and their list of revocations. A loaded key's (VLEK) own certificate
 * is not there: the host hands it out.
 */
import { AnswerableError, toHex } from '@answerable/core'
import type { Endorsement } from '@answerable/core/evidence'
import { readPemCertificates } from '@answerable/core/x509'
import { ask, type ServiceOptions } from './service.ts'

export interface AmdOptions extends ServiceOptions {
  /** Base URL of the service. */
  base: string
}

/** In the service's own spelling. */
const PRODUCTS = ['Milan', 'Genoa', 'Turin'] as const
type Product = (typeof PRODUCTS)[number]

/** Offsets in a report (SEV-SNP Firmware ABI 56860, table "ATTESTATION_REPORT"). */
const REPORT_BYTES = 0x4a0
const AT = { version: 0, flags: 0x48, tcb: 0x180, family: 0x188, model: 0x189, chip: 0x1a0 }
const CHIP_BYTES = 64
const MOST_CERTIFICATE = 16 * 1024
const MOST_CHAIN = 64 * 1024
const MOST_CRL = 256 * 1024

/** Certificates and revocations for a report; those that came along with it need not be fetched. Throws `unavailable`. */
export async function amdCertificates(
  report: Uint8Array,
  known: readonly Endorsement[],
  options: AmdOptions,
): Promise<Endorsement[]> {
  if (report.length < REPORT_BYTES) throw new AnswerableError('bad-evidence', 'the report is too short')
  const loaded = (((report[AT.flags] ?? 0) >> 2) & 7) === 1
  const own = known.filter(({ kind }) => kind === 'certificate')
  let failure: unknown
  for (const product of productsOf(report)) {
    try {
      return await ofProduct(product, report, loaded, own, options)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

async function ofProduct(
  product: Product,
  report: Uint8Array,
  loaded: boolean,
  own: readonly Endorsement[],
  options: AmdOptions,
): Promise<Endorsement[]> {
  const base = `${options.base}/${loaded ? 'vlek' : 'vcek'}/v1/${product}`
  const found: Endorsement[] = [...own]
  if (!loaded && own.length === 0) {
    const url = `${base}/${chipOf(product, report)}?${tcbOf(product, report)}`
    found.push({ kind: 'certificate', bytes: (await ask({ url, most: MOST_CERTIFICATE }, options)).bytes })
  }
  const chain = await ask({ url: `${base}/cert_chain`, most: MOST_CHAIN }, options)
  for (const bytes of readPemCertificates(Buffer.from(chain.bytes).toString('latin1')))
    if (!found.some(one => Buffer.from(one.bytes).equals(bytes))) found.push({ kind: 'certificate', bytes })
  // Without it the certificates still stand; whether one was revoked is then not checked, and said.
  const crl = await ask({ url: `${base}/crl`, most: MOST_CRL }, options).catch(() => undefined)
  if (crl !== undefined) found.push({ kind: 'crl', bytes: crl.bytes })
  return found
}

/** Reports from version 3 on say of which family they are; for older ones each is tried. */
function productsOf(report: Uint8Array): readonly Product[] {
  if (report[AT.version]! < 3) return ['Milan', 'Genoa']
  const family = report[AT.family]!
  const model = report[AT.model]!
  if (family === 0x19) return [model < 0x10 ? 'Milan' : 'Genoa']
  if (family === 0x1a) return ['Turin']
  throw new AnswerableError('bad-evidence', `a processor of family ${family}, which is not known here`)
}

function chipOf(product: Product, report: Uint8Array): string {
  const chip = report.subarray(AT.chip, AT.chip + CHIP_BYTES)
  if (chip.every(byte => byte === 0))
    throw new AnswerableError('unavailable', 'the report does not say which chip it is of, so nobody can ask')
  return toHex(product === 'Turin' ? chip.subarray(0, 8) : chip)
}

function tcbOf(product: Product, report: Uint8Array): string {
  const tcb = report.subarray(AT.tcb, AT.tcb + 8)
  const parts: [string, number][] =
    product === 'Turin'
      ? [
          ['fmcSPL', 0],
          ['blSPL', 1],
          ['teeSPL', 2],
          ['snpSPL', 3],
          ['ucodeSPL', 7],
        ]
      : [
          ['blSPL', 0],
          ['teeSPL', 1],
          ['snpSPL', 6],
          ['ucodeSPL', 7],
        ]
  return parts.map(([name, at]) => `${name}=${tcb[at]}`).join('&')
}
