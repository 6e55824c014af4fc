/** The Open Inference Protocol (KServe v2) over the models that run in this process. */
import { AnswerableError, parseJson } from '@answerable/core'
import type { SignedModel } from '@answerable/core/model'
import {
  BINARY_HEADER,
  inferResponse,
  type ModelDescription,
  type ModelMetadata,
  modelMetadata,
  type OnnxModel,
  parseInferRequest,
} from '../runtime/index.ts'
import { type Call, NO_MODEL, NO_SAMPLING } from './call.ts'
import { one } from './headers.ts'
import { errorBody } from './http.ts'
import { answerRoute } from './opinions/answer.ts'
import type { Routes } from './opinions/routes.ts'

/** A model in this process, with the texts about it that never change. */
export class ServedModel {
  readonly model: OnnxModel
  readonly description: ModelDescription
  /** JSON text of the model disclosure. */
  readonly disclosure: string
  readonly metadata: ModelMetadata

  constructor(model: OnnxModel, signed?: SignedModel) {
    this.model = model
    this.description = { ...model.describe(), ...(signed && { signed }) }
    const { name, version, manifest, runtime } = this.description
    this.disclosure = JSON.stringify({ name, version, manifest: { sha256: manifest }, signed, runtime })
    this.metadata = modelMetadata(this.description)
  }
}

export type ServedModels = ReadonlyMap<string, ServedModel>

const INFER = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?\/infer$/
export const KSERVE_SAMPLING = '{"parameters":{},"seed":"none: the model is deterministic"}'

/** Whether a path is an inference, and so has a record. */
export function isInfer(path: string): boolean {
  return INFER.test(path)
}

/** The model that a path asks for, its name as it is spelt there. */
export function inferPath(path: string): { name: string; version: string | undefined } | undefined {
  const [, name, version] = INFER.exec(path.split('?', 1)[0]!) ?? []
  return name === undefined ? undefined : { name, version }
}

export async function handleInfer(call: Call, models: ServedModels, routes: Routes): Promise<void> {
  let asked = call.asked(NO_MODEL, NO_SAMPLING)
  try {
    const { name: encoded, version } = inferPath(call.path)!
    const name = decodeName(encoded)
    const opinions = version === undefined ? routes.get(name) : undefined
    if (opinions !== undefined) {
      asked = call.asked(opinions.disclosure, KSERVE_SAMPLING)
      opinions.refuse('kserve', call.request.headers)
      return await answerRoute(call, opinions, readInfer(call))
    }
    const served = findModel(models, name, version)
    asked = call.asked(served.disclosure, KSERVE_SAMPLING)
    const response = await infer(served, readInfer(call))
    await call.finish(asked, { response, status: 200, mediaType: 'application/json', outcome: 'ok' }, [])
  } catch (error) {
    // What the log could not take has no answer; all else is one, and has a record.
    if (error instanceof AnswerableError && (error.code === 'not-writable' || error.code === 'unavailable'))
      throw error
    if (!(error instanceof AnswerableError)) call.context.report(error)
    const { status, body } = errorBody(error, call.path)
    await call.finish(
      asked,
      { response: body, status, mediaType: 'application/json', outcome: 'refused' },
      [],
    )
  }
}

/** The JSON of an inference's body. Throws what `parseJson` throws. */
export function parseInferBody(body: Uint8Array): unknown {
  return parseJson(body, { maxBytes: body.length, maxDepth: 16, maxKeys: 1 << 16 })
}

function readInfer(call: Call): unknown {
  if (one(call.request.headers[BINARY_HEADER]) !== '')
    throw new AnswerableError(
      'bad-request',
      'the binary tensor extension is not supported; send tensors as JSON',
    )
  return parseInferBody(call.body)
}

/** The answer of one model. Throws `bad-request` for a body that is not one for it. */
export async function infer({ model, description }: ServedModel, body: unknown): Promise<Buffer> {
  const { id, inputs, outputs } = parseInferRequest(body, description)
  const results = await model.infer(inputs, outputs)
  return Buffer.from(JSON.stringify(inferResponse(description, results, id)))
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch (cause) {
    throw new AnswerableError('bad-request', 'the path is not valid percent-encoding', { cause })
  }
}

export function findModel(models: ServedModels, name: string, version?: string): ServedModel {
  const served = models.get(name)
  if (served === undefined)
    throw new AnswerableError(
      'unknown-model',
      `no model "${name.slice(0, 100)}" here; there are: ${[...models.keys()].join(', ') || 'none'}`,
    )
  if (version !== undefined && version !== served.description.version)
    throw new AnswerableError(
      'unknown-model',
      `${name} is here in version ${served.description.version} alone`,
    )
  return served
}
