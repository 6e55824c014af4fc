/** The numbers that core computes again are those that llama.cpp draws by, however the list of tokens is cut. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Scores, Uniforms } from '@answerable/core/audit'
import { stories } from '../../test/llama.ts'
import { LlamaModel } from '../runtime/index.ts'
import { knowsDraws } from './draws.ts'

const signal = new AbortController().signal

test('a seed draws the same tokens here as in the library, with one token left as well', async t => {
  const file = stories(t)
  if (file === undefined) return
  const model = await LlamaModel.open(file, { name: 'm', version: '1' })
  t.after(() => model.close())
  const prompt = model.textPrompt('Tom')
  for (const sampler of [
    { temperature: 1, topK: 0, topP: 1, minP: 0 },
    { temperature: 0.7, topK: 0, topP: 0.9, minP: 0 },
    { temperature: 1.5, topK: 20, topP: 1, minP: 0 },
    { temperature: 1, topK: 0, topP: 1, minP: 0.5 },
    { temperature: 1, topK: 20, topP: 0.7, minP: 0.02 },
    { temperature: 1, topK: 1, topP: 1, minP: 0 },
  ])
    for (const seed of [0, 1, 77, 0xfffffffe]) {
      const generation = { ...sampler, prompt, seed, maxTokens: 60, stop: [] }
      let expected = ''
      for await (const piece of model.generate(generation, signal)) expected += piece
      const uniforms = new Uniforms(seed)
      const run = model.textRun(generation)
      const positions = model.score(prompt, signal)
      let text = ''
      let last = 0
      for (let i = 0; run.end === undefined; i++) {
        const { value } = i === 0 ? await positions.next() : await positions.next(last)
        const scores = new Scores(value as Float64Array, sampler)
        last = scores.draw(uniforms.at(i))
        assert.equal(scores.leastNoise(last, uniforms.at(i)), 0)
        text += run.add(last).join('')
      }
      await positions.return()
      assert.equal(text, expected, JSON.stringify({ ...sampler, seed }))
    }
  assert.ok(await knowsDraws(model, signal))
})
