/**
 * Signatures by Sigstore: a certificate of ten minutes for an identity, and an entry in a transparency log. Checked by
 * Sigstore's own libraries against a trusted root file of the reader's, without network.
 */
import { AnswerableError, equal, parseJson } from '@answerable/core'

export interface SigstoreTrust {
  /** The trusted root: JSON of dev.sigstore.trustroot.v1.TrustedRoot. */
  trustedRoot: Uint8Array
  /** The identity that must have signed, exactly: an address or a URI. */
  identity: string
  /** Who vouched for that identity, exactly: the URL of an OpenID Connect issuer. */
  issuer: string
}

/**
 * Checks the signature file `bytes`, whose manifest was read as `payload`. Throws `bad-signature` where the identity did
 * not sign, or the log does not show it; `bad-config` for a trusted root that cannot be read.
 */
export async function checkSigstore(
  bytes: Uint8Array,
  payload: Uint8Array,
  { trustedRoot, identity, issuer }: SigstoreTrust,
): Promise<void> {
  // Loaded here, so that nothing else pays for it.
  const [{ bundleFromJSON }, { toSignedEntity, toTrustMaterial, Verifier }, { TrustedRoot }] =
    await Promise.all([
      import('@sigstore/bundle'),
      import('@sigstore/verify'),
      import('@sigstore/protobuf-specs'),
    ])
  let verifier: InstanceType<typeof Verifier>
  try {
    const root = TrustedRoot.fromJSON(parseJson(trustedRoot, { maxBytes: 4 << 20 }))
    if (root.certificateAuthorities.length === 0 || root.tlogs.length === 0)
      throw new Error('it names no authority or no log')
    verifier = new Verifier(toTrustMaterial(root))
  } catch (cause) {
    throw new AnswerableError('bad-config', 'the trusted root is not one of Sigstore', { cause })
  }
  let signer: ReturnType<typeof verifier.verify>
  try {
    const bundle = bundleFromJSON(parseJson(bytes, { maxBytes: bytes.length }))
    const { content } = bundle
    // What is checked must be what was read: the library has a parser of its own.
    if (content.$case !== 'dsseEnvelope' || !equal(content.dsseEnvelope.payload, payload))
      throw new Error('the manifest was read in two ways')
    // A policy given to the library would be a regular expression; identities are compared exactly below.
    signer = verifier.verify(toSignedEntity(bundle))
  } catch (cause) {
    throw new AnswerableError(
      'bad-signature',
      `Sigstore does not accept the signature: ${(cause as Error).message}`,
      { cause },
    )
  }
  const { subjectAlternativeName: by, extensions } = signer.identity ?? {}
  if (by !== identity || extensions?.issuer !== issuer)
    throw new AnswerableError(
      'bad-signature',
      `signed by ${JSON.stringify(by ?? '')} as vouched for by ${JSON.stringify(extensions?.issuer ?? '')}, and not by ${JSON.stringify(identity)} of ${JSON.stringify(issuer)}`,
    )
}
