/** A GGUF model behind the OpenAI endpoints, with a receipt for each answer. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseReceipt } from '@answerable/core/receipt'
import { deriveSeed, entryOf } from '@answerable/core/statement'
import OpenAI from 'openai'
import { STORIES_SHA256, stories } from '../../test/llama.ts'
import { check, post, start } from '../../test/network.ts'
import { nodeSuite } from '../log/index.ts'
import type { LocalNetwork } from '../network/index.ts'
import { LlamaModel } from '../runtime/index.ts'
import { type GgufModel, LlamaBackend } from './llama-backend.ts'

const MODEL = 'stories260K'
const LILY = 'Once upon a time, there was a little girl named Lily.'
const MESSAGES = [{ role: 'user', content: 'Once upon a time' }]

async function local(
  t: TestContext,
  limits: Record<string, unknown> = {},
): Promise<(LocalNetwork & { chat: string; completions: string }) | undefined> {
  const file = stories(t)
  if (file === undefined) return undefined
  const network = await start(t, { demo: false, set: { localModels: [{ name: MODEL, file }], limits } })
  return {
    ...network,
    chat: `${network.url}/v1/chat/completions`,
    completions: `${network.url}/v1/completions`,
  }
}

interface Whole {
  id: string
  object: string
  created: number
  model: string
  choices: {
    index: number
    text?: string
    message?: { role: string; content: string }
    finish_reason: string
  }[]
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number }
}

/** The text of a stream's bytes, in which every event is one data line. */
function streamed(bytes: Buffer): { text: string; events: Record<string, unknown>[] } {
  const lines = bytes.toString().split('\n\n')
  assert.equal(lines.pop(), '')
  assert.equal(lines.pop(), 'data: [DONE]')
  const events = lines.map(line => {
    assert.ok(line.startsWith('data: '))
    return JSON.parse(line.slice(6)) as Record<string, unknown>
  })
  const texts = events.map(event => {
    const [choice] = event.choices as { delta?: { content?: string }; text?: string }[]
    return choice?.delta?.content ?? choice?.text ?? ''
  })
  return { text: texts.join(''), events }
}

test('a greedy answer, whole and as a stream, says the same and has a receipt', async t => {
  const network = await local(t)
  if (network === undefined) return
  const ask = { model: MODEL, prompt: '', temperature: 0, max_tokens: 50 }
  const request = JSON.stringify(ask)
  const answer = await post(network.completions, request)
  const response = Buffer.from(await answer.arrayBuffer())
  assert.equal(answer.status, 200)
  const { id, created, choices, usage, ...rest } = JSON.parse(response.toString()) as Whole
  assert.deepEqual(rest, { object: 'text_completion', model: MODEL })
  assert.match(id, /^cmpl-/)
  assert.ok(Math.abs(created - Date.now() / 1000) < 60)
  assert.ok(choices[0]!.text!.startsWith(LILY))
  assert.equal(choices[0]!.finish_reason, 'length')
  assert.deepEqual(usage, { prompt_tokens: 1, completion_tokens: 50, total_tokens: 51 })
  const { verification } = await check(network, answer, { request: Buffer.from(request), response })
  const { claims, disclosed, record, verdict } = verification
  assert.ok(verdict.met)
  assert.equal(record?.event, 'answer')
  assert.equal(claims.model.reason, 'operator-assertion')
  assert.deepEqual(disclosed.model?.manifest, { sha256: STORIES_SHA256 })
  assert.deepEqual(disclosed.response?.usage, usage)
  assert.equal(disclosed.response?.finishReason, 'length')
  assert.equal(disclosed.sampling?.seed, 'not-set')

  const streamRequest = JSON.stringify({ ...ask, stream: true })
  const stream = await post(network.completions, streamRequest)
  assert.match(stream.headers.get('content-type')!, /^text\/event-stream/)
  assert.ok(stream.headers.get('answerable-promise'))
  const bytes = Buffer.from(await stream.arrayBuffer())
  const { text, events } = streamed(bytes)
  assert.equal(text, choices[0]!.text)
  assert.equal(new Set(events.map(event => event.id)).size, 1)
  const other = await check(network, stream, { request: Buffer.from(streamRequest), response: bytes })
  assert.ok(other.verification.verdict.met)
  assert.equal(other.verification.record?.event, 'end')
  assert.equal(other.verification.disclosed.response?.finishReason, 'length')
})

