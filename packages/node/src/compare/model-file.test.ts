/** Model files as sides: the same file is not told from itself, and another model of the same shape is. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ComparisonParameters } from '@answerable/core/compare'
import { STORIES_SHA256, stories } from '../../test/llama.ts'
import { perturbedGguf, quantisedGguf } from '../models/gguf-variants.ts'
import { compare } from './compare.ts'
import { ModelFileSource } from './model-file.ts'
import { replayTokens } from './replay-tokens.ts'

const PARAMETERS = { temperature: 1, topP: 1, maxTokens: 16, api: 'completion' } as const
const PROMPTS = ['Once upon a time', 'Lily and Tom', 'One day, a dog', 'The old tree']
const LEVEL = 1e-6

async function open(
  t: TestContext,
  file: string,
  parameters: ComparisonParameters = PARAMETERS,
): Promise<ModelFileSource> {
  const source = await ModelFileSource.open(file, parameters)
  t.after(() => source.close())
  return source
}

test('a file is compared with itself, and with another model', async t => {
  const file = stories(t)
  if (file === undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'answerable-compare-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const other = join(folder, 'other.gguf')
  writeFileSync(other, perturbedGguf(readFileSync(file), { size: 1, seed: 1 }).bytes)
  const a = await open(t, file)
  const facts = { prompts: PROMPTS, parameters: PARAMETERS, samples: 80, level: LEVEL, parallel: 2 }
  const same = await compare({ ...facts, a, b: await open(t, file) })
  assert.equal(same.body.outcome, 'not-shown')
  assert.ok(same.body.a.kind === 'file' && same.body.a.sha256 === STORIES_SHA256)
  const different = await compare({ ...facts, level: 0.01, a, b: await open(t, other) })
  assert.equal(different.body.outcome, 'different')
  assert.ok(different.body.b.kind === 'file' && different.body.b.sha256 !== STORIES_SHA256)
})

test('token by token: the same file matches, a coarser one is told apart, and each prompt is asked once', async t => {
  const file = stories(t)
  if (file === undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'answerable-compare-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const coarser = join(folder, 'coarser.gguf')
  writeFileSync(coarser, quantisedGguf(readFileSync(file), 'Q4_0').bytes)
  const parameters = { ...PARAMETERS, temperature: 0, maxTokens: 24 }
  const b = await open(t, file, parameters)
  const prompts = PROMPTS.flatMap(prompt => ['', ' Then', ' But', ' So'].map(more => prompt + more))
  const facts = { b, prompts, parameters, samples: 100, level: 0.01, honest: 0.01 }
  const same = await replayTokens({ ...facts, a: await open(t, file, parameters) })
  assert.equal(same.body.outcome, 'not-shown')
  assert.equal(same.body.matches, same.body.seen)
  assert.ok(same.body.seen > 200 && same.body.seen <= prompts.length * 24, String(same.body.seen))
  assert.equal(same.body.margin, 0.05)
  const lines: string[] = []
  const keep = (line: string) => lines.push(line)
  const different = await replayTokens({ ...facts, a: await open(t, coarser, parameters), keep })
  assert.equal(different.body.outcome, 'different')
  const asked = lines.slice(1).map(line => JSON.parse(line).prompt)
  assert.equal(new Set(asked).size, asked.length)
  for (const bad of [{ margin: -1 }, { honest: 0 }, { samples: 0 }, { parameters: PARAMETERS }])
    await assert.rejects(replayTokens({ ...facts, a: b, ...bad }), { code: 'bad-request' })
})
