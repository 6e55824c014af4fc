/** Every form that a request's body can have: the bytes known before sending are those that arrive. */
import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { type Outgoing, outgoing, targetOf } from './outgoing.ts'

const BOUNDS = { maxBytes: 100_000, idleMs: 200 }
const TEXT = '{"a":"ü \u{1f600}"}'
const BYTES = new Uint8Array(Buffer.from(TEXT))

describe('outgoing', () => {
  let server: Server
  let url: string
  let got: { method: string; headers: IncomingHttpHeaders; body: Buffer }

  before(async () => {
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      got = { method: request.method!, headers: request.headers, body: Buffer.concat(chunks) }
      response.end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as { port: number }).port}/v1/x?y=1`
  })
  after(() => server.close())

  async function sent(input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Outgoing> {
    const out = await outgoing(input, init, BOUNDS)
    await (await out.send(fetch, new AbortController().signal)).arrayBuffer()
    assert.equal(got.method, out.method)
    return out
  }

  const stream = () => new Blob([TEXT]).stream()
  const form = () => {
    const data = new FormData()
    data.append('model', 'fake')
    data.append('file', new File([BYTES], 'a.json', { type: 'application/json' }))
    return data
  }
  const TYPE = { 'content-type': 'application/json' }

  const forms: [string, () => Parameters<typeof sent>][] = [
    ['a string', () => [url, { method: 'POST', body: TEXT, headers: TYPE }]],
    ['a string with a lone surrogate', () => [url, { method: 'POST', body: 'a\ud800', headers: TYPE }]],
    ['bytes', () => [url, { method: 'POST', body: BYTES }]],
    ['a part of a buffer', () => [url, { method: 'POST', body: new Uint8Array(BYTES.buffer, 2, 5) }]],
    ['an ArrayBuffer', () => [url, { method: 'PUT', body: BYTES.slice().buffer }]],
    ['a DataView', () => [url, { method: 'POST', body: new DataView(BYTES.slice().buffer, 1) }]],
    ['a blob', () => [url, { method: 'POST', body: new Blob([TEXT], { type: 'text/x' }) }]],
    ['search parameters', () => [url, { method: 'POST', body: new URLSearchParams({ a: 'b c' }) }]],
    ['a form', () => [url, { method: 'POST', body: form() }]],
    ['a stream', () => [url, { method: 'POST', body: stream(), duplex: 'half' } as RequestInit]],
    ['a Request', () => [new Request(url, { method: 'POST', body: TEXT, headers: TYPE })]],
    ['a Request of a form', () => [new Request(url, { method: 'PATCH', body: form() })]],
    ['a Request with another body', () => [new Request(url, { method: 'POST', body: 'x' }), { body: TEXT }]],
    ['a URL', () => [new URL(url), { method: 'POST', body: TEXT }]],
    ['no body', () => [url, { method: 'POST' }]],
    ['a Request without a body', () => [new Request(url, { method: 'DELETE' })]],
  ]
  for (const [name, make] of forms)
    it(name, async () => {
      const { request } = await sent(...make())
      assert.deepEqual(Buffer.from(request), got.body)
    })

  it('headers and types arrive', async () => {
    await sent(url, { method: 'POST', body: TEXT, headers: { ...TYPE, 'x-own': '1' } })
    assert.equal(got.headers['content-type'], 'application/json')
    assert.equal(got.headers['x-own'], '1')
    await sent(url, { method: 'POST', body: TEXT })
    assert.match(got.headers['content-type']!, /^text\/plain/)
    await sent(url, { method: 'POST', body: form() })
    assert.match(got.headers['content-type']!, /^multipart\/form-data; boundary=/)
    await sent(new Request(url, { method: 'POST', body: form(), headers: { 'x-own': '2' } }))
    assert.match(got.headers['content-type']!, /^multipart\/form-data; boundary=/)
    assert.equal(got.headers['x-own'], '2')
  })

  const codings: [string, (bytes: Uint8Array) => Buffer][] = [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ]
  for (const [coding, encode] of codings)
    it(`a body sent as ${coding} is recorded decoded`, async () => {
      const body = new Uint8Array(encode(BYTES))
      const { request } = await sent(url, { method: 'POST', body, headers: { 'content-encoding': coding } })
      assert.deepEqual(request, BYTES)
      assert.deepEqual(got.body, Buffer.from(body))
    })

  it('what is written into a buffer later is not sent', async () => {
    const body = BYTES.slice()
    const out = await outgoing(url, { method: 'POST', body }, BOUNDS)
    body.fill(0)
    await out.send(fetch, new AbortController().signal)
    assert.deepEqual([out.request, got.body], [BYTES, Buffer.from(BYTES)])
  })

  it('the caller’s redirect mode `error` stays; all others become `manual`', async () => {
    const modes: unknown[] = []
    const spy: typeof fetch = async (input, init) => {
      modes.push(input instanceof Request ? input.redirect : init?.redirect)
      return new Response()
    }
    for (const redirect of [undefined, 'follow', 'error', 'manual'] as const) {
      const init: RequestInit = redirect === undefined ? {} : { redirect }
      for (const input of [url, new Request(url)])
        await (await outgoing(input, { method: 'POST', ...init }, BOUNDS)).send(
          spy,
          new AbortController().signal,
        )
    }
    assert.deepEqual(modes, ['manual', 'manual', 'manual', 'manual', 'error', 'error', 'manual', 'manual'])
  })

  const refused: [string, RequestInit, string][] = [
    ['a long string', { body: 'x'.repeat(100_001) }, 'too-large'],
    ['a long stream', { body: new Blob(['x'.repeat(100_001)]).stream() }, 'too-large'],
    [
      'a stream that stops',
      { body: new ReadableStream({ pull: () => new Promise(() => undefined) }) },
      'upstream-timeout',
    ],
    ['an unknown coding', { body: 'x', headers: { 'content-encoding': 'zip' } }, 'bad-encoding'],
    ['a coding that it is not', { body: 'x', headers: { 'content-encoding': 'gzip' } }, 'bad-encoding'],
    [
      'a small body that grows',
      { body: gzipSync(Buffer.alloc(200_000)), headers: { 'content-encoding': 'gzip' } },
      'too-large',
    ],
  ]
  for (const [name, init, code] of refused)
    it(`refuses ${name}`, () => assert.rejects(outgoing(url, { method: 'POST', ...init }, BOUNDS), { code }))

  it('names the method and address that will be asked', () => {
    assert.deepEqual(targetOf('http://a/b', undefined), { method: 'GET', url: 'http://a/b' })
    assert.deepEqual(targetOf('http://a/b', { method: 'post' }), { method: 'POST', url: 'http://a/b' })
    const request = new Request('http://a/b', { method: 'PUT' })
    assert.deepEqual(targetOf(request, undefined), { method: 'PUT', url: 'http://a/b' })
    assert.deepEqual(targetOf(request, { method: 'patch' }), { method: 'patch', url: 'http://a/b' })
  })
})
