/**
 * A signed model in a record: what the operator says of the manifest that it compared its files with when it started, and
 * whether a signature file bears that out. That these very bytes then answered stays the operator's word.
 */
import { type JsonObject, Shape } from '../shape.ts'
import type { Suite } from '../suite.ts'
import { type Manifest, manifestDigest, ONE_FILE, parseManifest } from './manifest.ts'
import { isSignedBy, type PublisherKey } from './publisher-key.ts'
import { type ModelSignature, parseModelSignature } from './signature.ts'

export interface SignedModel {
  /** SHA-256 of the manifest's statement, in hex. */
  manifest: string
  /** What the manifest calls the file that was loaded. */
  file: string
  /** SHA-256 of the signature file, in hex. */
  signature: string
  signer: {
    mode: 'key' | 'certificate'
    /** The id of the key, as `PublisherKey` has it. */
    key: string
    /** The certificate's name. */
    name?: string
  }
}

/** A key that the reader trusts to sign models, under the reader's own name for whose it is. */
export interface TrustedPublisher {
  name: string
  key: PublisherKey
}

const shape = new Shape('bad-disclosure')

/** Reads the field `signed` of a model disclosure. Throws `bad-disclosure`. */
export function signedModelOf(value: unknown): SignedModel {
  const root = shape.object(value, 'signed')
  const signer = shape.object(root.signer, 'signed.signer')
  const signed: SignedModel = {
    manifest: shape.digest(root.manifest, 'signed.manifest'),
    file: shape.string(root.file, 'signed.file', 1024),
    signature: shape.digest(root.signature, 'signed.signature'),
    signer: {
      mode: shape.literal(signer.mode, 'signed.signer.mode', ['key', 'certificate']),
      key: shape.digest(signer.key, 'signed.signer.key'),
    },
  }
  if (signer.name !== undefined) signed.signer.name = shape.string(signer.name, 'signed.signer.name', 1024)
  return signed
}

/** How a signature file compares with what the record says of it. */
export type SignedOutcome =
  /** It is not the one that the record names. */
  | 'other-file'
  /** It is, and is not of the manifest named, or that manifest does not have the file that answered. */
  | 'other-model'
  /** The record names a key that the reader trusts, and that key did not sign. */
  | 'not-by-that-key'
  /** Nobody whom the reader trusts signed it. */
  | 'unknown-key'
  | { publisher: TrustedPublisher; manifest: Manifest }

/** Checks the signature file that came along, for a model whose file has the digest `fileDigest`. Never throws. */
export function checkSignedModel(
  signed: SignedModel,
  fileDigest: JsonObject[string] | undefined,
  bytes: Uint8Array,
  publishers: readonly TrustedPublisher[],
  suite: Suite,
): SignedOutcome {
  if (suite.sha256Hex(bytes) !== signed.signature) return 'other-file'
  let signature: ModelSignature
  let manifest: Manifest
  try {
    signature = parseModelSignature(bytes)
    manifest = parseManifest(signature.payload, suite)
  } catch {
    return 'other-model'
  }
  const resource = manifest.resources.find(({ name }) => name === signed.file || name === ONE_FILE)
  if (manifestDigest(signature.payload, suite) !== signed.manifest || resource?.sha256 !== fileDigest)
    return 'other-model'
  const named = publishers.find(({ key }) => key.id === signed.signer.key)
  const publisher = named ?? publishers.find(({ key }) => isSignedBy(signature, key, suite))
  if (publisher === undefined) return 'unknown-key'
  return isSignedBy(signature, publisher.key, suite) ? { publisher, manifest } : 'not-by-that-key'
}
