/** Checking on the page: core's `Verifier`, timed. */
import { portableSuite } from '@answerable/core/portable'
import { type Receipt, type Verification, Verifier, type VerifyOptions } from '@answerable/core/receipt'
import type { Granted } from './trust.ts'

export interface Checked {
  verification: Verification
  /** How long it took, in milliseconds. */
  ms: number
}

/** Checks receipts under what the reader granted. Judged checkpoints are remembered for as long as it lives. */
export class Checker {
  readonly #verifier: Verifier

  constructor(granted: readonly Granted[]) {
    const networks = granted.map(({ name, parsed }) => ({ name, policy: parsed }))
    this.#verifier = new Verifier(portableSuite, { networks })
  }

  check(receipt: Receipt, options: VerifyOptions = {}): Checked {
    const started = performance.now()
    const verification = this.#verifier.verify(receipt, options)
    return { verification, ms: performance.now() - started }
  }
}
