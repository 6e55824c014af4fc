/** An X.509 certificate (RFC 5280 section 4.1), read and not yet believed. */
import { equal, toHex } from '../bytes.ts'
import { AnswerableError, errorCode } from '../error.ts'
import {
  contextTag,
  type Der,
  expectTag,
  readBits,
  readBoolean,
  readDer,
  readOid,
  readSmall,
  readTime,
  TAG,
  within,
} from './der.ts'
import { type Name, readName } from './name.ts'
import {
  type PublicKey,
  readPublicKey,
  readSignatureAlgorithm,
  type SignatureAlgorithm,
} from './public-key.ts'

export interface Extension {
  critical: boolean
  value: Uint8Array
}

export interface Certificate {
  /** The exact bytes. */
  der: Uint8Array
  /** In hex. */
  serial: string
  issuer: Name
  subject: Name
  /** Unix milliseconds; both are within. */
  notBefore: number
  notAfter: number
  key: PublicKey
  /** What is signed, how, and the signature. */
  tbs: Uint8Array
  algorithm: SignatureAlgorithm
  signature: Uint8Array
  /** By object identifier in dots. */
  extensions: ReadonlyMap<string, Extension>
  /** BasicConstraints (section 4.2.1.9): how many may stand between it and the leaf; absent where it may issue none. */
  issues?: { most: number }
  /** KeyUsage (section 4.2.1.3); absent where it is not said. */
  usage?: ReadonlySet<KeyUse>
  /** ExtendedKeyUsage (section 4.2.1.12), object identifiers; absent where it is not said. */
  purposes?: ReadonlySet<string>
}

/** The bits of KeyUsage in their order. */
export const KEY_USES = [
  'digital-signature',
  'content-commitment',
  'key-encipherment',
  'data-encipherment',
  'key-agreement',
  'certificate-sign',
  'crl-sign',
  'encipher-only',
  'decipher-only',
] as const
export type KeyUse = (typeof KEY_USES)[number]

export const MAX_CERTIFICATE_BYTES = 64 * 1024
const MOST_EXTENSIONS = 64
const BASIC_CONSTRAINTS = '2.5.29.19'
const KEY_USAGE = '2.5.29.15'
const EXTENDED_KEY_USAGE = '2.5.29.37'

/**
 * Reads one certificate. Throws `bad-certificate` with what was wrong as its cause, and `indefinite-length`,
 * `truncated`, `trailing-bytes`, `too-large` and `unknown-algorithm` under their own names.
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES)
    throw new AnswerableError('too-large', `certificate: over ${MAX_CERTIFICATE_BYTES} bytes`)
  try {
    return read(der)
  } catch (cause) {
    const code = errorCode(cause)
    if (code !== 'bad-encoding') throw cause
    throw new AnswerableError('bad-certificate', `certificate: ${(cause as Error).message}`, { cause })
  }
}

function read(der: Uint8Array): Certificate {
  const [tbs, outer, bits] = within(readDer(der), TAG.sequence, 'certificate', 3)
  const fields = within(tbs, TAG.sequence, 'certificate body', 16)
  if (fields[0]?.tag === contextTag(0)) {
    const version = readSmall(readDer(fields.shift()!.content), 'version')
    if (version !== 2) throw new AnswerableError('bad-encoding', `version ${version + 1} where 3 belongs`)
  } else throw new AnswerableError('bad-encoding', 'version 1 where 3 belongs')
  const [serial, inner, issuer, validity, subject, key, ...rest] = fields
  if (inner === undefined || outer === undefined || !equal(inner.whole, outer.whole))
    throw new AnswerableError('bad-encoding', 'it names two algorithms for its signature')
  const [notBefore, notAfter] = within(validity, TAG.sequence, 'validity', 2)
  const certificate: Certificate = {
    der,
    serial: toHex(expectTag(serial, TAG.integer, 'serial number').content),
    issuer: readName(issuer, 'issuer'),
    subject: readName(subject, 'subject'),
    notBefore: readTime(notBefore, 'notBefore'),
    notAfter: readTime(notAfter, 'notAfter'),
    key: readPublicKey(expectTag(key, TAG.sequence, 'public key')),
    tbs: tbs!.whole,
    algorithm: readSignatureAlgorithm(outer),
    signature: readBits(bits, 'signature'),
    extensions: extensionsOf(rest),
  }
  return Object.assign(certificate, constraints(certificate.extensions))
}

function extensionsOf(rest: readonly Der[]): Map<string, Extension> {
  const extensions = new Map<string, Extension>()
  const tagged = rest.find(({ tag }) => tag === contextTag(3))
  if (tagged === undefined) return extensions
  return readExtensions(readDer(tagged.content))
}

/** Extensions of a certificate, a list of revocations or an answer about them (RFC 5280 section 4.2). */
export function readExtensions(list: Der): Map<string, Extension> {
  const extensions = new Map<string, Extension>()
  for (const item of within(list, TAG.sequence, 'extensions', MOST_EXTENSIONS)) {
    const fields = within(item, TAG.sequence, 'extension', 3)
    const id = readOid(fields[0], 'extension')
    if (extensions.has(id)) throw new AnswerableError('bad-encoding', `extension ${id} twice`)
    const critical = fields.length === 3 && readBoolean(fields[1], `extension ${id}`)
    extensions.set(id, {
      critical,
      value: expectTag(fields.at(-1), TAG.octetString, `extension ${id}`).content,
    })
  }
  return extensions
}

function constraints(
  extensions: ReadonlyMap<string, Extension>,
): Pick<Certificate, 'issues' | 'usage' | 'purposes'> {
  const found: Pick<Certificate, 'issues' | 'usage' | 'purposes'> = {}
  const basic = extensions.get(BASIC_CONSTRAINTS)
  if (basic !== undefined) {
    const [flag, length] = within(readDer(basic.value), TAG.sequence, 'basic constraints', 2)
    if (flag !== undefined && readBoolean(flag, 'basic constraints'))
      found.issues = { most: length === undefined ? Number.POSITIVE_INFINITY : readSmall(length) }
  }
  const usage = extensions.get(KEY_USAGE)
  if (usage !== undefined) found.usage = keyUses(readDer(usage.value))
  const extended = extensions.get(EXTENDED_KEY_USAGE)
  if (extended !== undefined) {
    const list = within(readDer(extended.value), TAG.sequence, 'extended key usage', 32)
    found.purposes = new Set(list.map(one => readOid(one, 'purpose')))
  }
  return found
}

function keyUses(element: Der): Set<KeyUse> {
  const { content } = expectTag(element, TAG.bitString, 'key usage')
  const [unused, first = 0, second = 0] = content
  if (unused === undefined || unused > 7 || content.length > 3)
    throw new AnswerableError('bad-encoding', 'key usage: not a list of bits')
  const bits = (first << 8) | second
  return new Set(KEY_USES.filter((_, i) => (bits & (0x8000 >> i)) !== 0))
}

/** Whether the one certificate is named as the issuer of the other. Nothing is believed by this. */
export function isNamedIssuer(issuer: Certificate, of: Certificate): boolean {
  return equal(issuer.subject.der, of.issuer.der)
}
