/**
 * Whether a signing certificate leads to a root that the reader named, as of a time (RFC 5280 section 6, without name
 * constraints, policies and revocation: a chain that asks for one of these is refused, and revocation is not looked at).
 */
import { X509Certificate } from 'node:crypto'
import { AnswerableError } from '@answerable/core'
import {
  certificateParts,
  constraintsOf,
  type Extension,
  keyUsageBits,
  purposesOf,
} from './certificate-parts.ts'

const KEY_USAGE = '2.5.29.15'
const BASIC_CONSTRAINTS = '2.5.29.19'
const EXTENDED_KEY_USAGE = '2.5.29.37'
/** Extensions that may be critical, since they are looked at, or say nothing that is asked here (a key's identifiers). */
const KNOWN = new Set([
  KEY_USAGE,
  BASIC_CONSTRAINTS,
  EXTENDED_KEY_USAGE,
  '2.5.29.14',
  '2.5.29.35',
  '2.5.29.17',
])
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'
const ANY_PURPOSE = '2.5.29.37.0'
const DIGITAL_SIGNATURE = 0x8000
const SIGN_CERTIFICATES = 0x0400

/** Signatures on certificates: RSA (PKCS #1 v1.5) and ECDSA with SHA-256, 384 and 512, and Ed25519. */
const ALGORITHMS = new Set([
  ...['11', '12', '13'].map(last => `1.2.840.113549.1.1.${last}`),
  ...['2', '3', '4'].map(last => `1.2.840.10045.4.3.${last}`),
  '1.3.101.112',
])
const LEAST_RSA_BITS = 2048
const MOST_DEPTH = 8
/** Signatures tried: certificates that fit each other's names in many ways must not take long. */
const MOST_TRIED = 64

interface Certificate {
  x509: X509Certificate
  extensions: Map<string, Extension>
  signatureAlgorithm: string
}

/** Throws `bad-certificate`. */
export function readCertificate(bytes: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(bytes)
  } catch (cause) {
    throw new AnswerableError('bad-certificate', 'not a certificate', { cause })
  }
}

/** Every certificate in a PEM text. Throws `bad-certificate` where there is none. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0)
    throw new AnswerableError('bad-certificate', 'no certificate in PEM (BEGIN CERTIFICATE)')
  return blocks.map(block => readCertificate(Buffer.from(block)))
}

/**
 * The signing certificate, the first of `chain`, where it may sign models and leads through the others to one of
 * `roots`, all of them valid at `time` (Unix milliseconds). Throws `bad-certificate` with what stands in the way.
 */
export function checkChain(
  chain: readonly Uint8Array[],
  roots: readonly X509Certificate[],
  time: number,
): X509Certificate {
  const [leaf, ...others] = chain.map(bytes => partsOf(readCertificate(bytes)))
  if (leaf === undefined) throw new AnswerableError('bad-certificate', 'no certificate came along')
  expectSigner(leaf, time)
  const search = new Search(roots.map(partsOf), others, time)
  if (!search.leadsToRoot(leaf, 0))
    throw new AnswerableError(
      'bad-certificate',
      `${nameOf(leaf)} leads to none of the given roots${search.problem === undefined ? '' : `: ${search.problem}`}`,
    )
  return leaf.x509
}

function partsOf(x509: X509Certificate): Certificate {
  return { x509, ...certificateParts(x509.raw) }
}

class Search {
  readonly #roots: Certificate[]
  readonly #others: Certificate[]
  readonly #time: number
  #tried = 0
  /** The first thing that was wrong with a certificate that fitted. */
  problem: string | undefined

  constructor(roots: Certificate[], others: Certificate[], time: number) {
    this.#roots = roots
    this.#others = others
    this.#time = time
  }

  /** `below`: the certificates between this one and the signing one, which a bound on the chain's length counts. */
  leadsToRoot(certificate: Certificate, below: number): boolean {
    const { x509 } = certificate
    if (this.#roots.some(root => root.x509.raw.equals(x509.raw))) return true
    if (below >= MOST_DEPTH) return false
    if (this.#roots.some(root => this.#issued(root, certificate, below))) return true
    return this.#others.some(
      other =>
        !other.x509.raw.equals(x509.raw) &&
        this.#issued(other, certificate, below) &&
        this.leadsToRoot(other, below + 1),
    )
  }

  #issued(issuer: Certificate, certificate: Certificate, below: number): boolean {
    if (!certificate.x509.checkIssued(issuer.x509)) return false
    try {
      expectIssuer(issuer, below, this.#time)
      expectStrong(certificate, issuer)
      if (++this.#tried > MOST_TRIED) throw bad('there are too many ways to try')
      if (certificate.x509.verify(issuer.x509.publicKey)) return true
      throw bad(`${nameOf(issuer)} did not sign ${nameOf(certificate)}`)
    } catch (error) {
      this.problem ??= (error as Error).message
      return false
    }
  }
}

function expectSigner(certificate: Certificate, time: number): void {
  expectValid(certificate, time)
  const usage = certificate.extensions.get(KEY_USAGE)
  const purposes = certificate.extensions.get(EXTENDED_KEY_USAGE)
  const signs = usage !== undefined && (keyUsageBits(usage) & DIGITAL_SIGNATURE) !== 0
  // A key that a certificate gives to another purpose, such as a server's, is not to sign models with.
  const listed = purposes === undefined ? [] : purposesOf(purposes)
  const forCode = listed.includes(CODE_SIGNING) || listed.includes(ANY_PURPOSE)
  if (usage === undefined ? !forCode : !signs || (purposes !== undefined && !forCode))
    throw bad(`${nameOf(certificate)} is not for signing`)
}

function expectIssuer(certificate: Certificate, below: number, time: number): void {
  expectValid(certificate, time)
  const constraints = certificate.extensions.get(BASIC_CONSTRAINTS)
  const { ca, most } = constraints === undefined ? { ca: false, most: 0 } : constraintsOf(constraints)
  const usage = certificate.extensions.get(KEY_USAGE)
  if (!ca || (usage !== undefined && (keyUsageBits(usage) & SIGN_CERTIFICATES) === 0))
    throw bad(`${nameOf(certificate)} may not issue certificates`)
  if (below > most)
    throw bad(`${nameOf(certificate)} allows ${most} certificates below it, and here are ${below}`)
}

function expectValid({ x509, extensions }: Certificate, time: number): void {
  const { validFromDate, validToDate } = x509
  if (time < validFromDate.getTime() || time > validToDate.getTime())
    throw bad(
      `${nameOf({ x509 })} is valid from ${validFromDate.toISOString()} to ${validToDate.toISOString()}, which ${new Date(time).toISOString()} is not in`,
    )
  for (const [id, { critical }] of extensions)
    if (critical && !KNOWN.has(id))
      throw bad(`${nameOf({ x509 })} asks for ${id}, which is not looked at here`)
}

function expectStrong(certificate: Certificate, issuer: Certificate): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = issuer.x509.publicKey
  const short = asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) < LEAST_RSA_BITS
  if (short || !ALGORITHMS.has(certificate.signatureAlgorithm))
    throw bad(`the signature on ${nameOf(certificate)} is of a kind that is not taken`)
}

/** Its subject on one line. */
export function nameOf({ x509 }: { x509: X509Certificate }): string {
  const subject = x509.subject?.replace(/[\p{Cc}\p{Cf}]+/gu, ', ').slice(0, 200) ?? ''
  return subject === '' ? 'a certificate without a name' : `"${subject}"`
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-certificate', message)
}
