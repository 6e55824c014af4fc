/** Model files as sides: the same file is not told from itself, and another model of the same shape is. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { STORIES_SHA256, stories } from '../../test/llama.ts'
import { perturbedGguf } from '../models/gguf-variants.ts'
import { compare } from './compare.ts'
import { ModelFileSource } from './model-file.ts'

const PARAMETERS = { temperature: 1, topP: 1, maxTokens: 16, api: 'completion' } as const
const PROMPTS = ['Once upon a time', 'Lily and Tom', 'One day, a dog', 'The old tree']
const LEVEL = 1e-4

async function open(t: TestContext, file: string): Promise<ModelFileSource> {
  const source = await ModelFileSource.open(file, PARAMETERS)
  t.after(() => source.close())
  return source
}

test('a file is compared with itself, and with another model', async t => {
  const file = stories(t)
  if (file === undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'answerable-compare-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const other = join(folder, 'other.gguf')
  writeFileSync(other, perturbedGguf(readFileSync(file), { size: 0.5, seed: 1 }).bytes)
  const a = await open(t, file)
  const facts = { prompts: PROMPTS, parameters: PARAMETERS, samples: 80, level: LEVEL, parallel: 2 }
  const same = await compare({ ...facts, a, b: await open(t, file) })
  assert.equal(same.body.outcome, 'not-shown')
  assert.ok(same.body.a.kind === 'file' && same.body.a.sha256 === STORIES_SHA256)
  const different = await compare({ ...facts, a, b: await open(t, other) })
  assert.equal(different.body.outcome, 'different')
  assert.ok(different.body.b.kind === 'file' && different.body.b.sha256 !== STORIES_SHA256)
})
