/**
 * A model's signature file: a Sigstore bundle (v0.3, JSON) with a DSSE envelope around the manifest, and what names the
 * key that signed: its hint, a chain of certificates, or a Sigstore certificate with its log entry (OMS v1.0, section 4).
 * Reading it believes nothing; keys and roots come from whoever checks.
 */
import { fromBase64, fromUtf8, toBase64, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { parseJson } from '../json.ts'
import { type JsonObject, Shape } from '../shape.ts'
import { preAuthEncoding } from '../statement/envelope.ts'
import { STATEMENT_MEDIA_TYPE } from '../statement/intoto.ts'
import { MAX_MANIFEST_BYTES } from './manifest.ts'

export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
/** The manifest in base64, and some room for certificates and proofs. */
export const MAX_SIGNATURE_BYTES = Math.ceil((MAX_MANIFEST_BYTES * 4) / 3) + 1024 * 1024
const MAX_CERTIFICATES = 16
const MAX_CERTIFICATE = 64 * 1024

/** What the signer says of its key. */
export type SignerMaterial =
  /** `hint`: SHA-256 of the key in PEM, in hex. Before v1.1 the key itself stood there, `pem`. */
  | { mode: 'key'; hint?: string; pem?: string }
  /** The signing certificate first, DER. */
  | { mode: 'certificate'; certificates: Uint8Array[] }
  /** One short-lived certificate; its log entry is in the file, for a Sigstore library to read. */
  | { mode: 'sigstore'; certificate: Uint8Array }

export interface ModelSignature {
  /** The exact bytes of the manifest's statement. */
  payload: Uint8Array
  /** As it is in the file: DER for ECDSA, 64 bytes for Ed25519. */
  sig: Uint8Array
  signer: SignerMaterial
}

const shape = new Shape('bad-signature-file')

/** Reads a signature file. Throws `bad-signature-file` and what `parseJson` throws. */
export function parseModelSignature(bytes: Uint8Array): ModelSignature {
  const root = shape.object(
    parseJson(bytes, { maxBytes: MAX_SIGNATURE_BYTES, maxDepth: 12, maxKeys: 4096 }),
    'signature',
  )
  shape.literal(root.mediaType, 'mediaType', [BUNDLE_MEDIA_TYPE])
  const envelope = shape.object(root.dsseEnvelope, 'dsseEnvelope')
  shape.literal(envelope.payloadType, 'dsseEnvelope.payloadType', [STATEMENT_MEDIA_TYPE])
  const signatures = shape.array(envelope.signatures, 'dsseEnvelope.signatures', 1)
  const signature = shape.object(signatures[0], 'dsseEnvelope.signatures[0]')
  return {
    payload: base64(envelope.payload, 'dsseEnvelope.payload', MAX_SIGNATURE_BYTES),
    sig: base64(signature.sig, 'dsseEnvelope.signatures[0].sig', 1024),
    signer: signerOf(shape.object(root.verificationMaterial, 'verificationMaterial')),
  }
}

function signerOf(material: JsonObject): SignerMaterial {
  const kinds = ['publicKey', 'x509CertificateChain', 'certificate'].filter(
    kind => material[kind] !== undefined,
  )
  if (kinds.length !== 1)
    shape.fail('verificationMaterial', 'one of publicKey, x509CertificateChain and certificate')
  if (material.publicKey !== undefined) return keyOf(shape.object(material.publicKey, 'publicKey'))
  if (material.certificate !== undefined) {
    const entries = shape.array(material.tlogEntries, 'tlogEntries', 16)
    if (entries.length === 0) shape.fail('tlogEntries', 'at least one beside a single certificate')
    return { mode: 'sigstore', certificate: certificateOf(material.certificate, 'certificate') }
  }
  const chain = shape.object(material.x509CertificateChain, 'x509CertificateChain')
  const certificates = shape
    .array(chain.certificates, 'certificates', MAX_CERTIFICATES)
    .map((item, i) => certificateOf(item, `certificates[${i}]`))
  if (certificates.length === 0) shape.fail('certificates', 'at least one')
  return { mode: 'certificate', certificates }
}

function keyOf({ hint, rawBytes }: JsonObject): SignerMaterial {
  const key: SignerMaterial = { mode: 'key' }
  if (hint !== undefined && hint !== null) key.hint = shape.string(hint, 'publicKey.hint', 256)
  if (rawBytes !== undefined && rawBytes !== null) {
    try {
      key.pem = fromUtf8(base64(rawBytes, 'publicKey.rawBytes', 8192))
    } catch (cause) {
      throw new AnswerableError('bad-signature-file', 'publicKey.rawBytes: expected a key in PEM', { cause })
    }
  }
  return key
}

function certificateOf(value: unknown, where: string): Uint8Array {
  return base64(shape.object(value, where).rawBytes, `${where}.rawBytes`, MAX_CERTIFICATE)
}

function base64(value: unknown, where: string, most: number): Uint8Array {
  const text = shape.string(value, where, most)
  try {
    return fromBase64(text)
  } catch (cause) {
    throw new AnswerableError('bad-signature-file', `${where}: expected base64`, { cause })
  }
}

/** What is signed: DSSE's encoding of the manifest. */
export function signedBytes(payload: Uint8Array): Uint8Array {
  return preAuthEncoding(STATEMENT_MEDIA_TYPE, payload)
}

/** The signature file of a manifest signed with a key or a certificate's key, as the reference implementation lays it out. */
export function formatModelSignature({
  payload,
  sig,
  signer,
}: Omit<ModelSignature, 'signer'> & {
  signer: Exclude<SignerMaterial, { mode: 'sigstore' }>
}): Uint8Array {
  const material =
    signer.mode === 'key'
      ? { publicKey: { hint: signer.hint } }
      : {
          x509CertificateChain: {
            certificates: signer.certificates.map(bytes => ({ rawBytes: toBase64(bytes) })),
          },
        }
  const bundle = {
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: { ...material, tlogEntries: [] },
    dsseEnvelope: {
      payload: toBase64(payload),
      payloadType: STATEMENT_MEDIA_TYPE,
      signatures: [{ sig: toBase64(sig), keyid: '' }],
    },
  }
  return utf8(`${JSON.stringify(bundle, undefined, 2)}\n`)
}
