/**
 * AMD's certificates for a SEV-SNP report (Versioned Chip Endorsement Key and KDS Interface Specification, 57230, chapter 4): the
 * key of this chip at this TCB, those who signed it, and their list of revocations. A loaded key's (VLEK) own certificate
 * is not there: the host hands it out.
 */
import { AnswerableError, toHex } from '@answerable/core'
import {
  type Endorsement,
  type Generation,
  generationOfCpu,
  parseSnpReport,
  REPORT_BYTES,
  type SnpReport,
  tcbOf,
} from '@answerable/core/evidence'
import { readPemCertificates } from '@answerable/core/x509'
import { ask, type ServiceOptions } from './service.ts'

export interface AmdOptions extends ServiceOptions {
  /** Base URL of the service. */
  base: string
}

/** The parts of a TCB version in the service's own spelling. */
const PARTS = {
  fmc: 'fmcSPL',
  bootloader: 'blSPL',
  tee: 'teeSPL',
  snp: 'snpSPL',
  microcode: 'ucodeSPL',
} as const
const MOST_CERTIFICATE = 16 * 1024
const MOST_CHAIN = 64 * 1024
const MOST_CRL = 256 * 1024

/**
 * Certificates and revocations for the report that these bytes begin with; those that came along with it need not be fetched.
 * Throws `unavailable`, and as reading a report does.
 */
export async function amdCertificates(
  bytes: Uint8Array,
  known: readonly Endorsement[],
  options: AmdOptions,
): Promise<Endorsement[]> {
  const report = parseSnpReport(bytes.subarray(0, REPORT_BYTES))
  const own = known.filter(({ kind }) => kind === 'certificate')
  let failure: unknown
  for (const product of productsOf(report)) {
    try {
      return await ofProduct(product, report, own, options)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

async function ofProduct(
  product: Generation,
  report: SnpReport,
  own: readonly Endorsement[],
  options: AmdOptions,
): Promise<Endorsement[]> {
  const loaded = report.signingKey === 'vlek'
  const base = `${options.base}/${loaded ? 'vlek' : 'vcek'}/v1/${product}`
  const found: Endorsement[] = [...own]
  if (!loaded && own.length === 0) {
    const url = `${base}/${chipOf(product, report)}?${tcbQuery(product, report)}`
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
function productsOf(report: SnpReport): readonly Generation[] {
  const { cpu } = report
  if (cpu === undefined) return ['Milan', 'Genoa']
  const generation = generationOfCpu(report)
  if (generation !== undefined) return [generation]
  const { family, model } = cpu
  throw new AnswerableError('bad-evidence', `a processor of family ${family}, model ${model}, not known here`)
}

function chipOf(product: Generation, { chipId }: SnpReport): string {
  if (chipId.every(byte => byte === 0))
    throw new AnswerableError('unavailable', 'the report does not say which chip it is of, so nobody can ask')
  return toHex(product === 'Turin' ? chipId.subarray(0, 8) : chipId)
}

function tcbQuery(product: Generation, { reportedTcb }: SnpReport): string {
  return Object.entries(tcbOf(reportedTcb, product))
    .map(([part, value]) => `${PARTS[part as keyof typeof PARTS]}=${value}`)
    .join('&')
}
