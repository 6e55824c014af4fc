/**
 * Offline proofs (C2SP tlog-proof): an entry's index, its inclusion proof and the checkpoint, as one text.
 * The proof holds the entry only by its place: what was logged, and whom to believe, the reader brings.
 */
import { fromBase64, toBase64 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { MAX_NOTE_BYTES } from '../note/note.ts'
import { boundedText, hasControl } from '../note/text.ts'
import { parseDecimal } from './decimal.ts'
import { formatHashLines, parseHashLines } from './hash-lines.ts'

const HEADER = 'c2sp.org/tlog-proof@v1'

/** The largest proof, in bytes: the largest note, and 64 KiB for hashes and extra data. */
export const MAX_TLOG_PROOF_BYTES = MAX_NOTE_BYTES + 64 * 1024

export interface TlogProof {
  /** Opaque and unauthenticated; never empty where present. */
  readonly extra?: Uint8Array
  /** Zero-based index of the entry. */
  readonly index: number
  /** The inclusion proof, leaf's sibling first: 0 to 63 hashes of 32 bytes. */
  readonly hashes: readonly Uint8Array[]
  /** The signed checkpoint, verbatim. Not looked into here: `evaluatePolicy` parses it, once for many proofs. */
  readonly checkpoint: string
}

/** The text of a proof; empty extra data counts as none. Throws `bad-proof` and `too-large`. */
export function formatTlogProof(proof: TlogProof): string {
  const { extra, index, hashes, checkpoint } = proof
  if (!Number.isSafeInteger(index) || index < 0)
    throw bad('the index is not an integer between 0 and 2^53 - 1')
  checkNote(checkpoint)
  const extraLine = extra === undefined || extra.length === 0 ? '' : `extra ${toBase64(extra)}\n`
  const text = `${HEADER}\n${extraLine}index ${index}\n${formatHashLines(hashes, 'bad-proof')}\n${checkpoint}`
  return boundedText(text, MAX_TLOG_PROOF_BYTES, 'proof')
}

/** Parses a proof. Throws `bad-proof`, `too-large` and `not-utf8`. */
export function parseTlogProof(input: Uint8Array | string): TlogProof {
  const text = boundedText(input, MAX_TLOG_PROOF_BYTES, 'proof')
  const blank = text.indexOf('\n\n')
  if (blank < 0) throw bad('no blank line before the checkpoint')
  const checkpoint = text.slice(blank + 2)
  checkNote(checkpoint)
  const [header, ...lines] = text.slice(0, blank).split('\n')
  if (header !== HEADER) throw bad(`the first line is not ${HEADER}`)
  const extra = lines[0]?.startsWith('extra ') ? parseExtra(lines.shift()!) : undefined
  const indexLine = lines.shift()
  const index = indexLine?.startsWith('index ') ? parseDecimal(indexLine.slice(6)) : undefined
  if (index === undefined) throw bad('no index line with a number between 0 and 2^53 - 1')
  const hashes = parseHashLines(lines, 'bad-proof')
  return { ...(extra && { extra }), index, hashes, checkpoint }
}

function parseExtra(line: string): Uint8Array {
  let extra: Uint8Array
  try {
    extra = fromBase64(line.slice(6))
  } catch (cause) {
    throw new AnswerableError('bad-proof', 'proof: the extra data is not canonical base64', { cause })
  }
  // Where there is none the line is left out: one proof, one spelling.
  if (extra.length === 0) throw bad('an extra line without data')
  return extra
}

function checkNote(checkpoint: string): void {
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
  return new AnswerableError('bad-proof', `proof: ${message}`)
}
