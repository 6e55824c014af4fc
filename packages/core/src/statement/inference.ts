/**
 * The statement of one inference: its public part. Everything that could reveal content or a person, lengths and
 * token counts included, is in the disclosures, of which only digests stand here.
 *
 * A call that is answered whole has one statement, `answer` (also when the answer is a refusal or an error). A stream
 * has two: `begin`, durable before its first byte, and `end` or `interrupted`, durable before its last.
 */
import { utf8 } from '../bytes.ts'
import { Shape } from '../shape.ts'
import type { Suite } from '../suite.ts'
import { DISCLOSURES, type DisclosureName } from './disclosure.ts'
import { parseStatement, STATEMENT_TYPE } from './intoto.ts'

export const INFERENCE_TYPE = 'https://answerable.dev/inference/v1'
export const EVENTS = ['answer', 'begin', 'end', 'interrupted'] as const
export type InferenceEvent = (typeof EVENTS)[number]

/** The newest witnessed checkpoint of the registry that the gateway held: it places the record after that moment. */
export interface RegistryPoint {
  origin: string
  size: number
  /** The root hash, in hex. */
  root: string
}

export interface InferenceStatement {
  /** UUIDv7 (RFC 9562), public, the same for both statements of a stream. */
  id: string
  event: InferenceEvent
  /** The operator's clock, Unix milliseconds; never goes backwards within a log. */
  time: number
  /** The origin of the operator's log. */
  log: string
  /** SHA-256 of the node's descriptor. */
  node: string
  /** SHA-256 of the node's evidence, where it has any. */
  evidence?: string
  registry?: RegistryPoint
  /** SHA-256 of the network's charter, and of the operator's terms. */
  charter: string
  terms: string
  /** SHA-256 of the 32-byte holder secret. */
  holder: string
  /** For `end` and `interrupted`: SHA-256 of the stream's `begin` statement. */
  begin?: string
  disclosures: Partial<Record<DisclosureName, string>>
}

/** Which disclosures each event commits to. */
export const EVENT_DISCLOSURES: Record<InferenceEvent, readonly DisclosureName[]> = {
  answer: DISCLOSURES,
  begin: ['request', 'model', 'sampling', 'parties'],
  end: ['response'],
  interrupted: ['response'],
}

const shape = new Shape('bad-statement')
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/**
 * The fields of a statement that stay the same from call to call, serialised once: a gateway calls this when its
 * registry checkpoint or terms change, and `formatInference` for each call.
 */
export interface InferenceContext {
  log: string
  tail: string
}

export function inferenceContext(
  fields: Pick<InferenceStatement, 'log' | 'node' | 'evidence' | 'registry' | 'charter' | 'terms'>,
): InferenceContext {
  const { log, node, evidence, registry, charter, terms } = fields
  // JSON.stringify drops what is undefined; the braces go, since the text continues an open object.
  return { log, tail: JSON.stringify({ log, node, evidence, registry, charter, terms }).slice(1) }
}

/** The exact bytes of a statement, as text. Its parts are hex, UUIDs and fixed words, so nothing needs escaping. */
export function formatInference(
  fields: Pick<InferenceStatement, 'id' | 'event' | 'time' | 'holder' | 'begin' | 'disclosures'>,
  context: InferenceContext,
): string {
  let subject = ''
  for (const name of EVENT_DISCLOSURES[fields.event]) {
    subject += `${subject === '' ? '' : ','}{"name":"${name}","digest":{"sha256":"${fields.disclosures[name]}"}}`
  }
  const begin = fields.begin === undefined ? '' : `"begin":"${fields.begin}",`
  return (
    `{"_type":"${STATEMENT_TYPE}","subject":[${subject}],"predicateType":"${INFERENCE_TYPE}","predicate":` +
    `{"id":"${fields.id}","event":"${fields.event}","time":"${isoTime(fields.time)}",` +
    `"holder":"${fields.holder}",${begin}${context.tail}}`
  )
}

/** The last time, as text: statements come many to a millisecond. */
let last = { time: 0, text: new Date(0).toISOString() }

function isoTime(time: number): string {
  if (time !== last.time) last = { time, text: new Date(time).toISOString() }
  return last.text
}

/** Reads an inference statement. Throws `bad-statement`, also for another kind, and what `parseJson` throws. */
export function parseInference(bytes: Uint8Array): InferenceStatement {
  const { subject, predicateType, predicate } = parseStatement(bytes)
  shape.literal(predicateType, 'predicateType', [INFERENCE_TYPE])
  const event = shape.literal(predicate.event, 'event', EVENTS)
  const expected = EVENT_DISCLOSURES[event]
  const disclosures: Partial<Record<DisclosureName, string>> = {}
  for (const { name, sha256 } of subject) disclosures[shape.literal(name, 'subject name', expected)] = sha256
  for (const name of expected)
    if (disclosures[name] === undefined) shape.fail('subject', `one named "${name}"`)
  const statement: InferenceStatement = {
    id: shape.string(predicate.id, 'id', 36, UUID_V7, 'a UUIDv7'),
    event,
    time: shape.time(predicate.time, 'time'),
    log: shape.origin(predicate.log, 'log'),
    node: shape.digest(predicate.node, 'node'),
    charter: shape.digest(predicate.charter, 'charter'),
    terms: shape.digest(predicate.terms, 'terms'),
    holder: shape.digest(predicate.holder, 'holder'),
    disclosures,
  }
  if (predicate.evidence !== undefined) statement.evidence = shape.digest(predicate.evidence, 'evidence')
  if (predicate.registry !== undefined) {
    const registry = shape.object(predicate.registry, 'registry')
    statement.registry = {
      origin: shape.origin(registry.origin, 'registry.origin'),
      size: shape.count(registry.size, 'registry.size'),
      root: shape.digest(registry.root, 'registry.root'),
    }
  }
  const closes = event === 'end' || event === 'interrupted'
  if (closes) statement.begin = shape.digest(predicate.begin, 'begin')
  else if (predicate.begin !== undefined) shape.fail('begin', `no such field in a statement of "${event}"`)
  return statement
}

/** The entry that the log holds for a statement: its 32-byte SHA-256 digest. */
export function entryOf(statement: Uint8Array, suite: Suite): Uint8Array {
  return suite.sha256(statement)
}

/** The digest that a statement names its holder by. */
export function holderDigest(secret: Uint8Array, suite: Suite): string {
  return suite.sha256Hex(secret)
}

/** The exact bytes of a statement's text. */
export function statementBytes(text: string): Uint8Array {
  return utf8(text)
}
