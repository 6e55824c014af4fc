/** Signing notes. Core holds no private key: a signer is a value that a platform passes in. */
import { utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { checkNoteText, formatNote, type NoteSignature } from './note.ts'
import { formatVkey, SIG_ED25519, type VerifierKey } from './vkey.ts'

export interface NoteSigner {
  readonly key: VerifierKey
  /** The raw signature over `message`: 64 bytes of Ed25519, or 2,420 of ML-DSA-44 with the empty context. */
  sign(message: Uint8Array): Uint8Array
}

/** The vkey text to publish for a signer. */
export function signerVkey(signer: NoteSigner): string {
  return formatVkey(signer.key)
}

/** One signature over a note's text. Throws `bad-vkey` where the key is not of type `SIG_ED25519`. */
export function signText(text: string, signer: NoteSigner): NoteSignature {
  const { name, keyId, type } = signer.key
  if (type !== SIG_ED25519) throw new AnswerableError('bad-vkey', `${name} is not a plain Ed25519 key`)
  return { name, keyId, signature: signer.sign(utf8(text)) }
}

/**
 * A whole note, as text, signed by each signer in turn. Throws `bad-note` where the text cannot be a note's, and
 * `bad-vkey` for a signer that is not plain Ed25519: cosigners sign checkpoints, with `cosign` of `tlog/`.
 */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  checkNoteText(text)
  return formatNote({ text, signatures: signers.map(signer => signText(text, signer)) })
}
