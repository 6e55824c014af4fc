/** Signed notes: text signed by one or more keys (C2SP signed-note). */
export {
  asNote,
  checkSignatures,
  formatNote,
  MAX_NOTE_BYTES,
  MAX_NOTE_SIGNATURES,
  type Note,
  type NoteSignature,
  type NoteSigned,
  openNote,
  parseNote,
  parseSignatureLine,
  parseSignatureLines,
  signatureLine,
  withSignatures,
} from './note.ts'
export { type NoteSigner, signerVkey, signNote, signText } from './signer.ts'
export {
  formatVkey,
  hexId,
  isKeyName,
  keyId,
  parseVkey,
  SIG_COSIGNATURE_ED25519,
  SIG_COSIGNATURE_MLDSA44,
  SIG_ED25519,
  sameKey,
  type VerifierKey,
  verifierKey,
  vkeyFingerprint,
} from './vkey.ts'
