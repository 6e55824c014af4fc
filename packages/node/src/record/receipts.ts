/** Makes receipts out of the log and the store: the public part and proof for all, the rest for the holder. */
import { timingSafeEqual } from 'node:crypto'
import { AnswerableError } from '@answerable/core'
import { type OpinionsOnRecord, opinionsIn } from '@answerable/core/opinions'
import type { ProvenStatement, Receipt } from '@answerable/core/receipt'
import {
  type DisclosureName,
  type InferenceStatement,
  parseDisclosure,
  parseInference,
  type RegistryPoint,
} from '@answerable/core/statement'
import type { Log, SignedCheckpoint } from '../log/log.ts'
import { nodeSuite } from '../log/suite.ts'
import { openContent, type Parts } from '../storage/content.ts'
import type { RecordIndex } from '../storage/index-db.ts'
import type { StoredRecord } from '../storage/segment.ts'
import type { Position, RecordStorage } from '../storage/storage.ts'
import type { Documents } from './documents.ts'

export interface ReceiptsOptions {
  log: Log
  storage: RecordStorage
  index: RecordIndex
  documents: Documents
  /** The newest checkpoint that a quorum cosigned. */
  witnessed(): SignedCheckpoint | undefined
  /** The first such checkpoint that covers an entry, as far as they are kept. */
  first?(index: number): SignedCheckpoint | undefined
}

export const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

const DISCLOSURE_PARTS: Record<DisclosureName, keyof Parts> = {
  request: 'requestDisclosure',
  response: 'responseDisclosure',
  model: 'modelDisclosure',
  sampling: 'samplingDisclosure',
  parties: 'partiesDisclosure',
}

/** An answer as it was given, for giving it again. */
export interface Replay {
  id: string
  secret: string
  request: Uint8Array
  response: Uint8Array
  status: number
  mediaType: string
  /** Where several models were asked. */
  opinions?: OpinionsOnRecord
}

interface Found {
  index: number
  position: Position
}

interface Proven {
  found: Found
  /** Of the checkpoint that it is proven under. */
  size: number
  proven: ProvenStatement
  content: Uint8Array
}

export class Receipts {
  readonly #options: ReceiptsOptions

  constructor(options: ReceiptsOptions) {
    this.#options = options
  }