test('the official client chats with it', async t => {
  const network = await local(t)
  if (network === undefined) return
  const client = new OpenAI({ baseURL: `${network.url}/v1`, apiKey: 'none', maxRetries: 0 })
  const messages = [{ role: 'user' as const, content: 'Once upon a time' }]
  const ask = { model: MODEL, messages, seed: 7, max_completion_tokens: 40, top_p: 0.9 }
  const whole = await client.chat.completions.create(ask)
  assert.equal(whole.object, 'chat.completion')
  const text = whole.choices[0]!.message.content!
  assert.ok(text.length > 20)
  const stream = await client.chat.completions.create({
    ...ask,
    stream: true,
    stream_options: { include_usage: true },
  })
  let said = ''
  let finish: string | null = null
  let usage: unknown
  for await (const chunk of stream) {
    said += chunk.choices[0]?.delta.content ?? ''
    finish = chunk.choices[0]?.finish_reason ?? finish
    usage = chunk.usage ?? usage
  }
  assert.equal(said, text)
  assert.equal(finish, whole.choices[0]!.finish_reason)
  assert.deepEqual(usage, whole.usage)
  assert.equal((await client.models.list()).data[0]!.id, MODEL)
  await assert.rejects(client.chat.completions.create({ ...ask, n: 2 }), /400 n: /)
})

test('a seed that nobody set follows from the record, and anyone with the receipt finds it', async t => {
  const network = await local(t)
  if (network === undefined) return
  const ask = { model: MODEL, messages: MESSAGES, max_tokens: 40 }
  const texts = new Set<string>()
  for (const [stream, nonce] of [
    [false, 'my-nonce'],
    [true, 'my-nonce'],
    [false, undefined],
  ] as const) {
    const request = JSON.stringify({ ...ask, stream })
    const answer = await post(network.chat, request, nonce === undefined ? {} : { 'answerable-nonce': nonce })
    const response = Buffer.from(await answer.arrayBuffer())
    const { verification, text } = await check(network, answer, { request: Buffer.from(request), response })
    assert.ok(verification.verdict.met)
    assert.equal(verification.record?.event, 'end')
    const { sampling } = verification.disclosed
    assert.deepEqual(sampling, { parameters: { max_tokens: 40 }, seed: 'derived', nonce: nonce ?? '' })
    const { begin } = parseReceipt(Buffer.from(text))
    const entry = entryOf(begin!.statement, nodeSuite)
    const seed = deriveSeed(entry, Buffer.from(String(sampling?.nonce)), nodeSuite)
    const said = stream
      ? streamed(response).text
      : (JSON.parse(response.toString()) as Whole).choices[0]!.message!.content
    const again = (await (await post(network.chat, { ...ask, seed })).json()) as Whole
    assert.equal(again.choices[0]!.message!.content, said)
    texts.add(said)
  }
  assert.equal(texts.size, 3)
})

test('a call under an Idempotency-Key is drawn once', async t => {
  const network = await local(t)
  if (network === undefined) return
  const ask = { model: MODEL, messages: MESSAGES, max_tokens: 30 }
  const headers = { 'idempotency-key': 'once' }
  const first = await post(network.chat, ask, headers)
  const body = await first.text()
  const second = await post(network.chat, ask, headers)
  assert.equal(await second.text(), body)
  assert.equal(second.headers.get('answerable-receipt'), first.headers.get('answerable-receipt'))
})

