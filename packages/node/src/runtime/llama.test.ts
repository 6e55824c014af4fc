/** stories260K, a model of a megabyte that is trained on children's stories, as llama.cpp runs it here. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { STORIES_SHA256, stories, withTemplate } from '../../test/llama.ts'
import { DEFAULT_SAMPLING, type Generation, type GenerationEnd, LlamaModel } from './index.ts'
import { findLlama } from './llama-library.ts'

const LILY =
  'Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball.'
const CHATML = `{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`

async function open(
  t: TestContext,
  options: { file?: string; batchSize?: number } = {},
): Promise<LlamaModel | undefined> {
  const file = stories(t)
  if (file === undefined) return undefined
  const { batchSize } = options
  const model = await LlamaModel.open(options.file ?? file, {
    name: 'stories260K',
    version: '1',
    ...(batchSize && { batchSize }),
  })
  t.after(() => model.close())
  return model
}

async function generate(
  model: LlamaModel,
  generation: Partial<Generation>,
  signal: AbortSignal = new AbortController().signal,
): Promise<GenerationEnd & { text: string; pieces: number }> {
  const pieces = model.generate(
    {
      ...DEFAULT_SAMPLING,
      prompt: model.textPrompt(''),
      seed: 0,
      maxTokens: 60,
      stop: [],
      ...generation,
    },
    signal,
  )
  for (let text = '', count = 0; ; count++) {
    const { done, value } = await pieces.next()
    if (done) return { ...value, text, pieces: count }
    text += value
  }
}

test('greedy text is the published one, and ends where the story does', async t => {
  const model = await open(t)
  if (model === undefined) return
  const whole = await generate(model, { temperature: 0, maxTokens: 10_000 })
  assert.ok(whole.text.startsWith(LILY))
  assert.ok(whole.text.endsWith('You are a good friend."'))
  assert.equal(whole.finish, 'stop')
  const short = await generate(model, { temperature: 0, maxTokens: 3 })
  assert.deepEqual(short, { text: 'Once upon a', finish: 'length', tokens: 3, pieces: 3 })
  const stopped = await generate(model, { temperature: 0, stop: ['a little girl', 'Lily'] })
  assert.equal(stopped.text, 'Once upon a time, there was ')
  assert.equal(stopped.finish, 'stop')
})

test('a seed gives the same text every time, and another seed another', async t => {
  const model = await open(t)
  if (model === undefined) return
  const texts = new Map<number, string>()
  for (const seed of [0, 1, 7, 42, 0xfffffffe]) texts.set(seed, (await generate(model, { seed })).text)
  assert.equal(new Set(texts.values()).size, texts.size)
  await generate(model, { prompt: model.textPrompt('Something else came before.'), seed: 3 })
  for (const [seed, text] of texts) assert.equal((await generate(model, { seed })).text, text)
  const cold = await generate(model, { seed: 1, topK: 1 })
  assert.equal(cold.text, (await generate(model, { temperature: 0 })).text)
  assert.notEqual((await generate(model, { seed: 1, topP: 0.3 })).text, texts.get(1))
})

test('another opening of the file repeats it, through prompts longer than a batch as well', async t => {
  const one = await open(t, { batchSize: 64 })
  const two = await open(t, { batchSize: 64 })
  if (one === undefined || two === undefined) return
  assert.equal(one.describe().runtime.configuration.batchSize, 64)
  const story = (await generate(one, { temperature: 0, maxTokens: 400 })).text
  for (const prompt of ['', 'Tom and Lily', story]) {
    const first = await generate(one, { prompt: one.textPrompt(prompt), seed: 9 })
    const second = await generate(two, { prompt: two.textPrompt(prompt), seed: 9 })
    assert.deepEqual(first, second)
  }
})

test('it says all that a result depends on', async t => {
  const model = await open(t)
  if (model === undefined) return
  const { name, manifest, runtime } = model.describe()
  assert.equal(name, 'stories260K')
  assert.equal(manifest, STORIES_SHA256)
  assert.equal(runtime.name, 'node-llama-cpp')
  assert.match(runtime.version, /^\d+\.\d+\.\d+$/)
  const { configuration, processor } = runtime
  assert.match(String(configuration['llama.cpp']), /\S/)
  assert.match(String(configuration.kernels), /^CPU/)
  for (const [option, value] of Object.entries({
    gpu: false,
    threads: 1,
    contextSize: 512,
    batchSize: 512,
    flashAttention: false,
    kvCacheKeyType: 'F16',
    kvCacheValueType: 'F16',
  }))
    assert.equal(configuration[option], value, option)
  assert.ok(processor.architecture !== '')
})

test('a prompt is text: special tokens that are spelt out in it are not made', async t => {
  const model = await open(t)
  if (model === undefined) return
  const { tokens } = model.textPrompt('<s>a</s>')
  assert.equal(tokens.filter(token => token === 1).length, 1)
  assert.ok(!tokens.includes(2))
})

test('a prompt that fills the context is refused', async t => {
  const model = await open(t)
  if (model === undefined) return
  assert.throws(() => model.textPrompt('word '.repeat(600)), { code: 'bad-request', message: /context/ })
})

test('a conversation follows the template of the file', async t => {
  const file = stories(t)
  if (file === undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'answerable-gguf-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const plain = await open(t)
  const chat = await open(t, { file: withTemplate(file, CHATML, join(folder, 'chat.gguf')) })
  if (plain === undefined || chat === undefined) return
  const turns = [
    { role: 'system', text: 'Be kind.' },
    { role: 'user', text: 'Hello' },
    { role: 'assistant', text: 'Hi' },
    { role: 'user', text: 'A story, please.' },
  ] as const
  const expected =
    '<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\nHi<|im_end|>\n<|im_start|>user\nA story, please.<|im_end|>\n<|im_start|>assistant\n'
  const { tokens, stop } = chat.chatPrompt(turns)
  assert.equal(textOf(tokens), textOf(chat.textPrompt(expected).tokens))
  assert.deepEqual(stop, ['<|im_end|>'])
  assert.equal(chat.describe().runtime.configuration.chatTemplate, 'of the model file')
  assert.notEqual(chat.describe().manifest, STORIES_SHA256)
  // Without one, what was said is the text to go on with.
  assert.deepEqual(
    plain.chatPrompt(turns).tokens,
    plain.textPrompt('Be kind.\nHello\nHi\nA story, please.').tokens,
  )
  assert.deepEqual(plain.chatPrompt([{ role: 'user', text: 'One day' }]), plain.textPrompt('One day'))

  /** Its tokens are those of its letters and of spaces that depend on where a text is cut. */
  function textOf(ids: readonly number[]): string {
    return ids.filter(id => id !== SPACE).join()
  }
})
/** The token of a space alone. */
const SPACE = 410

