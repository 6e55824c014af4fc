/**
 * What an extended guest request returns (56421, GHCB, SNP Extended Guest Request): the report, and after it a table of
 * certificates that the host laid by: a GUID, an offset and a length each, ended by an entry of zeros, and then the
 * certificates, offsets counted from the table's beginning. The host chose them, so they are endorsements like any other.
 */
import { AnswerableError } from '../../error.ts'
import { MAX_CERTIFICATE_BYTES } from '../../x509/index.ts'
import { REPORT_BYTES } from './report.ts'

const ENTRY_BYTES = 24
const MOST_ENTRIES = 16
const MAX_TABLE_BYTES = 256 * 1024

/** The report and the certificates in DER. Entries that are not DER, such as revocation lists of old, are left out. */
export function splitExtendedReport(bytes: Uint8Array): { report: Uint8Array; certificates: Uint8Array[] } {
  if (bytes.length < REPORT_BYTES)
    throw new AnswerableError('truncated', `extended report: ${REPORT_BYTES - bytes.length} bytes missing`)
  const certificates = certificatesInTable(bytes.subarray(REPORT_BYTES))
  return { report: bytes.subarray(0, REPORT_BYTES), certificates }
}

/** The certificates in such a table alone. Throws `truncated`, `too-large` and `bad-evidence`. */
export function certificatesInTable(table: Uint8Array): Uint8Array[] {
  if (table.length > MAX_TABLE_BYTES)
    throw new AnswerableError('too-large', `certificate table: over ${MAX_TABLE_BYTES} bytes`)
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  const places: { offset: number; length: number }[] = []
  let at = 0
  for (; ; at += ENTRY_BYTES) {
    if (at + ENTRY_BYTES > table.length)
      throw new AnswerableError('truncated', 'certificate table: it has no end')
    const entry = table.subarray(at, at + ENTRY_BYTES)
    if (entry.every(byte => byte === 0)) break
    if (places.length === MOST_ENTRIES)
      throw new AnswerableError('too-large', `certificate table: over ${MOST_ENTRIES} certificates`)
    places.push({ offset: view.getUint32(at + 16, true), length: view.getUint32(at + 20, true) })
  }
  const certificates: Uint8Array[] = []
  for (const { offset, length } of places) {
    if (offset < at + ENTRY_BYTES || offset + length > table.length || length > MAX_CERTIFICATE_BYTES)
      throw new AnswerableError('bad-evidence', 'certificate table: a certificate lies outside it')
    const certificate = table.subarray(offset, offset + length)
    if (certificate[0] === 0x30) certificates.push(certificate)
  }
  return certificates
}
