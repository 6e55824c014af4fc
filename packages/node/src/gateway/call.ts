/** One call through the gateway: who asked what, and the answer that goes out once its record is durable. */
import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AnswerableError } from '@answerable/core'
import type { RouteOutcome } from '@answerable/core/opinions'
import type { Replay } from '../record/receipts.ts'
import type { Answered, Asked, Begun, Recorded, Recorder } from '../record/recorder.ts'
import type { Caller } from './callers.ts'
import type { GatewayConfig } from './config.ts'
import { addDissent } from './opinions/dissent.ts'

/** What all calls share. */
export interface CallContext {
  config: GatewayConfig
  recorder: Recorder
  /** Faults of ours, for the operator. */
  report(error: unknown): void
  /** The log's signed promise of a stream's beginning: a tlog-proof of its entry, which is the proof's extra data. */
  promise(begun: Begun): Promise<string>
  /** What was answered under an idempotency digest. Throws `erased`. */
  answeredBefore(digest: string): Promise<Replay | undefined>
  /** The origin that receipts are fetched from, for a request. */
  baseUrl(request: IncomingMessage): string
  /** Counts a call that asked several models, by what became of it. */
  opinions(outcome: RouteOutcome): void
}

/** The model of a call that names none, or one that nobody serves. */
export const NO_MODEL = '{"name":null,"runtime":null}'
export const NO_SAMPLING = '{}'
const MOST_USE = 256
const SMALL_BODY = 16 << 10

export class Call {
  readonly context: CallContext
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly caller: Caller
  readonly body: Buffer
  readonly path: string
  /** Digest of the caller and their Idempotency-Key, where one was sent. */
  readonly idempotency: string | undefined
  readonly #parties: string

  constructor(
    context: CallContext,
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
    body: Buffer,
  ) {
    this.context = context
    this.request = request
    this.response = response
    this.caller = caller
    this.body = body
    this.path = request.url ?? '/'
    this.idempotency = idempotencyDigest(request, caller)
    this.#parties = partiesOf(context.config.operator, caller, request.headers['answerable-use'])
  }

  /** The JSON text of the parties disclosure. */
  get parties(): string {
    return this.#parties
  }

  asked(model: string, sampling: string): Asked {
    return {
      request: this.body,
      method: this.request.method ?? 'POST',
      path: this.path,
      mediaType: this.request.headers['content-type'] ?? '',
      model,
      sampling,
      parties: this.#parties,
      idempotency: this.idempotency,
    }
  }

  /** Records the answer, then sends it. Where it cannot be recorded it is not sent: throws `not-writable`. */
  async finish(asked: Asked, answered: Answered, headers: string[]): Promise<void> {
    const recorded = await this.context.recorder.answer(asked, answered)
    this.send(answered.status, answered.response, answered.mediaType, recorded, headers)
  }

  send(
    status: number,
    body: Uint8Array,
    mediaType: string,
    recorded: Pick<Recorded, 'id' | 'secret'>,
    headers: string[],
  ): void {
    if (this.response.destroyed) return
    const head = [...headers, 'content-length', String(body.length)]
    if (mediaType !== '') head.push('content-type', mediaType)
    this.addReceipt(head, recorded)
    this.response.writeHead(status, head)
    // As a latin1 string a small body leaves together with the head, in one write to the socket.
    if (body.length <= SMALL_BODY) this.response.end(asLatin1(body), 'latin1')
    else this.response.end(body)
  }

  /**
   * Answers again what was answered under this idempotency digest before, with the same receipt. False where nothing
   * was. Throws `conflict` for another request under the same key, and `erased` where the answer is gone.
   */
  async replay(digest: string): Promise<boolean> {
    const before = await this.context.answeredBefore(digest)
    if (before === undefined) return false
    if (!this.body.equals(before.request))
      throw new AnswerableError('conflict', 'this Idempotency-Key was used for another request')
    const head = ['idempotency-replayed', 'true']
    if (before.opinions !== undefined) addDissent(head, before.opinions)
    this.send(before.status, before.response, before.mediaType, before, head)
    return true
  }

  addReceipt(head: string[], { id, secret }: Pick<Recorded, 'id' | 'secret'>): void {
    const url = `${this.context.baseUrl(this.request)}/receipts/${id}#${secret}`
    head.push('answerable-receipt', id, 'answerable-receipt-url', url)
  }
}

function asLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function idempotencyDigest({ headers, method, url }: IncomingMessage, { id }: Caller): string | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || key === '' || key.length > 255)
    throw new AnswerableError('bad-request', 'Idempotency-Key: expected 1 to 255 characters')
  return hash('sha256', `${id}\n${method} ${url}\n${key}`, 'hex')
}

const KNOWN_PARTIES = new WeakMap<Caller, string>()

function partiesOf(operator: string, caller: Caller, use: string | string[] | undefined): string {
  if (use === undefined) {
    let text = KNOWN_PARTIES.get(caller)
    if (text === undefined) {
      text = partiesJson(operator, caller, caller.declaredUse)
      KNOWN_PARTIES.set(caller, text)
    }
    return text
  }
  if (typeof use !== 'string' || use.length > MOST_USE)
    throw new AnswerableError('bad-request', `Answerable-Use: expected at most ${MOST_USE} characters`)
  return partiesJson(operator, caller, use)
}

function partiesJson(operator: string, { deployer }: Caller, declaredUse: string | undefined): string {
  return JSON.stringify({ operator, deployer, declaredUse: declaredUse ?? null, price: null, payees: [] })
}
