/** Names of issuers and subjects (RFC 5280 section 4.1.2.4), for showing. They are compared as exact bytes. */
import { toHex } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { type Der, readOid, TAG, within } from './der.ts'

const SHORT: Record<string, string> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
}
/** UTF8String, PrintableString, T61String, IA5String: of the last three, what lies in ASCII. */
const TEXT = new Set<number>([TAG.utf8String, 0x13, 0x14, 0x16])
const MOST_PARTS = 32
const MOST_BYTES = 1024
const decoder = new TextDecoder('utf-8')

export interface Name {
  /** The exact bytes. */
  der: Uint8Array
  /** As `CN=..., O=...`, bounded and without control characters. */
  text: string
  /** Values by short name or object identifier; of several with one name, the first. */
  parts: ReadonlyMap<string, string>
}

/** Throws `bad-encoding` and its like. */
export function readName(element: Der | undefined, what: string): Name {
  if (element === undefined) throw new AnswerableError('truncated', `${what}: missing`)
  if (element.whole.length > MOST_BYTES)
    throw new AnswerableError('too-large', `${what}: over ${MOST_BYTES} bytes`)
  const parts = new Map<string, string>()
  const shown: string[] = []
  for (const set of within(element, TAG.sequence, what, MOST_PARTS)) {
    for (const pair of within(set, TAG.set, what, MOST_PARTS)) {
      const [id, value] = within(pair, TAG.sequence, what, 2)
      const oid = readOid(id, what)
      const name = SHORT[oid] ?? oid
      if (value === undefined) throw new AnswerableError('truncated', `${what}: a value is missing`)
      const text = TEXT.has(value.tag) ? plain(decoder.decode(value.content)) : `#${toHex(value.content)}`
      if (!parts.has(name)) parts.set(name, text)
      shown.push(`${name}=${text}`)
    }
  }
  return { der: element.whole, text: shown.join(', '), parts }
}

/** What must not reach a terminal or a page goes. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
}
