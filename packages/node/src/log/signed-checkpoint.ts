/** Checkpoints that the log's own key signed. */
import { AnswerableError, fromUtf8, type Suite } from '@answerable/core'
import { type NoteSigner, openNote, signNote } from '@answerable/core/note'
import { formatCheckpoint, parseCheckpoint } from '@answerable/core/tlog'

/** A checkpoint with its note: signed by the log, and perhaps cosigned. */
export interface SignedCheckpoint {
  size: number
  root: Uint8Array
  note: string
}

export function signCheckpoint(
  { size, root }: Pick<SignedCheckpoint, 'size' | 'root'>,
  signer: NoteSigner,
): SignedCheckpoint {
  const text = formatCheckpoint({ origin: signer.key.name, size, root, extensions: [] })
  return { size, root, note: signNote(text, [signer]) }
}

/** Reads a checkpoint of our own; another key or origin in its place is `corrupt`. */
export function readCheckpoint(
  bytes: Uint8Array,
  signer: NoteSigner,
  suite: Suite,
  path: string,
): SignedCheckpoint {
  try {
    const note = fromUtf8(bytes)
    const { text } = openNote(note, [signer.key], suite)
    const { origin, size, root } = parseCheckpoint(text)
    if (origin !== signer.key.name) throw new AnswerableError('bad-checkpoint', `its origin is ${origin}`)
    return { size, root, note }
  } catch (cause) {
    throw new AnswerableError('corrupt', `${path}: not a checkpoint signed by this log's key`, { cause })
  }
}
