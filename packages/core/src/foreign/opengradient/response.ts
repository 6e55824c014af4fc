/** A chat completion of OpenGradient's TEE gateway, with the fields by which it is signed. */
import { fromBase64, fromHex, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import {
  type PythonJson,
  PythonNumber,
  type PythonObject,
  readPythonJson,
  writePythonJson,
} from './python-json.ts'

export interface SignedResponse {
  /** RSASSA-PSS with SHA-256 and 32 bytes of salt. */
  signature: Uint8Array
  /** keccak256, 32 bytes each. */
  requestHash: Uint8Array
  outputHash: Uint8Array
  /** The gateway's clock, Unix seconds. */
  timestamp: number
  /** keccak256 of the key's SubjectPublicKeyInfo. */
  teeId: Uint8Array
  /** What the output's hash is over: text, or calls of tools. */
  output: Uint8Array
  kind: 'text' | 'tool calls'
  /** Which model the response says answered; nothing signs it. */
  model?: string
  /** What the response holds and nothing signs, by path. */
  unsigned: string[]
}

export const MAX_RESPONSE_BYTES = 16 * 1024 * 1024
const SIGNED = new Set([
  'tee_signature',
  'tee_request_hash',
  'tee_output_hash',
  'tee_timestamp',
  'tee_id',
  'choices',
])

/** Throws `bad-format`, and what `parseJson` throws. */
export function readSignedResponse(bytes: Uint8Array): SignedResponse {
  const root = readPythonJson(bytes, { maxBytes: MAX_RESPONSE_BYTES, maxDepth: 48 })
  if (!(root instanceof Map)) throw bad('an object')
  const choices = root.get('choices')
  const choice = Array.isArray(choices) ? choices[0] : undefined
  const message = choice instanceof Map ? choice.get('message') : undefined
  if (!(choice instanceof Map) || !(message instanceof Map)) throw bad('choices[0].message: an object')
  const calls = message.get('tool_calls')
  const byTools = choice.get('finish_reason') === 'tool_calls' && Array.isArray(calls)
  const model = root.get('model')
  return {
    signature: bytesOf(root, 'tee_signature', fromBase64),
    requestHash: bytesOf(root, 'tee_request_hash', hash),
    outputHash: bytesOf(root, 'tee_output_hash', hash),
    timestamp: timestampOf(root.get('tee_timestamp')),
    teeId: bytesOf(root, 'tee_id', hash),
    output: utf8(byTools ? writePythonJson(calls) : textOf(message.get('content') ?? null)),
    kind: byTools ? 'tool calls' : 'text',
    ...(typeof model === 'string' && { model }),
    unsigned: [
      ...[...root.keys()].filter(key => !SIGNED.has(key)),
      ...others(choice, 'choices[0]', ['message']),
      ...others(message, 'choices[0].message', [byTools ? 'tool_calls' : 'content']),
      ...(choices as PythonJson[]).slice(1).map((_, i) => `choices[${i + 1}]`),
    ],
  }
}

function others(object: PythonObject, where: string, signed: readonly string[]): string[] {
  return [...object.keys()].filter(key => !signed.includes(key)).map(key => `${where}.${key}`)
}

/** Text, or the texts of its parts, one after another. */
function textOf(content: PythonJson): string {
  if (typeof content === 'string') return content
  if (content === null) return ''
  if (!Array.isArray(content)) throw bad('choices[0].message.content: text or parts')
  return content
    .map(part => {
      const text = part instanceof Map ? (part.get('text') ?? '') : part
      return typeof text === 'string' ? text : ''
    })
    .join('')
}

function bytesOf(root: PythonObject, name: string, decode: (text: string) => Uint8Array): Uint8Array {
  const text = root.get(name)
  if (typeof text !== 'string' || text.length > 2048) throw bad(`${name}: a string`)
  try {
    return decode(text)
  } catch (cause) {
    throw new AnswerableError('bad-format', `response: ${name}: ${(cause as Error).message}`, { cause })
  }
}

function hash(text: string): Uint8Array {
  return fromHex(text.toLowerCase().replace(/^0x/, ''), 32)
}

function timestampOf(value: PythonJson | undefined): number {
  const text = value instanceof PythonNumber ? value.text : value
  // To the year 9999, so that it can be shown.
  if (typeof text !== 'string' || !/^\d{1,12}$/.test(text) || Number(text) > 253_402_300_799)
    throw bad('tee_timestamp: seconds since 1970')
  return Number(text)
}

function bad(expected: string): AnswerableError {
  return new AnswerableError('bad-format', `response: expected ${expected}`)
}
