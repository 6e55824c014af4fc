/** Carries a call to its backend and the answer back: whole, or as a stream where the backend streams. */
import { AnswerableError, utf8 } from '@answerable/core'
import { deriveSeed } from '@answerable/core/statement'
import { nodeSuite } from '../log/suite.ts'
import type { Answered, Asked, Begun, Outcome } from '../record/recorder.ts'
import type { AnswerHead, Backend, BackendCall, Exchange, Sink } from './backend.ts'
import type { Call } from './call.ts'
import { one, responseHeaders } from './headers.ts'
import { CLIENT_CLOSED, errorBody } from './http.ts'
import { StreamRelay } from './stream-relay.ts'
import { outcomeOf, type WholeAnswer, wholeAnswer } from './whole-answer.ts'

export interface RelayOptions {
  /** Whether the caller asks for a stream. */
  stream: boolean
  /** Where the seed is derived from the record: the caller's part in it. */
  nonce: string | undefined
}

/** Resolves when the answer is out, recorded. Throws where nothing could be recorded. */
export function relay(
  call: Call,
  asked: Asked,
  backend: Backend,
  send: BackendCall,
  options: RelayOptions,
): Promise<void> {
  return new Relay(call, asked, backend, send, options).run()
}

class Relay implements Sink {
  readonly #call: Call
  readonly #asked: Asked
  readonly #backend: Backend
  readonly #send: BackendCall
  /** Begun beside the upstream's own work, so that a stream's first byte waits for neither alone. */
  readonly #begun: Promise<Begun> | undefined
  readonly #promise: Promise<string> | undefined
  readonly #chunks: Buffer[] = []
  #length = 0
  #head: AnswerHead | undefined
  #stream: StreamRelay | undefined
  #exchange!: Exchange
  #settled = false
  #resolve!: () => void
  #reject!: (error: unknown) => void

  constructor(
    call: Call,
    asked: Asked,
    backend: Backend,
    send: BackendCall,
    { stream, nonce }: RelayOptions,
  ) {
    this.#call = call
    this.#asked = asked
    this.#backend = backend
    this.#send = send
    if (stream || nonce !== undefined) {
      const begun = call.context.recorder.begin(asked)
      // Looked at when the answer begins; until then a failure is not unhandled.
      begun.catch(() => undefined)
      this.#begun = begun
      // Made while the upstream thinks; what fails here fails with the beginning or with the stream.
      if (stream) {
        this.#promise = begun.then(record => call.context.promise(record))
        this.#promise.catch(() => undefined)
      }
      if (nonce !== undefined) {
        send.seedFor = async () => deriveSeed((await begun).entry, utf8(nonce), nodeSuite)
      }
    }
  }

  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#call.response.once('close', () => this.#callerGone())
      this.#exchange = this.#backend.send(this.#send, this)
    })
  }

  head(head: AnswerHead): void {
    this.#head = head
    if (!one(head.headers['content-type']).startsWith('text/event-stream')) return
    const { recorder, promise } = this.#call.context
    const begun = this.#begun ?? recorder.begin(this.#asked)
    const promised = this.#promise ?? begun.then(promise)
    this.#stream = new StreamRelay(this.#call, head, begun, promised, {
      pause: () => this.#exchange.pause(),
      resume: () => this.#exchange.resume(),
      abort: () => this.#exchange.abort(),
    })
    this.#settle(this.#stream.done)
  }

  data(chunk: Buffer): void {
    if (this.#stream !== undefined) {
      this.#stream.data(chunk)
      return
    }
    this.#length += chunk.length
    if (this.#length > this.#call.context.config.limits.responseBytes) {
      this.#exchange.abort()
      this.error(
        new AnswerableError('upstream-broken', 'the upstream answered more than this gateway passes on'),
      )
    } else this.#chunks.push(chunk)
  }

  end(): void {
    if (this.#stream !== undefined) this.#stream.end()
    else this.#settle(this.#answerWhole())
  }

  error(error: Error): void {
    if (this.#stream !== undefined) this.#stream.error(error)
    else this.#settle(this.#answerError(error, outcomeOf(error)))
  }

  #callerGone(): void {
    if (this.#call.response.writableFinished) return
    // A stream is settled with from its head on, and knows by itself whether it is over.
    if (this.#stream !== undefined) {
      this.#stream.callerGone()
      return
    }
    if (this.#settled) return
    this.#exchange.abort()
    const answered = answer(Buffer.alloc(0), CLIENT_CLOSED, '', 'client-aborted')
    this.#settle(this.#record(answered).then(() => undefined))
  }

  async #answerWhole(): Promise<void> {
    const head = this.#head!
    let whole: WholeAnswer
    try {
      whole = await wholeAnswer(head, this.#chunks, this.#call.context.config.limits.responseBytes)
    } catch (error) {
      return this.#answerError(error, 'upstream-error')
    }
    const { answered, model } = whole
    if (model !== undefined) this.#asked.model = this.#backend.describe(this.#send.model, model)
    await this.#finish(answered, responseHeaders(head.headers))
  }

  #answerError(error: unknown, outcome: Outcome): Promise<void> {
    const { status, body } = errorBody(error)
    return this.#finish(answer(body, status, 'application/json', outcome), [])
  }

  async #finish(answered: Answered, headers: string[]): Promise<void> {
    const recorded = await this.#record(answered)
    this.#call.send(answered.status, answered.response, answered.mediaType, recorded, headers)
  }

  /** A call with a beginning on record is recorded by its end: one that asked for a stream, or has a derived seed. */
  async #record(answered: Answered): Promise<{ id: string; secret: string }> {
    const { recorder } = this.#call.context
    if (this.#begun === undefined) return recorder.answer(this.#asked, answered)
    const begun = await this.#begun
    await recorder.end(begun, 'end', answered)
    return begun
  }

  #settle(done: Promise<void>): void {
    if (this.#settled) return
    this.#settled = true
    done.then(this.#resolve, this.#reject)
  }
}

function answer(response: Buffer, status: number, mediaType: string, outcome: Outcome): Answered {
  return { response, status, mediaType, outcome }
}
