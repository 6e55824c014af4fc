/** One call under way: the answer is read, its receipt fetched, checked and kept, and only then is the end handed on. */

import { AnswerableError } from '@answerable/core'
import { Pieces, readInto } from './bounded.ts'
import { RecordedCall } from './call.ts'
import type { Checked, Seen } from './check.ts'
import { checkedStream } from './checked-stream.ts'
import { asFault, none, rejected } from './faults.ts'
import { fetchReceipt } from './fetch-receipt.ts'
import { hasReceipt, linkText, type ReceiptLink, receiptLink } from './link.ts'
import type { Refused } from './options.ts'
import type { Outgoing } from './outgoing.ts'
import type { Promised } from './promise.ts'
import type { Settings } from './settings.ts'
import type { Shared } from './shared.ts'
import { sleep, within } from './timing.ts'

/** How long an answer that was cut off waits for its record before the caller hears of it. */
const SALVAGE_MS = 5000
const SALVAGE_PAUSE = 100
const NO_BODY = new Set([204, 205, 304])

export class Exchange {
  readonly #settings: Settings
  readonly #shared: Shared
  readonly #sent: Outgoing
  readonly #abort = new AbortController()
  readonly #pieces: Pieces
  #response!: Response
  #link: ReceiptLink | undefined
  #promised: Promised | undefined
  #over = false

  constructor(settings: Settings, shared: Shared, sent: Outgoing) {
    this.#settings = settings
    this.#shared = shared
    this.#sent = sent
    this.#pieces = new Pieces(settings.maxBytes)
  }

  async run(): Promise<Response> {
    const { fetch, hold, checker } = this.#settings
    const { signal } = this.#sent
    const own = this.#abort.signal
    this.#response = await this.#sent.send(fetch, signal === undefined ? own : AbortSignal.any([signal, own]))
    const { status, headers, type } = this.#response
    const events = /^text\/event-stream\b/i.test(headers.get('content-type') ?? '')
    if (!hasReceipt(headers)) {
      // What a gateway refuses before it admits a call is no answer of a model, and has no record.
      if (status >= 300) return this.#response
      const what = type === 'opaqueredirect' ? 'a redirect' : 'an answer'
      return this.#refuseUnread(none(`${what} came without a receipt`), events)
    }
    // A stream that is given again under its Idempotency-Key has ended long ago: it has no promise and needs none.
    const again = headers.get('idempotency-replayed') === 'true' && this.#sent.headers.has('idempotency-key')
    const streams = events && !again
    try {
      this.#link = receiptLink(headers, origin => this.#allows(origin))
      if (streams) this.#promised = checker.promise(headers.get('answerable-promise'))
    } catch (error) {
      return this.#refuseUnread(error, events)
    }
    const { body } = this.#response
    if (hold === 'everything' || (hold === 'answers' && !streams) || body === null || NO_BODY.has(status))
      return this.#whole()
    return this.#piecemeal(body, events)
  }

