import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { parseTlogProof } from '@answerable/core/tlog'
import { check, post, start, upstream, witnessed } from '../../test/network.ts'

const CHAT = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-test-2026',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
}
const ASK = { model: 'gpt-test', messages: [{ role: 'user', content: 'Hi' }], temperature: 0.5 }

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

function sse(response: import('node:http').ServerResponse, events: string[], last = true): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of events) response.write(`data: ${event}\n\n`)
  if (last) response.end('data: [DONE]\n\n')
}

test('a stream is promised before its first byte and recorded whole', async t => {
  const url = await upstream(t, (_request, response) =>
    sse(response, ['{"a":1}', '{"choices":[{"finish_reason":"stop"}],"usage":{"total_tokens":9}}']),
  )
  const network = await start(t, { upstream: url })
  const answer = await post(`${network.url}/v1/chat/completions`, { ...ASK, stream: true })
  const promise = parseTlogProof(
    Buffer.from(answer.headers.get('answerable-promise')!, 'base64url').toString(),
  )
  assert.equal(promise.extra?.length, 32)
  const response = Buffer.from(await answer.arrayBuffer())
  assert.ok(response.toString().endsWith('data: [DONE]\n\n'))
  const { verification } = await check(network, answer, {
    request: Buffer.from(JSON.stringify({ ...ASK, stream: true })),
    response,
  })
  assert.ok(verification.verdict.met)
  assert.equal(verification.record?.event, 'end')
  assert.equal(verification.disclosed.response?.finishReason, 'stop')
  assert.equal((verification.disclosed.response!.chunks as { count: number }).count, 3)
})

test('a stream that breaks off looks broken, and its record says how far it got', async t => {
  const url = await upstream(t, (_request, response) => {
    sse(response, ['{"a":1}'], false)
    setTimeout(() => response.destroy(), 50)
  })
  const network = await start(t, { upstream: url })
  const answer = await post(`${network.url}/v1/chat/completions`, { ...ASK, stream: true })
  await assert.rejects(answer.text())
  const { verification } = await check(network, answer, { response: Buffer.from('data: {"a":1}\n\n') })
  assert.equal(verification.record?.event, 'interrupted')
  assert.ok(verification.verdict.met)
})

