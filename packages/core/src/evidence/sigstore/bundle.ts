/**
 * A Sigstore bundle (dev.sigstore.bundle.v1.Bundle, as JSON, versions 0.1 to 0.3): a signature, the short-lived certificate
 * of whoever made it, and its entries in logs. Reading it believes nothing.
 */
import { parseJson } from '../../json.ts'
import type { Json, JsonObject } from '../../shape.ts'
import { base64, int64, isSet, optionalArray, optionalObject, shape } from './fields.ts'

export interface BundleEntry {
  /** Among all entries of the log, also those of its earlier parts. */
  index: number
  /** Which log: the digest of its key. */
  logId: Uint8Array
  kind: string
  version: string
  /** When the log says that it took it, Unix seconds; 0 where it does not say. Believed only under a promise. */
  time: number
  /** The log's signature over the entry and its time (signed entry timestamp). */
  promise?: Uint8Array
  proof?: EntryProof
  /** The exact bytes of the entry. */
  body: Uint8Array
}

export interface EntryProof {
  /** Within the tree that the checkpoint is of. */
  index: number
  size: number
  root: Uint8Array
  hashes: Uint8Array[]
  /** A signed note. */
  checkpoint: string
}

export type BundleContent =
  | { kind: 'dsse'; payloadType: string; payload: Uint8Array; signature: Uint8Array }
  /** Over bytes that are elsewhere, of which only the digest is here. */
  | { kind: 'message'; hash: 'sha256' | 'sha384' | 'sha512'; digest: Uint8Array; signature: Uint8Array }

export interface Bundle {
  content: BundleContent
  /** DER. */
  certificate: Uint8Array
  entries: BundleEntry[]
  /** Answers of timestamp authorities (RFC 3161). */
  timestamps: Uint8Array[]
}

export const MAX_BUNDLE_BYTES = 1024 * 1024
const MOST_ENTRIES = 8
const MOST_HASHES = 63
const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.bundle(?:\+json;version=0\.([123])|\.v0\.(3)\+json)$/
const HASHES = {
  SHA2_256: ['sha256', 32],
  SHA2_384: ['sha384', 48],
  SHA2_512: ['sha512', 64],
} as const

/** Throws `bad-endorsement`, and what `parseJson` throws. */
export function parseBundle(bytes: Uint8Array): Bundle {
  const root = shape.object(
    parseJson(bytes, { maxBytes: MAX_BUNDLE_BYTES, maxDepth: 12, maxKeys: 4096 }),
    'bundle',
  )
  const type = shape.string(root.mediaType, 'mediaType', 128, MEDIA_TYPE, 'a bundle of version 0.1 to 0.3')
  const [, long, short] = MEDIA_TYPE.exec(type)!
  const version = Number(long ?? short)
  const material = shape.object(root.verificationMaterial, 'verificationMaterial')
  const entries = optionalArray(material.tlogEntries, 'tlogEntries', MOST_ENTRIES).map((one, i) =>
    entryOf(one, `tlogEntries[${i}]`),
  )
  for (const [i, { promise, proof }] of entries.entries())
    if (version === 1 ? promise === undefined : proof === undefined)
      shape.fail(`tlogEntries[${i}]`, version === 1 ? 'an inclusion promise' : 'an inclusion proof')
  const stamps = optionalObject(material.timestampVerificationData, 'timestampVerificationData')
  return {
    content: contentOf(root),
    certificate: certificateOf(material, version),
    entries,
    timestamps: optionalArray(stamps.rfc3161Timestamps, 'rfc3161Timestamps', MOST_ENTRIES).map((one, i) =>
      base64(
        shape.object(one, 'rfc3161Timestamps').signedTimestamp,
        `rfc3161Timestamps[${i}].signedTimestamp`,
        64 * 1024,
      ),
    ),
  }
}

