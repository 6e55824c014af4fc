/** Goes back for the cosignatures of calls in the background, so that what is kept can be checked offline later. */
import { errorCode } from '@answerable/core'
import type { RecordedCall } from './call.ts'
import { sleep } from './timing.ts'

const MOST_CALLS = 1024
const MOST_BYTES = 64 * 1024 * 1024
/** Witnesses that need longer are down; the receipt stays committed, and can be fetched again by its address. */
const PATIENCE_MS = 300_000
const PAUSE_MS = 15_000

export class Follower {
  #calls = 0
  #bytes = 0

  /** Follows a call, unless too many are followed already. `changed` hears of a record that is another now. */
  follow(call: RecordedCall, changed: (error: unknown) => unknown): void {
    const size = call.requestBytes + call.responseBytes
    if (call.state === 'witnessed' || this.#calls >= MOST_CALLS || this.#bytes + size > MOST_BYTES) return
    this.#calls++
    this.#bytes += size
    patiently(call, changed)
      .catch(() => undefined)
      .finally(() => {
        this.#calls--
        this.#bytes -= size
      })
  }
}

async function patiently(call: RecordedCall, changed: (error: unknown) => unknown): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  while (Date.now() < end) {
    try {
      await call.witnessed({ timeoutMs: end - Date.now(), background: true })
      return
    } catch (error) {
      if (errorCode(error) === 'receipt-rejected') return void (await changed(error))
      // A gateway that is down has taken nothing back: its receipt was checked when the answer came.
      if (errorCode(error) !== 'no-receipt') return
      await sleep(PAUSE_MS, undefined, true)
    }
  }
}
