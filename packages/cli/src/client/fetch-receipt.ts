/** Fetches a receipt from a gateway that may be slow, down or lying. */

import { AnswerableError } from '@answerable/core'
import { MAX_RECEIPT_BYTES, RECEIPT_MEDIA_TYPE } from '@answerable/core/receipt'
import { readAll } from './bounded.ts'
import { none, rejected } from './faults.ts'
import type { ReceiptLink } from './link.ts'
import type { Fetch } from './options.ts'
import { sleep, within } from './timing.ts'

export interface ReceiptRequest {
  fetch: Fetch
  link: ReceiptLink
  /** Whether to ask with the holder secret, for disclosures and content, or for public part and proof alone. */
  open: boolean
  /** Bytes of content that the receipt may hold; all else in it is small. */
  contentBytes: number
  timeoutMs: number
  signal?: AbortSignal | undefined
  dispatcher?: unknown
  background?: boolean
}

/** Room for statements, proofs, disclosures and documents. */
const BESIDES_CONTENT = 4 * 1024 * 1024
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 2000

/**
 * The receipt's bytes. Tries again where the gateway cannot be reached or has a fault, until the time is up. Throws
 * `no-receipt`, `receipt-rejected` for more bytes than a receipt of this call can have, and the signal's reason.
 */
export async function fetchReceipt(request: ReceiptRequest): Promise<Uint8Array> {
  const { timeoutMs, signal, background } = request
  const end = Date.now() + timeoutMs
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 3, LONGEST_PAUSE)) {
    const attempt = await tryOnce(request, Math.max(1, end - Date.now()))
    if (attempt instanceof Uint8Array) return attempt
    if (Date.now() + pause >= end) throw attempt
    await sleep(pause, signal, background)
  }
}

/** The bytes, or the fault after which another try may help. */
async function tryOnce(request: ReceiptRequest, ms: number): Promise<Uint8Array | AnswerableError> {
  const late = () => none(`the receipt did not come within ${request.timeoutMs} ms`)
  const abort = new AbortController()
  const stop = () => abort.abort(request.signal!.reason)
  request.signal?.throwIfAborted()
  request.signal?.addEventListener('abort', stop, { once: true })
  try {
    return await within(getOnce(request, abort.signal, ms), ms, late)
  } catch (error) {
    request.signal?.throwIfAborted()
    if (error instanceof AnswerableError) throw error.code === 'upstream-timeout' ? late() : error
    return none('the receipt could not be fetched', error)
  } finally {
    request.signal?.removeEventListener('abort', stop)
    // Also ends what is still on its way when the time was up.
    abort.abort()
  }
}

async function getOnce(request: ReceiptRequest, signal: AbortSignal, ms: number) {
  const { fetch, link, open, contentBytes, dispatcher } = request
  const init: RequestInit = {
    method: 'GET',
    headers: { accept: RECEIPT_MEDIA_TYPE, ...(open && { authorization: `Bearer ${link.secret}` }) },
    redirect: 'manual',
    credentials: 'omit',
    signal,
  }
  if (dispatcher !== undefined) Object.assign(init, { dispatcher })
  const response = await fetch(link.url, init)
  // A redirect was not followed; a fetch that follows all the same is found out here.
  const elsewhere = response.redirected || response.type === 'opaqueredirect'
  if (response.status !== 200 || elsewhere) {
    void response.body?.cancel().catch(() => undefined)
    const fault = none(`the receipt’s address answered ${elsewhere ? 'from elsewhere' : response.status}`)
    if (response.status === 429 || response.status >= 500) return fault
    throw fault
  }
  const maxBytes = Math.min(MAX_RECEIPT_BYTES, Math.ceil(contentBytes / 3) * 4 + BESIDES_CONTENT)
  try {
    return await readAll(response.body, { maxBytes, idleMs: ms }, signal)
  } catch (cause) {
    if (!(cause instanceof AnswerableError) || cause.code !== 'too-large') throw cause
    throw rejected('the receipt is larger than one of this call can be', cause)
  }
}
