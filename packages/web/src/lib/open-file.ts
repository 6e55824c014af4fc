/** Reading receipts and bytes that the reader brings, within bounds. */
import { utf8 } from '@answerable/core'
import { MAX_RECEIPT_BYTES, parseReceipt, type Receipt } from '@answerable/core/receipt'
import { PageError } from './problem.ts'

export async function readBytes(file: File): Promise<Uint8Array> {
  const most = MAX_RECEIPT_BYTES >> 20
  if (file.size > MAX_RECEIPT_BYTES)
    throw new PageError('too-large', `${file.name} has ${file.size >> 20} MB; at most ${most} MB are read`)
  try {
    return new Uint8Array(await file.arrayBuffer())
  } catch (cause) {
    throw new PageError('not-readable', `${file.name} could not be read`, { cause })
  }
}

export async function receiptFromFile(file: File): Promise<Receipt> {
  return parseReceipt(await readBytes(file))
}

export function receiptFromText(text: string): Receipt {
  return parseReceipt(utf8(text.trim()))
}