  #allows(origin: string): boolean {
    return origin === this.#sent.url.origin || this.#settings.origins.has(origin)
  }

  async #whole(): Promise<Response> {
    try {
      await readInto(this.#pieces, this.#response.body, this.#settings.idleMs)
    } catch (error) {
      throw await this.#broken(error)
    }
    await this.#ended()
    return this.#respond(this.#pieces.bytes())
  }

  #piecemeal(body: ReadableStream<Uint8Array>, events: boolean): Response {
    const { idleMs } = this.#settings
    const stop = () => this.#cancelled(this.#sent.signal!.reason)
    this.#sent.signal?.addEventListener('abort', stop, { once: true })
    const finish = () => this.#sent.signal?.removeEventListener('abort', stop)
    const stream = checkedStream(
      body,
      { events, pieces: this.#pieces, idleMs },
      {
        ended: () => this.#ended().finally(finish),
        broken: error => this.#broken(error).finally(finish),
        cancelled: reason => {
          finish()
          this.#cancelled(reason)
        },
      },
    )
    return this.#respond(stream)
  }

  #respond(body: Uint8Array | ReadableStream<Uint8Array>): Response {
    const { status, statusText, headers, url } = this.#response
    const response = new Response(NO_BODY.has(status) ? null : (body as ReadableStream<Uint8Array>), {
      status,
      statusText,
      headers,
    })
    // A constructed response has none.
    Object.defineProperty(response, 'url', { value: url })
    return response
  }

  /** Everything came. Rejects where there is no receipt that holds for it, or it cannot be kept. */
  async #ended(): Promise<void> {
    if (this.#over) throw this.#sent.signal?.reason ?? new DOMException('cancelled', 'AbortError')
    this.#over = true
    const { checker, timeoutMs, waitForWitnesses } = this.#settings
    const seen = this.#seen()
    let raw: Uint8Array | undefined
    let checked: Checked
    try {
      raw = await this.#receipt(seen.request.length + seen.response.length, timeoutMs)
      checked = checker.answer(raw, seen)
      this.#shared.ids.take(seen.link.id, this.#sent.headers.has('idempotency-key'))
    } catch (error) {
      this.#sent.signal?.throwIfAborted()
      throw await this.#refuse(error, raw)
    }
    const call = this.#call(checked)
    await this.#keep(call)
    if (waitForWitnesses > 0 && call.state !== 'witnessed') await this.#awaitWitnesses(call, raw)
    await this.#settings.onReceipt(call)
    this.#follow(call)
  }

  async #awaitWitnesses(call: RecordedCall, raw: Uint8Array): Promise<void> {
    const { waitForWitnesses } = this.#settings
    const { signal } = this.#sent
    try {
      const { verdict } = await call.witnessed({ timeoutMs: waitForWitnesses, ...(signal && { signal }) })
      if (!verdict.met)
        throw rejected(`not witnessed within ${waitForWitnesses} ms: ${verdict.unmet.join('; ')}`)
    } catch (error) {
      signal?.throwIfAborted()
      throw await this.#refuse(error, raw)
    }
  }

  /** The body broke off: the record says how far the answer got, if there is one. */
  async #broken(cause: unknown): Promise<unknown> {
    if (this.#over || this.#sent.signal?.aborted) {
      this.#cancelled(cause)
      return cause
    }
    this.#over = true
    this.#abort.abort(cause)
    const kept = await this.#salvage(Math.min(this.#settings.timeoutMs, SALVAGE_MS), false)
    if (cause instanceof AnswerableError) return cause
    const record = kept === undefined ? 'no record of it was found' : `its record is ${kept.id}`
    return new AnswerableError('upstream-broken', `the answer was cut off; ${record}`, { cause })
  }

  /** The caller wants no more: so does nobody. What was answered until then is on record, which is kept. */
  #cancelled(reason: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#abort.abort(reason)
    void this.#salvage(this.#settings.timeoutMs, true).catch(() => undefined)
  }

  async #salvage(ms: number, background: boolean): Promise<RecordedCall | undefined> {
    const seen = this.#seen()
    const end = Date.now() + ms
    let raw: Uint8Array | undefined
    let checked: Checked | undefined
    try {
      while (checked === undefined) {
        const left = Math.max(1, end - Date.now())
        raw = await this.#receipt(this.#settings.maxBytes + seen.request.length, left, background)
        checked = this.#settings.checker.part(raw, seen)
        if (checked !== undefined) break
        if (Date.now() + SALVAGE_PAUSE >= end)
          throw none('the answer was cut off, and its record does not say how far it got')
        await sleep(SALVAGE_PAUSE, undefined, background)
      }
    } catch (error) {
      // Not final as other refusals are: the call may be made again.
      await this.#complain(asFault(error), raw)
      return undefined
    }
    const call = this.#call(checked)
    await this.#keep(call)
    await this.#settings.onReceipt(call)
    this.#follow(call)
    return call
  }

  #receipt(contentBytes: number, timeoutMs: number, background?: boolean): Promise<Uint8Array> {
    return fetchReceipt({
      fetch: this.#settings.fetch,
      link: this.#link!,
      open: true,
      contentBytes,
      timeoutMs,
      dispatcher: this.#sent.dispatcher,
      // The record of a call that was given up is wanted all the same.
      ...(background === undefined ? { signal: this.#sent.signal } : { background }),
    })
  }

  #seen(): Seen & { response: Uint8Array } {
    const { method, url, request } = this.#sent
    return {
      method,
      path: url.pathname + url.search,
      request,
      status: this.#response.status,
      response: this.#pieces.bytes(),
      link: this.#link!,
      promised: this.#promised,
    }
  }

  #call(checked: Checked): RecordedCall {
    const { method, url, request, dispatcher } = this.#sent
    const facts = {
      link: this.#link!,
      method,
      url: url.href,
      status: this.#response.status,
      requestBytes: request.length,
      responseBytes: this.#pieces.length,
      dispatcher,
    }
    return new RecordedCall(this.#settings, facts, checked)
  }

  async #keep(call: RecordedCall): Promise<void> {
    try {
      await call.keep()
    } catch (error) {
      this.#shared.refusals.remember(this.#sent.url, this.#sent.request, error)
      throw error
    }
  }

  #follow(call: RecordedCall): void {
    if (this.#settings.followWitnesses)
      this.#shared.follower.follow(call, error => this.#complain(asFault(error), undefined))
  }

  /** Refuses an answer of which nothing was read; what of it comes by itself is kept for the complaint. */
  async #refuseUnread(error: unknown, events: boolean): Promise<never> {
    const { body } = this.#response
    if (!events && body !== null) {
      const { timeoutMs, idleMs } = this.#settings
      const reading = readInto(this.#pieces, body, idleMs, this.#abort.signal)
      await within(reading, timeoutMs, () => none('')).catch(() => undefined)
    }
    throw await this.#refuse(error, undefined)
  }

  /** Tells whoever keeps complaints, and gives the error to throw. */
  async #refuse(cause: unknown, receipt: Uint8Array | undefined): Promise<unknown> {
    this.#over = true
    this.#abort.abort(cause)
    const error = asFault(cause)
    this.#shared.refusals.remember(this.#sent.url, this.#sent.request, error)
    await this.#complain(error, receipt)
    return error
  }

  async #complain(error: AnswerableError, receipt: Uint8Array | undefined): Promise<void> {
    const { method, url, request } = this.#sent
    const refused: Refused = {
      code: error.code,
      reason: error.message,
      method,
      url: url.href,
      request,
      status: this.#response.status,
      response: this.#pieces.bytes(),
      ...(this.#link && { id: this.#link.id, receiptUrl: linkText(this.#link) }),
      ...(this.#promised && { promise: this.#promised.text }),
      ...(receipt && { receipt }),
    }
    for (const keeper of this.#settings.complaints) await keeper.refused(refused)
  }
}
