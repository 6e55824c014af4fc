/**
 * A record with all that a re-run needs, opened: every disclosure and all bytes are held against the digests that the
 * log committed to, so that what is run again is what was recorded.
 */
import { fromHex, toHex, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { compareBytes, type Disclosed, openDisclosures } from '../receipt/disclosed.ts'
import { type JsonObject, Shape } from '../shape.ts'
import type { DisclosureName } from '../statement/disclosure.ts'
import { type InferenceEvent, parseInference } from '../statement/inference.ts'
import { deriveSeed, SEED_DERIVED } from '../statement/seed.ts'
import type { Suite } from '../suite.ts'
import type { DisclosedRecord } from './disclosed-record.ts'

/** Of a receipt: `statement`, `begin.statement`, `disclosures`, `content`. */
export interface RecordParts {
  statement: Uint8Array
  /** For a stream, or an answer with a derived seed: the statement that it began with. */
  begin?: Uint8Array | undefined
  disclosures: Partial<Record<DisclosureName, string>>
  request: Uint8Array
  response: Uint8Array
}

export interface RerunRecord {
  /** The log's entry of the statement that holds the answer, in hex. */
  entry: string
  id: string
  event: Exclude<InferenceEvent, 'begin'>
  request: { bytes: Uint8Array; path: string }
  response: {
    bytes: Uint8Array
    status: number
    mediaType: string
    outcome: string
    finishReason?: string
    usage?: JsonObject
  }
  /** The values of the disclosures as they are. */
  model: JsonObject
  sampling: JsonObject
  /** The seed that follows from the record; absent where the record does not say that it does. */
  seed?: number
}

const shape = new Shape('bad-disclosure')
const NEEDED = ['request', 'response', 'model', 'sampling'] as const
const MOST_NONCE = 128

/**
 * Opens a record. Whether a log holds it is another question (`verifyReceipt`). Throws `bad-statement` for statements that
 * are none or do not belong together, `bad-disclosure` for a disclosure that is missing or not the one recorded, and
 * `content-mismatch` for bytes that are not those recorded.
 */
export function openForRerun(record: RecordParts, suite: Suite): RerunRecord {
  const statement = parseInference(record.statement)
  const { event } = statement
  if (event === 'begin')
    throw new AnswerableError(
      'bad-statement',
      'this is the beginning of an answer, which ends in another record',
    )
  const digests = { ...statement.disclosures }
  if (statement.begin !== undefined) {
    if (record.begin === undefined)
      throw new AnswerableError('bad-statement', 'the statement that this answer began with is missing')
    const begin = parseInference(record.begin)
    if (suite.sha256Hex(record.begin) !== statement.begin || begin.id !== statement.id)
      throw new AnswerableError('bad-statement', 'the beginning is not that of this answer')
    Object.assign(digests, begin.disclosures)
  }
  const disclosed = openDisclosures(record.disclosures, digests, true, suite)
  const [request, response, model, sampling] = NEEDED.map(name => valueOfDisclosure(disclosed, name)) as [
    JsonObject,
    JsonObject,
    JsonObject,
    JsonObject,
  ]
  for (const name of ['request', 'response'] as const) {
    if (compareBytes(disclosed[name], record[name], suite) !== 'same')
      throw new AnswerableError('content-mismatch', `the ${name} is not the one that was recorded`)
  }
  const opened: RerunRecord = {
    entry: toHex(suite.sha256(record.statement)),
    id: statement.id,
    event,
    request: { bytes: record.request, path: shape.string(request.path, 'request.path', 8192) },
    response: {
      bytes: record.response,
      status: shape.count(response.status, 'response.status'),
      mediaType: shape.string(response.mediaType, 'response.mediaType', 1024),
      outcome: shape.string(response.outcome, 'response.outcome', 64),
    },
    model,
    sampling,
  }
  if (response.finishReason !== undefined)
    opened.response.finishReason = shape.string(response.finishReason, 'response.finishReason', 64)
  if (response.usage !== undefined) opened.response.usage = shape.object(response.usage, 'response.usage')
  if (sampling.seed === SEED_DERIVED && statement.begin !== undefined) {
    const nonce = shape.string(sampling.nonce, 'sampling.nonce', MOST_NONCE)
    opened.seed = deriveSeed(fromHex(statement.begin), utf8(nonce), suite)
  }
  return opened
}

/** The same of a record that was disclosed. Throws `bad-disclosure` where its content did not come along. */
export function partsOf({ parts, disclosures, content }: DisclosedRecord): RecordParts {
  const { request, response } = content
  const statement = parts.at(-1)?.statement
  if (statement === undefined || request === undefined || response === undefined)
    throw new AnswerableError('bad-disclosure', 'the record came without what was asked, or answered')
  return {
    statement,
    begin: parts.length > 1 ? parts[0]!.statement : undefined,
    disclosures,
    request,
    response,
  }
}

function valueOfDisclosure(disclosed: Disclosed, name: DisclosureName): JsonObject {
  const opened = disclosed[name]
  if (opened.state === 'opened') return opened.value
  throw new AnswerableError(
    'bad-disclosure',
    opened.state === 'absent' ? `the ${name} disclosure is missing` : opened.detail,
  )
}
