/** Certificates made in tests: as much of RFC 5280 as their checks look at. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto'

export interface CertificateOptions {
  subject: string
  /** Itself unless told. */
  issuer?: Made
  from?: string
  to?: string
  ca?: boolean
  /** How many certificates may stand below it. */
  pathLength?: number
  /** KeyUsage bits by number, or none. */
  usage?: number[] | undefined
  /** ExtendedKeyUsage. */
  purposes?: string[]
  /** An extension that nobody knows, critical. */
  strange?: boolean
  curve?: 'P-256' | 'P-384'
  /** In place of the issuer's key: a forgery. */
  signWith?: KeyObject
}

export interface Made {
  subject: string
  privateKey: KeyObject
  certificate: X509Certificate
  pem: string
}

export const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'
export const SERVER = '1.3.6.1.5.5.7.3.1'
const DIGITAL_SIGNATURE = 0
const SIGN_CERTIFICATES = 5

let serial = 1

export function makeCertificate(options: CertificateOptions): Made {
  const { subject, issuer, ca = false, pathLength, purposes, strange = false, curve = 'P-256' } = options
  const { from = '2026-01-01T00:00:00Z', to = '2027-01-01T00:00:00Z' } = options
  const usage = 'usage' in options ? options.usage : [ca ? SIGN_CERTIFICATES : DIGITAL_SIGNATURE]
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
  const signingKey = options.signWith ?? issuer?.privateKey ?? privateKey
  const extensions = [
    extension(
      '2.5.29.19',
      true,
      sequence(...(ca ? [bool(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])),
    ),
    ...(usage === undefined ? [] : [extension('2.5.29.15', true, bitString(usage))]),
    ...(purposes === undefined ? [] : [extension('2.5.29.37', false, sequence(...purposes.map(oid)))]),
    ...(strange ? [extension('1.2.3.4', true, sequence())] : []),
  ]
  const [algorithm, digest] =
    createPublicKey(signingKey).asymmetricKeyDetails?.namedCurve === 'secp384r1'
      ? (['1.2.840.10045.4.3.3', 'sha384'] as const)
      : (['1.2.840.10045.4.3.2', 'sha256'] as const)
  const body = sequence(
    tagged(0xa0, integer(2)),
    integer(serial++),
    sequence(oid(algorithm)),
    nameOf(issuer?.subject ?? subject),
    sequence(time(from), time(to)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  )
  const signature = sign(digest, body, signingKey)
  const der = sequence(body, sequence(oid(algorithm)), tagged(0x03, Buffer.concat([Buffer.of(0), signature])))
  const certificate = new X509Certificate(der)
  return { subject, privateKey, certificate, pem: certificate.toString() }
}

function tagged(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.of(tag, ...head), content])
}
const sequence = (...parts: Uint8Array[]) => tagged(0x30, Buffer.concat(parts))
const bool = (value: boolean) => tagged(0x01, Buffer.of(value ? 255 : 0))
function integer(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  const start = bytes.findIndex(byte => byte !== 0)
  const short = start === -1 ? Buffer.of(0) : bytes.subarray(start)
  return tagged(0x02, short[0]! > 127 ? Buffer.concat([Buffer.of(0), short]) : short)
}
const time = (text: string) => tagged(0x18, Buffer.from(text.replace(/[-:T]/g, '')))
const nameOf = (text: string) =>
  sequence(tagged(0x31, sequence(oid('2.5.4.3'), tagged(0x0c, Buffer.from(text)))))

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes: number[] = []
  for (const part of [first * 40 + second, ...rest]) {
    const digits = [part & 127]
    for (let left = part >> 7; left > 0; left >>= 7) digits.unshift((left & 127) | 128)
    bytes.push(...digits)
  }
  return tagged(0x06, Buffer.from(bytes))
}

function bitString(bits: number[]): Buffer {
  let byte = 0
  for (const bit of bits) byte |= 0x80 >> bit
  return tagged(0x03, Buffer.of(0, byte))
}

function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [bool(true)] : []), tagged(0x04, value))
}
