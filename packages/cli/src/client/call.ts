/** One answered call: its receipt, what was checked of it, and how it comes to be witnessed. */

import type { Receipt, Verification } from '@answerable/core/receipt'
import type { Checked } from './check.ts'
import { rejected } from './faults.ts'
import { fetchReceipt } from './fetch-receipt.ts'
import { linkText, type ReceiptLink } from './link.ts'
import type { Settings } from './settings.ts'
import { sleep } from './timing.ts'

export interface CallFacts {
  link: ReceiptLink
  method: string
  url: string
  status: number
  requestBytes: number
  responseBytes: number
  dispatcher?: unknown
}

export interface WitnessedOptions {
  /** How long to go on asking; 60,000 by default. */
  timeoutMs?: number
  signal?: AbortSignal
  /** Whether a process may end while this waits. */
  background?: boolean
}

const FIRST_PAUSE = 250
const LONGEST_PAUSE = 15_000

/** A call whose receipt passed the check that is made before an answer is handed on. */
export class RecordedCall {
  /** The record's id: public. */
  readonly id: string
  /** Where the receipt is, with the holder secret in the fragment: it opens the record and files a dispute. */
  readonly receiptUrl: string
  readonly method: string
  readonly url: string
  readonly status: number
  readonly requestBytes: number
  readonly responseBytes: number
  readonly #settings: Settings
  readonly #facts: CallFacts
  #checked: Checked
  #state: 'committed' | 'witnessed'

  constructor(settings: Settings, facts: CallFacts, checked: Checked) {
    const { link, method, url, status, requestBytes, responseBytes } = facts
    this.id = link.id
    this.receiptUrl = linkText(link)
    this.method = method
    this.url = url
    this.status = status
    this.requestBytes = requestBytes
    this.responseBytes = responseBytes
    this.#settings = settings
    this.#facts = facts
    const whole = settings.checker.judge(checked.receipt)
    this.#state = whole.verdict.met ? 'witnessed' : 'committed'
    this.#checked = whole.verdict.met ? { ...checked, verification: whole } : checked
  }

  /** The receipt: with the cosignatures of its witnesses once `state` is `witnessed`. */
  get receipt(): Receipt {
    return this.#checked.receipt
  }

  /** What the newest check found. While `state` is `committed`, that was a check without the policy's quorum. */
  get verification(): Verification {
    return this.#checked.verification
  }

  /** `committed`: under a checkpoint that a trusted log signed. `witnessed`: the reader's whole policy is met. */
  get state(): 'committed' | 'witnessed' {
    return this.#state
  }

  /** Whether the answer was cut off; the record then holds how far it got. */
  get interrupted(): boolean {
    return this.#checked.verification.record?.event === 'interrupted'
  }

  /**
   * Asks for the receipt again until the reader's whole policy is met, keeps it then, and says what was found: also
   * where the time was up before (`verdict.met` is false then). Throws `no-receipt` where the receipt cannot be had,
   * and `receipt-rejected` where the record has changed.
   */
  async witnessed(options: WitnessedOptions = {}): Promise<Verification> {
    const { timeoutMs = 60_000, signal, background = false } = options
    const { checker, fetch } = this.#settings
    const { link, dispatcher } = this.#facts
    const end = Date.now() + timeoutMs
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      if (this.#state === 'witnessed') return this.verification
      const bytes = await fetchReceipt({
        fetch,
        link,
        // Statement and proof suffice: what they disclose was checked when the answer came.
        open: false,
        contentBytes: 0,
        timeoutMs: Math.max(1, Math.min(this.#settings.timeoutMs, end - Date.now())),
        signal,
        dispatcher,
        background,
      })
      const checked = checker.newer(this.receipt, bytes)
      const { verdict, claims } = checked.verification
      if (verdict.met) {
        await this.#becomes(checked)
        return checked.verification
      }
      if (claims.recorded.result === 'fail') throw rejected(claims.recorded.sentence)
      if (Date.now() + pause >= end) return checked.verification
      await sleep(pause, signal, background)
    }
  }

  async #becomes(checked: Checked): Promise<void> {
    if (this.#state === 'witnessed') return
    this.#state = 'witnessed'
    this.#checked = checked
    await this.keep()
  }

  /** Hands the receipt to all who keep it. */
  async keep(): Promise<void> {
    for (const keeper of this.#settings.keepers) await keeper.keep(this.receipt, this)
  }
}
