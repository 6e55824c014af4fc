/** Signing a model: its manifest, with a key alone, or with a key and the certificates that vouch for it. */
import { createPublicKey, type KeyObject, sign, type X509Certificate } from 'node:crypto'
import { AnswerableError } from '@answerable/core'
import {
  formatManifest,
  formatModelSignature,
  type PublisherKey,
  publisherKeyOf,
  type Resource,
  signedBytes,
} from '@answerable/core/model'
import { nodeSuite } from '../log/suite.ts'

export interface SignOptions {
  name: string
  resources: readonly Resource[]
  /** What was left out of the list, beside git's own. */
  ignorePaths?: string[]
  privateKey: KeyObject
  /** That of the key first, then those that lead to a root. */
  certificates?: readonly X509Certificate[]
}

export interface Signed {
  /** The exact bytes of the manifest's statement. */
  manifest: Uint8Array
  /** The signature file. */
  bytes: Uint8Array
  key: PublisherKey
}

const DIGESTS = { 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512', Ed25519: null }

/** Throws `bad-key` for a key of another kind, or one that the certificate is not for. */
export function signModel(options: SignOptions): Signed {
  const { name, resources, ignorePaths, privateKey, certificates } = options
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  const key = publisherKeyOf(spki, nodeSuite)
  const [leaf] = certificates ?? []
  if (leaf !== undefined && !leaf.checkPrivateKey(privateKey))
    throw new AnswerableError('bad-key', 'the certificate is not for this key')
  const manifest = formatManifest(
    { name, resources: [...resources], ...(ignorePaths && { ignorePaths }) },
    nodeSuite,
  )
  const sig = new Uint8Array(sign(DIGESTS[key.algorithm], signedBytes(manifest), privateKey))
  const bytes = formatModelSignature({
    payload: manifest,
    sig,
    signer:
      certificates === undefined || certificates.length === 0
        ? { mode: 'key', hint: key.id }
        : { mode: 'certificate', certificates: certificates.map(({ raw }) => new Uint8Array(raw)) },
  })
  return { manifest, bytes, key }
}
