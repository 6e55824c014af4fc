/** What is read of an OpenAI call's JSON: its model, its sampling, and the caller's part in a derived seed. */
import { AnswerableError, parseJson } from '@answerable/core'
import { SEED_DERIVED } from '@answerable/core/statement'
import type { Call } from './call.ts'

/** What the result of a call depends on, besides its request and model, by the names that the APIs give it. */
const SAMPLING = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'seed',
  'n',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'frequency_penalty',
  'presence_penalty',
  'repetition_penalty',
  'logit_bias',
  'stop',
  'reasoning_effort',
  'dimensions',
] as const

const NONCE = /^[\x21-\x7e]{0,128}$/

export type Fields = Record<string, unknown>

/** What the caller adds to a derived seed: recorded with it, so plain characters alone. */
export function nonceOf({ request }: Call): string {
  const nonce = request.headers['answerable-nonce'] ?? ''
  if (typeof nonce !== 'string' || !NONCE.test(nonce))
    throw new AnswerableError('bad-request', 'Answerable-Nonce: expected up to 128 visible ASCII characters')
  return nonce
}

export function readFields(call: Call, modelNeeded = true): Fields {
  const fields = parseFields(call.body)
  const { model } = fields
  if (modelNeeded && (typeof model !== 'string' || model === '' || model.length > 256))
    throw new AnswerableError('bad-request', 'model: expected the name of a model')
  return fields
}

/** The JSON object of a call's body. Throws `bad-request`, and what `parseJson` throws. */
export function parseFields(body: Uint8Array): Fields {
  const fields = parseJson(body, { maxBytes: body.length, maxDepth: 128, maxKeys: 1 << 20 })
  if (fields === null || typeof fields !== 'object' || Array.isArray(fields))
    throw new AnswerableError('bad-request', 'the body is not a JSON object')
  return fields as Fields
}

/** JSON text of the sampling disclosure. `nonce` is there where the seed is derived, and may be ''. */
export function samplingOf(fields: Fields, nonce: string | undefined): string {
  let parameters: Fields | undefined
  for (const name of SAMPLING) {
    const value = fields[name]
    if (value === undefined) continue
    parameters ??= {}
    parameters[name] = value
  }
  const seed =
    nonce !== undefined ? SEED_DERIVED : (fields.seed ?? undefined) === undefined ? 'not-set' : 'client'
  if (parameters === undefined && nonce === undefined) return '{"parameters":{},"seed":"not-set"}'
  const text = JSON.stringify({ parameters: parameters ?? {}, seed, nonce })
  // A logit bias can be long. Everything here is in the request too, so what does not fit is only named.
  return text.length <= 16_384 ? text : JSON.stringify({ parameters: 'in the request', seed, nonce })
}
