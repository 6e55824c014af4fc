/**
 * Simulated: certificates and lists of revocations of authorities that do not exist, for drills, examples and tests; as much of
 * RFC 5280 as the checks look at. Whatever stands below a root made here is trusted by nobody who does not name that root.
 */
import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto'
import {
  type Certificate,
  KEY_USES,
  type KeyUse,
  parseCertificate,
  readDer,
  TAG,
  within,
} from '@answerable/core/x509'

export type KeyKind = 'P-256' | 'P-384' | 'RSA-PKCS1' | 'RSA-PSS' | 'Ed25519'

export interface CertificateOptions {
  subject: string
  /** Itself unless told. */
  issuer?: Made
  /** RFC 3339, to the second. */
  from?: string
  to?: string
  ca?: boolean
  /** How many certificates may stand between it and the leaf. */
  pathLength?: number
  /** `null` leaves it out; by default what its place in the chain asks for. */
  usage?: readonly KeyUse[] | null
  /** ExtendedKeyUsage, object identifiers. */
  purposes?: readonly string[]
  extensions?: readonly { id: string; critical?: boolean; value: Uint8Array }[]
  kind?: KeyKind
  /** A key pair to certify, in place of a new one. */
  keys?: KeyPair
  /** In place of the issuer's key: a forgery. */
  signWith?: Made
}

export interface Made {
  der: Uint8Array
  certificate: Certificate
  privateKey: KeyObject
  kind: KeyKind
  pem: string
  /** SHA-256 of the certificate, in hex. */
  fingerprint: string
}

let serial = 1000

export interface KeyPair {
  publicKey: KeyObject
  privateKey: KeyObject
}

