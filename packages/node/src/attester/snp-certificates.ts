/**
 * The table of certificates that a SEV-SNP host may hand to its guest (GHCB specification 2.03, section 4.1.8.1): rows of a
 * GUID, an offset and a length, up to a row of zeros, then the certificates. It is the host's word: what is in it is
 * believed only as far as its signatures go, so it is told by what it is and not by its GUID.
 */
import { parseCertificate } from '@answerable/core/x509'

const ROW_BYTES = 24
const MOST_ROWS = 16
const MOST_BYTES = 16 * 1024

/** Certificates (DER) in a table; none for what is no table. Never throws. */
export function certificatesInTable(table: Uint8Array): Uint8Array[] {
  const view = new DataView(table.buffer, table.byteOffset, table.length)
  const found: Uint8Array[] = []
  for (let row = 0; row < MOST_ROWS && (row + 1) * ROW_BYTES <= table.length; row++) {
    const at = row * ROW_BYTES
    if (table.subarray(at, at + ROW_BYTES).every(byte => byte === 0)) break
    const offset = view.getUint32(at + 16, true)
    const length = view.getUint32(at + 20, true)
    if (length > MOST_BYTES || offset + length > table.length) continue
    const bytes = table.slice(offset, offset + length)
    if (isCertificate(bytes)) found.push(bytes)
  }
  return found
}

function isCertificate(der: Uint8Array): boolean {
  try {
    parseCertificate(der)
    return true
  } catch {
    return false
  }
}
