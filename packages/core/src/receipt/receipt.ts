/**
 * A receipt: a statement, the offline proof that a log holds it (C2SP tlog-proof), and as many disclosures as its
 * bearer chose to open. It brings no keys: those are the reader's.
 *
 * On disk and on the wire it is JSON; the parts that are hashed or signed travel inside as exact bytes or exact text,
 * so that no spelling of the JSON around them matters.
 */
import { fromBase64, fromUtf8, toBase64 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { parseJson } from '../json.ts'
import { formatEvidence, parseEvidence, type RegistryEvidence } from '../registry/evidence.ts'
import { type JsonObject, Shape } from '../shape.ts'
import { DISCLOSURES, type DisclosureName, MAX_DISCLOSURE_BYTES } from '../statement/disclosure.ts'
import { MAX_STATEMENT_BYTES } from '../statement/intoto.ts'

export const RECEIPT_TYPE = 'https://answerable.dev/receipt/v1'
export const RECEIPT_MEDIA_TYPE = 'application/vnd.answerable.receipt+json'
/** Larger receipts are refused unread: they hold at most one request and one response in base64. */
export const MAX_RECEIPT_BYTES = 96 * 1024 * 1024
const MAX_PROOF_LENGTH = 256 * 1024
const MAX_DOCUMENTS = 16
const MAX_DOCUMENT_LENGTH = 1024 * 1024
/** Archives of endorsements, and the length of each in base64. */
export const MAX_ARCHIVES = 4
const MAX_ARCHIVE_LENGTH = 2 * 1024 * 1024
/** Larger documents and signature files do not travel in receipts: in base64 they would be over the bound. */
export const MAX_DOCUMENT_BYTES = (MAX_DOCUMENT_LENGTH / 4) * 3

/** A statement with the tlog-proof of its entry. */
export interface ProvenStatement {
  statement: Uint8Array
  proof: string
}

export interface Receipt extends ProvenStatement {
  /** For a stream: the statement it began with. */
  begin?: ProvenStatement
  /**
   * A second tlog-proof of the statement, under an earlier checkpoint: it dates the record, where the other is under whatever
   * was newest when the receipt was made.
   */
  earlier?: string
  /** Exact disclosure texts. */
  disclosures: Partial<Record<DisclosureName, string>>
  /** The exact bytes asked and answered, where they travel along. */
  content: { request?: Uint8Array; response?: Uint8Array }
  /** Documents that the statement names by digest (node descriptor, charter, terms), by their SHA-256 in hex. */
  documents: Record<string, Uint8Array>
  /** The registry checkpoint that the statement names, as a signed note with its cosignatures. */
  registryCheckpoint?: string
  /** The signature file of the model's manifest, which the model disclosure names by digest. */
  modelSignature?: Uint8Array
  /** Of a sealed receipt: the registry's records about log, node, operator and model, with their proofs. */
  registry?: RegistryEvidence
  /** Of a sealed receipt: archives of endorsements for the evidence that the statement names. */
  endorsements?: Uint8Array[]
}

const shape = new Shape('bad-receipt')

/** Reads a receipt. Throws `bad-receipt`, `too-large`, and what `parseJson` throws. */
export function parseReceipt(bytes: Uint8Array): Receipt {
  const root = shape.object(parseJson(bytes, { maxBytes: MAX_RECEIPT_BYTES, maxDepth: 12 }), 'receipt')
  shape.literal(root.type, 'type', [RECEIPT_TYPE])
  const receipt: Receipt = {
    ...proven(root, ''),
    disclosures: {},
    content: {},
    documents: {},
  }
  if (root.earlier !== undefined) receipt.earlier = shape.string(root.earlier, 'earlier', MAX_PROOF_LENGTH)
  if (root.begin !== undefined) receipt.begin = proven(shape.object(root.begin, 'begin'), 'begin.')
  for (const [name, text] of Object.entries(shape.object(root.disclosures ?? {}, 'disclosures'))) {
    const known = shape.literal(name, 'disclosures', DISCLOSURES)
    receipt.disclosures[known] = shape.string(text, `disclosures.${name}`, MAX_DISCLOSURE_BYTES)
  }
  for (const [name, text] of Object.entries(shape.object(root.content ?? {}, 'content'))) {
    const known = shape.literal(name, 'content', ['request', 'response'])
    receipt.content[known] = base64(text, `content.${name}`, MAX_RECEIPT_BYTES)
  }
  const documents = Object.entries(shape.object(root.documents ?? {}, 'documents'))
  if (documents.length > MAX_DOCUMENTS) shape.fail('documents', `at most ${MAX_DOCUMENTS}`)
  for (const [digest, text] of documents) {
    receipt.documents[shape.digest(digest, 'documents')] = base64(
      text,
      `documents.${digest}`,
      MAX_DOCUMENT_LENGTH,
    )
  }
  if (root.registryCheckpoint !== undefined) {
    receipt.registryCheckpoint = shape.string(root.registryCheckpoint, 'registryCheckpoint', MAX_PROOF_LENGTH)
  }
  if (root.modelSignature !== undefined)
    receipt.modelSignature = base64(root.modelSignature, 'modelSignature', MAX_DOCUMENT_LENGTH)
  if (root.registry !== undefined) receipt.registry = parseEvidence(root.registry)
  if (root.endorsements !== undefined)
    receipt.endorsements = shape
      .array(root.endorsements, 'endorsements', MAX_ARCHIVES)
      .map((one, i) => base64(one, `endorsements[${i}]`, MAX_ARCHIVE_LENGTH))
  return receipt
}

export function formatReceipt(receipt: Receipt): string {
  const { statement, proof, earlier, begin, disclosures, content, documents, registryCheckpoint } = receipt
  const { modelSignature, registry, endorsements } = receipt
  return JSON.stringify(
    {
      type: RECEIPT_TYPE,
      statement: toBase64(statement),
      proof,
      earlier,
      begin: begin && { statement: toBase64(begin.statement), proof: begin.proof },
      disclosures: someOf(disclosures),
      content: someOf(mapValues(content, toBase64)),
      documents: someOf(mapValues(documents, toBase64)),
      registryCheckpoint,
      modelSignature: modelSignature && toBase64(modelSignature),
      registry: registry && formatEvidence(registry),
      endorsements: endorsements?.map(one => toBase64(one)),
    },
    undefined,
    2,
  )
}

/** The statement's text, for showing. It is not checked by this. */
export function statementText(proven: ProvenStatement): string {
  return fromUtf8(proven.statement)
}

function proven(fields: JsonObject, where: string): ProvenStatement {
  return {
    statement: base64(fields.statement, `${where}statement`, MAX_STATEMENT_BYTES * 2),
    proof: shape.string(fields.proof, `${where}proof`, MAX_PROOF_LENGTH),
  }
}

function base64(value: unknown, where: string, most: number): Uint8Array {
  const text = shape.string(value, where, most)
  try {
    return fromBase64(text)
  } catch (cause) {
    throw new AnswerableError('bad-receipt', `${where}: expected base64`, { cause })
  }
}

function mapValues<T, U>(record: Record<string, T | undefined>, change: (value: T) => U): Record<string, U> {
  const out: Record<string, U> = {}
  for (const [key, value] of Object.entries(record)) if (value !== undefined) out[key] = change(value)
  return out
}

function someOf<T extends object>(record: T): T | undefined {
  return Object.keys(record).length === 0 ? undefined : record
}
