/** Reading what the user names on the command line. */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { AnswerableError } from '@answerable/core'
import { type AcceptancePolicy, MAX_RECEIPT_BYTES, parseAcceptancePolicy } from '@answerable/core/receipt'
import { codeOf } from './home.ts'

/** A file's bytes, or those of standard input for `-`. Throws `not-found`, `too-large` and `bad-request`. */
export function readInput(path: string, most: number = MAX_RECEIPT_BYTES): Uint8Array {
  if (path === '-') return readStandardInput(most)
  try {
    const stats = statSync(path)
    if (stats.isDirectory()) throw new AnswerableError('bad-request', `${path}: is a folder; expected a file`)
    if (stats.size > most) throw new AnswerableError('too-large', `${path}: over ${most} bytes`)
    return readFileSync(path)
  } catch (cause) {
    if (cause instanceof AnswerableError) throw cause
    if (codeOf(cause) === 'ENOENT') throw new AnswerableError('not-found', `${path}: no such file`, { cause })
    throw new AnswerableError('bad-request', `${path}: cannot be read (${codeOf(cause)})`, { cause })
  }
}

function readStandardInput(most: number): Uint8Array {
  const chunks: Buffer[] = []
  let length = 0
  // Opened by name where there is one, because a terminal or pipe may stand in non-blocking mode.
  const file = process.platform === 'win32' ? 0 : openSync('/dev/stdin', 'r')
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(64 * 1024)
      const read = readSync(file, chunk)
      if (read === 0) return Buffer.concat(chunks)
      length += read
      if (length > most) throw new AnswerableError('too-large', `standard input: over ${most} bytes`)
      chunks.push(chunk.subarray(0, read))
    }
  } catch (cause) {
    if (codeOf(cause) === 'EOF') return Buffer.concat(chunks)
    throw cause
  } finally {
    if (file !== 0) closeSync(file)
  }
}

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/

/** A day (its beginning, in UTC) or a time with its zone, as Unix milliseconds. Throws `bad-request`. */
export function readTime(text: string, option: string): number {
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw new AnswerableError(
      'bad-request',
      `${option}: expected a day like 2026-01-31, or a time like 2026-01-31T12:00:00Z`,
    )
  return time
}

/** Reads an acceptance policy; what is wrong with it is said with the file's name. */
export function readPolicy(path: string): AcceptancePolicy {
  const bytes = readInput(path, 1024 * 1024)
  try {
    return parseAcceptancePolicy(bytes)
  } catch (cause) {
    if (cause instanceof AnswerableError)
      throw new AnswerableError(cause.code, `${path}: ${cause.message}`, { cause })
    throw cause
  }
}
