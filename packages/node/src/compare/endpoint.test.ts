/** An endpoint that is slow, down, lying or busy is a call that failed, by its name; one that recovers is asked again. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import type { ErrorCode } from '@answerable/core'
import { type Call, chat, send, stub } from './endpoint.fixture.ts'
import { type EndpointOptions, EndpointSource } from './endpoint.ts'
import { isLasting, retryAfter } from './retry.ts'

const PARAMETERS = { temperature: 0.7, topP: 1, maxTokens: 9, api: 'chat' } as const
const NEVER = new AbortController().signal

function source(url: string, options: Partial<EndpointOptions> = {}): EndpointSource {
  return new EndpointSource({
    url,
    model: 'm',
    parameters: PARAMETERS,
    timeoutMs: 300,
    pauses: [],
    ...options,
  })
}

test('it asks as it was told to', async () => {
  const { url, calls } = await stub(() => 'hello')
  assert.equal(await source(url, { apiKey: 'k' }).complete('Say hello.', 7, NEVER), 'hello')
  assert.equal(calls[0]!.path, '/v1/chat/completions')
  assert.equal(calls[0]!.headers.authorization, 'Bearer k')
  assert.deepEqual(calls[0]!.body, {
    model: 'm',
    messages: [{ role: 'user', content: 'Say hello.' }],
    temperature: 0.7,
    top_p: 1,
    max_tokens: 9,
    seed: 7,
  })
  await source(url, { seeds: false }).complete('x', 7, NEVER)
  assert.ok(!('seed' in calls[1]!.body) && calls[1]!.headers.authorization === undefined)
})

test('completions, and bases with a version of their own', async () => {
  const { url, calls } = await stub((_, response) => send(response, '{"choices":[{"text":" went on"}]}'))
  const parameters = { ...PARAMETERS, api: 'completion' } as const
  assert.equal(await source(`${url}/openai/v1beta/`, { parameters }).complete('It', 1, NEVER), ' went on')
  assert.equal(calls[0]!.path, '/openai/v1beta/completions')
  assert.equal(calls[0]!.body.prompt, 'It')
  assert.deepEqual(source(`${url}/`).side, { kind: 'endpoint', url: `${url}/v1`, model: 'm' })
  assert.equal(source(url, { node: 'ada/one' }).side.kind, 'node')
  for (const bad of ['ftp://x', 'nonsense', 'http://me:secret@host'])
    assert.throws(() => source(bad), { code: 'bad-config' })
})

const LONG = 'x'.repeat(1024)
type Fault = [name: string, code: ErrorCode, answer: (response: ServerResponse) => void]
const FAULTS: Fault[] = [
  ['silent', 'upstream-timeout', () => undefined],
  [
    'slow in the middle',
    'upstream-timeout',
    response => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"choices":')
    },
  ],
  [
    'cut off',
    'upstream-unreachable',
    response => {
      response.writeHead(200, { 'content-length': 500 })
      response.write('{"choices":', () => response.destroy())
    },
  ],
  ['gone at once', 'upstream-unreachable', response => response.destroy()],
  ['not JSON', 'upstream-broken', response => send(response, '<html>')],
  ['empty', 'upstream-broken', response => send(response, '')],
  ['not UTF-8', 'upstream-broken', response => send(response, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
  ['a lone surrogate', 'upstream-broken', response => send(response, chat('x').replace('"x"', '"\\ud800"'))],
  ['nested without end', 'upstream-broken', response => send(response, '['.repeat(50_000))],
  ['an array', 'upstream-broken', response => send(response, '[]')],
  ['null', 'upstream-broken', response => send(response, 'null')],
  ['no choices', 'upstream-broken', response => send(response, '{"choices":[]}')],
  ['choices of another type', 'upstream-broken', response => send(response, '{"choices":{"0":1}}')],
  ['a choice of another type', 'upstream-broken', response => send(response, '{"choices":["text"]}')],
  ['no message', 'upstream-broken', response => send(response, '{"choices":[{"text":"x"}]}')],
  ['a number for text', 'upstream-broken', response => send(response, chat(7))],
  ['null for text', 'upstream-broken', response => send(response, chat(null))],
  ['an object for text', 'upstream-broken', response => send(response, chat({ toString: 1 }))],
  ['too long a text', 'too-large', response => send(response, chat('x'.repeat(70_000)))],
  ['too many bytes', 'too-large', response => send(response, chat('x'.repeat(600 * 1024)))],
  [
    'bytes without end',
    'too-large',
    response => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write(LONG));
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    },
  ],
  [
    'an error without end',
    'too-large',
    response => {
      response.writeHead(500)
      response.end('x'.repeat(1024 * 1024))
    },
  ],
  ['busy', 'too-many-requests', response => send(response, '{}', 429)],
  ['broken inside', 'unavailable', response => send(response, '{"error":{"message":"oh\\u001b[2J"}}', 500)],
  ['no key', 'unauthorized', response => send(response, '{}', 401)],
  ['no such model', 'not-found', response => send(response, '{"error":{"message":"no model m"}}', 404)],
  ['redirect', 'forbidden', response => send(response, '', 307, { location: 'http://127.0.0.1:1/' })],
  ['another status', 'bad-request', response => send(response, '{"error":"text"}', 418)],
  [
    'no content',
    'bad-request',
    response => {
      response.writeHead(204)
      response.end()
    },
  ],
]

for (const [name, code, answer] of FAULTS)
  test(`a fault: ${name}`, async () => {
    const { url } = await stub((_: Call, response) => {
      answer(response)
      return undefined
    })
    await assert.rejects(source(url).complete('p', 1, NEVER), (error: Error & { code: string }) => {
      assert.equal(error.code, code, error.message)
      assert.doesNotMatch(error.message, /[\p{Cc}]/u)
      return true
    })
  })

test('nobody there', async () => {
  await assert.rejects(source('http://127.0.0.1:1').complete('p', 1, NEVER), { code: 'upstream-unreachable' })
})

test('what may pass is tried again, and what will not is not', async () => {
  let count = 0
  const { url, calls } = await stub((_, response) => {
    count++
    if (count === 1) return send(response, '{}', 503)
    if (count === 2) return send(response, '{}', 429, { 'retry-after': '0' })
    return 'at last'
  })
  assert.equal(await source(url, { pauses: [1, 1, 1] }).complete('p', 1, NEVER), 'at last')
  assert.equal(calls.length, 3)
  count = 0
  await assert.rejects(source(url, { pauses: [1] }).complete('p', 1, NEVER), { code: 'too-many-requests' })
  const lying = await stub((_, response) => send(response, 'nonsense'))
  await assert.rejects(source(lying.url, { pauses: [1, 1, 1] }).complete('p', 1, NEVER), {
    code: 'upstream-broken',
  })
  assert.equal(lying.calls.length, 2)
  const refused = await stub((_, response) => send(response, '{}', 401))
  await assert.rejects(source(refused.url, { pauses: [1, 1] }).complete('p', 1, NEVER), isLasting)
  assert.equal(refused.calls.length, 1)
})

test('it comes back when it was asked to, and not before', async () => {
  let first = 0
  const { url } = await stub((_, response) => {
    if (first === 0) {
      first = performance.now()
      return send(response, '{}', 429, { 'retry-after': '1' })
    }
    return 'now'
  })
  await source(url, { pauses: [1] }).complete('p', 1, NEVER)
  assert.ok(performance.now() - first >= 990)
  assert.equal(retryAfter('3', 0), 3000)
  assert.equal(retryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4000), 6000)
  assert.equal(retryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 40_000), 0)
  assert.equal(retryAfter('soon', 0), undefined)
  assert.equal(retryAfter(null, 0), undefined)
})

test('one who stops does not wait', async () => {
  const stop = new AbortController()
  const { url } = await stub(() => undefined)
  const asked = source(url, { timeoutMs: 60_000 }).complete('p', 1, stop.signal)
  setTimeout(() => stop.abort(), 20)
  await assert.rejects(asked)
  const busy = await stub((_, response) => send(response, '{}', 429, { 'retry-after': '3600' }))
  const pausing = new AbortController()
  const waiting = source(busy.url, { pauses: [1] }).complete('p', 1, pausing.signal)
  setTimeout(() => pausing.abort(), 50)
  await assert.rejects(waiting)
})