  /**
   * The receipt of an id. With the holder secret (base64url) it opens every disclosure and brings the content.
   * Throws `not-found`, `forbidden` for a wrong secret, and `erased` where the content was asked for and is gone.
   */
  async get(id: string, secret?: string): Promise<Receipt> {
    const { index } = this.#options
    const first = ID.test(id) ? index.find(id, 0) : undefined
    if (first === undefined) throw new AnswerableError('not-found', `no record ${id.slice(0, 64)} here`)
    const last = index.find(id, 1)
    const record = await this.#prove(last ?? first)
    const earlier = await this.#earlier(record)
    const receipt: Receipt = {
      ...record.proven,
      ...(earlier !== undefined && { earlier }),
      disclosures: {},
      content: {},
      documents: {},
    }
    const statement = parseInference(record.proven.statement)
    // The index is not the truth: a record it points to by mistake is whole, and another's.
    if (statement.id !== id)
      throw new AnswerableError('corrupt', `the index has another record under ${id}; make it again`)
    const opened = secret === undefined ? [] : [await this.#open(statement, secret, record)]
    if (last !== undefined) {
      const begin = await this.#prove(first)
      receipt.begin = begin.proven
      if (secret !== undefined) opened.push(await this.#open(statement, secret, begin))
    }
    for (const parts of opened) addParts(receipt, parts)
    // A stream is as old as its beginning, so the registry checkpoint that dates it is the one named there.
    const { registry } = receipt.begin === undefined ? statement : parseInference(receipt.begin.statement)
    await this.#addDocuments(receipt, statement, registry)
    if (receipt.disclosures.model !== undefined) await this.#addSignature(receipt, receipt.disclosures.model)
    return receipt
  }

  /**
   * The entries of an id, to its holder, also where the content is gone. Throws `not-found`, and `forbidden` for a wrong
   * secret.
   */
  async indexesOf(id: string, secret: string): Promise<number[]> {
    const { index } = this.#options
    const first = ID.test(id) ? index.find(id, 0) : undefined
    if (first === undefined) throw new AnswerableError('not-found', `no record ${id.slice(0, 64)} here`)
    checkHolder(parseInference((await this.#read(first)).statement), secret)
    const last = index.find(id, 1)
    return last === undefined ? [first.index] : [first.index, last.index]
  }

  /**
   * What was answered under an idempotency digest before, or undefined where nothing was, or not since `notBefore`
   * (Unix milliseconds). Throws `erased` where its content is gone.
   */
  async answeredBefore(digest: string, notBefore: number): Promise<Replay | undefined> {
    const { index } = this.#options
    const id = index.findIdempotent(digest)
    const first = id === undefined ? undefined : index.find(id, 0)
    if (id === undefined || first === undefined) return undefined
    const { statement } = await this.#read(first)
    if (parseInference(statement).time < notBefore) return undefined
    const asked = await this.#parts(first)
    // A stream that was cut off has no answer to give again, so the call is made anew.
    const last = index.find(id, 1) ?? first
    const answered = last === first ? asked : await this.#parts(last)
    if (asked.idempotency === undefined || answered.response === undefined || asked.request === undefined)
      return undefined
    const { secret } = JSON.parse(Buffer.from(asked.idempotency).toString()) as { secret: string }
    const { value } = parseDisclosure(Buffer.from(answered.responseDisclosure!).toString())
    if (value.outcome === 'interrupted' || value.outcome === 'client-aborted') return undefined
    const { status, mediaType } = value as { status: number; mediaType: string }
    const opinions = opinionsOf(asked)
    return {
      id,
      secret,
      request: asked.request,
      response: answered.response,
      status,
      mediaType,
      ...(opinions && { opinions }),
    }
  }

  async #parts(found: Found): Promise<Parts> {
    const key = await this.#options.storage.key(found.index)
    if (key === undefined) throw new AnswerableError('erased', 'the content of that record was erased')
    return openStored(key, (await this.#options.storage.read(found.position)).content, found)
  }

  /** A record as it was committed: its statement is the one that the log holds. */
  async #read({ index, position }: Found): Promise<StoredRecord> {
    const { log, storage } = this.#options
    // In a log whose key is gone: it was on disk and in nobody's tree when its process ended.
    if (index >= log.size)
      throw new AnswerableError('not-found', 'that record was cut off before it was acknowledged')
    const record = await storage.read(position)
    await log.check(index, record.statement, position)
    return record
  }

  async #prove(found: Found): Promise<Proven> {
    const { log, witnessed } = this.#options
    const { statement, content } = await this.#read(found)
    const seen = witnessed()
    const checkpoint = seen !== undefined && found.index < seen.size ? seen : log.signed
    const proof = await log.prove(found.index, checkpoint)
    return { found, size: checkpoint.size, proven: { statement, proof }, content }
  }

  /** The proof that dates a record, where it is not the one that it has anyway. */
  async #earlier({ found, size }: Proven): Promise<string | undefined> {
    const first = this.#options.first?.(found.index)
    return first === undefined || first.size >= size ? undefined : this.#options.log.prove(found.index, first)
  }

  async #open(statement: InferenceStatement, secret: string, { found, content }: Proven): Promise<Parts> {
    checkHolder(statement, secret)
    const key = await this.#options.storage.key(found.index)
    if (key === undefined) throw new AnswerableError('erased', 'the content of that record was erased')
    return openStored(key, content, found)
  }

  /** The signature of the model that answered goes along with what names it. */
  async #addSignature(receipt: Receipt, disclosure: string): Promise<void> {
    const { signed } = parseDisclosure(disclosure).value as { signed?: { signature?: unknown } }
    if (typeof signed?.signature !== 'string') return
    const bytes = await this.#options.documents.get(signed.signature)
    if (bytes !== undefined) receipt.modelSignature = bytes
  }

  async #addDocuments(
    receipt: Receipt,
    { node, charter, terms }: InferenceStatement,
    registry: RegistryPoint | undefined,
  ): Promise<void> {
    const { documents } = this.#options
    for (const digest of [node, charter, terms]) {
      const bytes = await documents.get(digest)
      if (bytes !== undefined) receipt.documents[digest] = bytes
    }
    if (registry === undefined) return
    const note = await documents.getCheckpoint(registry.root, registry.size)
    if (note !== undefined) receipt.registryCheckpoint = note
  }
}

function checkHolder({ holder }: InferenceStatement, secret: string): void {
  const given = Buffer.from(nodeSuite.sha256Hex(Buffer.from(secret, 'base64url')))
  if (!timingSafeEqual(given, Buffer.from(holder)))
    throw new AnswerableError('forbidden', 'this is not the holder secret of that record')
}

/** Throws `corrupt`, with where it lies, for what does not open. */
export function openStored(key: Uint8Array, content: Uint8Array, { index, position }: Found): Parts {
  try {
    return openContent(key, content)
  } catch (cause) {
    const { segment, offset } = position
    throw new AnswerableError(
      'corrupt',
      `record ${index} (segment ${segment}, byte ${offset}): its content, or its key, is damaged`,
      { cause },
    )
  }
}

/** The ids of the opinions that an opened receipt links to. */
export function linkedIds({ disclosures: { model } }: Receipt): string[] {
  const opinions = model === undefined ? undefined : opinionsIn(parseDisclosure(model).value)
  return opinions === undefined ? [] : opinions.asked.map(({ id }) => id)
}

function opinionsOf({ modelDisclosure }: Parts): OpinionsOnRecord | undefined {
  return modelDisclosure && opinionsIn(parseDisclosure(Buffer.from(modelDisclosure).toString()).value)
}

/** Disclosures and content alone: a holder's secret that is kept beside them for repeated calls is nobody else's. */
export function addParts(opened: Pick<Receipt, 'disclosures' | 'content'>, parts: Parts): void {
  for (const [name, part] of Object.entries(DISCLOSURE_PARTS)) {
    const bytes = parts[part]
    if (bytes !== undefined) opened.disclosures[name as DisclosureName] = Buffer.from(bytes).toString()
  }
  if (parts.request !== undefined) opened.content.request = parts.request
  if (parts.response !== undefined) opened.content.response = parts.response
}
