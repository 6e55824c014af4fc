/** `recorded`: a fetch that hands on no answer without a receipt that holds. */
import { Exchange } from './exchange.ts'
import type { Fetch, RecordedOptions } from './options.ts'
import { outgoing, targetOf } from './outgoing.ts'
import { settingsOf } from './settings.ts'
import { newShared } from './shared.ts'

/**
 * Wraps a fetch so that every answer comes with a receipt that was checked: the record is of exactly the bytes sent
 * and received, and under a checkpoint that a log you trust signed. Streams stay streams. An answer without a receipt
 * is an `AnswerableError` `no-receipt`, one whose receipt does not hold `receipt-rejected`; a stream errors before its
 * last event. Errors that a gateway gives before it admits a call (401, 413, 429, 503) have no record and pass.
 * Redirects are not followed.
 *
 * ```ts
 * import OpenAI from 'openai'
 * import { recorded } from 'answerable/client'
 *
 * const trust = (await (await fetch('http://127.0.0.1:7070/trust')).json()).policy // look at it once, then keep it
 * const openai = new OpenAI({
 *   apiKey: 'any',
 *   baseURL: 'http://127.0.0.1:7070/v1',
 *   fetch: recorded(fetch, { trust, onReceipt: call => console.log(call.id, call.receiptUrl) }),
 * })
 * ```
 *
 * Throws `bad-config`, `bad-policy` and `bad-vkey` for options that cannot be used.
 */
export function recorded(fetch: Fetch, options: RecordedOptions): Fetch {
  const settings = settingsOf(fetch, options)
  const shared = newShared(settings.checker.suite)
  return async (input, init) => {
    if (!settings.required(targetOf(input, init))) return fetch(input, init)
    const sent = await outgoing(input, init, settings)
    sent.signal?.throwIfAborted()
    shared.refusals.check(sent.url, sent.headers, sent.request)
    return new Exchange(settings, shared, sent).run()
  }
}
