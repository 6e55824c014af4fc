/**
 * Whether what a log took is what the bundle holds (Rekor's types dsse 0.0.1 and 0.0.2, intoto 0.0.2, and hashedrekord 0.0.1 and 0.0.2): the same
 * signature, the same digest, the same certificate.
 */
import { equal, fromBase64, fromUtf8, toHex } from '../../bytes.ts'
import { messageOf } from '../../error.ts'
import { parseJson } from '../../json.ts'
import type { JsonObject } from '../../shape.ts'
import { preAuthEncoding } from '../../statement/envelope.ts'
import type { Suite } from '../../suite.ts'
import { readPemCertificates } from '../../x509/index.ts'
import type { Bundle, BundleContent, BundleEntry } from './bundle.ts'
import { shape } from './fields.ts'

/** What is wrong, if anything. Never throws. */
export function entryFault(
  entry: BundleEntry,
  { content, certificate }: Pick<Bundle, 'content' | 'certificate'>,
  suite: Suite,
): { fault: 'unknown-entry-kind' | 'bad-entry' | 'entry-of-another'; detail: string } | undefined {
  const reader = READERS[`${entry.kind} ${entry.version}`]
  if (reader === undefined)
    return { fault: 'unknown-entry-kind', detail: 'it is of a kind that is not known here' }
  let logged: Logged
  try {
    const body = shape.object(
      parseJson(entry.body, { maxBytes: entry.body.length, maxDepth: 16, maxKeys: 4096 }),
      'entry',
    )
    if (body.kind !== entry.kind || body.apiVersion !== entry.version)
      return { fault: 'entry-of-another', detail: 'the log has it as of another kind' }
    logged = reader(shape.object(body.spec, 'spec'))
  } catch (error) {
    return { fault: 'bad-entry', detail: messageOf(error) }
  }
  const other = (what: string) => ({
    fault: 'entry-of-another' as const,
    detail: `the log has another ${what}`,
  })
  if (!equal(logged.signature, content.signature)) return other('signature')
  if (logged.digest !== `${logged.of} ${digestOf(logged.of, content, suite)}`) return other('digest')
  if (logged.certificates.length === 0 || !equal(logged.certificates[0]!, certificate))
    return other('certificate')
  return undefined
}

interface Logged {
  signature: Uint8Array
  /** Of what the digest is: a payload, or all that was signed. */
  of: 'payload' | 'signed'
  /** That, then the digest in hex. */
  digest: string
  certificates: Uint8Array[]
}

function digestOf(of: Logged['of'], content: BundleContent, suite: Suite): string {
  if (content.kind === 'message') return of === 'signed' ? toHex(content.digest) : ''
  const { payloadType, payload } = content
  return suite.sha256Hex(of === 'payload' ? payload : preAuthEncoding(payloadType, payload))
}

const READERS: Readonly<Record<string, (spec: JsonObject) => Logged>> = {
  'dsse 0.0.1'({ signatures, payloadHash }) {
    const one = only(signatures)
    return logged('payload', bytes(one.signature), payloadHash, bytes(one.verifier))
  },
  'intoto 0.0.2'({ content }) {
    const { envelope, payloadHash } = shape.object(content, 'content')
    const one = only(shape.object(envelope, 'envelope').signatures)
    // It stands there in base64 twice over.
    return logged('payload', fromBase64(fromUtf8(bytes(one.sig))), payloadHash, bytes(one.publicKey))
  },
  'hashedrekord 0.0.1'({ signature, data }) {
    const { content, publicKey } = shape.object(signature, 'signature')
    const key = shape.object(publicKey, 'publicKey')
    return logged('signed', bytes(content), shape.object(data, 'data').hash, bytes(key.content))
  },
  'dsse 0.0.2'({ dsseV002 }) {
    const { payloadHash, signatures } = shape.object(dsseV002, 'dsseV002')
    const { content, verifier } = only(signatures)
    return loggedTwo('payload', bytes(content), payloadHash, verifier)
  },
  'hashedrekord 0.0.2'({ hashedRekordV002 }) {
    const { data, signature } = shape.object(hashedRekordV002, 'hashedRekordV002')
    const { content, verifier } = shape.object(signature, 'signature')
    return loggedTwo('signed', bytes(content), data, verifier)
  },
}

/** As Rekor's second version has it: digests in base64, certificates in DER. */
function loggedTwo(of: Logged['of'], signature: Uint8Array, hash: unknown, verifier: unknown): Logged {
  const { algorithm, digest } = shape.object(hash, 'hash')
  const named = shape.literal(algorithm, 'hash.algorithm', ['SHA2_256', 'SHA2_384', 'SHA2_512'])
  const value = bytes(digest)
  if (value.length !== { SHA2_256: 32, SHA2_384: 48, SHA2_512: 64 }[named])
    shape.fail('hash.digest', `a digest of ${named}`)
  const { x509Certificate } = shape.object(verifier, 'verifier')
  const certificate = bytes(shape.object(x509Certificate, 'x509Certificate').rawBytes)
  return { of, signature, digest: `${of} ${toHex(value)}`, certificates: [certificate] }
}

function logged(of: Logged['of'], signature: Uint8Array, hash: unknown, pem: Uint8Array): Logged {
  const { algorithm, value } = shape.object(hash, 'hash')
  const named = shape.literal(algorithm, 'hash.algorithm', ['sha256', 'sha384', 'sha512'])
  const digits = shape.string(value, 'hash.value', 128, /^(?:[0-9a-f]{2})+$/, 'a digest in hex')
  if (digits.length !== { sha256: 64, sha384: 96, sha512: 128 }[named])
    shape.fail('hash.value', `a digest of ${named}`)
  return { of, signature, digest: `${of} ${digits}`, certificates: readPemCertificates(fromUtf8(pem)) }
}

function only(signatures: unknown): JsonObject {
  const list = shape.array(signatures, 'signatures', 1)
  return shape.object(list[0], 'signatures[0]')
}

function bytes(value: unknown): Uint8Array {
  return fromBase64(shape.string(value, 'a field of bytes', 1024 * 1024))
}
