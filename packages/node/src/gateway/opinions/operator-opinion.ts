/**
 * The opinion of another operator's gateway, which may be slow, down or lying. What it says is recorded here as any
 * forwarded call; its own receipt is named beside that, and checked where the deployer gave something to check it by.
 */
import { hash } from 'node:crypto'
import { AnswerableError } from '@answerable/core'
import type { TheirReceipt } from '@answerable/core/opinions'
import { MAX_RECEIPT_BYTES, parseReceipt, RECEIPT_MEDIA_TYPE, type Verifier } from '@answerable/core/receipt'
import { parseInference } from '@answerable/core/statement'
import type { Asked } from '../../record/recorder.ts'
import { readBounded } from '../../witness/bounded.ts'
import type { CallProtocol } from '../call-paths.ts'
import { KSERVE_SAMPLING } from '../kserve.ts'
import { type Fields, samplingOf } from '../openai-fields.ts'
import { type WholeAnswer, wholeAnswer } from '../whole-answer.ts'
import { failed, type Opinion, type Question, type Said } from './opinion.ts'
import { withModel } from './with-model.ts'

export interface OperatorOptions {
  operator: string
  model: string
  protocol: CallProtocol
  /** Its API key. */
  key?: string | undefined
  /** Under the reader's trust in that operator's log, without a quorum: a fresh record has no cosignature yet. */
  verifier?: Verifier | undefined
}

