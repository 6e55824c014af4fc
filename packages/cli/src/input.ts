/** Reading what the user names on the command line. */
import { readFile, stat } from 'node:fs/promises'
import { AnswerableError } from '@answerable/core'
import { type Endorsement, MAX_ENDORSEMENT_BYTES, readEndorsementFile } from '@answerable/core/evidence'
import {
  type AcceptancePolicy,
  MAX_RECEIPT_BYTES,
  parseAcceptancePolicy,
  parseReceipt,
  type Receipt,
} from '@answerable/core/receipt'
import { codeOf } from './home.ts'

/** A file's bytes, or those of standard input for `-`. Throws `not-found`, `too-large` and `bad-request`. */
export async function readInput(path: string, most: number = MAX_RECEIPT_BYTES): Promise<Uint8Array> {
  if (path === '-') return readStandardInput(most)
  try {
    const stats = await stat(path)
    if (stats.isDirectory()) throw new AnswerableError('bad-request', `${path}: is a folder; expected a file`)
    if (stats.size > most) throw new AnswerableError('too-large', `${path}: over ${most} bytes`)
    return await readFile(path)
  } catch (cause) {
    if (cause instanceof AnswerableError) throw cause
    if (codeOf(cause) === 'ENOENT') throw new AnswerableError('not-found', `${path}: no such file`, { cause })
    throw new AnswerableError('bad-request', `${path}: cannot be read (${codeOf(cause)})`, { cause })
  }
}

async function readStandardInput(most: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > most) throw new AnswerableError('too-large', `standard input: over ${most} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
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

export async function readPolicy(path: string): Promise<AcceptancePolicy> {
  const bytes = await readInput(path, 1024 * 1024)
  return inFile(path, () => parseAcceptancePolicy(bytes))
}

export async function readReceipt(path: string): Promise<Receipt> {
  const bytes = await readInput(path)
  return inFile(path, () => parseReceipt(bytes))
}

/** What vendors say of platforms, from files of any of their kinds: together one archive. */
export async function readCollateral(paths: readonly string[]): Promise<Endorsement[]> {
  const lists = await Promise.all(
    paths.map(async path => {
      const bytes = await readInput(path, MAX_ENDORSEMENT_BYTES * 2)
      return inFile(path, () => readEndorsementFile(bytes))
    }),
  )
  return lists.flat()
}

/** What is wrong with what a file holds is said with its name. */
export function inFile<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof AnswerableError)) throw cause
    const name = path === '-' ? 'standard input' : path
    throw new AnswerableError(cause.code, `${name}: ${cause.message}`, { cause })
  }
}
