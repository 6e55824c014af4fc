/** Records as a gateway makes them, and as one that lies would: the pieces that a receipt opens to, without a log. */
import { hash, randomBytes, randomUUIDv7 } from 'node:crypto'
import { utf8 } from '@answerable/core'
import type { RecordParts } from '@answerable/core/audit'
import {
  type DisclosureName,
  deriveSeed,
  disclosureText,
  formatInference,
  type InferenceEvent,
  inferenceContext,
} from '@answerable/core/statement'
import { factsOf, StreamFacts } from '../gateway/answer-facts.ts'
import type { AnswerHead, BackendCall } from '../gateway/backend.ts'
import { type GgufModel, LlamaBackend } from '../gateway/llama-backend.ts'
import { needsSeed } from '../gateway/llama-request.ts'
import { parseFields, samplingOf } from '../gateway/openai-fields.ts'
import { nodeSuite } from '../log/suite.ts'
import {
  inferResponse,
  type LlamaModel,
  type ModelDescription,
  type OnnxModel,
  parseInferRequest,
} from '../runtime/index.ts'

const DIGEST = 'ab'.repeat(32)
const CONTEXT = inferenceContext({ log: 'op.example/log', node: DIGEST, charter: DIGEST, terms: DIGEST })

export interface Recorded {
  path: string
  request: Uint8Array
  response: Uint8Array
  model: Pick<ModelDescription, 'name' | 'version' | 'manifest' | 'runtime'>
  /** JSON text of the sampling disclosure. */
  sampling: string
  status?: number
  mediaType?: string
  outcome?: string
  facts?: { finishReason?: string; usage?: unknown }
  /** Where it began with a record of its own. */
  begun?: Begun | undefined
  event?: Exclude<InferenceEvent, 'begin'>
}

interface Begun {
  id: string
  statement: Uint8Array
  texts: Partial<Record<DisclosureName, string>>
}

/** The record of a beginning, from which the seed of a drawn answer follows. */
export function begin(recorded: Pick<Recorded, 'path' | 'request' | 'model' | 'sampling'>): Begun {
  const texts = askedTexts(recorded)
  const id = randomUUIDv7()
  return { id, texts, statement: statement('begin', id, texts) }
}

export function recordOf(recorded: Recorded): RecordParts {
  const { request, response, begun } = recorded
  const { status = 200, mediaType = 'application/json', outcome = 'ok', facts = {} } = recorded
  const answer = disclosed('response', {
    sha256: hash('sha256', response, 'hex'),
    length: response.length,
    status,
    mediaType,
    outcome,
    ...facts,
  })
  if (begun !== undefined) {
    const event = recorded.event ?? 'end'
    const last = statement(event, begun.id, { response: answer }, hash('sha256', begun.statement, 'hex'))
    return {
      statement: last,
      begin: begun.statement,
      disclosures: { ...begun.texts, response: answer },
      request,
      response,
    }
  }
  const texts = { ...askedTexts(recorded), response: answer }
  return { statement: statement('answer', randomUUIDv7(), texts), disclosures: texts, request, response }
}

function askedTexts({
  request,
  path,
  model,
  sampling,
}: Pick<Recorded, 'path' | 'request' | 'model' | 'sampling'>): Begun['texts'] {
  const { name, version, manifest, runtime } = model
  return {
    request: disclosed('request', {
      sha256: hash('sha256', request, 'hex'),
      length: request.length,
      method: 'POST',
      path,
      mediaType: 'application/json',
    }),
    model: disclosed('model', { name, version, manifest: { sha256: manifest }, runtime }),
    sampling: disclosed('sampling', JSON.parse(sampling)),
    parties: disclosed('parties', { operator: 'op' }),
  }
}

function disclosed(name: DisclosureName, value: unknown): string {
  return disclosureText(randomBytes(32).toString('base64url'), name, JSON.stringify(value))
}

function statement(event: InferenceEvent, id: string, texts: Begun['texts'], begins?: string): Uint8Array {
  const disclosures = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, hash('sha256', text, 'hex')]),
  )
  const fields = { id, event, time: 1_700_000_000_000, holder: DIGEST, disclosures }
  return utf8(formatInference({ ...fields, ...(begins !== undefined && { begin: begins }) }, CONTEXT))
}

