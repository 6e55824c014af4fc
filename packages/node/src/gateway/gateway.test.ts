/** Calls through a gateway, from the caller’s bytes to a receipt that passes. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ASK, check, post, start, upstream } from '../../test/network.ts'

const CHAT = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-test-2026',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
}
async function decision(url: string): Promise<string> {
  const features = (await (await fetch(`${url}/demo/credit-schema`)).json()) as {
    name: string
    default: number
  }[]
  return JSON.stringify({
    id: 'a',
    inputs: features.map(({ name, default: value }) => ({
      name,
      datatype: 'FP32',
      shape: [1, 1],
      data: [value],
    })),
  })
}

test('a credit decision has a receipt that passes against the exact bytes', async t => {
  const network = await start(t)
  const request = await decision(network.url)
  const answer = await post(`${network.url}/v2/models/credit-f32/infer`, request)
  const response = Buffer.from(await answer.arrayBuffer())
  assert.equal(answer.status, 200)
  const { verification } = await check(network, answer, { request: Buffer.from(request), response })
  const { claims, record, disclosed, verdict } = verification
  assert.ok(verdict.met)
  assert.equal(claims.recorded.reason, 'witnessed')
  assert.deepEqual(record?.owners, [{ name: 'owner-you', reached: true }])
  assert.equal(disclosed.model?.name, 'credit-f32')
  assert.ok((record?.interval.from ?? 0) > 0 && (record?.interval.until ?? 0) >= (record?.interval.from ?? 0))
  const other = await check(network, answer, { response: Buffer.concat([response, Buffer.from(' ')]) })
  assert.equal(other.verification.claims.recorded.reason, 'response-mismatch')
})

test('an upstream answer passes byte for byte, with what it says of itself on record', async t => {
  const seen: { headers: Record<string, unknown>; body: string }[] = []
  const body = `${JSON.stringify(CHAT, null, 1)}\n`
  const url = await upstream(t, (request, response, sent) => {
    seen.push({ headers: request.headers, body: sent.toString() })
    response.writeHead(200, {
      'content-type': 'application/json',
      'x-request-id': 'r1',
      'answerable-receipt': 'a lie',
    })
    response.end(body)
  })
  const network = await start(t, { upstream: url })
  const request = JSON.stringify(ASK)
  const answer = await post(`${network.url}/v1/chat/completions`, request, {
    authorization: 'Bearer mine',
    cookie: 'no',
  })
  assert.equal(await answer.text(), body)
  assert.equal(answer.headers.get('x-request-id'), 'r1')
  assert.match(answer.headers.get('answerable-receipt')!, /^[0-9a-f-]{36}$/)
  assert.equal(seen[0]!.body, request)
  assert.equal(seen[0]!.headers.authorization, 'Bearer mine')
  assert.equal(seen[0]!.headers.cookie, undefined)
  const { verification } = await check(network, answer, {
    request: Buffer.from(request),
    response: Buffer.from(body),
  })
  assert.equal(verification.claims.model.reason, 'upstream-assertion')
  assert.equal(verification.disclosed.model?.answered, 'gpt-test-2026')
  assert.deepEqual(verification.disclosed.sampling, { parameters: { temperature: 0.5 }, seed: 'not-set' })
  assert.equal(verification.disclosed.response?.finishReason, 'stop')
  assert.deepEqual(verification.disclosed.response?.usage, CHAT.usage)
})

test('an encoded answer is given decoded, and both forms are committed', async t => {
  const encoded = gzipSync(JSON.stringify(CHAT))
  const url = await upstream(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    response.end(encoded)
  })
  const network = await start(t, { upstream: url })
  const answer = await post(`${network.url}/v1/chat/completions`, ASK)
  const response = Buffer.from(await answer.arrayBuffer())
  assert.deepEqual(JSON.parse(response.toString()), CHAT)
  const { verification } = await check(network, answer, { response })
  assert.ok(verification.verdict.met)
  assert.deepEqual(verification.disclosed.response?.upstream, {
    sha256: createHash('sha256').update(encoded).digest('hex'),
    length: encoded.length,
  })
})

test('refusals and upstream faults are answers with receipts', async t => {
  const url = await upstream(t, (request, response, body) => {
    const { model } = JSON.parse(body.toString())
    if (model === 'gpt-test-500')
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{}}')
    else if (model === 'gpt-test-dies') request.socket.destroy()
    else if (model === 'gpt-test-half') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 })
      response.write('{"half":', () => response.destroy())
    }
  })
  const slow = { name: 'slow', url, models: ['slow'], headersTimeoutSeconds: 0.2 }
  const gone = { name: 'gone', url: 'http://127.0.0.1:9/v1', models: ['gone'] }
  const test = { name: 'test', url, models: ['gpt-test-*'] }
  const network = await start(t, { set: { upstreams: [slow, gone, test] } })
  const chat = `${network.url}/v1/chat/completions`
  const infer = `${network.url}/v2/models`
  const cases: [
    name: string,
    url: string,
    body: unknown,
    status: number,
    code: string | undefined,
    outcome: string,
  ][] = [
    ['unknown model', chat, { model: 'nope' }, 404, 'unknown-model', 'refused'],
    ['no model', chat, {}, 400, 'bad-request', 'refused'],
    ['not JSON', chat, '{', 400, 'bad-json', 'refused'],
    ['duplicate key', chat, '{"model":"gpt-test-a","model":"gpt-test-b"}', 400, 'duplicate-key', 'refused'],
    ['an array', chat, '[]', 400, 'bad-request', 'refused'],
    ['deep nesting', chat, '['.repeat(5000), 400, 'too-deep', 'refused'],
    ['not UTF-8', chat, Buffer.of(0x22, 0xff, 0x22).toString('latin1'), 400, 'bad-request', 'refused'],
    ['upstream 500', chat, { model: 'gpt-test-500' }, 500, undefined, 'upstream-error'],
    ['upstream dies', chat, { model: 'gpt-test-dies' }, 502, 'upstream-broken', 'upstream-error'],
    ['upstream dies half way', chat, { model: 'gpt-test-half' }, 502, 'upstream-broken', 'upstream-error'],
    ['upstream slow', chat, { model: 'slow' }, 504, 'upstream-timeout', 'upstream-timeout'],
    ['upstream not there', chat, { model: 'gone' }, 502, 'upstream-unreachable', 'upstream-error'],
    ['unknown KServe model', `${infer}/nope/infer`, {}, 404, 'unknown-model', 'refused'],
    ['no inputs', `${infer}/credit-f32/infer`, {}, 400, 'bad-request', 'refused'],
    ['another version', `${infer}/credit-f32/versions/9/infer`, {}, 404, 'unknown-model', 'refused'],
  ]
  for (const [name, at, body, status, code, outcome] of cases) {
    const answer = await post(at, body as string)
    const response = Buffer.from(await answer.arrayBuffer())
    assert.equal(answer.status, status, name)
    const parsed = JSON.parse(response.toString()) as { error: { code?: string } | string; code?: string }
    if (code !== undefined)
      assert.equal(typeof parsed.error === 'string' ? parsed.code : parsed.error.code, code, name)
    const { verification } = await check(network, answer, { response })
    assert.ok(verification.verdict.met, name)
    assert.equal(verification.disclosed.response?.outcome, outcome, name)
  }
  const unknown = await (await post(chat, { model: 'nope' })).json()
  assert.match(
    (unknown as { error: { message: string } }).error.message,
    /there are: slow, gone, gpt-test-\*/,
  )
})

