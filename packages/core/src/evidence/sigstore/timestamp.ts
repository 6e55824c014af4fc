/**
 * Timestamps (RFC 3161): an authority signs, as CMS (RFC 5652), that it saw a digest at a time. Here the digest of the
 * bundle's signature, and the authority one of the trusted root.
 */
import { concat, equal, toHex } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import type { RsaScheme, Suite } from '../../suite.ts'
import {
  checkChain,
  contextTag,
  type Der,
  expectTag,
  readDer,
  readOid,
  readSmall,
  readTime,
  TAG,
  within,
} from '../../x509/index.ts'
import { digestOf, isDigestSigned } from './digest-signature.ts'
import { type Authority, isWithin } from './trusted-root.ts'

const SIGNED_DATA = '1.2.840.113549.1.7.2'
const TIMESTAMP_INFO = '1.2.840.113549.1.9.16.1.4'
const CONTENT_TYPE = '1.2.840.113549.1.9.3'
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4'
const TIMESTAMPING = '1.3.6.1.5.5.7.3.8'
const HASHES: Record<string, RsaScheme['hash']> = {
  '2.16.840.1.101.3.4.2.1': 'SHA-256',
  '2.16.840.1.101.3.4.2.2': 'SHA-384',
  '2.16.840.1.101.3.4.2.3': 'SHA-512',
}
const ECDSA: Record<string, RsaScheme['hash']> = {
  '1.2.840.10045.4.3.2': 'SHA-256',
  '1.2.840.10045.4.3.3': 'SHA-384',
  '1.2.840.10045.4.3.4': 'SHA-512',
}

export interface Timestamp {
  /** Unix milliseconds. */
  time: number
  /** Of the certificate that signed. */
  serial: string
  issuer: Uint8Array
  imprint: { hash: RsaScheme['hash']; digest: Uint8Array }
  /** What is signed, and how. */
  attributes: Uint8Array
  hash: RsaScheme['hash']
  signature: Uint8Array
}

/** Throws `bad-endorsement`, and as `readDer` does. */
export function readTimestamp(bytes: Uint8Array): Timestamp {
  const [status, token] = within(readDer(bytes), TAG.sequence, 'timestamp', 2)
  if (readSmall(within(status, TAG.sequence, 'status', 3)[0], 'status') > 1) throw bad('it was not granted')
  const data = explicit(token, SIGNED_DATA)
  const fields = within(data, TAG.sequence, 'signed data', 6)
  const info = expectTag(explicit(fields[2], TIMESTAMP_INFO), TAG.octetString, 'timestamp').content
  const signers = within(fields.at(-1), TAG.set, 'signers', 4)
  if (signers.length !== 1) throw bad('it has not one signer')
  const [, signer, digest, signed, algorithm, signature] = within(signers[0], TAG.sequence, 'signer', 7)
  const [issuer, serial] = within(signer, TAG.sequence, 'signer', 2)
  const attributes = attributesOf(signed)
  const messageDigest = attributes.get(MESSAGE_DIGEST)
  const type = attributes.get(CONTENT_TYPE)
  if (type === undefined || readOid(type) !== TIMESTAMP_INFO) throw bad('what is signed is of another type')
  const told = expectTag(messageDigest, TAG.octetString, 'digest').content
  if (!equal(told, digestOf(hashOf(digest, HASHES), info)))
    throw bad('its signature is over another timestamp')
  const [version, , imprint, , made] = within(readDer(info), TAG.sequence, 'timestamp', 10)
  if (readSmall(version, 'version') !== 1) throw bad('it is of another version')
  const [of, value] = within(imprint, TAG.sequence, 'imprint', 2)
  if (issuer === undefined) throw bad('it names no signer')
  return {
    time: readTime(expectTag(made, TAG.generalizedTime, 'time'), 'time'),
    serial: toHex(expectTag(serial, TAG.integer, 'serial number').content),
    issuer: issuer.whole,
    imprint: { hash: hashOf(of, HASHES), digest: expectTag(value, TAG.octetString, 'imprint').content },
    // Section 5.4 of RFC 5652: signed as the set that they are, and not as the field that they stand in.
    attributes: concat(Uint8Array.of(TAG.set), signed!.whole.subarray(1)),
    hash: hashOf(algorithm, ECDSA),
    signature: expectTag(signature, TAG.octetString, 'signature').content,
  }
}

/** What is wrong, if anything. Never throws. */
export function timestampFault(
  stamp: Timestamp,
  signature: Uint8Array,
  authorities: readonly Authority[],
  suite: Suite,
): string | undefined {
  const { time, serial, issuer, imprint } = stamp
  if (!equal(digestOf(imprint.hash, signature), imprint.digest)) return 'it is of another signature'
  const faults = authorities
    .filter(
      ({ chain: [leaf], span }) =>
        isWithin(span, time) && leaf?.serial === serial && equal(leaf.issuer.der, issuer),
    )
    .map(({ chain: [leaf, ...others] }): string | undefined => {
      if (leaf?.key.kind !== 'ecdsa' || others.length === 0)
        return 'its authority has no key on a curve, or no root'
      const roots = new Set([suite.sha256Hex(others.at(-1)!.der)])
      const chain = checkChain({
        leaf,
        others,
        roots,
        time,
        use: 'digital-signature',
        purpose: TIMESTAMPING,
        suite,
      })
      const fault = chain.fault ?? chain.timeFault
      if (fault !== undefined) return fault.detail
      return isDigestSigned(leaf.key, digestOf(stamp.hash, stamp.attributes), stamp.signature)
        ? undefined
        : 'its authority did not sign it'
    })
  if (faults.length === 0) return 'your trusted root has no such authority at that time'
  return faults.includes(undefined) ? undefined : faults[0]
}

/** The content of `{ type, [0] content }`, where it is of this type. */
function explicit(element: Der | undefined, type: string): Der {
  const [id, content] = within(element, TAG.sequence, 'content', 2)
  if (readOid(id) !== type) throw bad(`content of ${readOid(id)} where ${type} belongs`)
  return readDer(expectTag(content, contextTag(0), 'content').content)
}

/** Attributes by type, each there once and with one value. */
function attributesOf(element: Der | undefined): Map<string, Der> {
  const attributes = new Map<string, Der>()
  for (const one of within(element, contextTag(0), 'signed attributes', 16)) {
    const [id, values] = within(one, TAG.sequence, 'attribute', 2)
    const type = readOid(id)
    const listed = within(values, TAG.set, 'attribute', 4)
    if (attributes.has(type) || listed.length !== 1) throw bad(`attribute ${type} twice`)
    attributes.set(type, listed[0]!)
  }
  return attributes
}

function hashOf(element: Der | undefined, known: Record<string, RsaScheme['hash']>): RsaScheme['hash'] {
  const oid = readOid(within(element, TAG.sequence, 'algorithm', 2)[0])
  const hash = known[oid]
  if (hash === undefined) throw bad(`the algorithm ${oid} is not known here`)
  return hash
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-endorsement', `timestamp: ${message}`)
}