function contentOf({ dsseEnvelope, messageSignature }: JsonObject): BundleContent {
  if (isSet(dsseEnvelope) === isSet(messageSignature))
    shape.fail('bundle', 'either a DSSE envelope or a message signature')
  if (isSet(dsseEnvelope)) {
    const envelope = shape.object(dsseEnvelope, 'dsseEnvelope')
    const [signature, ...others] = shape.array(envelope.signatures, 'signatures', 1)
    if (signature === undefined || others.length > 0) shape.fail('dsseEnvelope.signatures', 'one signature')
    return {
      kind: 'dsse',
      payloadType: shape.string(envelope.payloadType, 'dsseEnvelope.payloadType', 256),
      payload: base64(envelope.payload, 'dsseEnvelope.payload', MAX_BUNDLE_BYTES),
      signature: base64(shape.object(signature, 'dsseEnvelope.signatures[0]').sig, 'sig', 2048),
    }
  }
  const message = shape.object(messageSignature, 'messageSignature')
  const { algorithm, digest } = shape.object(message.messageDigest, 'messageDigest')
  const named = shape.literal(
    algorithm,
    'messageDigest.algorithm',
    Object.keys(HASHES) as (keyof typeof HASHES)[],
  )
  const [hash, length] = HASHES[named]
  const value = base64(digest, 'messageDigest.digest', 64)
  if (value.length !== length) shape.fail('messageDigest.digest', `${length} bytes`)
  return {
    kind: 'message',
    hash,
    digest: value,
    signature: base64(message.signature, 'messageSignature.signature', 2048),
  }
}

/** Of a chain the first alone is looked at: what issued it must come from the trusted root. */
function certificateOf(material: JsonObject, version: number): Uint8Array {
  const kinds = ['publicKey', 'x509CertificateChain', 'certificate'].filter(kind => isSet(material[kind]))
  if (kinds.length !== 1) shape.fail('verificationMaterial', 'one certificate, chain or key')
  if (isSet(material.publicKey)) shape.fail('verificationMaterial', 'a certificate: a key names nobody')
  if (isSet(material.certificate))
    return base64(shape.object(material.certificate, 'certificate').rawBytes, 'certificate', 16 * 1024)
  if (version === 3) shape.fail('verificationMaterial', 'a certificate by itself in version 0.3')
  const chain = shape.object(material.x509CertificateChain, 'x509CertificateChain')
  const [leaf] = shape.array(chain.certificates, 'x509CertificateChain.certificates', 8)
  return base64(shape.object(leaf, 'certificates[0]').rawBytes, 'certificates[0]', 16 * 1024)
}

function entryOf(value: Json, where: string): BundleEntry {
  const fields = shape.object(value, where)
  const named = shape.object(fields.kindVersion, `${where}.kindVersion`)
  const entry: BundleEntry = {
    index: int64(fields.logIndex, `${where}.logIndex`),
    logId: base64(shape.object(fields.logId, `${where}.logId`).keyId, `${where}.logId.keyId`, 64),
    kind: shape.string(named.kind, `${where}.kindVersion.kind`, 64),
    version: shape.string(named.version, `${where}.kindVersion.version`, 64),
    time: int64(fields.integratedTime, `${where}.integratedTime`),
    body: base64(fields.canonicalizedBody, `${where}.canonicalizedBody`, MAX_BUNDLE_BYTES),
  }
  if (isSet(fields.inclusionPromise)) {
    const promise = shape.object(fields.inclusionPromise, `${where}.inclusionPromise`)
    entry.promise = base64(promise.signedEntryTimestamp, `${where}.signedEntryTimestamp`, 2048)
  }
  if (isSet(fields.inclusionProof)) {
    const proof = shape.object(fields.inclusionProof, `${where}.inclusionProof`)
    // The first bundles had proofs without a checkpoint; those show nothing, and their promise must do.
    if (isSet(proof.checkpoint)) entry.proof = proofOf(proof, `${where}.inclusionProof`)
    else if (entry.promise === undefined) shape.fail(`${where}.inclusionProof`, 'a checkpoint')
  }
  return entry
}

function proofOf(proof: JsonObject, where: string): EntryProof {
  return {
    index: int64(proof.logIndex, `${where}.logIndex`),
    size: int64(proof.treeSize, `${where}.treeSize`),
    root: base64(proof.rootHash, `${where}.rootHash`, 64),
    hashes: optionalArray(proof.hashes, `${where}.hashes`, MOST_HASHES).map((one, i) =>
      base64(one, `${where}.hashes[${i}]`, 64),
    ),
    checkpoint: shape.string(
      shape.object(proof.checkpoint, `${where}.checkpoint`).envelope,
      `${where}.checkpoint.envelope`,
      64 * 1024,
    ),
  }
}
