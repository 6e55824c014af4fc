/** Records of the world's log that name evidence of a machine made here, and readers who trust its root. */
import { utf8 } from '../src/bytes.ts'
import {
  asReportData,
  deviceNonce,
  type Endorsement,
  type EvidenceItem,
  type EvidencePolicy,
  evidenceBinding,
  formatEndorsements,
  formatEvidenceDocument,
  type ReferenceValue,
} from '../src/evidence/index.ts'
import { formatVkey } from '../src/note/index.ts'
import type { Receipt } from '../src/receipt/receipt.ts'
import type { Trust } from '../src/receipt/trust.ts'
import { world } from './checking.ts'
import { type RecordOptions, suite } from './fixture.ts'
import { Chip, type ReportOptions } from './snp.ts'

export const chip = new Chip({ from: '2025-12-01T00:00:00Z', to: '2026-12-01T00:00:00Z' })
export const LOG_VKEY = formatVkey(world.log.signer.key)
export const NONCE = deviceNonce(LOG_VKEY, suite)
export const MEASUREMENT = '22'.repeat(48)

export interface AttestedOptions {
  report?: ReportOptions
  /** vkey that the report is bound to, and that the document names. */
  bound?: string
  log?: string
  devices?: EvidenceItem[]
  /** Devices that the binding covers; those of the document unless told. */
  signedDevices?: EvidenceItem[]
  endorsements?: Endorsement[] | null
  /** In place of the document, with its digest named by the record. */
  document?: Uint8Array
  /** Whether the document comes along. */
  brought?: boolean
  record?: RecordOptions
  by?: Chip
}

/** A receipt of the world's log whose record names evidence. */
export function attested(options: AttestedOptions = {}): Receipt {
  const { bound = LOG_VKEY, log = LOG_VKEY, devices = [], by = chip, brought = true } = options
  const { signedDevices = devices, endorsements = by.endorsements } = options
  const binding = evidenceBinding(
    bound,
    signedDevices.map(({ bytes }) => bytes),
    suite,
  )
  const report = by.report({ reportData: asReportData(binding, 64), ...options.report })
  const bytes =
    options.document ??
    formatEvidenceDocument({ log, items: [{ format: 'sev-snp', bytes: report }, ...devices] })
  const digest = suite.sha256Hex(bytes)
  const { receipt } = world.answer({ ...options.record, evidence: digest })
  return {
    ...receipt,
    ...(brought && { documents: { ...receipt.documents, [digest]: bytes } }),
    ...(endorsements !== null && { endorsements: [formatEndorsements(endorsements)] }),
  }
}

export const IMAGE: ReferenceValue = {
  format: 'sev-snp',
  measurements: { measurement: MEASUREMENT },
  image: 'model server 1.2',
  role: 'model',
}

/** The world's reader, who trusts the chip's root, and by their own policy an image or none. */
export function trusting(
  references: readonly ReferenceValue[] = [IMAGE],
  changes: Partial<EvidencePolicy> = {},
  trust: Trust = world.trust,
): Trust {
  return { ...trust, evidence: chip.policy({ references, ...changes }) }
}

/** A document that cannot be read. */
export const BROKEN = utf8('{"type":"https://answerable.dev/evidence/v1","log":"x","items":[]}')
