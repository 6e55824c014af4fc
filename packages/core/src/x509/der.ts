/**
 * Strict DER (ITU-T X.690, section 10): one way to write each value, so what two readers understand differently is
 * refused. Nothing here recurses: a reader asks for the children of an element when it wants them, and every length is
 * held against what it is in.
 */
import { AnswerableError } from '../error.ts'

export interface Der {
  /** The identifier octet, with its class and whether it is constructed. */
  tag: number
  content: Uint8Array
  /** Identifier, length and content: what a signature is over. */
  whole: Uint8Array
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const

/** The tag of `[number]`, constructed unless told. */
export function contextTag(number: number, constructed = true): number {
  return 0x80 | (constructed ? 0x20 : 0) | number
}

/** The one element that these bytes are. Throws `truncated`, `trailing-bytes`, `indefinite-length` and `bad-encoding`. */
export function readDer(bytes: Uint8Array): Der {
  const first = elementAt(bytes, 0)
  if (first.whole.length !== bytes.length)
    throw new AnswerableError('trailing-bytes', `DER: ${bytes.length - first.whole.length} bytes too many`)
  return first
}

/** The first element, and whatever follows it. */
export function readFirstDer(bytes: Uint8Array): Der {
  return elementAt(bytes, 0)
}

/** Elements within one another, at most `most`. Throws as `readDer` does. */
export function children(parent: Der, most = 65_536): Der[] {
  return elements(parent.content, most)
}

export function elements(bytes: Uint8Array, most = 65_536): Der[] {
  const list: Der[] = []
  for (let at = 0; at < bytes.length; ) {
    if (list.length === most) throw new AnswerableError('too-large', `DER: over ${most} elements`)
    const element = elementAt(bytes, at)
    list.push(element)
    at += element.whole.length
  }
  return list
}

/** The children of an element that must have this tag. Throws `bad-encoding` for another. */
export function within(element: Der | undefined, tag: number, what: string, most?: number): Der[] {
  return children(expectTag(element, tag, what), most)
}

export function expectTag(element: Der | undefined, tag: number, what: string): Der {
  if (element === undefined) throw new AnswerableError('truncated', `${what}: missing`)
  if (element.tag !== tag)
    throw new AnswerableError('bad-encoding', `${what}: tag ${hex(element.tag)} where ${hex(tag)} belongs`)
  return element
}

function elementAt(bytes: Uint8Array, start: number): Der {
  let at = start
  const tag = bytes[at++]
  let length = bytes[at++]
  if (tag === undefined || length === undefined)
    throw new AnswerableError('truncated', 'DER: it ends in a header')
  if ((tag & 31) === 31) throw new AnswerableError('bad-encoding', 'DER: a tag of several bytes')
  if (length === 0x80) throw new AnswerableError('indefinite-length', 'DER: a length that is left open')
  if (length > 127) {
    const count = length & 127
    if (count > 4) throw new AnswerableError('too-large', 'DER: a length of over four bytes')
    if (at + count > bytes.length) throw new AnswerableError('truncated', 'DER: it ends in a length')
    length = 0
    for (let i = 0; i < count; i++) length = length * 256 + bytes[at++]!
    // X.690 section 10.1: the shortest form that holds it.
    if (length < 128 || length < 256 ** (count - 1))
      throw new AnswerableError('bad-encoding', 'DER: a length longer than it need be')
  }
  if (at + length > bytes.length)
    throw new AnswerableError('truncated', `DER: ${at + length - bytes.length} bytes missing`)
  return { tag, content: bytes.subarray(at, at + length), whole: bytes.subarray(start, at + length) }
}

/** An object identifier in dots. */
export function readOid(element: Der | undefined, what = 'object identifier'): string {
  const { content } = expectTag(element, TAG.oid, what)
  const bad = (): never => {
    throw new AnswerableError('bad-encoding', `${what}: not an object identifier`)
  }
  if (content.length === 0 || content.length > 64 || content.at(-1)! > 127) return bad()
  const arcs: number[] = []
  let value = 0
  let fresh = true
  for (const byte of content) {
    if (fresh && byte === 0x80) return bad()
    value = value * 128 + (byte & 127)
    if (!Number.isSafeInteger(value)) return bad()
    fresh = byte < 128
    if (!fresh) continue
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(value / 40))
      arcs.push(first, value - first * 40)
    } else arcs.push(value)
    value = 0
  }
  return arcs.join('.')
}

/** A non-negative integer, big-endian without leading zeros. Throws `bad-encoding` for others. */
export function readUnsigned(element: Der | undefined, what = 'integer'): Uint8Array {
  const { content } = expectTag(element, TAG.integer, what)
  const [first, second] = content
  const long = first === 0 && second !== undefined
  if (first === undefined || first > 127 || (long && second! < 128))
    throw new AnswerableError('bad-encoding', `${what}: not a non-negative integer in its shortest form`)
  return long ? content.subarray(1) : content
}

/** An integer of 0 to 2^48 - 1. */
export function readSmall(element: Der | undefined, what = 'integer'): number {
  const bytes = readUnsigned(element, what)
  if (bytes.length > 6) throw new AnswerableError('bad-encoding', `${what}: too large`)
  return bytes.reduce((value, byte) => value * 256 + byte, 0)
}

export function readBoolean(element: Der | undefined, what = 'boolean'): boolean {
  const { content } = expectTag(element, TAG.boolean, what)
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 255))
    throw new AnswerableError('bad-encoding', `${what}: neither true nor false`)
  return content[0] === 255
}

/** A bit string of whole bytes. */
export function readBits(element: Der | undefined, what = 'bit string'): Uint8Array {
  const { content } = expectTag(element, TAG.bitString, what)
  if (content[0] !== 0) throw new AnswerableError('bad-encoding', `${what}: not of whole bytes`)
  return content.subarray(1)
}

/** UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 has them: to the second, in UTC. Unix milliseconds. */
export function readTime(element: Der | undefined, what = 'time'): number {
  if (element === undefined) throw new AnswerableError('truncated', `${what}: missing`)
  const text = String.fromCharCode(...element.content.subarray(0, 32))
  const short = element.tag === TAG.utcTime
  if (!short && element.tag !== TAG.generalizedTime)
    throw new AnswerableError('bad-encoding', `${what}: not a time`)
  const parts = /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (parts === null || parts[1]!.length !== (short ? 2 : 4))
    throw new AnswerableError('bad-encoding', `${what}: not a time to the second in UTC`)
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const full = short ? (year >= 50 ? 1900 + year : 2000 + year) : year
  const iso = `${String(full).padStart(4, '0')}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}Z`
  const time = Date.parse(iso)
  if (
    Number.isNaN(time) ||
    new Date(time).getUTCDate() !== day ||
    month > 12 ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  )
    throw new AnswerableError('bad-encoding', `${what}: a time that does not exist`)
  return time
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`
}
