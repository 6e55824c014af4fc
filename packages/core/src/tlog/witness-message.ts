/** The bodies of a witness's `add-checkpoint` call (C2SP tlog-witness). */
import { AnswerableError } from '../error.ts'
import { MAX_NOTE_BYTES, type NoteSignature, parseSignatureLines, signatureLine } from '../note/note.ts'
import { boundedText, hasControl } from '../note/text.ts'
import { parseDecimal } from './decimal.ts'
import { formatHashLines, parseHashLines } from './hash-lines.ts'

/** The largest request, in bytes: the largest note, and 4 KiB for the old size and the proof. */
export const MAX_ADD_CHECKPOINT_BYTES = MAX_NOTE_BYTES + 4096
/** The content type of the body that comes with status 409: {@link formatTreeSize}. */
export const TREE_SIZE_CONTENT_TYPE = 'text/x.tlog.size'

export interface AddCheckpoint {
  /** The size that the caller believes the witness last cosigned; 0 for none. */
  readonly oldSize: number
  /** The consistency proof from the old size: 0 to 63 hashes of 32 bytes, none where the old size is 0. */
  readonly proof: readonly Uint8Array[]
  /** The signed checkpoint, verbatim; not looked into here. */
  readonly checkpoint: string
}

/** The request body. Throws `bad-format` and `too-large`. */
export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  if (!Number.isSafeInteger(oldSize) || oldSize < 0) throw bad('the old size is not between 0 and 2^53 - 1')
  checkRest(oldSize, proof, checkpoint)
  const text = `old ${oldSize}\n${formatHashLines(proof, 'bad-format')}\n${checkpoint}`
  return boundedText(text, MAX_ADD_CHECKPOINT_BYTES, 'add-checkpoint')
}

/** Parses the request body. Throws `bad-format`, `too-large` and `not-utf8`: a witness answers each with status 400. */
export function parseAddCheckpoint(body: Uint8Array | string): AddCheckpoint {
  const text = boundedText(body, MAX_ADD_CHECKPOINT_BYTES, 'add-checkpoint')
  const blank = text.indexOf('\n\n')
  if (blank < 0) throw bad('no blank line before the checkpoint')
  const [first, ...lines] = text.slice(0, blank).split('\n') as [string, ...string[]]
  const oldSize = first.startsWith('old ') ? parseDecimal(first.slice(4)) : undefined
  if (oldSize === undefined) throw bad('no line of old and a size between 0 and 2^53 - 1')
  const proof = parseHashLines(lines, 'bad-format')
  const checkpoint = text.slice(blank + 2)
  checkRest(oldSize, proof, checkpoint)
  return { oldSize, proof, checkpoint }
}

/** The body that comes with status 200: one or more cosignature lines. Throws `bad-note`. */
export function formatCosignatures(signatures: readonly NoteSignature[]): string {
  if (signatures.length === 0) throw bad('no cosignature')
  return signatures.map(signatureLine).join('')
}

/**
 * Parses the body that comes with status 200. The signatures are not checked, and those of unknown keys are still
 * among them. Throws `bad-note`, `too-large` and `not-utf8`.
 */
export function parseCosignatures(body: Uint8Array | string): NoteSignature[] {
  const text = boundedText(body, MAX_NOTE_BYTES, 'cosignatures')
  if (hasControl(text)) throw new AnswerableError('bad-note', 'cosignatures: a control character')
  return parseSignatureLines(text)
}

/** The body that comes with status 409: the size that the witness last cosigned. Throws `bad-format`. */
export function formatTreeSize(size: number): string {
  if (!Number.isSafeInteger(size) || size < 0) throw bad('the size is not between 0 and 2^53 - 1')
  return `${size}\n`
}

/** Parses the body that comes with status 409. Throws `bad-format`, `too-large` and `not-utf8`. */
export function parseTreeSize(body: Uint8Array | string): number {
  const text = boundedText(body, 32, 'tree size')
  const size = text.endsWith('\n') ? parseDecimal(text.slice(0, -1)) : undefined
  if (size === undefined) throw bad('not a tree size and a newline')
  return size
}

function checkRest(oldSize: number, proof: readonly Uint8Array[], checkpoint: string): void {
  if (oldSize === 0 && proof.length > 0) throw bad('a proof from size 0')
  if (
    checkpoint === '' ||
    checkpoint.startsWith('\n') ||
    !checkpoint.endsWith('\n') ||
    hasControl(checkpoint)
  )
    throw bad(
      'the checkpoint is empty, starts with a blank line, has no final newline or has a control character',
    )
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-format', `add-checkpoint: ${message}`)
}
