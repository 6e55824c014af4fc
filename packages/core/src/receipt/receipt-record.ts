/** The record of a whole receipt: its statement, and for a stream the one it began with; documents and times. */
import { equal, fromHex } from '../bytes.ts'
import type { DisclosureName } from '../statement/disclosure.ts'
import { type InferenceStatement, parseInference } from '../statement/inference.ts'
import type { Suite } from '../suite.ts'
import type { ProvenStatement, Receipt } from './receipt.ts'
import {
  type CheckpointJudge,
  checkRecord,
  type Judged,
  type RecordResult,
  type Stopped,
  standing,
} from './record.ts'
import { detailOf } from './words.ts'

type Digests = Partial<Record<DisclosureName, string>>
type Included = Extract<RecordResult, { outcome: 'included' }>

export interface CheckedRecord extends Included {
  /** The digests of the statement, or of both of a stream's. */
  disclosures: Digests
  /** When a quorum cosigned the registry checkpoint that the statement names, POSIX seconds, where that is shown. */
  from?: number
  /** When a quorum first saw the record, POSIX seconds, as far as the proofs that came along show. */
  until?: number
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
  const record = checkProofs(receipt, judge, asOf, suite)
  if (record.outcome === 'stopped') return stop(record)
  const { statement } = record
  const disclosures: Digests = { ...statement.disclosures }
  let first = statement
  if (statement.begin !== undefined) {
    const begin = checkBegin(receipt.begin, record, judge, asOf, suite)
    if (begin.outcome === 'stopped') return stop({ ...begin, detail: `of its beginning, ${begin.detail}` })
    first = begin.statement
    Object.assign(disclosures, first.disclosures)
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
      node: Object.hasOwn(receipt.documents, named.node),
      charter: Object.hasOwn(receipt.documents, named.charter),
      terms: Object.hasOwn(receipt.documents, named.terms),
    },
  }
  if (receipt.registryCheckpoint === undefined) return checked
  const from = registryTime(receipt.registryCheckpoint, first, statement, judge, asOf)
  if (from === 'wrong')
    return stop(
      fail('registry-checkpoint-mismatch', 'the registry checkpoint is not the one that the statement names'),
    )
  // A quorum that cosigned the same registry checkpoint again later does not make the record younger than it is.
  const { until } = record
  if (from !== undefined && (until === undefined || from <= until)) checked.from = from
  return checked
}

type Dated = Included & { until?: number }

/**
 * The record under the newer of its checkpoints, dated by the earlier. Under the earlier alone where no quorum of the
 * reader's stands for the newer, or its key was given up meanwhile: what was shown once stays shown.
 */
function checkProofs(
  { statement, proof, earlier }: Pick<Receipt, 'statement' | 'proof' | 'earlier'>,
  judge: CheckpointJudge,
  asOf: number | undefined,
  suite: Suite,
): Dated | Stopped {
  const newer = checkRecord({ statement, proof }, judge, asOf, suite)
  if (earlier === undefined) return newer.outcome === 'stopped' ? newer : dated(newer)
  const older = checkRecord({ statement, proof: earlier }, judge, asOf, suite)
  if (older.outcome === 'stopped') {
    if (isForged(older)) return { ...older, detail: `of its earlier proof, ${older.detail}` }
    return newer.outcome === 'stopped' ? newer : dated(newer)
  }
  if (newer.outcome === 'stopped') return isForged(newer) ? newer : dated(older)
  if (older.index !== newer.index) return fail('not-included', 'its two proofs are of different entries')
  return dated(newer, older)
}

/** Whether something is wrong with a proof itself, and not with who stands for it or since when. */
function isForged({ result, reason }: Stopped): boolean {
  return result === 'fail' && reason !== 'key-revoked'
}

function dated(record: Included, other: Included = record): Dated {
  const times = [record, other].flatMap(({ judged }) => judged.quorumTime ?? [])
  return times.length === 0 ? record : { ...record, until: Math.min(...times) }
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
      detail: 'the statement did not come along',
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
  return belongs ? record : fail('begin-mismatch', 'the one that came along is not that of this stream')
}

/**
 * The quorum's time over the registry checkpoint; undefined where the reader trusts no such registry, or it is not the
 * one that the record began with: a stream's end may name a newer one, which says nothing of its beginning.
 */
function registryTime(
  note: string,
  first: InferenceStatement,
  last: InferenceStatement,
  judge: CheckpointJudge,
  asOf: number | undefined,
): number | undefined | 'wrong' {
  let judged: Judged
  try {
    judged = judge.judge(note)
  } catch {
    return 'wrong'
  }
  // Which checkpoint it is shows without any trust; when it was seen does not.
  const isFirst = isNamed(judged, first)
  if ((!isFirst && !isNamed(judged, last)) || judged.outcome === 'bad-signature') return 'wrong'
  if (!isFirst || judged.outcome === 'unknown-log' || standing(judged, asOf) !== undefined) return undefined
  return judged.result.quorumTime
}

function isNamed({ checkpoint: { origin, size, root } }: Judged, { registry }: InferenceStatement): boolean {
  if (registry === undefined) return false
  return origin === registry.origin && size === registry.size && equal(root, fromHex(registry.root))
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
  return { outcome: 'stopped', result: 'fail', reason, detail: detailOf(detail) }
}
