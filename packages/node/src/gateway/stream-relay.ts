/**
 * Carries a stream of server-sent events to the caller. The beginning is durable before the first byte goes out, with
 * the log's signed promise in the head; the last event is held until the end is durable. Memory is bounded: a caller
 * who reads slowly slows the upstream, and what is kept of the answer has a limit.
 */
import { errorCode, toBase64Url, toHex } from '@answerable/core'
import { ChunkSplitter, ChunkTree } from '@answerable/core/statement'
import { nodeSuite } from '../log/suite.ts'
import { type Answered, type Begun, newChunkKey, type Outcome } from '../record/recorder.ts'
import { StreamFacts } from './answer-facts.ts'
import type { AnswerHead, Exchange } from './backend.ts'
import type { Call } from './call.ts'
import { one, responseHeaders } from './headers.ts'
import { sendError } from './http.ts'

/**
 * Events that close a stream in the OpenAI protocols. Where an upstream ends without one, the end of the message
 * itself is what waits for the record.
 */
const LAST = [
  'data: [DONE]',
  'data:[DONE]',
  'event: response.completed',
  'event: response.failed',
  'event: response.incomplete',
].map(text => Buffer.from(text))

export class StreamRelay {
  /** Settles when all is sent and recorded. */
  readonly done: Promise<void>
  readonly #call: Call
  readonly #head: AnswerHead
  readonly #exchange: Exchange
  readonly #splitter = new ChunkSplitter()
  readonly #key = newChunkKey()
  readonly #tree = new ChunkTree(this.#key, nodeSuite)
  readonly #facts = new StreamFacts()
  /** What was given to the caller so far, for the record. */
  readonly #sent: Buffer[] = []
  #sentBytes = 0
  /** Events that came before the beginning was durable. */
  #early: Buffer[] | undefined = []
  #held: Buffer | undefined
  #begun: Begun | undefined
  #closing = false
  /** The caller reads slower than the upstream writes. */
  #paused = false
  #timer: NodeJS.Timeout
  /** The head is out and early events are on their way. */
  readonly #started: Promise<void>
  #settle!: { resolve(): void; reject(error: unknown): void }

  constructor(
    call: Call,
    head: AnswerHead,
    begun: Promise<Begun>,
    promise: Promise<string>,
    exchange: Exchange,
  ) {
    this.#call = call
    this.#head = head
    this.#exchange = exchange
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    const { streamSeconds } = call.context.config.limits
    this.#timer = setTimeout(() => this.#breakOff('upstream-timeout'), streamSeconds * 1000)
    this.#started = Promise.all([begun, promise]).then(([record, text]) => this.#start(record, text))
    this.#started.catch(error => this.#refuse(error))
  }

  data(bytes: Buffer): void {
    if (this.#closing) return
    for (const chunk of this.#splitter.push(bytes)) this.#event(asBuffer(chunk))
  }

  end(): void {
    const rest = this.#splitter.end()
    if (rest !== undefined) this.#event(asBuffer(rest))
    void this.#finish('end', 'ok')
  }

  error(error: Error): void {
    this.#breakOff(errorCode(error) === 'upstream-timeout' ? 'upstream-timeout' : 'upstream-error')
  }

  callerGone(): void {
    this.#breakOff('client-aborted')
  }

  #breakOff(outcome: Outcome): void {
    if (this.#closing) return
    this.#exchange.abort()
    void this.#finish('interrupted', outcome)
  }

  async #start(begun: Begun, promise: string): Promise<void> {
    this.#begun = begun
    const { response } = this.#call
    if (!response.destroyed) {
      const head = responseHeaders(this.#head.headers)
      head.push('content-type', one(this.#head.headers['content-type']))
      head.push('answerable-promise', toBase64Url(Buffer.from(promise)))
      this.#call.addReceipt(head, begun)
      response.writeHead(this.#head.status, head)
    }
    const early = this.#early!
    for (let i = 0; i < early.length; i++) {
      this.#give(early[i]!)
      // What is written in one turn leaves together, and the first byte must not wait for all that came meanwhile.
      if (i === 0) await new Promise(resolve => setImmediate(resolve))
    }
    this.#early = undefined
  }

  /** The beginning could not be recorded, so nothing is passed on. */
  #refuse(error: unknown): void {
    this.#closing = true
    clearTimeout(this.#timer)
    this.#exchange.abort()
    sendError(this.#call.request, this.#call.response, error)
    this.#settle.resolve()
  }

  #event(event: Buffer): void {
    if (this.#early !== undefined) this.#early.push(event)
    else this.#give(event)
  }

  #give(event: Buffer): void {
    // Something after what looked like the last event: then it was not the last.
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.#write(held)
    if (LAST.some(mark => event.includes(mark))) this.#held = event
    else this.#write(event)
  }

  #write(event: Buffer): void {
    this.#tree.add(event)
    this.#facts.add(event)
    this.#sent.push(event)
    this.#sentBytes += event.length
    if (this.#sentBytes > this.#call.context.config.limits.responseBytes) {
      this.#breakOff('upstream-error')
      return
    }
    const { response } = this.#call
    if (response.destroyed || response.write(event)) return
    if (this.#paused) return
    this.#paused = true
    this.#exchange.pause()
    response.once('drain', () => {
      this.#paused = false
      this.#exchange.resume()
    })
  }

  async #finish(event: 'end' | 'interrupted', outcome: Outcome): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    clearTimeout(this.#timer)
    try {
      // A failed start has refused the call already, and settled it.
      if (
        !(await this.#started.then(
          () => true,
          () => false,
        ))
      )
        return
      const held = event === 'end' ? this.#held : undefined
      if (held !== undefined) {
        this.#tree.add(held)
        this.#sent.push(held)
      }
      await this.#call.context.recorder.end(this.#begun!, event, this.#answered(outcome))
      const { response } = this.#call
      if (event === 'end') response.end(held)
      // A stream that was cut off must look cut off: an orderly end would say that this was all.
      else response.destroy()
      this.#settle.resolve()
    } catch (error) {
      this.#call.response.destroy()
      this.#settle.reject(error)
    }
  }

  #answered(outcome: Outcome): Answered {
    const { model: _, ...facts } = this.#facts.facts
    return {
      response: Buffer.concat(this.#sent),
      status: this.#head.status,
      mediaType: one(this.#head.headers['content-type']),
      outcome,
      ...facts,
      chunks: { key: toHex(this.#key), count: this.#tree.count, root: toHex(this.#tree.root()) },
    }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
