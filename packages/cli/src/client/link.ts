/** Where an answer says its receipt is. It says so itself, so what it names is looked at before it is asked. */
import { none } from './faults.ts'

export interface ReceiptLink {
  id: string
  /** Without the secret. */
  url: string
  /** The holder secret: 32 bytes in base64url. */
  secret: string
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const SECRET = /^#[A-Za-z0-9_-]{43}$/
const MOST = 2048

/** Whether an answer names a receipt at all. */
export function hasReceipt(headers: Headers): boolean {
  return headers.has('answerable-receipt') || headers.has('answerable-receipt-url')
}

/** Throws `no-receipt` for an address that is none, or is not the gateway's. */
export function receiptLink(headers: Headers, allowed: (origin: string) => boolean): ReceiptLink {
  const id = headers.get('answerable-receipt') ?? ''
  const text = headers.get('answerable-receipt-url') ?? ''
  if (!ID.test(id)) throw none('Answerable-Receipt is not a record’s id')
  if (text.length > MOST || !URL.canParse(text)) throw none('Answerable-Receipt-Url is not a URL')
  const url = new URL(text)
  if (!allowed(url.origin)) throw none(`the receipt is said to be at ${url.origin}, which is not asked`)
  if (url.username !== '' || url.password !== '' || !url.pathname.endsWith(`/receipts/${id}`))
    throw none('Answerable-Receipt-Url is not the address of that record')
  if (!SECRET.test(url.hash)) throw none('Answerable-Receipt-Url has no holder secret in its fragment')
  const secret = url.hash.slice(1)
  url.hash = ''
  return { id, url: url.href, secret }
}

export function linkText({ url, secret }: ReceiptLink): string {
  return `${url}#${secret}`
}
