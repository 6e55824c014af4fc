/**
 * Checkpoints (C2SP tlog-checkpoint): the text of a signed note that states a log's origin, its size and its root,
 * one a line, and any extension lines after them.
 */
import { equal, fromBase64, toBase64 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { hasControl } from '../note/text.ts'
import { parseDecimal } from './decimal.ts'
import { EMPTY_ROOT, HASH_LENGTH } from './merkle.ts'

export interface Checkpoint {
  /** Names the log; non-empty, without newlines. */
  readonly origin: string
  /** Entries in the tree, up to 2^53 - 1. */
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
  /** Opaque lines, non-empty. Not covered by ML-DSA-44 signatures, nor audited by anyone. */
  readonly extensions: readonly string[]
}

/** The note text of a checkpoint. Throws `bad-checkpoint`. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { origin, size, root, extensions } = checkpoint
  if (!Number.isSafeInteger(size) || size < 0) throw bad('the size is not an integer between 0 and 2^53 - 1')
  if (root.length !== HASH_LENGTH) throw bad('the root is not 32 bytes')
  checkEmpty(size, root)
  for (const line of [origin, ...extensions])
    if (line === '' || line.includes('\n') || hasControl(line) || !line.isWellFormed())
      throw bad('the origin or an extension is empty or has a newline or control character')
  return [origin, size, toBase64(root), ...extensions].map(line => `${line}\n`).join('')
}

/** Parses a checkpoint's note text (without signatures). Throws `bad-checkpoint`. */
export function parseCheckpoint(text: string): Checkpoint {
  if (!text.endsWith('\n')) throw bad('no newline at the end')
  if (hasControl(text)) throw bad('a control character')
  const lines = text.slice(0, -1).split('\n')
  if (lines.length < 3 || lines.includes('')) throw bad('not three or more non-empty lines')
  const [origin, sizeLine, rootLine, ...extensions] = lines as [string, string, string, ...string[]]
  const size = parseDecimal(sizeLine)
  if (size === undefined) throw bad('the size is not a decimal number between 0 and 2^53 - 1')
  let root: Uint8Array
  try {
    root = fromBase64(rootLine, HASH_LENGTH)
  } catch (cause) {
    throw new AnswerableError('bad-checkpoint', 'checkpoint: the root is not 32 bytes in base64', { cause })
  }
  checkEmpty(size, root)
  return { origin, size, root, extensions }
}

/** The empty tree has one root, so another is a false statement that needs no proof. */
function checkEmpty(size: number, root: Uint8Array): void {
  if (size === 0 && !equal(root, EMPTY_ROOT)) throw bad('size 0 with a root that is not the empty tree’s')
}

function bad(message: string): AnswerableError {
  return new AnswerableError('bad-checkpoint', `checkpoint: ${message}`)
}
