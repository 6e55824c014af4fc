/**
 * What Intel's service is asked by: the processor's certificate (PCK) in a quote says of which kind of platform it is (FMSPC)
 * and which of two authorities issued it. Intel SGX PCK Certificate and CRL Profile, section 1.3.5.
 */
import { AnswerableError, toHex } from '@answerable/core'
import {
  type Certificate,
  expectTag,
  parseCertificate,
  readDer,
  readOid,
  readPem,
  TAG,
  within,
} from '@answerable/core/x509'

export interface Platform {
  /** 6 bytes in hex. */
  fmspc: string
  ca: 'platform' | 'processor'
  /** The last of the chain, which names where its revocations are. */
  root: Certificate
}

const SGX_EXTENSION = '1.2.840.113741.1.13.1'
const FMSPC = '1.2.840.113741.1.13.1.4'
const CRL_POINTS = '2.5.29.31'
const MOST_FIELDS = 32

/** Reads the chain that a quote carries as PEM (certification data of type 5). Throws `bad-evidence`. */
export function platformOf(quote: Uint8Array): Platform {
  const text = Buffer.from(quote).toString('latin1')
  const from = text.indexOf('-----BEGIN CERTIFICATE-----')
  const to = text.lastIndexOf('-----END CERTIFICATE-----')
  if (from < 0 || to < from) throw new AnswerableError('bad-evidence', 'the quote carries no certificates')
  const chain = readPem(text.slice(from, to + 25)).map(({ bytes }) => parseCertificate(bytes))
  const leaf = chain.find(({ extensions }) => extensions.has(SGX_EXTENSION))
  const root = chain.at(-1)
  if (leaf === undefined || root === undefined)
    throw new AnswerableError('bad-evidence', 'none of its certificates is of a processor')
  const ca = /Platform CA/.test(leaf.issuer.text)
    ? 'platform'
    : /Processor CA/.test(leaf.issuer.text)
      ? 'processor'
      : undefined
  if (ca === undefined)
    throw new AnswerableError('bad-evidence', 'neither of Intel’s authorities issued the certificate')
  return { fmspc: fmspcOf(leaf), ca, root }
}

function fmspcOf({ extensions }: Certificate): string {
  const fields = within(
    readDer(extensions.get(SGX_EXTENSION)!.value),
    TAG.sequence,
    'SGX extension',
    MOST_FIELDS,
  )
  for (const field of fields) {
    const [id, value] = within(field, TAG.sequence, 'SGX extension', 2)
    if (readOid(id, 'SGX extension') !== FMSPC) continue
    const { content } = expectTag(value, TAG.octetString, 'FMSPC')
    if (content.length === 6) return toHex(content)
  }
  throw new AnswerableError('bad-evidence', 'the certificate names no FMSPC')
}

/** The first address of a distribution point (RFC 5280 section 4.2.1.13); undefined where there is none. */
export function crlAddress({ extensions }: Certificate): string | undefined {
  const points = extensions.get(CRL_POINTS)
  if (points === undefined) return undefined
  // Every way to a URI there ends in an IA5String under the context tag 6.
  const text = Buffer.from(points.value).toString('latin1')
  const at = text.search(/https?:\/\//)
  if (at < 2 || points.value[at - 2] !== 0x86) return undefined
  return text.slice(at, at + points.value[at - 1]!)
}
