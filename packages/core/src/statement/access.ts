/**
 * That a record was opened for somebody: a statement in the operator's own log, durable before the record goes out. So
 * an operator cannot open a record unseen, and whoever it is about can be told of each time.
 */
import { Shape } from '../shape.ts'
import { parseStatement, STATEMENT_TYPE } from './intoto.ts'

export const ACCESS_TYPE = 'https://answerable.dev/access/v1'
export const ACCESS_REASONS = ['sample', 'dispute', 'challenge'] as const

export interface AccessStatement {
  /** The operator's clock, Unix milliseconds. */
  time: number
  /** The record that was opened: of this log, or of one that this log continues. */
  log: string
  index: number
  /** The other statement of a stream, where it went along. */
  other: number | null
  /** The member whom it was opened for. */
  by: string
  reason: (typeof ACCESS_REASONS)[number]
  /** The epoch of a sample; else the digest of the dispute or challenge. */
  ground: number | string
  /** SHA-256 of the payloads of request and signed answer, in hex. */
  request: string
  answer: string
}

const shape = new Shape('bad-statement')

export function formatAccess(access: AccessStatement): string {
  const { time, log, index, other, by, reason, ground, request, answer } = access
  return JSON.stringify({
    _type: STATEMENT_TYPE,
    subject: [],
    predicateType: ACCESS_TYPE,
    predicate: {
      time: new Date(time).toISOString(),
      log,
      index,
      ...(other !== null && { other }),
      by,
      reason,
      ground,
      request,
      answer,
    },
  })
}

/** Throws `bad-statement`, also for another kind, and what `parseJson` throws. */
export function parseAccess(bytes: Uint8Array): AccessStatement {
  const { predicateType, predicate } = parseStatement(bytes)
  shape.literal(predicateType, 'predicateType', [ACCESS_TYPE])
  const reason = shape.literal(predicate.reason, 'reason', ACCESS_REASONS)
  return {
    time: shape.time(predicate.time, 'time'),
    log: shape.origin(predicate.log, 'log'),
    index: shape.count(predicate.index, 'index'),
    other: predicate.other === undefined ? null : shape.count(predicate.other, 'other'),
    by: shape.string(predicate.by, 'by', 64),
    reason,
    ground:
      reason === 'sample'
        ? shape.count(predicate.ground, 'ground')
        : shape.digest(predicate.ground, 'ground'),
    request: shape.digest(predicate.request, 'request'),
    answer: shape.digest(predicate.answer, 'answer'),
  }
}
