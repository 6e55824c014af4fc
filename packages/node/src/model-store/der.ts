/**
 * As much of a certificate (RFC 5280, DER) as node:crypto does not show: which algorithm signed it, and its extensions.
 * Every length is checked against what it is in, and nothing recurses.
 */
import { AnswerableError } from '@answerable/core'

export interface Extension {
  critical: boolean
  value: Uint8Array
}

export interface CertificateParts {
  /** An object identifier in dots. */
  signatureAlgorithm: string
  /** By object identifier. */
  extensions: Map<string, Extension>
}

interface Element {
  tag: number
  content: Uint8Array
}

const SEQUENCE = 0x30
const BOOLEAN = 0x01
const OID = 0x06

/** Throws `bad-certificate`. */
export function certificateParts(der: Uint8Array): CertificateParts {
  const [certificate] = elements(der)
  const [body, algorithm] = elements(expect(certificate, SEQUENCE))
  const [name] = elements(expect(algorithm, SEQUENCE))
  const extensions = new Map<string, Extension>()
  // [3] EXPLICIT: the last field of the body, where it is there.
  const tagged = elements(expect(body, SEQUENCE)).find(({ tag }) => tag === 0xa3)
  const [list] = tagged === undefined ? [] : elements(tagged.content)
  for (const item of list === undefined ? [] : elements(expect(list, SEQUENCE))) {
    const fields = elements(expect(item, SEQUENCE))
    const id = oidOf(fields[0])
    if (extensions.has(id)) throw bad()
    const critical = fields[1]?.tag === BOOLEAN && fields[1].content[0] === 0xff
    extensions.set(id, { critical, value: expect(fields.at(-1), 0x04) })
  }
  return { signatureAlgorithm: oidOf(name), extensions }
}

/** The bits of a KeyUsage (RFC 5280 section 4.2.1.3), the first in the highest place of 16. */
export function keyUsageBits({ value }: Extension): number {
  const bits = expect(elements(value)[0], 0x03)
  if (bits.length < 2 || bits[0]! > 7) throw bad()
  return (bits[1]! << 8) | (bits[2] ?? 0)
}

/** The purposes of an ExtendedKeyUsage (section 4.2.1.12). */
export function purposesOf({ value }: Extension): string[] {
  return elements(expect(elements(value)[0], SEQUENCE)).map(oidOf)
}

/** BasicConstraints (section 4.2.1.9): whether it may issue others, and how many may stand between it and the last. */
export function constraintsOf({ value }: Extension): { ca: boolean; most: number } {
  const fields = elements(expect(elements(value)[0], SEQUENCE))
  const ca = fields[0]?.tag === BOOLEAN && fields[0].content[0] === 0xff
  const length = fields.find(({ tag }) => tag === 0x02)?.content
  if (length === undefined) return { ca, most: Number.POSITIVE_INFINITY }
  if (length.length !== 1 || length[0]! > 127) throw bad()
  return { ca, most: length[0]! }
}

function elements(bytes: Uint8Array): Element[] {
  const list: Element[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at++]!
    let length = bytes[at++]
    // Tags of several bytes and open lengths are not used by certificates.
    if ((tag & 31) === 31 || length === undefined) throw bad()
    if (length > 127) {
      const count = length & 127
      if (count === 0 || count > 4 || at + count > bytes.length) throw bad()
      length = 0
      for (let i = 0; i < count; i++) length = length * 256 + bytes[at++]!
    }
    if (length > bytes.length - at) throw bad()
    list.push({ tag, content: bytes.subarray(at, at + length) })
    at += length
  }
  return list
}

function expect(element: Element | undefined, tag: number): Uint8Array {
  if (element?.tag !== tag) throw bad()
  return element.content
}

function oidOf(element: Element | undefined): string {
  const bytes = expect(element, OID)
  const parts: number[] = []
  let value = 0
  for (const byte of bytes) {
    if (value > 2 ** 40) throw bad()
    value = value * 128 + (byte & 127)
    if (byte > 127) continue
    if (parts.length === 0) {
      const first = Math.min(2, Math.floor(value / 40))
      parts.push(first, value - first * 40)
    } else parts.push(value)
    value = 0
  }
  return parts.join('.')
}

function bad(): AnswerableError {
  return new AnswerableError('bad-certificate', 'not a certificate in DER')
}
