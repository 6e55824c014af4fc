/** The GGUF model that tests run, and copies of it that are changed on purpose. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { findLlama } from '../src/runtime/index.ts'

export const STORIES = join(import.meta.dirname, '../../../../shared/models/stories260K.gguf')
export const STORIES_SHA256 = '760bea9c8127ff33dde7f637e278fea418fd4e57bcc880689f0e1893983d9988'

/** The model's path; undefined where it cannot run here, which is a failure in CI unless the file is absent. */
export function stories(t: TestContext): string | undefined {
  if (!existsSync(STORIES)) {
    t.skip('stories260K.gguf is not there: it lies outside the repository, under shared/models')
    return undefined
  }
  if (findLlama() === undefined) {
    if (process.env.CI)
      throw new Error('the GGUF runtime is missing, and in CI it must be there: npm run llama')
    t.skip('the GGUF runtime is not installed: npm run llama')
    return undefined
  }
  return STORIES
}

const HEADER_BYTES = 24
const STRING = 8
/** The alignment of the tensors in a GGUF file. */
const ALIGNMENT = 32

/** A copy of the model with a chat template: one more entry behind the header, of a length that keeps the alignment. */
export function withTemplate(file: string, template: string, to: string): string {
  const bytes = readFileSync(file)
  const name = 'tokenizer.chat_template'
  const fixed = 8 + name.length + 4 + 8
  const value = template.padEnd(
    template.length + ((ALIGNMENT - ((fixed + template.length) % ALIGNMENT)) % ALIGNMENT),
  )
  const entry = Buffer.alloc(fixed + value.length)
  let at = entry.writeBigUInt64LE(BigInt(name.length))
  at += entry.write(name, at)
  at = entry.writeUInt32LE(STRING, at)
  at = entry.writeBigUInt64LE(BigInt(value.length), at)
  entry.write(value, at)
  const header = Buffer.from(bytes.subarray(0, HEADER_BYTES))
  header.writeBigUInt64LE(header.readBigUInt64LE(16) + 1n, 16)
  writeFileSync(to, Buffer.concat([header, entry, bytes.subarray(HEADER_BYTES)]))
  return to
}
