/**
 * The evidence that a record names, appraised over the record's own interval, and who said of its measurements which image
 * they are. The claims `place` and `model` rest on it.
 */
import { AnswerableError, errorCode } from '../error.ts'
import {
  type AnyFormat,
  budgeted,
  DEFAULT_EVIDENCE_POLICY,
  type DocumentAppraisal,
  DocumentAppraiser,
  type Endorsement,
  type EvidencePolicy,
  imageProvenance,
  matchesReference,
  parseEndorsements,
  parseEvidenceDocument,
} from '../evidence/index.ts'
import { formatVkey } from '../note/vkey.ts'
import type { Moment } from '../registry/records.ts'
import type { Suite } from '../suite.ts'
import {
  type Approval,
  type KnownEvidence,
  type OtherAppraisal,
  standingApprovals,
} from './known-evidence.ts'
import type { Receipt } from './receipt.ts'
import type { CheckedRecord } from './receipt-record.ts'
import { detailOf } from './words.ts'

export interface EvidenceOnRecord {
  /** SHA-256 of the document, in hex. */
  digest: string
  /** `missing`: it did not come along. `unreadable`: it is not one, or of a kind that this software does not know. */
  state: 'missing' | 'unreadable' | 'undated' | 'appraised'
  /** Of what is unreadable. */
  error?: { code: string; detail: string }
  /** At each end of the interval, the later last. */
  appraisals: DocumentAppraisal[]
  /** Approvals of exactly these measurements. */
  approvals: Approval[]
  /** Those of others who come to another verdict than this reader. */
  dissent: OtherAppraisal[]
  stated?: Moment
}

export interface EvidenceOptions {
  policy?: EvidencePolicy
  /** Endorsements of the reader's own, an archive each. */
  archives?: readonly (readonly Endorsement[])[]
  known?: KnownEvidence
  formats?: readonly AnyFormat[]
  suite: Suite
}

/** What a record's evidence comes to; undefined where it names none. Never throws for what a receipt can hold. */
export function evidenceOn(
  record: CheckedRecord,
  receipt: Pick<Receipt, 'documents' | 'endorsements'>,
  { policy = DEFAULT_EVIDENCE_POLICY, archives = [], known, formats, suite }: EvidenceOptions,
): EvidenceOnRecord | undefined {
  const { evidence: digest } = record.statement
  if (digest === undefined) return undefined
  const found: EvidenceOnRecord = { digest, state: 'missing', appraisals: [], approvals: [], dissent: [] }
  if (known?.stated !== undefined) found.stated = known.stated
  const bytes = receipt.documents[digest]
  if (bytes === undefined) return found
  const { from, until } = record
  let appraiser: DocumentAppraiser
  let all: (readonly Endorsement[])[]
  try {
    all = [...(receipt.endorsements ?? []).map(one => parseEndorsements(one)), ...archives]
    appraiser = new DocumentAppraiser(parseEvidenceDocument(bytes), {
      log: formatVkey(record.judged.log),
      policy,
      archives: all,
      approvedDevices: device => {
        const own = (known?.approvals ?? []).filter(({ reference }) => matchesReference(reference, device))
        return standingApprovals(own, (until ?? 0) * 1000).standing.find(one => one.independent)?.reference
      },
      suite,
      ...(formats && { formats }),
    })
  } catch (error) {
    return unreadable(found, error)
  }
  // Whoever leaves an end open would choose the time at which it is looked at.
  if (from === undefined || until === undefined) return { ...found, state: 'undated' }
  found.state = 'appraised'
  found.appraisals = [from, until].map(second => appraiser.at(second * 1000))
  const { machine, verdict } = found.appraisals.at(-1)!
  if (machine.error !== undefined) return unreadable(found, machine.error)
  const { appraisal } = machine
  if (appraisal === undefined) return found
  if (appraisal.reference !== undefined)
    found.approvals.push({ reference: appraisal.reference, independent: true })
  const bundles = new Map(of(all, 'sigstore-bundle').map(bytes => [suite.sha256Hex(bytes), bytes]))
  const context = { time: until * 1000, policy, suite: budgeted(suite) }
  const roots = of(all, 'sigstore-root')
  // Each bundle is looked at once: approvals without end that name one use up nobody's time or signatures.
  const seen = new Map<string | undefined, ReturnType<typeof imageProvenance>>()
  for (const approval of known?.approvals ?? []) {
    if (!matchesReference(approval.reference, appraisal)) continue
    const digest = approval.reference.provenance?.bundle
    const bundle = digest === undefined ? undefined : bundles.get(digest)
    const endorsements = { 'sigstore-bundle': bundle === undefined ? [] : [bundle], 'sigstore-root': roots }
    if (!seen.has(digest))
      seen.set(digest, imageProvenance(approval.reference, appraisal, { ...context, endorsements }))
    const provenance = seen.get(digest)
    found.approvals.push({ ...approval, ...(provenance && { provenance }) })
  }
  found.dissent = (known?.appraisals ?? []).filter(({ met }) => met !== verdict.met)
  return found
}

/** Of all archives together: bundles and roots are named by their digests, so it does not matter which has them. */
function of(archives: readonly (readonly Endorsement[])[], wanted: Endorsement['kind']): Uint8Array[] {
  return archives.flat().flatMap(({ kind, bytes }) => (kind === wanted ? bytes : []))
}

function unreadable(found: EvidenceOnRecord, error: unknown): EvidenceOnRecord {
  if (!(error instanceof AnswerableError)) throw error
  return { ...found, state: 'unreadable', error: { code: errorCode(error), detail: detailOf(error.message) } }
}