test('what the model cannot do is refused, with a record', async t => {
  const network = await local(t)
  if (network === undefined) return
  const ask = { model: MODEL, messages: MESSAGES }
  const table: [string, unknown, Record<string, string>, number, string, RegExp][] = [
    ['chat/completions', { ...ask, tools: [{}] }, {}, 400, 'bad-request', /^tools: /],
    ['chat/completions', { ...ask, stream: true, n: 2 }, {}, 400, 'bad-request', /^n: /],
    [
      'chat/completions',
      { ...ask, messages: [{ role: 'user', content: 'a '.repeat(600) }] },
      {},
      400,
      'bad-request',
      /context/,
    ],
    ['chat/completions', ask, { 'answerable-nonce': 'two words' }, 400, 'bad-request', /^Answerable-Nonce/],
    ['embeddings', { model: MODEL, input: 'a' }, {}, 404, 'not-found', /chat\/completions/],
    ['responses', { model: MODEL, input: 'a' }, {}, 404, 'not-found', /chat\/completions/],
    ['moderations', { model: MODEL, input: 'a' }, {}, 404, 'not-found', /chat\/completions/],
    ['audio/speech', { input: 'a' }, {}, 404, 'not-found', /no upstream/],
    ['chat/completions', { ...ask, model: 'gpt-5' }, {}, 404, 'unknown-model', /stories260K/],
  ]
  for (const [path, body, headers, status, code, message] of table) {
    const request = JSON.stringify(body)
    const answer = await post(`${network.url}/v1/${path}`, request, headers)
    const response = Buffer.from(await answer.arrayBuffer())
    const { error } = JSON.parse(response.toString()) as { error: { code: string; message: string } }
    assert.deepEqual([answer.status, error.code], [status, code], error.message)
    assert.match(error.message, message)
    const { verification } = await check(network, answer, { request: Buffer.from(request), response })
    assert.equal(verification.disclosed.response?.outcome, 'refused')
    assert.equal(verification.record?.event, 'answer')
  }
})

test('a caller who leaves in mid-stream has a record of how far it got, and the model is free', async t => {
  const file = stories(t)
  if (file === undefined) return
  const model = await LlamaModel.open(file, { name: MODEL, version: '1' })
  const network = await start(t, { demo: false, backends: [new LlamaBackend(slow(model), { queue: 1 })] })
  const completions = `${network.url}/v1/completions`
  const stop = new AbortController()
  const request = JSON.stringify({ model: MODEL, prompt: '', temperature: 0, max_tokens: 400, stream: true })
  const answer = await fetch(completions, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: request,
    signal: stop.signal,
  })
  await answer.body!.getReader().read()
  stop.abort()
  let event: string | undefined
  for (let i = 0; i < 100 && event !== 'interrupted' && event !== 'end'; i++) {
    await sleep(20)
    event = (await check(network, answer, { request: Buffer.from(request) })).verification.record?.event
  }
  assert.equal(event, 'interrupted')
  const { verification } = await check(network, answer)
  assert.equal(verification.disclosed.response?.outcome, 'client-aborted')
  assert.ok(Number(verification.disclosed.response?.length) > 0)
  const next = await post(completions, { model: MODEL, prompt: '', temperature: 0, max_tokens: 5 })
  assert.equal(((await next.json()) as Whole).choices[0]!.text, 'Once upon a time,')
})

/** The same text, a piece every few milliseconds. */
function slow(model: LlamaModel): GgufModel {
  return {
    describe: () => model.describe(),
    textPrompt: text => model.textPrompt(text),
    chatPrompt: turns => model.chatPrompt(turns),
    close: () => model.close(),
    async *generate(generation, signal) {
      const pieces = model.generate(generation, signal)
      try {
        for (;;) {
          const { done, value } = await pieces.next()
          if (done) return value
          await sleep(5)
          yield value
        }
      } finally {
        await pieces.return({ finish: 'stop', tokens: 0 })
      }
    },
  }
}

test('calls wait for the model, and no more of them than the bound', async t => {
  const network = await local(t, { localQueue: 2 })
  if (network === undefined) return
  const ask = { model: MODEL, prompt: '', temperature: 0, max_tokens: 400 }
  const answers = await Promise.all(Array.from({ length: 8 }, () => post(network.completions, ask)))
  const bodies = await Promise.all(answers.map(answer => answer.text()))
  const statuses = answers.map(({ status }) => status).sort()
  assert.ok(statuses.filter(status => status === 200).length >= 3)
  assert.ok(statuses.includes(429))
  for (const [i, answer] of answers.entries()) {
    if (answer.status === 200) assert.ok(bodies[i]!.includes(LILY))
    else assert.equal((JSON.parse(bodies[i]!) as { error: { code: string } }).error.code, 'too-many-requests')
    assert.ok(answer.headers.get('answerable-receipt'))
  }
})

test('the descriptor of the node names the model', async t => {
  const network = await local(t)
  if (network === undefined) return
  const answer = await post(network.completions, { model: MODEL, prompt: '', temperature: 0 })
  await answer.text()
  const { text } = await check(network, answer)
  const { documents } = parseReceipt(Buffer.from(text))
  const all = Object.values(documents).map(bytes => Buffer.from(bytes).toString())
  assert.ok(all.some(document => document.includes(STORIES_SHA256)))
})
