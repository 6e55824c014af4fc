/** The official OpenAI SDK through `recorded`, against a real gateway: each receipt is checked. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import OpenAI, { type APIError, APIUserAbortError, BadRequestError } from 'openai'
import { HUGE_BYTES, WORDS } from '../../test/fake-upstream.ts'
import { startTestGateway, type TestGateway } from '../../test/gateway.ts'
import { type RecordedCall, type RecordedOptions, type Refused, recorded, refusalOf } from './index.ts'

const messages = [{ role: 'user' as const, content: 'Why?' }]
const tools = [{ type: 'function' as const, function: { name: 'decide', parameters: { type: 'object' } } }]
const TEXT = WORDS.join('')

describe('the OpenAI SDK through recorded', () => {
  let gateway: TestGateway
  let calls: RecordedCall[]
  let refused: Refused[]

  before(async () => {
    gateway = await startTestGateway()
  })
  after(() => gateway.close())
  beforeEach(() => {
    calls = []
    refused = []
  })

  function client(options: Partial<RecordedOptions> = {}, maxRetries = 0): OpenAI {
    const fetch = recorded(globalThis.fetch, {
      trust: gateway.trust,
      onReceipt: call => calls.push(call),
      onRefused: refusal => refused.push(refusal),
      ...options,
    })
    return new OpenAI({ apiKey: 'test', baseURL: `${gateway.url}/v1`, maxRetries, fetch })
  }

  function rejectWith({ reject }: PromiseWithResolvers<RecordedCall>): (refusal: Refused) => void {
    return ({ code, reason }) => reject(new Error(`${code}: ${reason}`))
  }

  /** The one call there was, whose receipt compared both sides' bytes. */
  function onlyCall(status = 200): RecordedCall {
    assert.deepEqual(refused, [])
    assert.equal(calls.length, 1)
    const [call] = calls as [RecordedCall]
    assert.equal(call.status, status)
    assert.equal(call.verification.claims.recorded.result, 'pass')
    assert.equal(call.verification.compared.request, 'same')
    assert.equal(call.verification.compared.response, 'same')
    return call
  }

  it('chat', async () => {
    const answer = await client().chat.completions.create({ model: 'fake', messages })
    assert.equal(answer.choices[0]!.message.content, TEXT)
    const call = onlyCall()
    assert.equal(call.interrupted, false)
    assert.match(call.receiptUrl, new RegExp(`/receipts/${call.id}#[A-Za-z0-9_-]{43}$`))
  })

  it('tools, a JSON schema, an image', async () => {
    const { chat } = client()
    const called = await chat.completions.create({ model: 'fake', messages, tools })
    assert.equal(called.choices[0]!.finish_reason, 'tool_calls')
    const schema = { name: 'decision', schema: { type: 'object', properties: { ok: { type: 'boolean' } } } }
    const format = { type: 'json_schema' as const, json_schema: schema }
    const shaped = await chat.completions.create({ model: 'fake', messages, response_format: format })
    assert.deepEqual(JSON.parse(shaped.choices[0]!.message.content!), { schema })
    const url = `data:image/png;base64,${'A'.repeat(1000)}`
    const content = [{ type: 'image_url' as const, image_url: { url } }]
    const seen = await chat.completions.create({ model: 'fake', messages: [{ role: 'user', content }] })
    assert.equal(seen.choices[0]!.message.content, `an image of ${url.length} characters`)
    assert.equal(calls.length, 3)
  })

  it('an answer that the upstream encodes', async () => {
    const answer = await client().chat.completions.create({ model: 'gzip', messages })
    assert.equal(answer.choices[0]!.message.content, TEXT)
    onlyCall()
  })

  it('a huge answer, whole and as a stream', async () => {
    const { chat } = client()
    const whole = await chat.completions.create({ model: 'huge', messages })
    assert.equal((whole as unknown as { padding: string }).padding.length, HUGE_BYTES)
    let length = 0
    for await (const part of await chat.completions.create({ model: 'huge', messages, stream: true }))
      length += part.choices[0]!.delta.content?.length ?? 0
    assert.ok(length >= HUGE_BYTES)
    assert.equal(calls.length, 2)
  })

  it('a stream, checked before its last event', async () => {
    const stream = await client().chat.completions.create({ model: 'fake', messages, stream: true })
    let text = ''
    for await (const part of stream) {
      assert.equal(calls.length, 0, 'events come before the check')
      text += part.choices[0]!.delta.content ?? ''
    }
    assert.equal(text, TEXT)
    assert.equal(onlyCall().verification.record!.event, 'end')
  })

  it('a stream stays a stream', async () => {
    const stream = await client().chat.completions.create({ model: 'slow', messages, stream: true })
    const times: number[] = []
    for await (const _ of stream) times.push(performance.now())
    assert.ok(times.at(-1)! - times[0]! > 200, 'events came as they were made')
    onlyCall()
  })

  it('tool calls in a stream', async () => {
    const stream = client().chat.completions.stream({ model: 'fake', messages, tools })
    const final = await stream.finalChatCompletion()
    const [call] = final.choices[0]!.message.tool_calls!
    assert.deepEqual(call!.type === 'function' && JSON.parse(call!.function.arguments), { amount: 5000 })
    onlyCall()
  })

  it('the responses API, whole and as a stream', async () => {
    const { responses } = client()
    assert.equal((await responses.create({ model: 'fake', input: 'Why?' })).output_text, TEXT)
    let text = ''
    let checkedAtEnd = 0
    for await (const event of await responses.create({ model: 'fake', input: 'Why?', stream: true })) {
      if (event.type === 'response.output_text.delta') text += event.delta
      if (event.type === 'response.completed') checkedAtEnd = calls.length
    }
    assert.equal(text, TEXT)
    assert.equal(checkedAtEnd, 2, 'the closing event comes after the check')
  })

  it('completions and embeddings', async () => {
    const openai = client()
    const completion = await openai.completions.create({ model: 'fake', prompt: 'Why?' })
    assert.equal(completion.choices[0]!.text, TEXT)
    const { data } = await openai.embeddings.create({ model: 'fake', input: ['a', 'bcd'] })
    assert.deepEqual(data[1]!.embedding, [3, 0.5, -1])
    assert.equal(calls.length, 2)
  })

  it('the list of models, which needs no receipt', async () => {
    const { data } = await client().models.list()
    assert.deepEqual(
      data.map(({ id }) => id),
      ['*'],
    )
    assert.equal(calls.length, 0)
  })

  it('a file in a form, passed through', async () => {
    const file = new File([new Uint8Array(2000)], 'speech.wav', { type: 'audio/wav' })
    await client().audio.transcriptions.create({ model: 'fake', file })
    onlyCall()
  })

  for (const status of [400, 401, 429, 500])
    it(`an upstream's ${status}, on record like any answer`, async () => {
      const wrong = client().chat.completions.create({ model: `error-${status}`, messages })
      await assert.rejects(
        wrong,
        (error: APIError) => error.status === status && /as asked/.test(error.message),
      )
      onlyCall(status)
    })

  it('an upstream that dies before it answers', async () => {
    const wrong = client().chat.completions.create({ model: 'dying-before', messages })
    await assert.rejects(wrong, (error: APIError) => error.status === 502 && error.code === 'upstream-broken')
    onlyCall(502)
  })

  it('an upstream that dies in the middle of a whole answer', async () => {
    const wrong = client().chat.completions.create({ model: 'dying', messages })
    await assert.rejects(wrong, (error: APIError) => error.status === 502)
    onlyCall(502)
  })

  it('the error of a call that asked for a stream', async () => {
    const wrong = client().chat.completions.create({ model: 'error-500', messages, stream: true })
    await assert.rejects(wrong, (error: APIError) => error.status === 500)
    assert.equal(onlyCall(500).verification.record!.event, 'end')
  })

  it('a request that the gateway refuses', async () => {
    const wrong = client().chat.completions.create({ model: '', messages })
    await assert.rejects(wrong, BadRequestError)
    onlyCall(400)
  })

  it('a stream that the upstream cuts off: an error, and the record of how far it got', async () => {
    const stream = await client().chat.completions.create({ model: 'dying', messages, stream: true })
    let text = ''
    const read = async () => {
      for await (const part of stream) text += part.choices[0]!.delta.content ?? ''
    }
    await assert.rejects(read, error => refusalOf(error)?.code === 'upstream-broken')
    assert.equal(text, WORDS.slice(0, 3).join(''))
    assert.equal(calls.length, 1)
    assert.equal(calls[0]!.interrupted, true)
    assert.equal(calls[0]!.verification.disclosed.response!.outcome, 'upstream-error')
    assert.deepEqual(refused, [])
  })

  it('a caller who stops reading: the upstream is stopped, and the record is kept', async () => {
    const before = gateway.upstream.aborted()
    const found = Promise.withResolvers<RecordedCall>()
    const openai = client({ onReceipt: found.resolve, onRefused: rejectWith(found), timeoutMs: 3000 })
    const stream = await openai.chat.completions.create({ model: 'hanging', messages, stream: true })
    for await (const _ of stream) break
    const call = await found.promise
    assert.equal(call.interrupted, true)
    assert.equal(call.verification.disclosed.response!.outcome, 'client-aborted')
    assert.equal(gateway.upstream.aborted(), before + 1)
  })

  it('a caller who aborts while waiting for a stream', async () => {
    const found = Promise.withResolvers<RecordedCall>()
    const abort = new AbortController()
    const openai = client({ onReceipt: found.resolve, onRefused: rejectWith(found), timeoutMs: 3000 })
    const stream = await openai.chat.completions.create(
      { model: 'hanging', messages, stream: true },
      { signal: abort.signal },
    )
    const read = async () => {
      for await (const _ of stream) setTimeout(() => abort.abort(), 20)
    }
    await read()
    assert.equal((await found.promise).interrupted, true)
  })

  it('a caller who aborts before the answer', async () => {
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 50)
    const asked = client().chat.completions.create({ model: 'never', messages }, { signal: abort.signal })
    await assert.rejects(asked, APIUserAbortError)
    assert.deepEqual([calls, refused], [[], []])
  })

  it('an Idempotency-Key brings the same answer and receipt again, streams too', async () => {
    const openai = client()
    for (const stream of [false, true]) {
      calls = []
      const headers = { 'Idempotency-Key': `key-${stream}` }
      for (let i = 0; i < 2; i++) {
        const { data } = await openai.chat.completions
          .create({ model: 'fake', messages, stream }, { headers })
          .withResponse()
        if (Symbol.asyncIterator in data) for await (const _ of data);
      }
      assert.equal(calls.length, 2)
      assert.equal(calls[0]!.id, calls[1]!.id)
    }
  })

  it('answers held to the end, or not at all', async () => {
    for (const hold of ['everything', 'nothing'] as const) {
      calls = []
      const openai = client({ hold })
      await openai.chat.completions.create({ model: 'fake', messages })
      for await (const _ of await openai.chat.completions.create({ model: 'fake', messages, stream: true }));
      assert.equal(calls.length, 2, hold)
    }
  })

  it('an answer that waits for its witnesses', async () => {
    await client({ waitForWitnesses: 10_000 }).chat.completions.create({ model: 'fake', messages })
    const call = onlyCall()
    assert.equal(call.state, 'witnessed')
    assert.equal(call.verification.claims.recorded.reason, 'witnessed')
  })

  it('a call that is witnessed later', async () => {
    await client().chat.completions.create({ model: 'fake', messages })
    const call = onlyCall()
    const verification = await call.witnessed()
    assert.equal(verification.verdict.met, true)
    assert.equal(verification.record!.witnesses.length >= 2, true)
    assert.equal(call.state, 'witnessed')
    assert.equal(verification.compared.response, 'same')
  })
})