export function keyPair(kind: KeyKind): KeyPair {
  if (kind === 'Ed25519') return generateKeyPairSync('ed25519')
  if (kind === 'P-256' || kind === 'P-384') return generateKeyPairSync('ec', { namedCurve: kind })
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

export function makeCertificate(options: CertificateOptions): Made {
  const { subject, issuer, ca = false, pathLength, purposes, extensions = [], kind = 'P-384' } = options
  const { from = '2026-01-01T00:00:00Z', to = '2027-01-01T00:00:00Z' } = options
  const usual: readonly KeyUse[] = ca ? ['certificate-sign', 'crl-sign'] : ['digital-signature']
  const usage = options.usage === undefined ? usual : options.usage
  const { publicKey, privateKey } = options.keys ?? keyPair(kind)
  const signer = options.signWith ?? issuer ?? { privateKey, kind }
  const algorithm = algorithmOf(signer.kind)
  const listed = [
    ...(ca || pathLength !== undefined
      ? [
          extension(
            '2.5.29.19',
            true,
            sequence(bool(true), ...(pathLength === undefined ? [] : [integer(pathLength)])),
          ),
        ]
      : []),
    ...(usage === null
      ? []
      : [extension('2.5.29.15', true, bitString(usage.map(use => KEY_USES.indexOf(use))))]),
    ...(purposes === undefined ? [] : [extension('2.5.29.37', false, sequence(...purposes.map(oid)))]),
    ...extensions.map(({ id, critical = false, value }) => extension(id, critical, value)),
  ]
  const body = sequence(
    tagged(0xa0, integer(2)),
    integer(serial++),
    algorithm,
    issuer === undefined ? nameOf(subject) : issuer.certificate.subject.der,
    sequence(time(from), time(to)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(listed.length === 0 ? [] : [tagged(0xa3, sequence(...listed))]),
  )
  const der = signedDer(body, signer)
  return {
    der,
    certificate: parseCertificate(der),
    privateKey,
    kind,
    pem: toPem('CERTIFICATE', der),
    fingerprint: fingerprint(der),
  }
}

export interface RevokedEntry {
  certificate: Certificate
  time?: string
  /** CRLReason; 6 is certificateHold. */
  reason?: number
}

export function makeCrl(
  issuer: Made,
  revoked: readonly RevokedEntry[] = [],
  options: { from?: string; to?: string | null; signWith?: Made } = {},
): Uint8Array {
  const { from = '2026-06-01T00:00:00Z', to = '2026-12-31T00:00:00Z', signWith = issuer } = options
  const entries = revoked.map(({ certificate, time: when = from, reason }) =>
    sequence(
      tagged(0x02, Buffer.from(certificate.serial, 'hex')),
      time(when),
      ...(reason === undefined
        ? []
        : [sequence(extension('2.5.29.21', false, tagged(0x0a, Buffer.of(reason))))]),
    ),
  )
  const body = sequence(
    integer(1),
    algorithmOf(signWith.kind),
    issuer.certificate.subject.der,
    time(from),
    ...(to === null ? [] : [time(to)]),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    tagged(0xa0, sequence(extension('2.5.29.20', false, integer(1)))),
  )
  return signedDer(body, signWith)
}

/** A body with the algorithm and signature that follow it, in certificates, lists and answers alike. */
export function signedDer(body: Uint8Array, signer: Pick<Made, 'privateKey' | 'kind'>): Uint8Array {
  const signature = signBytes(body, signer)
  return new Uint8Array(
    sequence(body, algorithmOf(signer.kind), tagged(0x03, Buffer.concat([Buffer.of(0), signature]))),
  )
}

/** DER for ECDSA. */
export function signBytes(
  message: Uint8Array,
  { privateKey, kind }: Pick<Made, 'privateKey' | 'kind'>,
): Uint8Array {
  if (kind === 'Ed25519') return sign(null, message, privateKey)
  if (kind === 'P-256' || kind === 'RSA-PKCS1') return sign('sha256', message, privateKey)
  if (kind === 'P-384') return sign('sha384', message, privateKey)
  return sign('sha384', message, {
    key: privateKey,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: 48,
  })
}

export function algorithmOf(kind: KeyKind): Uint8Array {
  if (kind === 'P-256') return sequence(oid('1.2.840.10045.4.3.2'))
  if (kind === 'P-384') return sequence(oid('1.2.840.10045.4.3.3'))
  if (kind === 'Ed25519') return sequence(oid('1.3.101.112'))
  if (kind === 'RSA-PKCS1') return sequence(oid('1.2.840.113549.1.1.11'), tagged(0x05, Buffer.alloc(0)))
  const hash = sequence(oid('2.16.840.1.101.3.4.2.2'))
  return sequence(
    oid('1.2.840.113549.1.1.10'),
    sequence(
      tagged(0xa0, hash),
      tagged(0xa1, sequence(oid('1.2.840.113549.1.1.8'), hash)),
      tagged(0xa2, integer(48)),
      tagged(0xa3, integer(1)),
    ),
  )
}

/** The uncompressed point, or what else the key's bits are. */
export function publicBits(privateKey: KeyObject): Uint8Array {
  const { content } = within(
    readDer(createPublicKey(privateKey).export({ type: 'spki', format: 'der' })),
    TAG.sequence,
    'key',
  )[1]!
  return content.subarray(1)
}

export function toPem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trimEnd()
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}

function fingerprint(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('hex')
}

export function tagged(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  const head =
    length < 128
      ? [length]
      : length < 256
        ? [0x81, length]
        : length < 65_536
          ? [0x82, length >> 8, length & 255]
          : [0x83, length >> 16, (length >> 8) & 255, length & 255]
  return Buffer.concat([Buffer.of(tag, ...head), content])
}
export const sequence = (...parts: Uint8Array[]): Buffer => tagged(0x30, Buffer.concat(parts))
export const bool = (value: boolean): Buffer => tagged(0x01, Buffer.of(value ? 255 : 0))
export const octets = (bytes: Uint8Array): Buffer => tagged(0x04, bytes)

export function integer(value: number): Buffer {
  const digits: number[] = []
  for (let left = value; left > 0; left = Math.floor(left / 256)) digits.unshift(left % 256)
  if (digits.length === 0 || digits[0]! > 127) digits.unshift(0)
  return tagged(0x02, Buffer.from(digits))
}

/** As `from` and `to` take it. Unix milliseconds. */
export function secondOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+/, '')
}

/** GeneralizedTime, which RFC 5280 has for years from 2050 on and readers take for all. */
export const time = (text: string): Buffer => tagged(0x18, Buffer.from(text.replace(/[-:T]/g, '')))
export const nameOf = (text: string): Buffer =>
  sequence(tagged(0x31, sequence(oid('2.5.4.3'), tagged(0x0c, Buffer.from(text)))))

export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes: number[] = []
  for (const part of [first * 40 + second, ...rest]) {
    const digits = [part % 128]
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128))
      digits.unshift((left % 128) + 128)
    bytes.push(...digits)
  }
  return tagged(0x06, Buffer.from(bytes))
}

function bitString(bits: readonly number[]): Buffer {
  const value = bits.reduce((sum, bit) => sum | (0x8000 >> bit), 0)
  return tagged(0x03, (value & 255) === 0 ? Buffer.of(0, value >> 8) : Buffer.of(0, value >> 8, value & 255))
}

export function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [bool(true)] : []), octets(value))
}
