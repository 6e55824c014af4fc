/** One record out of a store, by its place in the log, as it is disclosed: with all that was recorded of it. */
import { AnswerableError } from '@answerable/core'
import type { DisclosedRecord } from '@answerable/core/audit'
import { INFERENCE_TYPE, parseInference, parseStatement } from '@answerable/core/statement'
import { addParts, openStored } from '../record/receipts.ts'
import type { RecordStore } from '../record/store.ts'
import { ELSEWHERE } from '../storage/lifecycle-table.ts'
import type { ScannedRecord } from '../storage/storage.ts'

export type Found =
  | { outcome: 'found'; record: DisclosedRecord; statement: Uint8Array; holdsContent: boolean }
  /** `erasure`: the statement in the log that says so. */
  | { outcome: 'erased'; parts: DisclosedRecord['parts']; erasure: ScannedRecord }

type Store = Pick<RecordStore, 'storage' | 'log' | 'index'>

/**
 * Throws `not-found` beyond what the log published, and `corrupt` for what no longer opens: a content key that is gone
 * without an erasure in the log is damage, and is not passed off as an erasure.
 */
export async function openRecord({ storage, log, index }: Store, at: number): Promise<Found> {
  const { size } = log.published
  const found = await read({ storage, log }, at, size)
  const { statement } = found
  const record: DisclosedRecord = {
    log: log.origin,
    parts: [{ index: at, statement }],
    disclosures: {},
    content: {},
  }
  if (parseStatement(statement).predicateType !== INFERENCE_TYPE)
    return { outcome: 'found', record, statement, holdsContent: false }
  const stored = [found]
  const { id, event } = parseInference(statement)
  const otherPart = event === 'begin' ? 1 : event === 'answer' ? undefined : 0
  const other = otherPart === undefined ? undefined : index.find(id, otherPart)
  if (otherPart === 0 && other === undefined)
    throw new AnswerableError('corrupt', `record ${at}: the beginning of this stream is not in the index`)
  // An end that nobody could look up yet is told of when it can be.
  if (other !== undefined && other.index < size) {
    const companion = await read({ storage, log }, other.index, size)
    if (parseInference(companion.statement).id !== id)
      throw new AnswerableError('corrupt', `the index has another record under ${id}; make it again`)
    stored.push(companion)
  }
  stored.sort((a, b) => a.index - b.index)
  record.parts = stored.map(part => ({ index: part.index, statement: part.statement }))
  for (const part of stored) {
    const key = await storage.key(part.index)
    if (key === undefined) {
      const erasure = await erasureOf({ storage, log, index }, part.index)
      return { outcome: 'erased', parts: record.parts, erasure }
    }
    addParts(record, openStored(key, part.content, part))
  }
  return { outcome: 'found', record, statement, holdsContent: true }
}

async function read(
  { storage, log }: Pick<Store, 'storage' | 'log'>,
  at: number,
  size: number,
): Promise<ScannedRecord> {
  if (at >= size) throw new AnswerableError('not-found', 'the log has published no such entry')
  const record = await storage.at(at)
  await log.check(at, record.statement, record.position)
  return record
}

async function erasureOf({ storage, index }: Store, at: number): Promise<ScannedRecord> {
  const { lifecycle } = index
  const rows = [...lifecycle.erasures({ first: at, end: at + 1 }), ...lifecycle.unfinished()]
  const row = rows.find(({ first, end }) => first <= at && end > at)
  if (row === undefined)
    throw new AnswerableError('corrupt', `record ${at}: its content key is gone, and no erasure says so`)
  if (row.index >= ELSEWHERE)
    throw new AnswerableError('erased', 'its content was erased, and a later log of this node says so')
  return storage.at(row.index)
}
