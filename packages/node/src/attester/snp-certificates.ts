/**
 * Certificates in the table that a SEV-SNP host may hand to its guest. It is the host's word: what is in it is believed
 * only as far as its signatures go, so it is told by what it is and not by its GUID.
 */
import { certificatesInTable } from '@answerable/core/evidence'
import { parseCertificate } from '@answerable/core/x509'

/** Certificates (DER) in a table; none for what is no table. Never throws. */
export function hostCertificates(table: Uint8Array): Uint8Array[] {
  try {
    return certificatesInTable(table).filter(isCertificate)
  } catch {
    return []
  }
}

function isCertificate(der: Uint8Array): boolean {
  try {
    parseCertificate(der)
    return true
  } catch {
    return false
  }
}
