/** Opening a checkpoint with the keys of the log that it names. */
import { utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { asNote, checkSignatures, type Note } from '../note/note.ts'
import { SIG_COSIGNATURE_MLDSA44, SIG_ED25519, type VerifierKey } from '../note/vkey.ts'
import type { Suite } from '../suite.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { checkCosignature } from './cosignature.ts'

/** Whether a log signs with keys of this type: plain Ed25519, or the ML-DSA-44 cosignature form. */
export function isLogKey(key: VerifierKey): boolean {
  return key.type === SIG_ED25519 || key.type === SIG_COSIGNATURE_MLDSA44
}

export interface OpenedCheckpoint {
  readonly note: Note
  readonly checkpoint: Checkpoint
  /** The log's keys that signed, in the note's order, at least one. */
  readonly logs: readonly VerifierKey[]
}

/**
 * Opens a checkpoint that a known log signed. Only keys whose name is the checkpoint's origin count, so that no log
 * can speak for another. Throws `unsigned` where none of them signed, `bad-signature` where one seems to have and the
 * signature is wrong, `bad-vkey`, `bad-checkpoint`, and what `parseNote` throws.
 */
export function openCheckpoint(
  input: Note | Uint8Array | string,
  logKeys: readonly VerifierKey[],
  suite: Suite,
): OpenedCheckpoint {
  const note = asNote(input)
  const checkpoint = parseCheckpoint(note.text)
  const keys = logKeys.filter(key => key.name === checkpoint.origin)
  for (const key of keys)
    if (!isLogKey(key)) throw new AnswerableError('bad-vkey', `${key.name} has a key that no log signs with`)
  const signers = checkSignatures(note, keys, (key, signature) => checkLog(key, signature, note.text, suite))
  if (signers.length === 0)
    throw new AnswerableError('unsigned', `no known key of ${checkpoint.origin} signed the checkpoint`)
  return { note, checkpoint, logs: signers.map(({ key }) => key) }
}

function checkLog(key: VerifierKey, signature: Uint8Array, text: string, suite: Suite): true | undefined {
  const good =
    key.type === SIG_ED25519
      ? suite.verifyEd25519(key.publicKey, utf8(text), signature)
      : checkCosignature(key, signature, text, suite) !== undefined
  return good || undefined
}
