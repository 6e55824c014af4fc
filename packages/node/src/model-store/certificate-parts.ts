/**
 * As much of a certificate (RFC 5280) as node:crypto does not show: which algorithm signed it, and its extensions. Read apart
 * from all else in it, so that a root with a key or a name that core has no use for can still be one.
 */
import { AnswerableError } from '@answerable/core'
import {
  contextTag,
  expectTag,
  readBoolean,
  readDer,
  readExtensions,
  readOid,
  readSmall,
  TAG,
  within,
} from '@answerable/core/x509'

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

/** Throws `bad-certificate`. */
export function certificateParts(der: Uint8Array): CertificateParts {
  return reading(() => {
    const [body, algorithm] = within(readDer(der), TAG.sequence, 'certificate')
    const [name] = within(algorithm, TAG.sequence, 'signature algorithm')
    // [3] EXPLICIT: the last field of the body, where it is there.
    const tagged = within(body, TAG.sequence, 'certificate body').find(({ tag }) => tag === contextTag(3))
    const extensions = tagged === undefined ? new Map() : readExtensions(readDer(tagged.content))
    return { signatureAlgorithm: readOid(name), extensions }
  })
}

/** The bits of a KeyUsage (RFC 5280 section 4.2.1.3), the first in the highest place of 16. */
export function keyUsageBits({ value }: Extension): number {
  return reading(() => {
    const [unused, first, second = 0] = expectTag(readDer(value), TAG.bitString, 'key usage').content
    if (unused === undefined || unused > 7 || first === undefined)
      throw new AnswerableError('bad-encoding', 'key usage: not a list of bits')
    return (first << 8) | second
  })
}

/** The purposes of an ExtendedKeyUsage (section 4.2.1.12). */
export function purposesOf({ value }: Extension): string[] {
  return reading(() => within(readDer(value), TAG.sequence, 'purposes').map(one => readOid(one)))
}

/** BasicConstraints (section 4.2.1.9): whether it may issue others, and how many may stand between it and the last. */
export function constraintsOf({ value }: Extension): { ca: boolean; most: number } {
  return reading(() => {
    const fields = within(readDer(value), TAG.sequence, 'basic constraints')
    const flag = fields[0]?.tag === TAG.boolean ? fields.shift() : undefined
    const most = fields.length === 0 ? Number.POSITIVE_INFINITY : readSmall(fields[0], 'basic constraints')
    return { ca: flag !== undefined && readBoolean(flag), most }
  })
}

function reading<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof AnswerableError)) throw cause
    throw new AnswerableError('bad-certificate', 'not a certificate in DER', { cause })
  }
}
