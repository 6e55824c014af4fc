/** Prompts out of a file: one a line, or a JSON array of texts. */
import { AnswerableError, fromUtf8, parseJson } from '@answerable/core'
import { checkPrompts } from '@answerable/core/compare'
import { inFile, readInput } from '../input.ts'

const MOST_BYTES = 4 * 1024 * 1024

/** Throws `not-found`, `bad-request` and what `parseJson` throws, with the file's name. */
export async function readPrompts(path: string): Promise<readonly string[]> {
  const bytes = await readInput(path, MOST_BYTES)
  return inFile(path, () => checkPrompts(path.endsWith('.json') ? fromArray(bytes) : fromLines(bytes)))
}

function fromLines(bytes: Uint8Array): string[] {
  return fromUtf8(bytes)
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '')
}

function fromArray(bytes: Uint8Array): string[] {
  const value = parseJson(bytes, { maxBytes: MOST_BYTES, maxDepth: 2 })
  if (!Array.isArray(value) || value.some(item => typeof item !== 'string'))
    throw new AnswerableError('bad-request', 'expected a JSON array of texts')
  return value as string[]
}