test('one that is told to stop stops, and the next begins', async t => {
  const model = await open(t)
  if (model === undefined) return
  const stop = new AbortController()
  const first = model.generate(
    { ...DEFAULT_SAMPLING, prompt: model.textPrompt(''), seed: 0, maxTokens: 400, stop: [] },
    stop.signal,
  )
  await first.next()
  await assert.rejects(generate(model, {}), { code: 'conflict' })
  stop.abort()
  const { done } = await first.next()
  assert.equal(done, true)
  assert.ok((await generate(model, { temperature: 0 })).text.startsWith('Once upon a time'))
})

test('a file that is not the one, or no model, is not opened', async t => {
  const file = stories(t)
  if (file === undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'answerable-gguf-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const options = { name: 'm', version: '1' }
  const bad = join(folder, 'bad.gguf')
  writeFileSync(bad, 'GGUF')
  await assert.rejects(LlamaModel.open(bad, options), { code: 'bad-format' })
  await assert.rejects(LlamaModel.open(join(folder, 'none.gguf'), options), { code: 'not-found' })
  const other = join(folder, 'other.gguf')
  copyFileSync(file, other)
  await assert.rejects(LlamaModel.open(other, { ...options, sha256: 'a'.repeat(64) }), {
    code: 'bad-config',
    message: new RegExp(STORIES_SHA256),
  })
  const same = await LlamaModel.open(other, { ...options, sha256: STORIES_SHA256 })
  await same.close()
})

test('where the runtime is not installed it is not found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'answerable-none-'))
  assert.equal(findLlama(folder), undefined)
  rmSync(folder, { recursive: true })
})
