/** Records of a language model, run again: honest ones, honest ones in other settings, and lies. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openForRerun, type RecordParts, type Rerun } from '@answerable/core/audit'
import { stories } from '../../test/llama.ts'
import { nodeSuite } from '../log/index.ts'
import { editedGguf, perturbedGguf, quantisedGguf } from '../models/index.ts'
import { LlamaModel, type LlamaOptions } from '../runtime/index.ts'
import { LlamaReplay, recordedModel, rerunLlama } from './index.ts'
import { askLlama, type Lie } from './records.fixture.ts'

const CHAT = '/v1/chat/completions'
const COMPLETIONS = '/v1/completions'
const TOM = { prompt: 'Tom and Lily', max_tokens: 60 }

interface House {
  file: string
  folder: string
  /** The honest model, as the gateway opens it. */
  model: LlamaModel
  open(options?: Partial<LlamaOptions>, file?: string): Promise<LlamaModel>
  again(record: RecordParts, file?: string): Promise<Rerun>
}

async function house(t: TestContext): Promise<House | undefined> {
  const file = stories(t)
  if (file === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'answerable-replay-'))
  const opened: LlamaModel[] = []
  t.after(async () => {
    for (const model of opened) await model.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const open = async (options: Partial<LlamaOptions> = {}, path = file) => {
    const model = await LlamaModel.open(path, { name: 'm', version: '1', ...options })
    opened.push(model)
    return model
  }
  const again = (record: RecordParts, path = file) => {
    const opening = openForRerun(record, nodeSuite)
    const recorded = recordedModel(opening.model)
    assert.ok(typeof recorded !== 'string')
    return rerunLlama(opening, recorded, path)
  }
  return { file, folder, model: await open(), open, again }
}

/** Every way of asking that changes how an answer is made or written. */
const ASKED: [string, Record<string, unknown>][] = [
  [COMPLETIONS, { ...TOM, temperature: 0 }],
  [COMPLETIONS, { ...TOM, temperature: 0, max_tokens: 400 }],
  [COMPLETIONS, { ...TOM, temperature: 0, stop: ['park', '\n'] }],
  [COMPLETIONS, { ...TOM, seed: 7 }],
  [COMPLETIONS, { ...TOM, temperature: 1.4, top_k: 12, top_p: 0.8, min_p: 0.05 }],
  [COMPLETIONS, { ...TOM, top_k: 1 }],
  [COMPLETIONS, { ...TOM, stream: true }],
  [CHAT, { messages: [{ role: 'user', content: 'Once upon a time' }], max_tokens: 40 }],
  [
    CHAT,
    {
      messages: [{ role: 'user', content: 'One day' }],
      max_completion_tokens: 300,
      temperature: 0.9,
      stream: true,
      stream_options: { include_usage: true },
    },
  ],
]

test('an honest record is exact: greedy, drawn, stopped, whole or streamed', async t => {
  const home = await house(t)
  if (home === undefined) return
  for (const [path, fields] of ASKED) {
    const result = await home.again(await askLlama(home.model, path, fields))
    const what = JSON.stringify(fields)
    assert.equal(result.outcome, 'exact', `${what}: ${result.words.join(' ')}`)
    assert.ok(result.setting?.same)
    assert.ok(result.closeness?.of === 'tokens' && result.closeness.checked > 0, what)
  }
})

test('a stream that was cut off is compared as far as it got', async t => {
  const home = await house(t)
  if (home === undefined) return
  for (const cutAfter of [1, 2, 17, 40]) {
    const record = await askLlama(home.model, COMPLETIONS, { ...TOM, stream: true }, { cutAfter })
    const result = await home.again(record)
    assert.equal(result.outcome, 'exact', result.words.join(' '))
    assert.ok(result.closeness?.of === 'tokens' && result.closeness.checked <= cutAfter)
  }
  const lie = { cutAfter: 20, seed: (seed: number) => (seed ^ 1) >>> 0 }
  const lying = await home.again(await askLlama(home.model, COMPLETIONS, { ...TOM, stream: true }, lie))
  assert.equal(lying.outcome, 'inconsistent')
  // In chat, the first event has no text yet.
  const nothing = { messages: [{ role: 'user', content: 'Hi' }], stream: true }
  assert.equal(
    (await home.again(await askLlama(home.model, CHAT, nothing, { cutAfter: 1 }))).reason,
    'no-answer',
  )
})

test('honest operators in other settings are never inconsistent, and the setting is said first', async t => {
  const home = await house(t)
  if (home === undefined) return
  const quantised = join(home.folder, 'q4.gguf')
  writeFileSync(quantised, quantisedGguf(readFileSync(home.file), 'Q4_0').bytes)
  const outcomes = new Set<string>()
  for (const path of [home.file, quantised]) {
    const auditor = await home.open({}, path)
    for (const options of [{ cacheType: 'F32' }, { flashAttention: true }, { batchSize: 1 }] as const) {
      const operator = await home.open(options, path)
      for (const seed of [1, 2, 3, 4]) {
        const record = openForRerun(await askLlama(operator, COMPLETIONS, { ...TOM, seed }), nodeSuite)
        const recorded = recordedModel(record.model)
        assert.ok(typeof recorded !== 'string')
        // In the auditor's own setting, as on a machine that has no other.
        const replay = LlamaReplay.on(auditor, recorded, { quantised: path === quantised })
        const result = await replay.rerun(record, new AbortController().signal)
        assert.notEqual(result.outcome, 'inconsistent', result.words.join(' '))
        assert.match(result.words[0]!, /^Run again in another setting: option /)
        outcomes.add(result.outcome)
      }
    }
  }
  assert.deepEqual([...outcomes].sort(), ['consistent', 'exact'])
})

test('another model, a coarser one, another temperature or seed, and changed text are inconsistent', async t => {
  const home = await house(t)
  if (home === undefined) return
  const original = readFileSync(home.file)
  const written = (name: string, bytes: Uint8Array) => {
    const path = join(home.folder, name)
    writeFileSync(path, bytes)
    return home.open({}, path)
  }
  const other = await written('other.gguf', perturbedGguf(original, { size: 2, seed: 1 }).bytes)
  const coarse = await written('q4.gguf', quantisedGguf(original, 'Q4_0').bytes)
  const edit = { tensor: 'blk.0.attn_q.weight', at: 0, by: 3 }
  const edited = await written('edited.gguf', editedGguf(original, edit).bytes)
  const says = home.model.describe()
  const drawn = { ...TOM, max_tokens: 200 }
  const greedy = { ...TOM, temperature: 0, max_tokens: 200 }
  const swapped = (response: Buffer) =>
    Buffer.from(response.toString().replace('Tom', 'Tim').replace('Lily', 'Lucy'))
  const lies: [string, LlamaModel, Record<string, unknown>, Lie][] = [
    ['another model', other, greedy, {}],
    ['another model, drawn', other, drawn, {}],
    ['a coarser model', coarse, greedy, {}],
    ['a coarser model, drawn', coarse, drawn, {}],
    ['an edited model, drawn', edited, drawn, {}],
    ['another temperature', home.model, drawn, { asks: { temperature: 0.8 } }],
    ['a temperature of 0', home.model, drawn, { asks: { temperature: 0 } }],
    ['a shopped seed', home.model, drawn, { seed: seed => (seed ^ 1) >>> 0 }],
    ['another seed than the caller’s', home.model, { ...drawn, seed: 5 }, { asks: { seed: 6 } }],
    ['changed text', home.model, greedy, { alters: swapped }],
    ['a streamed one', other, { ...greedy, stream: true }, {}],
  ]
  for (const [what, model, fields, lie] of lies) {
    const result = await home.again(await askLlama(model, COMPLETIONS, fields, { ...lie, says }))
    assert.equal(result.outcome, 'inconsistent', `${what}: ${result.words.join(' ')}`)
    assert.ok(result.closeness?.of === 'tokens', what)
    const { first, furthest, margin } = result.closeness
    assert.ok(first !== undefined && furthest !== undefined && furthest.noise > margin, what)
    const words = result.words.join(' ')
    assert.match(words, /Both part at token \d+/)
    assert.match(words, /the logits would have to be off by [\d.]+ each, where 0\.01 is allowed/)
    assert.equal(/With the seed that the record binds it to/.test(words), fields.temperature !== 0, what)
  }
})

test('counts, an end and a sampling that are not those of the answer are inconsistent', async t => {
  const home = await house(t)
  if (home === undefined) return
  const greedy = { ...TOM, temperature: 0 }
  const changed = (change: (answer: Record<string, never>) => void): Lie => ({
    alters: response => {
      const answer = JSON.parse(response.toString())
      change(answer)
      return Buffer.from(JSON.stringify(answer))
    },
  })
  const lies: [Lie, RegExp][] = [
    [changed(answer => Object.assign(answer.usage!, { completion_tokens: 61 })), /another number of tokens/],
    [changed(answer => Object.assign(answer.usage!, { prompt_tokens: 99 })), /the answer counts 99/],
    [changed(answer => Object.assign(answer.choices![0]!, { finish_reason: 'tired' })), /does not know/],
    [changed(answer => Object.assign(answer.choices![0]!, { finish_reason: null })), /how it ended/],
  ]
  for (const [lie, words] of lies) {
    const result = await home.again(await askLlama(home.model, COMPLETIONS, greedy, lie))
    assert.equal(result.outcome, 'inconsistent')
    assert.match(result.words.join(' '), words)
  }
  // Cut short, and called an end of the model's own.
  const short = changed(answer => Object.assign(answer.choices![0]!, { finish_reason: 'stop' }))
  assert.equal(
    (await home.again(await askLlama(home.model, COMPLETIONS, greedy, short))).outcome,
    'inconsistent',
  )
  const named = changed(answer => Object.assign(answer, { model: 'another', tool: 'x' }))
  const remarked = await home.again(await askLlama(home.model, COMPLETIONS, greedy, named))
  assert.equal(remarked.outcome, 'exact')
  assert.match(remarked.words.join(' '), /Not compared: tool\. The answer names another model/)
})

test('what cannot be run again says why', async t => {
  const home = await house(t)
  if (home === undefined) return
  const record = await askLlama(home.model, COMPLETIONS, { ...TOM, temperature: 0 })
  const other = join(home.folder, 'other.gguf')
  writeFileSync(other, perturbedGguf(readFileSync(home.file), { size: 0.01, seed: 3 }).bytes)
  assert.equal((await home.again(record, other)).reason, 'model-changed')
  const opened = openForRerun(record, nodeSuite)
  const recorded = recordedModel(opened.model)
  assert.ok(typeof recorded !== 'string')
  const replay = await LlamaReplay.open(home.file, recorded)
  assert.ok(typeof replay !== 'string')
  const signal = new AbortController().signal
  const { response, request } = opened
  const reasons = [
    await replay.rerun({ ...opened, response: { ...response, status: 400, outcome: 'refused' } }, signal),
    await replay.rerun({ ...opened, response: { ...response, bytes: Buffer.from('{}') } }, signal),
    await replay.rerun({ ...opened, request: { ...request, bytes: Buffer.from('{"prompt":7}') } }, signal),
    await replay.rerun({ ...opened, request: { ...request, bytes: Buffer.from('{"prompt":"a"}') } }, signal),
    await replay.rerun(opened, AbortSignal.abort()),
  ]
  assert.deepEqual(
    reasons.map(({ reason }) => reason),
    ['no-answer', 'bad-answer', 'bad-request', 'no-seed', 'aborted'],
  )
  const huge = { ...recorded, configuration: { ...recorded.configuration, contextSize: 2 ** 30 } }
  assert.equal(await LlamaReplay.open(home.file, huge), 'beyond-limits')
  await replay.close()
})