/** Said by a gateway that asks for an opinion, so that routes of two gateways do not ask each other for ever. */
export const OPINION_HEADER = 'answerable-opinion'
const MOST_ANSWER = 8 << 20
const MOST_SEEN = 65_536
/** Room for statements, proofs, disclosures and documents. */
const BESIDES_CONTENT = 4 << 20
const LINK = /^(https?:\/\/[^\s#?@]{1,1900}\/receipts\/([0-9a-f-]{36}))#([A-Za-z0-9_-]{43})$/

interface Link {
  id: string
  url: string
  secret: string
}

export class OperatorOpinion implements Opinion {
  readonly model: string
  readonly operator: string
  readonly #options: OperatorOptions
  /** Ids of the last receipts. */
  readonly #seen = new Set<string>()

  constructor(options: OperatorOptions) {
    this.model = options.model
    this.operator = options.operator
    this.#options = options
  }

  async ask(question: Question): Promise<Said> {
    const { protocol, operator, model } = this.#options
    const { call, identity, parties } = question
    const kserve = protocol === 'kserve'
    const address = operator + (kserve ? `/v2/models/${encodeURIComponent(model)}/infer` : call.path)
    const { pathname, search } = new URL(address)
    const sampling = kserve ? KSERVE_SAMPLING : samplingOf(question.fields as Fields, undefined)
    const { idempotency: _, ...common } = call.asked(this.#describe(undefined, undefined), sampling)
    const request = kserve ? call.body : withModel(call.body, model)
    const asked: Asked = { ...common, request, path: pathname + search, parties, identity }
    try {
      const { headers, whole } = await this.#send(address, asked, question.signal)
      const { answered } = whole
      if (answered.outcome !== 'ok') {
        asked.model = this.#describe(whole.model, undefined)
        return { asked, answered, headers: [], reason: answered.status < 500 ? 'refused' : 'failed' }
      }
      const link = linkOf(headers, operator)
      if (link === undefined) return { asked, answered, headers: [], reason: 'no-receipt' }
      const { reason, receipt } = await this.#receipt(link, asked, answered.response, question.signal)
      asked.model = this.#describe(whole.model, receipt)
      return {
        asked,
        answered,
        headers: [],
        receipt,
        receiptUrl: `${link.url}#${link.secret}`,
        ...(reason && { reason }),
      }
    } catch (error) {
      return { asked, ...failed(error, question, pathname) }
    }
  }

  #describe(answered: string | undefined, receipt: TheirReceipt | undefined): string {
    const { operator, model } = this.#options
    const runtime = { name: 'upstream', upstream: 'opinion', host: new URL(operator).host }
    return JSON.stringify({ name: model, answered: answered ?? null, runtime, receipt })
  }

  async #send(address: string, { request, mediaType }: Asked, signal: AbortSignal) {
    const headers: Record<string, string> = {
      'content-type': mediaType === '' ? 'application/json' : mediaType,
      [OPINION_HEADER]: '1',
      ...this.#authorization(),
    }
    const response = await this.#fetch(address, {
      method: 'POST',
      headers,
      body: new Uint8Array(request),
      signal,
    })
    const body = await readBounded(response.body, MOST_ANSWER)
    if (body === undefined)
      throw new AnswerableError('upstream-broken', 'the operator answered more than is taken here')
    // Decoded by fetch; a redirect, which is not followed, is no answer.
    const head = {
      status: response.status,
      headers: { 'content-type': response.headers.get('content-type') ?? '' },
    }
    const whole: WholeAnswer = await wholeAnswer(head, [Buffer.from(body)], MOST_ANSWER)
    if (response.status >= 300) whole.answered.outcome = 'upstream-error'
    return { headers: response.headers, whole }
  }

  /** What becomes of their receipt. Without trust it is named and not looked at. */
  async #receipt(
    link: Link,
    asked: Asked,
    response: Uint8Array,
    signal: AbortSignal,
  ): Promise<{ receipt: TheirReceipt; reason?: 'no-receipt' | 'receipt-rejected' }> {
    const { verifier } = this.#options
    const { id, url } = link
    const named: TheirReceipt = { id, url, check: 'unchecked' }
    // A model that repeats gives equal bytes to equal questions: the receipt of an earlier call would fit this one too.
    if (this.#seen.has(id)) return { receipt: named, reason: 'receipt-rejected' }
    if (this.#seen.size >= MOST_SEEN) this.#seen.delete(this.#seen.values().next().value!)
    this.#seen.add(id)
    if (verifier === undefined) return { receipt: named }
    const bytes = await this.#fetchReceipt(link, asked.request.length + response.length, signal)
    if (bytes === undefined) return { receipt: named, reason: 'no-receipt' }
    try {
      const receipt = parseReceipt(bytes)
      const statement = hash('sha256', receipt.statement, 'hex')
      const { verdict, compared, record } = verifier.verify(receipt, { request: asked.request, response })
      const { holder } = parseInference(receipt.statement)
      const good =
        verdict.met &&
        compared.request === 'same' &&
        compared.response === 'same' &&
        record?.id === id &&
        holder === hash('sha256', Buffer.from(link.secret, 'base64url'), 'hex')
      if (good) return { receipt: { ...named, check: 'recorded', statement } }
      return { receipt: { ...named, statement }, reason: 'receipt-rejected' }
    } catch {
      return { receipt: named, reason: 'receipt-rejected' }
    }
  }

  async #fetchReceipt({ url, secret }: Link, content: number, signal: AbortSignal) {
    const headers = { accept: RECEIPT_MEDIA_TYPE, authorization: `Bearer ${secret}` }
    const most = Math.min(MAX_RECEIPT_BYTES, Math.ceil(content / 3) * 4 + BESIDES_CONTENT)
    try {
      const response = await this.#fetch(url, { headers, signal })
      if (response.status !== 200) {
        void response.body?.cancel().catch(() => undefined)
        return undefined
      }
      return await readBounded(response.body, most)
    } catch {
      // Down, or too slow: an answer whose receipt cannot be had in time.
      return undefined
    }
  }

  #authorization(): Record<string, string> {
    const { key } = this.#options
    return key === undefined ? {} : { authorization: `Bearer ${key}` }
  }

  /** Throws the signal's reason, and `upstream-unreachable`. */
  async #fetch(url: string, init: RequestInit & { signal: AbortSignal }): Promise<Response> {
    try {
      return await fetch(url, { ...init, redirect: 'manual' })
    } catch (cause) {
      init.signal.throwIfAborted()
      throw new AnswerableError('upstream-unreachable', 'the operator cannot be reached', { cause })
    }
  }
}

/** A receipt elsewhere than at the operator that was asked is not gone after. */
function linkOf(headers: Headers, operator: string): Link | undefined {
  const [, url, id, secret] = LINK.exec(headers.get('answerable-receipt-url') ?? '') ?? []
  if (url === undefined || id === undefined || secret === undefined) return undefined
  if (id !== headers.get('answerable-receipt') || !URL.canParse(url)) return undefined
  return new URL(url).origin === new URL(operator).origin ? { id, url, secret } : undefined
}