/** Where an operator departs from what it records. */
export interface Lie {
  /** What the record says of the model. */
  says?: ModelDescription
  /** What the model is asked in place of what the caller asked. */
  asks?: Record<string, unknown>
  /** The seed that is drawn by, of the one that follows from the record. */
  seed?: (derived: number) => number
  /** The answer that goes out and is recorded. */
  alters?: (response: Buffer) => Buffer
  /** Leaves after so many bytes of a stream, as whole events. */
  cutAfter?: number
}

/** Asks a GGUF model as the gateway does, and records the answer. */
export async function askLlama(
  model: LlamaModel,
  path: string,
  fields: Record<string, unknown>,
  lie: Lie = {},
): Promise<RecordParts> {
  // The model is the caller's to close.
  const shared: GgufModel = {
    describe: () => model.describe(),
    textPrompt: text => model.textPrompt(text),
    chatPrompt: turns => model.chatPrompt(turns),
    generate: (generation, signal) => model.generate(generation, signal),
    close: async () => undefined,
  }
  const backend = new LlamaBackend(shared, { queue: 1, clock: () => 1_700_000_000_000 })
  const request = Buffer.from(JSON.stringify({ model: 'm', ...fields }))
  const asked = parseFields(request)
  const derived = needsSeed(asked)
  const recorded = {
    path,
    request,
    model: lie.says ?? model.describe(),
    sampling: samplingOf(asked, derived ? 'a-nonce' : undefined),
  }
  const begun = derived || fields.stream === true ? begin(recorded) : undefined
  const call: BackendCall = {
    method: 'POST',
    path,
    headers: {},
    body: request,
    model: 'm',
    fields: { ...asked, ...lie.asks },
    seedFor: async () => {
      const seed = deriveSeed(nodeSuite.sha256(begun!.statement), utf8('a-nonce'), nodeSuite)
      return lie.seed?.(seed) ?? seed
    },
  }
  const { head, body } = await answered(backend, call)
  const mediaType = String(head.headers['content-type'])
  const altered = lie.alters?.(body) ?? body
  if (lie.cutAfter !== undefined) {
    const events = altered.toString().split(/(?<=\n\n)/)
    const response = Buffer.from(events.slice(0, lie.cutAfter).join(''))
    return recordOf({
      ...recorded,
      response,
      mediaType,
      outcome: 'client-aborted',
      begun,
      event: 'interrupted',
    })
  }
  return recordOf({
    ...recorded,
    response: altered,
    mediaType,
    facts: factsIn(altered, mediaType),
    begun,
  })
}

function factsIn(body: Buffer, mediaType: string): { finishReason?: string; usage?: unknown } {
  if (!mediaType.startsWith('text/event-stream')) {
    const { model: _, ...facts } = factsOf(body, mediaType)
    return facts
  }
  const stream = new StreamFacts()
  for (const event of body.toString().split(/(?<=\n\n)/)) stream.add(Buffer.from(event))
  const { model: _, ...facts } = stream.facts
  return facts
}

function answered(backend: LlamaBackend, call: BackendCall): Promise<{ head: AnswerHead; body: Buffer }> {
  const chunks: Buffer[] = []
  let head: AnswerHead
  return new Promise((resolve, reject) => {
    backend.send(call, {
      head: given => {
        head = given
      },
      data: chunk => {
        chunks.push(chunk)
      },
      end: () => resolve({ head, body: Buffer.concat(chunks) }),
      error: reject,
    })
  })
}

/** Asks an ONNX model as the gateway does, and records the answer. */
export async function askOnnx(
  model: Pick<OnnxModel, 'infer' | 'describe'>,
  body: unknown,
  lie: Pick<Lie, 'says' | 'alters'> = {},
): Promise<RecordParts> {
  const request = Buffer.from(JSON.stringify(body))
  const says = lie.says ?? model.describe()
  const { id, inputs, outputs } = parseInferRequest(JSON.parse(request.toString()), model.describe())
  const results = await model.infer(inputs, outputs)
  const response = Buffer.from(JSON.stringify(inferResponse(says, results, id)))
  return recordOf({
    path: `/v2/models/${says.name}/infer`,
    request,
    response: lie.alters?.(response) ?? response,
    model: says,
    sampling: '{"parameters":{},"seed":"none: the model is deterministic"}',
  })
}
