/** Goes back for the cosignatures of calls in the background, so that what is kept can be checked offline later. */
import type { RecordedCall } from './call.ts'

const MOST_CALLS = 1024
const MOST_BYTES = 64 * 1024 * 1024
/** Witnesses that need longer are down; the receipt stays committed, and can be fetched again by its address. */
const PATIENCE_MS = 300_000

export class Follower {
  #calls = 0
  #bytes = 0

  /** Follows a call, unless too many are followed already. `failed` hears of a record that has changed since. */
  follow(call: RecordedCall, failed: (error: unknown) => unknown): void {
    const size = call.requestBytes + call.responseBytes
    if (call.state === 'witnessed' || this.#calls >= MOST_CALLS || this.#bytes + size > MOST_BYTES) return
    this.#calls++
    this.#bytes += size
    call
      .witnessed({ timeoutMs: PATIENCE_MS, background: true })
      .catch(failed)
      .catch(() => undefined)
      .finally(() => {
        this.#calls--
        this.#bytes -= size
      })
  }
}