test('what is refused before a call is admitted leaves no record', async t => {
  const key = 'sk-secret'
  const sha256 = createHash('sha256').update(key).digest('hex')
  const url = await upstream(t, (_request, response) => response.end('{}'))
  const network = await start(t, {
    upstream: url,
    set: { keys: [{ sha256, deployer: 'Bank', requestsPerMinute: 2 }], limits: { requestBytes: 1000 } },
  })
  const before = network.gateway.store.log.signed.size
  const chat = `${network.url}/v1/chat/completions`
  assert.equal((await post(chat, ASK)).status, 401)
  assert.equal((await post(chat, ASK, { authorization: 'Bearer sk-other' })).status, 401)
  const own = { authorization: `Bearer ${key}` }
  assert.equal((await post(chat, { ...ASK, pad: 'x'.repeat(2000) }, own)).status, 413)
  assert.equal(network.gateway.store.log.signed.size, before)
  const answer = await post(chat, ASK, { ...own, 'answerable-use': 'loan approval' })
  assert.equal(answer.status, 200)
  const { verification } = await check(network, answer)
  assert.equal(verification.disclosed.parties?.deployer, 'Bank')
  assert.equal(verification.disclosed.parties?.declaredUse, 'loan approval')
  assert.equal((await post(chat, ASK, own)).status, 429)
})

test('the same Idempotency-Key gives the same answer and receipt, also to a call that waits', async t => {
  let calls = 0
  const url = await upstream(t, (_request, response) => {
    calls++
    setTimeout(
      () => response.writeHead(200, { 'content-type': 'application/json' }).end(`{"n":${calls}}`),
      50,
    )
  })
  const network = await start(t, { upstream: url })
  const chat = `${network.url}/v1/chat/completions`
  const key = { 'idempotency-key': 'k1' }
  const answers = await Promise.all([post(chat, ASK, key), post(chat, ASK, key), post(chat, ASK, key)])
  const texts = await Promise.all(answers.map(answer => answer.text()))
  assert.deepEqual(new Set(texts), new Set(['{"n":1}']))
  assert.equal(new Set(answers.map(answer => answer.headers.get('answerable-receipt-url'))).size, 1)
  assert.equal(calls, 1)
  assert.equal((await post(chat, { ...ASK, temperature: 1 }, key)).status, 409)
  assert.equal((await post(chat, ASK, { 'idempotency-key': 'k2' })).status, 200)
  assert.equal(calls, 2)
  assert.equal((await post(chat, ASK, { 'idempotency-key': '' })).status, 400)
})
