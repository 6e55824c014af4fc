/**
 * Encryption to one reader: JWE (RFC 7516) in its compact form, ECDH-ES with X25519 (RFC 8037) and A256GCM. Both ends
 * take these alone, whatever a header says.
 */
import { AnswerableError } from '@answerable/core'
import { DISCLOSED_RECORD_MEDIA_TYPE, parseRecipient, type RecipientKey } from '@answerable/core/audit'
import { CompactEncrypt, compactDecrypt, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'

const ALG = 'ECDH-ES'
const ENC = 'A256GCM'

/** A recipient's key pair, made for one request. */
export interface Recipient {
  publicKey: RecipientKey
  /** For whoever is to be shown later what this ciphertext holds; it opens nothing else. */
  privateKey: JWK
}

export async function newRecipient(): Promise<Recipient> {
  const pair = await generateKeyPair(ALG, { crv: 'X25519', extractable: true })
  const { kty, crv, x } = await exportJWK(pair.publicKey)
  return { publicKey: parseRecipient({ kty, crv, x }), privateKey: await exportJWK(pair.privateKey) }
}

/** Throws `bad-request` for a key that no secret can be agreed with. */
export async function encryptTo(recipient: RecipientKey, plain: Uint8Array): Promise<string> {
  try {
    return await new CompactEncrypt(plain)
      .setProtectedHeader({ alg: ALG, enc: ENC, cty: DISCLOSED_RECORD_MEDIA_TYPE })
      .encrypt(await importJWK({ ...recipient }, ALG))
  } catch (cause) {
    throw new AnswerableError('bad-request', 'recipient: nothing can be encrypted to this key', { cause })
  }
}

/** Throws `bad-format` for what does not open with this key, or is not encrypted as above. */
export async function decryptWith(privateKey: JWK, jwe: string): Promise<Uint8Array> {
  try {
    const { plaintext } = await compactDecrypt(jwe, await importJWK(privateKey, ALG), {
      keyManagementAlgorithms: [ALG],
      contentEncryptionAlgorithms: [ENC],
      maxDecompressedLength: 0,
    })
    return plaintext
  } catch (cause) {
    throw new AnswerableError('bad-format', 'the ciphertext does not open with the recipient’s key', {
      cause,
    })
  }
}
