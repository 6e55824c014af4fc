/** Checking a model's signature file against those that the reader trusts, in each of the three modes of OMS v1.0. */
import type { X509Certificate } from 'node:crypto'
import { AnswerableError } from '@answerable/core'
import {
  isSignedBy,
  type Manifest,
  type ModelSignature,
  manifestDigest,
  type PublisherKey,
  parseManifest,
  parseModelSignature,
  publisherKeyOf,
} from '@answerable/core/model'
import { nodeSuite } from '../log/suite.ts'
import { checkChain, nameOf } from './certificate-chain.ts'
import { checkSigstore, type SigstoreTrust } from './sigstore.ts'

/** Whom the reader trusts to have signed. */
export type SignerTrust =
  | { mode: 'key'; keys: readonly PublisherKey[] }
  /** `time`: as of when the certificates must be valid, Unix milliseconds. */
  | { mode: 'certificate'; roots: readonly X509Certificate[]; time: number }
  | ({ mode: 'sigstore' } & SigstoreTrust)

export interface Signer {
  mode: SignerTrust['mode']
  /** Who it is, for people: the id of a key, a certificate's name, an identity. */
  name: string
  /** The id of the key, as `PublisherKey` has it. Of Sigstore's keys, which live ten minutes, none is told. */
  key?: string
}

export interface CheckedSignature {
  signer: Signer
  manifest: Manifest
  /** SHA-256 of the manifest's statement, in hex. */
  digest: string
}

/**
 * Reads a signature file and checks who signed it. Throws `bad-signature` where nobody of `trust` did, `bad-certificate`
 * with what is wrong with a chain, and what reading it throws.
 */
export async function checkSignature(bytes: Uint8Array, trust: SignerTrust): Promise<CheckedSignature> {
  const signature = parseModelSignature(bytes)
  const signer = await signerOf(signature, bytes, trust)
  const manifest = parseManifest(signature.payload, nodeSuite)
  return { signer, manifest, digest: manifestDigest(signature.payload, nodeSuite) }
}

async function signerOf(signature: ModelSignature, bytes: Uint8Array, trust: SignerTrust): Promise<Signer> {
  const { signer } = signature
  if (trust.mode === 'key') {
    // The key is what counts, also where a certificate came along with it.
    const key = trust.keys.find(one => isSignedBy(signature, one, nodeSuite))
    if (key === undefined) throw new AnswerableError('bad-signature', notSignedBy(trust.keys))
    return { mode: 'key', name: `key ${key.id}`, key: key.id }
  }
  if (trust.mode === 'certificate') {
    if (signer.mode !== 'certificate') throw otherMode('a chain of certificates')
    const leaf = checkChain(signer.certificates, trust.roots, trust.time)
    const key = publisherKeyOf(leaf.publicKey.export({ type: 'spki', format: 'der' }), nodeSuite)
    if (!isSignedBy(signature, key, nodeSuite))
      throw new AnswerableError('bad-signature', `${nameOf({ x509: leaf })} did not sign this manifest`)
    return { mode: 'certificate', name: nameOf({ x509: leaf }), key: key.id }
  }
  if (signer.mode !== 'sigstore') throw otherMode('a Sigstore certificate')
  await checkSigstore(bytes, signature.payload, trust)
  return { mode: 'sigstore', name: `${trust.identity}, vouched for by ${trust.issuer}` }
}

function notSignedBy(keys: readonly PublisherKey[]): string {
  if (keys.length === 0) return 'no key is trusted to sign models'
  const whom =
    keys.length === 1 ? `the key ${keys[0]!.id.slice(0, 16)}…` : `any of the ${keys.length} keys given`
  return `the manifest is not signed by ${whom}`
}

function otherMode(wanted: string): AnswerableError {
  return new AnswerableError('bad-signature', `the signature file names no signer by ${wanted}`)
}
