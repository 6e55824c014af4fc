/**
 * The OpenAI-compatible endpoints. A call's JSON is read for its model, its sampling and whether it streams; the
 * bytes themselves pass as they came, and no field is added to an answer.
 */
import { AnswerableError, parseJson } from '@answerable/core'
import { SEED_DERIVED } from '@answerable/core/statement'
import type { Asked } from '../record/recorder.ts'
import { type Backend, type BackendCall, route } from './backend.ts'
import { type Call, NO_MODEL, NO_SAMPLING } from './call.ts'
import { one, requestHeaders } from './headers.ts'
import { errorBody } from './http.ts'
import { needsSeed } from './llama-request.ts'
import { relay } from './relay.ts'

/** Endpoints whose JSON is read; the allow-listed rest passes through as opaque bytes. */
export const READ_PATHS = new Set([
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/responses',
  '/v1/embeddings',
])

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

type Fields = Record<string, unknown>

export async function handleOpenAI(call: Call, backends: readonly Backend[]): Promise<void> {
  const path = call.path.split('?', 1)[0]!
  let fields: Fields | undefined
  let asked: Asked = call.asked(NO_MODEL, NO_SAMPLING)
  let backend: Backend | undefined
  let model: string | undefined
  let send: BackendCall
  let nonce: string | undefined
  try {
    if (READ_PATHS.has(path)) {
      fields = readFields(call)
      model = fields.model as string
      backend = route(backends, model)
      if (backend === undefined) throw unknownModel(model, backends)
    } else {
      fields = one(call.request.headers['content-type']).startsWith('application/json')
        ? readFields(call, false)
        : {}
      model = typeof fields.model === 'string' ? fields.model : undefined
      backend = model === undefined ? undefined : route(backends, model)
      backend ??= backends.find(({ paths }) => paths === undefined || paths.has(path))
      if (backend === undefined)
        throw new AnswerableError('not-found', `no upstream is configured for ${path}`)
    }
    const description = backend.describe(model, undefined)
    asked = call.asked(description, samplingOf(fields, undefined))
    if (backend.paths !== undefined && !backend.paths.has(path))
      throw new AnswerableError(
        'not-found',
        `this model runs in the gateway, and answers ${[...backend.paths].join(' and ')} alone`,
      )
    send = {
      method: call.request.method ?? 'POST',
      path: call.path,
      headers: requestHeaders(call.request.headers, call.context.config.keys.length > 0),
      body: call.body,
      model,
      fields,
    }
    backend.check?.(send)
    if (backend.derivesSeed === true && needsSeed(fields)) {
      nonce = nonceOf(call)
      asked = call.asked(description, samplingOf(fields, nonce))
    }
  } catch (error) {
    // A refusal is an answer too, and has a record like any other.
    const { status, body } = errorBody(error)
    if (status >= 500) throw error
    await call.finish(
      asked,
      { response: body, status, mediaType: 'application/json', outcome: 'refused' },
      [],
    )
    return
  }
  await relay(call, asked, backend, send, { stream: fields.stream === true, nonce })
}

/** What the caller adds to a derived seed: recorded with it, so plain characters alone. */
function nonceOf({ request }: Call): string {
  const nonce = request.headers['answerable-nonce'] ?? ''
  if (typeof nonce !== 'string' || !NONCE.test(nonce))
    throw new AnswerableError('bad-request', 'Answerable-Nonce: expected up to 128 visible ASCII characters')
  return nonce
}

function readFields(call: Call, modelNeeded = true): Fields {
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

export function unknownModel(model: string, backends: readonly Backend[]): AnswerableError {
  const names = backends.flatMap(({ models }) => models)
  const list =
    names.length === 0 ? 'no chat model is configured here' : `there are: ${names.slice(0, 50).join(', ')}`
  return new AnswerableError('unknown-model', `no model "${model.slice(0, 100)}" here; ${list}`)
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

/** `GET /v1/models`: what there is, by name. */
export function listModels(backends: readonly Backend[]): { object: 'list'; data: unknown[] } {
  const data = backends.flatMap(({ name, models }) =>
    models.map(id => ({ id, object: 'model', created: 0, owned_by: name })),
  )
  return { object: 'list', data }
}
