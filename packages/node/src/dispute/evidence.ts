/**
 * What a side of a dispute shows to those who judge it: the openings of its trace where the two part; and the auditor the
 * record as well, in case the operator does not. Sent encrypted to the one who asks, like any record (audit-service), and
 * read as anything that a stranger sends.
 */
import { AnswerableError, fromBase64, parseJson, toBase64, utf8 } from '@answerable/core'
import {
  type DisclosedRecord,
  formatDisclosedRecord,
  MAX_DISCLOSED_BYTES,
  parseDisclosedRecord,
} from '@answerable/core/audit'
import type { Evidence } from '@answerable/core/dispute'
import { parseOpening, type ValueOpening } from '@answerable/core/trace'

export interface Shown {
  record?: DisclosedRecord | undefined
  /** Of a graph. */
  evidence?: Evidence | undefined
}

/** Openings, and the record beside them. */
export const MAX_SHOWN_BYTES = 2 * MAX_DISCLOSED_BYTES
const MOST_OPENINGS = 64
const MOST_HASHES = 64

export function formatShown({ record, evidence }: Shown): Uint8Array {
  return utf8(
    JSON.stringify({
      record: record === undefined ? undefined : toBase64(formatDisclosedRecord(record)),
      evidence,
    }),
  )
}

/** Throws `bad-format`, `bad-proof` and what reading JSON throws; nothing of it is believed yet. */
export function parseShown(bytes: Uint8Array): Shown {
  const root = parseJson(bytes, { maxBytes: MAX_SHOWN_BYTES, maxDepth: 8, maxKeys: 1 << 20 })
  if (!isObject(root)) throw bad('expected an object')
  const { evidence } = root
  if (root.record !== undefined && typeof root.record !== 'string') throw bad('record: expected base64')
  const record = root.record === undefined ? undefined : parseDisclosedRecord(fromBase64(root.record))
  if (evidence === undefined || evidence === null) return { record }
  if (!isObject(evidence)) throw bad('evidence: expected an object')
  const { disputed, inputs, outputs, beginning } = evidence
  return {
    record,
    evidence: {
      ...(disputed !== undefined && { disputed: parseOpening(disputed) }),
      ...(inputs !== undefined && { inputs: openings(inputs, 'inputs') }),
      ...(outputs !== undefined && { outputs: openings(outputs, 'outputs') }),
      ...(beginning !== undefined && { beginning: hashes(beginning) }),
    },
  }
}

function openings(value: unknown, where: string): ValueOpening[] {
  if (!Array.isArray(value) || value.length > MOST_OPENINGS) throw bad(`${where}: expected openings`)
  return value.map(parseOpening)
}

function hashes(value: unknown): string[] {
  if (
    !Array.isArray(value) ||
    value.length > MOST_HASHES ||
    !value.every(one => typeof one === 'string' && /^[0-9a-f]{64}$/.test(one))
  )
    throw bad('beginning: expected hashes')
  return value as string[]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-format', message)
}
