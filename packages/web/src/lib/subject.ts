import type { Receipt } from '@answerable/core/receipt'

/** A receipt under the reader's eyes, with the bytes that they brought to compare. */
export interface Subject {
  /** What the page calls it. */
  title: string
  receipt: Receipt
  given: { request?: Uint8Array; response?: Uint8Array }
}
