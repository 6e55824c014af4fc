/** Fetching a receipt again and again until witnesses have seen its record. */
import type { Receipt } from '@answerable/core/receipt'
import { getReceipt, type ReceiptAddress } from './api.ts'

/** Between tries, in milliseconds: about 20 s in all. Witnesses usually take one. */
const WAITS = [400, 400, 400, 500, 500, 800, 800, 1200, 1200, 2000, 3000, 4000, 5000]

export interface Fetched {
  bytes: Uint8Array<ArrayBuffer>
  receipt: Receipt
  witnessed: boolean
  /** Whether it will be fetched again. */
  following: boolean
}

/** Tells of each receipt that came. Ends where it is witnessed, after the last wait, or when aborted. */
export async function followReceipt(
  address: ReceiptAddress,
  isWitnessed: (receipt: Receipt) => boolean,
  tell: (fetched: Fetched) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 0; ; tries++) {
    const got = await getReceipt(address, signal)
    if (signal.aborted) return
    const witnessed = isWitnessed(got.receipt)
    const following = !witnessed && tries < WAITS.length
    tell({ ...got, witnessed, following })
    if (!following) return
    await wait(WAITS[tries]!, signal)
    if (signal.aborted) return
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
