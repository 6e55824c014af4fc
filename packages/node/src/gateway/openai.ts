/**
 * The OpenAI-compatible endpoints. A call's JSON is read for its model, its sampling and whether it streams; the
 * bytes themselves pass as they came, and no field is added to an answer.
 */
import { AnswerableError } from '@answerable/core'
import type { Asked } from '../record/recorder.ts'
import { type Backend, type BackendCall, route } from './backend.ts'
import { type Call, NO_MODEL, NO_SAMPLING } from './call.ts'
import { one, requestHeaders } from './headers.ts'
import { errorBody } from './http.ts'
import { needsSeed } from './llama-request.ts'
import { type Fields, nonceOf, readFields, samplingOf } from './openai-fields.ts'
import { answerRoute } from './opinions/answer.ts'
import { namesOf, type Routes } from './opinions/routes.ts'
import { relay } from './relay.ts'

/** Endpoints whose JSON is read; the allow-listed rest passes through as opaque bytes. */
export const READ_PATHS = new Set([
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/responses',
  '/v1/embeddings',
])

export async function handleOpenAI(call: Call, backends: readonly Backend[], routes: Routes): Promise<void> {
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
      const opinions = routes.get(model)
      if (opinions !== undefined) {
        asked = call.asked(opinions.disclosure, samplingOf(fields, undefined))
        opinions.refuse('openai', call.request.headers, fields)
        return await answerRoute(call, opinions, fields)
      }
      backend = route(backends, model)
      if (backend === undefined) throw unknownModel(model, backends)
    } else {
      fields = one(call.request.headers['content-type']).startsWith('application/json')
        ? readFields(call, false)
        : {}
      model = typeof fields.model === 'string' ? fields.model : undefined
      if (model !== undefined && routes.has(model))
        throw new AnswerableError('bad-request', `${model} asks several models, which this path does not`)
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

export function unknownModel(model: string, backends: readonly Backend[]): AnswerableError {
  const names = backends.flatMap(({ models }) => models)
  const list =
    names.length === 0 ? 'no chat model is configured here' : `there are: ${names.slice(0, 50).join(', ')}`
  return new AnswerableError('unknown-model', `no model "${model.slice(0, 100)}" here; ${list}`)
}

/** `GET /v1/models`: what there is, by name. */
export function listModels(
  backends: readonly Backend[],
  routes: Routes,
): { object: 'list'; data: unknown[] } {
  const listed = (id: string, owner: string) => ({ id, object: 'model', created: 0, owned_by: owner })
  const own = backends.flatMap(({ name, models }) => models.map(id => listed(id, name)))
  const asking = namesOf(routes, 'openai').map(id => listed(id, 'second-opinions'))
  return { object: 'list', data: [...own, ...asking] }
}
