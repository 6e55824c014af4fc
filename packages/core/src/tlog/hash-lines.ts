/** Proof hashes as text, one in base64 a line: the form that tlog-proof and tlog-witness share. */
import { fromBase64, toBase64 } from '../bytes.ts'
import { AnswerableError, type ErrorCode } from '../error.ts'
import { HASH_LENGTH } from './merkle.ts'

/** The most hashes of a proof: a tree has fewer than 2^63 entries. */
export const MAX_PROOF_HASHES = 63

/** Throws `code` for over {@link MAX_PROOF_HASHES} lines, or a line that is not 32 bytes in base64. */
export function parseHashLines(lines: readonly string[], code: ErrorCode): Uint8Array[] {
  if (lines.length > MAX_PROOF_HASHES)
    throw new AnswerableError(code, `over ${MAX_PROOF_HASHES} proof hashes`)
  return lines.map(line => {
    try {
      return fromBase64(line, HASH_LENGTH)
    } catch (cause) {
      throw new AnswerableError(code, 'a proof line is not 32 bytes in base64', { cause })
    }
  })
}

/** The lines, each with its newline. Throws `code` where {@link parseHashLines} would not read them again. */
export function formatHashLines(hashes: readonly Uint8Array[], code: ErrorCode): string {
  if (hashes.length > MAX_PROOF_HASHES || hashes.some(hash => hash.length !== HASH_LENGTH))
    throw new AnswerableError(code, `a proof has at most ${MAX_PROOF_HASHES} hashes of 32 bytes`)
  return hashes.map(hash => `${toBase64(hash)}\n`).join('')
}