test('a caller who leaves a stream ends the upstream, and the record holds what was sent', async t => {
  let upstreamClosed!: () => void
  const closed = new Promise<void>(resolve => {
    upstreamClosed = resolve
  })
  const url = await upstream(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const timer = setInterval(() => response.write('data: {"tick":1}\n\n'), 10)
    response.on('close', () => {
      clearInterval(timer)
      upstreamClosed()
    })
  })
  const network = await start(t, { upstream: url })
  const abort = new AbortController()
  const answer = await fetch(`${network.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ ...ASK, stream: true }),
    signal: abort.signal,
  })
  await answer.body!.getReader().read()
  abort.abort()
  await closed
  await new Promise(resolve => setTimeout(resolve, 100))
  const { verification } = await check(network, answer)
  assert.equal(verification.record?.event, 'interrupted')
  assert.equal(verification.disclosed.response?.outcome, 'client-aborted')
  assert.ok((verification.disclosed.response?.length as number) > 0)
})

test('receipts open for their holder alone, and are erased by them once no audit can draw them', async t => {
  let now = Date.now()
  const url = await upstream(t, (_request, response) => response.end('{}'))
  const network = await start(t, { upstream: url, clock: () => now, set: { samplingHours: 1 } })
  const answer = await post(`${network.url}/v1/chat/completions`, ASK)
  const receiptUrl = new URL(answer.headers.get('answerable-receipt-url')!)
  const at = receiptUrl.origin + receiptUrl.pathname
  const bearer = { authorization: `Bearer ${receiptUrl.hash.slice(1)}` }
  const open = (await (await fetch(at)).json()) as Record<string, unknown>
  assert.equal(open.disclosures, undefined)
  assert.equal(open.content, undefined)
  assert.equal((await fetch(at, { headers: { authorization: `Bearer ${'A'.repeat(43)}` } })).status, 403)
  assert.equal((await fetch(at, { headers: { authorization: 'Bearer short' } })).status, 403)
  assert.equal((await fetch(`${network.url}/receipts/01a1fe21-b47b-79bd-86bb-c49846393b77`)).status, 404)
  assert.equal((await fetch(`${network.url}/receipts/..%2f..`)).status, 404)
  assert.equal((await fetch(at, { method: 'DELETE' })).status, 401)
  assert.equal((await fetch(at, { method: 'DELETE', headers: bearer })).status, 409)
  now += 2 * 3_600_000
  const index = network.gateway.store.index.find(receiptUrl.pathname.split('/').at(-1)!, 0)!.index
  await network.gateway.lifecycle.setHold('hold', { first: index, end: index + 1 })
  assert.equal((await fetch(at, { method: 'DELETE', headers: bearer })).status, 409)
  await network.gateway.lifecycle.setHold('release', { first: index, end: index + 1 })
  assert.equal((await fetch(at, { method: 'DELETE', headers: bearer })).status, 204)
  assert.equal((await fetch(at, { headers: bearer })).status, 410)
  const kept = await (await fetch(at)).text()
  assert.match(kept, /tlog-proof/)
})

test('retention erases what is over its time, and nothing on hold', async t => {
  let now = Date.now()
  const url = await upstream(t, (_request, response) => response.end('{}'))
  const network = await start(t, { upstream: url, clock: () => now, set: { retentionDays: 10 } })
  const answers = []
  for (let i = 0; i < 4; i++) answers.push(await post(`${network.url}/v1/chat/completions`, ASK))
  const { store, lifecycle } = network.gateway
  await new Promise(resolve => setTimeout(resolve, 400))
  await lifecycle.setHold('hold', { first: 1, end: 2 })
  assert.equal(await lifecycle.sweep(), 0)
  now += 11 * 24 * 3_600_000
  assert.equal(await lifecycle.sweep(), 3)
  const { size } = store.log.signed
  assert.equal(await lifecycle.sweep(), 0)
  assert.equal(store.log.signed.size, size, 'nothing is erased, or said to be, twice')
  const states = await Promise.all([0, 1, 2, 3].map(async at => (await store.storage.key(at)) !== undefined))
  assert.deepEqual(states, [false, true, false, false])
  const { verification } = await check(network, answers[1]!)
  assert.ok(verification.verdict.met)
  await lifecycle.setHold('release', { first: 1, end: 2 })
  assert.equal(await lifecycle.sweep(), 1)
  assert.equal(await store.storage.key(1), undefined)
  assert.equal(await lifecycle.sweep(), 0)
})

test('the log is served as tlog-tiles, and odd paths are plain errors', async t => {
  const url = await upstream(t, (_request, response) => response.end('{}'))
  const network = await start(t, { upstream: url })
  for (let i = 0; i < 3; i++) await post(`${network.url}/v1/chat/completions`, ASK)
  await witnessed(network)
  const get = (path: string) => fetch(network.url + path)
  assert.match(await (await get('/log/checkpoint')).text(), /\/inference\n3\n/)
  assert.equal((await (await get('/log/tile/0/000.p/3')).arrayBuffer()).byteLength, 96)
  assert.equal((await (await get('/log/tile/entries/000.p/2')).arrayBuffer()).byteLength, 68)
  assert.match(await (await get('/log/vkey')).text(), /^[^+\n]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+\n$/)
  for (const path of [
    '/log/tile/0/000',
    '/log/tile/0/000.p/4',
    '/log/tile/9/000.p/1',
    '/log/tile/0/0',
    '/log/x',
    '/nope',
  ]) {
    assert.equal((await get(path)).status, 404, path)
  }
  assert.equal((await get('/healthz')).status, 200)
  assert.match(await (await get('/metrics')).text(), /answerable_calls_total\{class="2xx"\} 3/)
  assert.equal((await get('/v2/models/credit-int8')).status, 200)
  assert.deepEqual(await (await get('/v2/models/credit-int8/ready')).json(), {
    name: 'credit-int8',
    ready: true,
  })
  const models = (await (await get('/v1/models')).json()) as { data: { id: string }[] }
  assert.deepEqual(
    models.data.map(({ id }) => id),
    ['gpt-test', 'gpt-test-*'],
  )
})

test('garbage on the socket gets an answer and harms nobody', async t => {
  const network = await start(t)
  const { port } = new URL(network.url)
  for (const garbage of [
    '\x00\x01\x02\r\n\r\n',
    'GET / HTTP/9\r\n\r\n',
    `POST /v1/x HTTP/1.1\r\nhost: a\r\n${'x'.repeat(70_000)}`,
  ]) {
    const answered = await new Promise<string>(resolve => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(garbage))
      let text = ''
      socket.on('data', chunk => {
        text += chunk
      })
      socket.on('close', () => resolve(text))
      socket.on('error', () => resolve(text))
    })
    assert.match(answered, /^HTTP\/1\.1 4\d\d/)
  }
  assert.equal((await fetch(`${network.url}/healthz`)).status, 200)
})

test('a content coding is one that there is, whatever an object would answer to', async t => {
  const network = await start(t, { demo: false })
  for (const coding of ['constructor', '__proto__', 'toString', 'zstd', 'gzip, gzip']) {
    const answer = await post(`${network.url}/v1/chat/completions`, ASK, { 'content-encoding': coding })
    assert.equal(answer.status, 400, coding)
  }
  const bomb = gzipSync(Buffer.alloc(40 << 20))
  const answer = await fetch(`${network.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-encoding': 'gzip' },
    body: bomb,
  })
  assert.equal(answer.status, 413)
  assert.match(await (await fetch(`${network.url}/metrics`)).text(), /answerable_calls_running 0/)
})

test('without keys, a page from elsewhere can neither call nor read, but may check a receipt', async t => {
  const url = await upstream(t, (_request, response) => response.end('{}'))
  const network = await start(t, { upstream: url, demo: false })
  const { port } = new URL(network.url)
  const raw = (head: string) =>
    new Promise<string>(resolve => {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write(`${head}connection: close\r\n\r\n`),
      )
      let text = ''
      socket.on('data', chunk => {
        text += chunk
      })
      socket.on('close', () => resolve(text))
    })
  for (const line of ['GET /trust', 'GET /', 'POST /v1/chat/completions', 'DELETE /receipts/x']) {
    assert.match(await raw(`${line} HTTP/1.1\r\nhost: evil.example\r\n`), /^HTTP\/1\.1 403/, line)
  }
  assert.match(await raw('GET /healthz HTTP/1.1\r\nhost: localhost\r\n'), /^HTTP\/1\.1 200/)
  const foreign = { origin: 'https://evil.example' }
  assert.equal((await post(`${network.url}/v1/chat/completions`, ASK, foreign)).status, 403)
  const answer = await post(`${network.url}/v1/chat/completions`, ASK, { origin: network.url })
  assert.equal(answer.status, 200)
  const id = answer.headers.get('answerable-receipt')
  assert.equal((await fetch(`${network.url}/receipts/${id}`, { headers: foreign })).status, 200)
  assert.equal((await post(`${network.url}/v2/models/%ff/infer`, {})).status, 400)
})
