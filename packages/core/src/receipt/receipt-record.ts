/** The record of a whole receipt: its statement, and for a stream the one it began with; documents and times. */
import { equal, fromHex } from '../bytes.ts'
import type { DisclosureName } from '../statement/disclosure.ts'
import { type InferenceStatement, parseInference } from '../statement/inference.ts'
import type { Suite } from '../suite.ts'
import type { ProvenStatement, Receipt } from './receipt.ts'
import { type CheckpointJudge, checkRecord, type RecordResult } from './record.ts'

type Digests = Partial<Record<DisclosureName, string>>
type Included = Extract<RecordResult, { outcome: 'included' }>
type Stopped = Extract<RecordResult, { outcome: 'stopped' }>

export interface CheckedRecord extends Included {
  /** The digests of the statement, or of both of a stream's. */
  disclosures: Digests
  /** When a quorum cosigned the registry checkpoint that the statement names, POSIX seconds, where that is shown. */
  from?: number
  /** Documents that came along and are those the statement names. */
  documents: { node: boolean; charter: boolean; terms: boolean }
}

export type ReceiptRecord = CheckedRecord | (Stopped & { digests: Digests })

export function checkReceiptRecord(
  receipt: Receipt,
  judge: CheckpointJudge,
  asOf: number | undefined,
  suite: Suite,
): ReceiptRecord {
  const stop = (stopped: Stopped): ReceiptRecord => ({ ...stopped, digests: allDigests(receipt) })
  const record = checkRecord(receipt, judge, asOf, suite)
  if (record.outcome === 'stopped') return stop(record)
  const { statement } = record
  const disclosures: Digests = { ...statement.disclosures }
  if (statement.begin !== undefined) {
    const begin = checkBegin(receipt.begin, record, judge, asOf, suite)
    if (begin.outcome === 'stopped') return stop(begin)
    Object.assign(disclosures, begin.statement.disclosures)
  } else if (receipt.begin !== undefined) {
    return stop(fail('begin-mismatch', 'this statement has no beginning of its own, and one came along'))
  }
  const named = { node: statement.node, charter: statement.charter, terms: statement.terms }
  for (const [digest, bytes] of Object.entries(receipt.documents)) {
    const used = Object.values(named).includes(digest) || statement.evidence === digest
    if (!used || suite.sha256Hex(bytes) !== digest)
      return stop(
        fail('document-mismatch', `the document ${digest.slice(0, 12)} is not one that the statement names`),
      )
  }
  const checked: CheckedRecord = {
    ...record,
    disclosures,
    documents: {
      node: named.node in receipt.documents,
      charter: named.charter in receipt.documents,
      terms: named.terms in receipt.documents,
    },
  }
  if (receipt.registryCheckpoint === undefined) return checked
  const from = registryTime(receipt.registryCheckpoint, statement, judge)
  if (from === 'wrong')
    return stop(
      fail('registry-checkpoint-mismatch', 'the registry checkpoint is not the one that the statement names'),
    )
  if (from !== undefined) checked.from = from
  return checked
}

function checkBegin(
  begin: ProvenStatement | undefined,
  end: Included,
  judge: CheckpointJudge,
  asOf: number | undefined,
  suite: Suite,
): RecordResult {
  if (begin === undefined) {
    return {
      outcome: 'stopped',
      result: 'not-checked',
      reason: 'begin-missing',
      detail: 'the statement that this stream began with did not come along',
    }
  }
  const record = checkRecord(begin, judge, asOf, suite)
  if (record.outcome === 'stopped') return record
  const { statement } = record
  const belongs =
    record.digest === end.statement.begin &&
    statement.event === 'begin' &&
    statement.id === end.statement.id &&
    statement.holder === end.statement.holder &&
    statement.log === end.statement.log &&
    record.index < end.index
  return belongs ? record : fail('begin-mismatch', 'the beginning that came along is not that of this stream')
}

/** The quorum's time over the registry checkpoint, undefined where the reader trusts no such registry. */
function registryTime(
  note: string,
  { registry }: InferenceStatement,
  judge: CheckpointJudge,
): number | undefined | 'wrong' {
  try {
    const judged = judge.judge(note)
    if (judged === undefined) return undefined
    const { result } = judged
    if (result.outcome !== 'ok' || registry === undefined) return 'wrong'
    const { origin, size, root } = result.checkpoint
    if (origin !== registry.origin || size !== registry.size || !equal(root, fromHex(registry.root)))
      return 'wrong'
    return result.quorum ? result.quorumTime : undefined
  } catch {
    return 'wrong'
  }
}

/** Digests by which disclosures are looked at even where the record is not shown: an altered one is said so. */
function allDigests(receipt: Receipt): Digests {
  const digests: Digests = {}
  for (const proven of [receipt.begin, receipt]) {
    if (proven === undefined) continue
    try {
      Object.assign(digests, parseInference(proven.statement).disclosures)
    } catch {
      // A statement that does not parse has stopped the record already, and names no digests.
    }
  }
  return digests
}

function fail(reason: Stopped['reason'], detail: string): Stopped {
  return { outcome: 'stopped', result: 'fail', reason, detail }
}
