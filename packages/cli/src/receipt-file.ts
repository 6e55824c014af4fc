/** Writing receipts, and saying what they give away. */
import type { Receipt } from '@answerable/core/receipt'
import { replaceFile } from './home.ts'
import { note } from './output/style.ts'
import { count, wrap } from './output/text.ts'

/** To a file, or without one to standard output. One that opens anything is readable by its owner alone. */
export function saveReceipt(bytes: Uint8Array, receipt: Receipt, path: string | undefined): void {
  if (path === undefined || path === '-') {
    process.stdout.write(bytes)
    return
  }
  replaceFile(path, bytes, isPrivate(receipt) ? 0o600 : 0o644)
  note(...wrap(`${path}: ${count(bytes.length, 'byte')}. ${discloses(receipt)}`))
}

function isPrivate({ disclosures, content }: Receipt): boolean {
  return Object.keys(disclosures).length + Object.keys(content).length > 0
}

function discloses({ disclosures, content }: Receipt): string {
  const opened = Object.keys(disclosures)
  const bytes = Object.keys(content)
  if (opened.length + bytes.length === 0) return 'It discloses nothing beyond its public part.'
  const what = opened.length > 0 ? `It discloses ${opened.join(', ')}` : 'It discloses nothing'
  return bytes.length > 0
    ? `${what}, with the bytes of ${bytes.join(' and ')}.`
    : `${what}, without any content.`
}
