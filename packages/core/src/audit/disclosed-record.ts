/**
 * One record as it is disclosed: the statement, for a stream both of its statements, every disclosure and the exact
 * bytes asked and answered. Checked against the log's own entries, it leaves nothing to believe: a salted disclosure
 * that hashes to what the statement names, and bytes that hash to what the disclosure names, are what was recorded.
 */
import { equal, fromBase64, toBase64, toHex, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { parseJson } from '../json.ts'
import { compareBytes, openDisclosures } from '../receipt/disclosed.ts'
import { type JsonObject, Shape } from '../shape.ts'
import { DISCLOSURES, type DisclosureName, MAX_DISCLOSURE_BYTES } from '../statement/disclosure.ts'
import { INFERENCE_TYPE, type InferenceStatement, parseInference } from '../statement/inference.ts'
import { MAX_STATEMENT_BYTES, parseStatement } from '../statement/intoto.ts'
import type { Suite } from '../suite.ts'

export const DISCLOSED_RECORD_TYPE = 'https://answerable.dev/disclosed-record/v1'
export const DISCLOSED_RECORD_MEDIA_TYPE = 'application/vnd.answerable.disclosed-record+json'
/** As of receipts: at most one request and one response in base64. */
export const MAX_DISCLOSED_BYTES = 96 * 1024 * 1024

export interface DisclosedPart {
  index: number
  /** Exact bytes. */
  statement: Uint8Array
}

export interface DisclosedRecord {
  log: string
  /** In the log's order: the statement asked for, and the other one of a stream. */
  parts: DisclosedPart[]
  /** Exact disclosure texts. */
  disclosures: Partial<Record<DisclosureName, string>>
  content: { request?: Uint8Array; response?: Uint8Array }
}

const shape = new Shape('bad-format')

export function formatDisclosedRecord({ log, parts, disclosures, content }: DisclosedRecord): Uint8Array {
  const { request, response } = content
  return utf8(
    JSON.stringify({
      type: DISCLOSED_RECORD_TYPE,
      log,
      parts: parts.map(({ index, statement }) => ({ index, statement: toBase64(statement) })),
      disclosures,
      content: {
        ...(request && { request: toBase64(request) }),
        ...(response && { response: toBase64(response) }),
      },
    }),
  )
}

/** Reads a record; nothing of it is believed yet. Throws `bad-format`, `too-large` and what `parseJson` throws. */
export function parseDisclosedRecord(bytes: Uint8Array, most = MAX_DISCLOSED_BYTES): DisclosedRecord {
  const root = shape.object(parseJson(bytes, { maxBytes: most, maxDepth: 6, maxKeys: 64 }), 'record')
  only(root, ['type', 'log', 'parts', 'disclosures', 'content'], 'record')
  shape.literal(root.type, 'type', [DISCLOSED_RECORD_TYPE])
  const record: DisclosedRecord = {
    log: shape.origin(root.log, 'log'),
    parts: shape.array(root.parts, 'parts', 2).map((item, i) => {
      const fields = shape.object(item, `parts[${i}]`)
      only(fields, ['index', 'statement'], `parts[${i}]`)
      return {
        index: shape.count(fields.index, `parts[${i}].index`),
        statement: base64(fields.statement, `parts[${i}].statement`, MAX_STATEMENT_BYTES * 2),
      }
    }),
    disclosures: {},
    content: {},
  }
  if (record.parts.length === 0) shape.fail('parts', 'one or two')
  for (const [name, text] of Object.entries(shape.object(root.disclosures, 'disclosures'))) {
    const known = shape.literal(name, 'disclosures', DISCLOSURES)
    record.disclosures[known] = shape.string(text, `disclosures.${name}`, MAX_DISCLOSURE_BYTES)
  }
  for (const [name, text] of Object.entries(shape.object(root.content, 'content'))) {
    const known = shape.literal(name, 'content', ['request', 'response'])
    record.content[known] = base64(text, `content.${name}`, most)
  }
  return record
}

/** What of a disclosed record is not what was recorded. */
export type OpeningProblem =
  | 'other-statement'
  | 'unproven-statement'
  | 'other-log'
  | 'not-a-stream'
  | 'begin-missing'
  | 'disclosure-missing'
  | 'disclosure-altered'
  | 'content-missing'
  | 'content-altered'
  | 'more-than-recorded'

export interface OpenedRecord {
  log: string
  index: number
  /** Its statements; of a stream that has not ended, the beginning alone. None where the entry is of another kind. */
  statements: InferenceStatement[]
  /** The kind of the entry, as a predicate type. */
  type: string
  values: Partial<Record<DisclosureName, JsonObject>>
  /** As it was disclosed, bytes and texts. */
  record: DisclosedRecord
}

/**
 * Checks a record against the log: `entries` are the log's own at these indexes, proven by whoever asks. Throws for
 * nothing that a record can hold.
 */
export function openDisclosedRecord(
  record: DisclosedRecord,
  { log, index }: { log: string; index: number },
  entries: ReadonlyMap<number, Uint8Array>,
  suite: Suite,
): OpenedRecord | { problem: OpeningProblem } {
  const { parts } = record
  const asked = parts.find(part => part.index === index)
  if (asked === undefined || record.log !== log) return { problem: 'other-statement' }
  for (const part of parts) {
    const entry = entries.get(part.index)
    if (entry === undefined) return { problem: 'unproven-statement' }
    if (!equal(suite.sha256(part.statement), entry)) return { problem: 'other-statement' }
  }
  const type = typeOf(asked.statement)
  if (type !== INFERENCE_TYPE) {
    // An erasure, say: it hides nothing, so nothing comes along.
    const bare = parts.length === 1 && Object.keys({ ...record.disclosures, ...record.content }).length === 0
    return bare ? { log, index, type, statements: [], values: {}, record } : { problem: 'more-than-recorded' }
  }
  const statements = inferencesOf(parts)
  const problem = statements === undefined ? 'not-a-stream' : problemOf(statements, parts, log, suite)
  if (statements === undefined || problem !== undefined) return { problem: problem ?? 'not-a-stream' }
  const values = valuesOf(record, statements, suite)
  return typeof values === 'string' ? { problem: values } : { log, index, type, statements, values, record }
}

/** The kind of an entry. What is no statement at all was recorded as that, and is shown as it is. */
function typeOf(statement: Uint8Array): string {
  try {
    return parseStatement(statement).predicateType
  } catch {
    return ''
  }
}

function inferencesOf(parts: readonly DisclosedPart[]): InferenceStatement[] | undefined {
  try {
    return parts.map(({ statement }) => parseInference(statement))
  } catch {
    return undefined
  }
}

function problemOf(
  statements: readonly InferenceStatement[],
  parts: readonly DisclosedPart[],
  log: string,
  suite: Suite,
): OpeningProblem | undefined {
  if (statements.some(statement => statement.log !== log)) return 'other-log'
  const [first, last] = statements as [InferenceStatement, InferenceStatement?]
  if (last === undefined) return first.begin === undefined ? undefined : 'begin-missing'
  const belongs =
    first.event === 'begin' &&
    last.begin === toHex(suite.sha256(parts[0]!.statement)) &&
    last.id === first.id &&
    last.holder === first.holder &&
    parts[0]!.index < parts[1]!.index
  return belongs ? undefined : 'not-a-stream'
}

function valuesOf(
  { disclosures: texts, content }: DisclosedRecord,
  statements: readonly InferenceStatement[],
  suite: Suite,
): Partial<Record<DisclosureName, JsonObject>> | OpeningProblem {
  const digests = Object.assign({}, ...statements.map(one => one.disclosures)) as Partial<
    Record<DisclosureName, string>
  >
  const opened = openDisclosures(texts, digests, true, suite)
  const values: Partial<Record<DisclosureName, JsonObject>> = {}
  for (const name of DISCLOSURES) {
    const one = opened[name]
    if (digests[name] === undefined) {
      if (texts[name] !== undefined) return 'more-than-recorded'
      continue
    }
    if (one.state === 'absent') return 'disclosure-missing'
    if (one.state === 'wrong') return 'disclosure-altered'
    values[name] = one.value
  }
  for (const name of ['request', 'response'] as const) {
    const bytes = content[name]
    if (digests[name] === undefined) {
      if (bytes !== undefined) return 'more-than-recorded'
      continue
    }
    if (bytes === undefined) return 'content-missing'
    if (compareBytes(opened[name], bytes, suite) !== 'same') return 'content-altered'
  }
  return values
}

function only(fields: JsonObject, known: readonly string[], where: string): void {
  const other = Object.keys(fields).find(name => !known.includes(name))
  if (other !== undefined) shape.fail(`${where}.${other.slice(0, 64)}`, 'no such field')
}

function base64(value: unknown, where: string, most: number): Uint8Array {
  const text = shape.string(value, where, most)
  try {
    return fromBase64(text)
  } catch (cause) {
    throw new AnswerableError('bad-format', `${where}: expected base64`, { cause })
  }
}
