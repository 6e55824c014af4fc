/** What was found of a record's evidence, for showing: plain values, and no bytes. */
import type { AppraisedItem, Check, Format } from '../evidence/index.ts'
import type { Moment } from '../registry/records.ts'
import type { EvidenceOnRecord } from './evidenced.ts'
import type { Approval } from './known-evidence.ts'
import { detailOf } from './words.ts'

export interface EvidencePart {
  what: 'machine' | 'device'
  format: Format
  /** Absent where it cannot be read: then `error` says why. */
  platform?: string
  measurements: Record<string, string>
  checks: Check[]
  /** When all that the checks relied on is valid together, Unix milliseconds; null where nothing bounds it. */
  window?: { from: number | null; until: number | null }
  error?: { code: string; detail: string }
}

export interface ApprovalSummary {
  image: string
  role: 'gateway' | 'model'
  /** Absent where it is the reader's own policy. */
  by?: { id: string; name: string; ownerGroup: string }
  /** Of another owner group than the operator. */
  independent: boolean
  since?: Moment
  revoked?: { since: number; reason: string; quorum: boolean }
  /** The manifest of the only weights that the image answers from. */
  weights?: string
  source?: string
  reproducible?: boolean
  /** What became of the bundle that says where it came from. */
  provenance?: Check
}

export interface EvidenceSummary {
  /** SHA-256 of the document, in hex. */
  digest: string
  state: EvidenceOnRecord['state']
  error?: { code: string; detail: string }
  /** As of when it was appraised, Unix milliseconds: both ends of the interval, or the later alone. */
  asOf: number[]
  /** As of the first of those times at which the policy is not met, or else the last. */
  parts: EvidencePart[]
  /** Checks of the document as a whole. */
  checks: Check[]
  approvals: ApprovalSummary[]
  /** Members who come to another verdict on the same evidence. */
  dissent: { id: string; name: string; met: boolean; reasons: readonly string[] }[]
  /** When the operator stated it in the registry. */
  stated?: Moment
}

export function summarise(found: EvidenceOnRecord): EvidenceSummary {
  const { digest, state, error, appraisals, approvals, dissent, stated } = found
  const shown = appraisals.find(({ verdict }) => !verdict.met) ?? appraisals.at(-1)
  return {
    digest,
    state,
    ...(error && { error }),
    asOf: appraisals.map(({ time }) => time),
    parts:
      shown === undefined
        ? []
        : [partOf('machine', shown.machine), ...shown.devices.map(one => partOf('device', one))],
    checks: shown?.checks ?? [],
    approvals: approvals.map(approvalOf),
    dissent: dissent.map(({ by, met, reasons }) => ({ id: by.id, name: by.name, met, reasons })),
    ...(stated && { stated }),
  }
}

function partOf(what: EvidencePart['what'], { format, appraisal, error }: AppraisedItem): EvidencePart {
  if (appraisal === undefined) {
    const wrong = error && { error: { code: error.code, detail: detailOf(error.message) } }
    return { what, format, measurements: {}, checks: [], ...wrong }
  }
  const { platform, measurements, checks, window } = appraisal
  return {
    what,
    format,
    platform,
    measurements,
    checks,
    window: { from: finite(window.from), until: finite(window.until) },
  }
}

function approvalOf({
  reference,
  by,
  independent,
  since,
  revoked,
  provenance: shown,
}: Approval): ApprovalSummary {
  const { image, role, weights, provenance } = reference
  return {
    image,
    role,
    ...(by && { by: { id: by.id, name: by.name, ownerGroup: by.ownerGroup } }),
    independent,
    ...(since && { since }),
    ...(revoked && { revoked }),
    ...(weights && { weights: weights.manifest }),
    ...(provenance?.source !== undefined && { source: provenance.source }),
    ...(provenance?.reproducible !== undefined && { reproducible: provenance.reproducible }),
    ...(shown && { provenance: shown }),
  }
}

function finite(time: number): number | null {
  return Number.isFinite(time) ? time : null
}
