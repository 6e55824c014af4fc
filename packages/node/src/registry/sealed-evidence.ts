/**
 * What a sealed receipt brings along about a record's evidence: the registry's record of it, who approved or revoked its
 * image, who appraised it, and the documents themselves. With these a reader checks it all again, offline.
 */
import { AnswerableError } from '@answerable/core'
import {
  type AppraisedItem,
  DEFAULT_EVIDENCE_POLICY,
  DocumentAppraiser,
  matchesReference,
  parseEvidenceDocument,
} from '@answerable/core/evidence'
import { MAX_DOCUMENT_BYTES, type Receipt } from '@answerable/core/receipt'
import type { CollectionName, EvidenceRecord, ReferenceRecord, State } from '@answerable/core/registry'
import { nodeSuite } from '../log/suite.ts'
import type { RegistryDocuments } from './documents.ts'

export type WantedRecord = readonly [CollectionName, string]

/** Of an archive that travels: in base64 a larger one would be over a receipt's bound. */
const MAX_ARCHIVE_BYTES = 1536 * 1024
/** Approvals and revocations that come along; the ones of this very image come first. */
const MOST_REFERENCES = 16
const MOST_OF_A_MEMBER = 2

/**
 * The records, most telling first and each with those that it takes to judge it. `document` is the evidence document, where
 * it is here.
 */
export function evidenceRecords(
  state: State,
  record: EvidenceRecord,
  document: Uint8Array | undefined,
): WantedRecord[][] {
  const references = document === undefined ? [] : referencesOf(state, record, document)
  // Those that speak against it first.
  const appraisals = [...record.appraisals].sort((a, b) => Number(a.met) - Number(b.met))
  return [
    ...references.map(({ id, by, revoked }): WantedRecord[] => [
      ['references', `${id} ${by}`],
      ['members', by],
      ...(revoked === null ? [] : [['members', revoked.by] as const]),
    ]),
    ...appraisals.map(({ by, key }): WantedRecord[] => [
      ['members', by],
      ['keys', key],
    ]),
  ]
}

/**
 * Of the formats in a document, those of its own measurements before others and revoked ones before the rest; of one member
 * at first but a few, or one could approve and revoke so much that nobody else's word finds room.
 */
function referencesOf(state: State, record: EvidenceRecord, document: Uint8Array): ReferenceRecord[] {
  const items = measured(state, record, document)
  const matches = ({ reference }: ReferenceRecord) =>
    items.some(({ format, appraisal }) => {
      const found = { format, measurements: appraisal?.measurements ?? {} }
      return matchesReference(reference, found)
    })
  const weight = (one: ReferenceRecord) => 2 * Number(matches(one)) + Number(one.revoked !== null)
  const counts = new Map<string, number>()
  const isLate = ({ by, revoked }: ReferenceRecord): boolean => {
    if (revoked !== null && revoked.groups !== null) return false
    const before = counts.get(by) ?? 0
    counts.set(by, before + 1)
    return before >= MOST_OF_A_MEMBER
  }
  return [...state.references.values()]
    .filter(({ reference }) => items.some(({ format }) => format === reference.format))
    .map(one => ({ one, weight: weight(one) }))
    .sort((a, b) => b.weight - a.weight)
    .map(({ one }) => ({ one, late: isLate(one) }))
    .sort((a, b) => Number(a.late) - Number(b.late))
    .slice(0, MOST_REFERENCES)
    .map(({ one }) => one)
}

/** The items of a document with their measurements, whatever their checks come to. */
function measured(state: State, { log, stated }: EvidenceRecord, document: Uint8Array): AppraisedItem[] {
  try {
    const { vkey } = state.logs.get(log)!
    const options = { log: vkey, policy: DEFAULT_EVIDENCE_POLICY, archives: [], suite: nodeSuite }
    const { machine, devices } = new DocumentAppraiser(parseEvidenceDocument(document), options).at(
      stated.time,
    )
    return [machine, ...devices]
  } catch (error) {
    if (error instanceof AnswerableError) return []
    throw error
  }
}

/**
 * Puts the document into a receipt, and up to three archives: the one that it came with, the one that was the newest as the
 * record was made, and the newest of all. `time` is the record's, Unix milliseconds.
 */
export async function addEvidence(
  receipt: Receipt,
  { digest, endorsements }: EvidenceRecord,
  time: number,
  documents: RegistryDocuments,
): Promise<void> {
  const document = await documents.get(digest)
  if (document !== undefined && document.length <= MAX_DOCUMENT_BYTES) receipt.documents[digest] = document
  const inForce = endorsements.findLast(({ stated }) => stated.time <= time) ?? endorsements[0]!
  const wanted = new Set([endorsements[0]!, inForce, endorsements.at(-1)!].map(one => one.digest))
  const archives = await Promise.all([...wanted].map(one => documents.get(one)))
  const found = archives.filter(one => one !== undefined && one.length <= MAX_ARCHIVE_BYTES)
  if (found.length > 0) receipt.endorsements = found as Uint8Array[]
}
