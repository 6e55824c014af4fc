/** The opinion of a model that answers under /v1: an upstream's, or one in this process. */
import { AnswerableError, utf8 } from '@answerable/core'
import { deriveSeed } from '@answerable/core/statement'
import { nodeSuite } from '../../log/suite.ts'
import type { Asked } from '../../record/recorder.ts'
import type { AnswerHead, Backend, BackendCall, Exchange } from '../backend.ts'
import { requestHeaders, responseHeaders } from '../headers.ts'
import { needsSeed } from '../llama-request.ts'
import { type Fields, nonceOf, samplingOf } from '../openai-fields.ts'
import { wholeAnswer } from '../whole-answer.ts'
import { failed, type Opinion, type Question, type Said } from './opinion.ts'
import { withModel } from './with-model.ts'

export class BackendOpinion implements Opinion {
  readonly model: string
  readonly #backend: Backend

  constructor(model: string, backend: Backend) {
    this.model = model
    this.#backend = backend
  }

  async ask(question: Question): Promise<Said> {
    const { call, identity, parties } = question
    const backend = this.#backend
    const fields = { ...(question.fields as Fields), model: this.model }
    const { idempotency: _, ...common } = call.asked(
      backend.describe(this.model, undefined),
      samplingOf(fields, undefined),
    )
    const request = withModel(call.body, this.model)
    const asked: Asked = { ...common, request, parties, identity }
    const said: Pick<Said, 'asked' | 'begun'> = { asked }
    const { config, recorder } = call.context
    try {
      const path = call.path.split('?', 1)[0]!
      if (backend.paths !== undefined && !backend.paths.has(path))
        throw new AnswerableError(
          'not-found',
          `${this.model} answers ${[...backend.paths].join(' and ')} alone`,
        )
      const send: BackendCall = {
        method: asked.method,
        path: call.path,
        headers: requestHeaders(call.request.headers, config.keys.length > 0),
        body: request,
        model: this.model,
        fields,
      }
      backend.check?.(send)
      if (backend.derivesSeed === true && needsSeed(fields)) {
        const nonce = nonceOf(call)
        asked.sampling = samplingOf(fields, nonce)
        const begun = await recorder.begin(asked)
        said.begun = begun
        send.seedFor = async () => deriveSeed(begun.entry, utf8(nonce), nodeSuite)
      }
      const { head, chunks } = await collect(backend, send, question.signal, config.limits.responseBytes)
      const { answered, model } = await wholeAnswer(head, chunks, config.limits.responseBytes)
      if (model !== undefined) asked.model = backend.describe(this.model, model)
      return {
        ...said,
        answered,
        headers: responseHeaders(head.headers),
        ...(answered.outcome !== 'ok' && { reason: answered.status < 500 ? 'refused' : 'failed' }),
      }
    } catch (error) {
      // What the log could not take ends the call.
      if (error instanceof AnswerableError && (error.code === 'not-writable' || error.code === 'unavailable'))
        throw error
      return { ...said, ...failed(error, question, call.path) }
    }
  }
}

/** A backend's whole answer, of at most so many bytes. Rejects with the signal's reason. */
function collect(
  backend: Backend,
  send: BackendCall,
  signal: AbortSignal,
  most: number,
): Promise<{ head: AnswerHead; chunks: Buffer[] }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    let head: AnswerHead | undefined
    const give = (error: unknown) => {
      signal.removeEventListener('abort', stop)
      reject(error)
    }
    let exchange: Exchange | undefined
    const stop = () => {
      exchange?.abort()
      give(signal.reason)
    }
    if (signal.aborted) return reject(signal.reason)
    exchange = backend.send(send, {
      head: got => {
        head = got
      },
      data: chunk => {
        length += chunk.length
        if (length <= most) return void chunks.push(chunk)
        exchange?.abort()
        give(new AnswerableError('upstream-broken', 'the model answered more than this gateway takes'))
      },
      end: () => {
        signal.removeEventListener('abort', stop)
        resolve({ head: head!, chunks })
      },
      error: give,
    })
    signal.addEventListener('abort', stop, { once: true })
  })
}
