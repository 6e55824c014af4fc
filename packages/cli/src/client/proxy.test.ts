/** The loopback endpoint: plain HTTP from any language, the SDK unchanged, strict and not, and lying gateways. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, afterEach, before, describe, it } from 'node:test'
import { formatPolicy } from '@answerable/core/tlog'
import OpenAI, { type APIError } from 'openai'
import { WORDS } from '../../test/fake-upstream.ts'
import { startTestGateway, type TestGateway } from '../../test/gateway.ts'
import { eventsOf, type Lies, lying, rewritten } from '../../test/liar.ts'
import { TrustStore } from '../trust-store.ts'
import type { RecordedCall, Refused } from './index.ts'
import { type ProxyOptions, type RunningProxy, startProxy } from './proxy-server.ts'

const BODY = JSON.stringify({ model: 'fake', messages: [{ role: 'user', content: 'Why?' }] })
const STREAM = JSON.stringify({ model: 'fake', messages: [], stream: true })
const LIE: Lies = { answer: answer => rewritten(answer, text => text.replace('Receipts', 'Deceipts')) }
const STREAM_LIE: Lies = { answer: answer => eventsOf(answer, events => events.slice(0, 4)) }

describe('the proxy', () => {
  let gateway: TestGateway
  let proxy: RunningProxy | undefined
  let calls: RecordedCall[]
  let refused: Refused[]
  before(async () => {
    gateway = await startTestGateway()
  })
  after(() => gateway.close())
  afterEach(() => proxy?.close())

  async function start(options: Partial<ProxyOptions> = {}): Promise<string> {
    calls = []
    refused = []
    proxy = await startProxy({
      target: new URL(gateway.url),
      port: 0,
      strict: false,
      trust: gateway.trust,
      timeoutMs: 3000,
      onReceipt: call => calls.push(call),
      onRefused: refusal => refused.push(refusal),
      ...options,
    })
    return proxy.url
  }

  for (const strict of [false, true]) {
    const mode = strict ? 'strict' : 'not strict'

    it(`plain HTTP over a socket, ${mode}`, async () => {
      const { head, body, cut } = await raw(await start({ strict }), post('/v1/chat/completions', BODY))
      assert.match(head, /^HTTP\/1\.1 200 /)
      assert.match(head, /^answerable-receipt: [0-9a-f-]{36}\r$/m)
      assert.equal(cut, false)
      const answer = JSON.parse(body) as { choices: { message: { content: string } }[] }
      assert.equal(answer.choices[0]!.message.content, WORDS.join(''))
      assert.equal(calls.length, 1)
      assert.equal(calls[0]!.responseBytes, Buffer.byteLength(body))
    })

    it(`the OpenAI SDK, unchanged, ${mode}`, async () => {
      const openai = new OpenAI({ apiKey: 'test', baseURL: `${await start({ strict })}/v1`, maxRetries: 0 })
      const answer = await openai.chat.completions.create({ model: 'gzip', messages: [] })
      assert.equal(answer.choices[0]!.message.content, WORDS.join(''))
      let text = ''
      for await (const part of await openai.chat.completions.create({
        model: 'fake',
        messages: [],
        stream: true,
      }))
        text += part.choices[0]!.delta.content ?? ''
      assert.equal(text, WORDS.join(''))
      assert.equal((await openai.models.list()).data.length, 1)
      const wrong = openai.chat.completions.create({ model: 'error-429', messages: [] })
      await assert.rejects(wrong, (error: APIError) => error.status === 429)
      assert.equal(calls.length, 3)
    })

    it(`an answer without a receipt, ${mode}`, async () => {
      const fetch = lying({
        answer: answer => new Response(answer.body, { headers: { 'content-type': 'text/plain' } }),
      })
      const { head, body } = await raw(await start({ strict, fetch }), post('/v1/chat/completions', BODY))
      assert.match(head, /^HTTP\/1\.1 502 /)
      assert.match(head, /^x-should-retry: false\r$/m)
      assert.equal(JSON.parse(body).error.code, 'no-receipt')
      assert.match(Buffer.from(refused[0]!.response).toString(), /Receipts/)
    })

    it(`an interrupted stream, ${mode}`, async () => {
      const body = STREAM.replace('fake', 'dying')
      const { head, cut } = await raw(await start({ strict }), post('/v1/chat/completions', body))
      assert.match(head, strict ? /^HTTP\/1\.1 502 / : /^HTTP\/1\.1 200 /)
      assert.equal(cut, !strict)
      assert.equal(calls[0]!.interrupted, true)
    })
  }

  it('a changed answer, strict: none of it is given', async () => {
    const url = await start({ strict: true, fetch: lying(LIE) })
    const { head, body } = await raw(url, post('/v1/chat/completions', BODY))
    assert.match(head, /^HTTP\/1\.1 502 /)
    assert.equal(JSON.parse(body).error.code, 'receipt-rejected')
    assert.equal(refused.length, 1)
  })

  it('a changed stream, strict: none of it is given', async () => {
    const url = await start({ strict: true, fetch: lying(STREAM_LIE) })
    const { head, body } = await raw(url, post('/v1/chat/completions', STREAM))
    assert.match(head, /^HTTP\/1\.1 502 /)
    assert.equal(JSON.parse(body).error.code, 'receipt-rejected')
  })

  for (const [name, lies, body] of [
    ['answer', LIE, BODY],
    ['stream', STREAM_LIE, STREAM],
  ] as const)
    it(`a changed ${name}, not strict: the connection breaks`, async () => {
      const url = await start({ fetch: lying(lies) })
      const { head, cut } = await raw(url, post('/v1/chat/completions', body))
      assert.match(head, /^HTTP\/1\.1 200 /)
      assert.equal(cut, true)
      assert.equal(refused[0]!.code, 'receipt-rejected')
    })

  it('a caller who hangs up: the upstream is stopped, and the record is kept', async () => {
    const found = Promise.withResolvers<RecordedCall>()
    const url = await start({
      onReceipt: found.resolve,
      onRefused: ({ code, reason }) => found.reject(new Error(`${code}: ${reason}`)),
    })
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(post('/v1/chat/completions', STREAM.replace('fake', 'hanging')))
    socket.on('data', () => socket.destroy())
    assert.equal((await found.promise).interrupted, true)
  })

  it('a gateway that is down', async () => {
    const target = new URL('http://127.0.0.1:9')
    const { head, body } = await raw(await start({ target }), post('/v1/embeddings', '{}'))
    assert.match(head, /^HTTP\/1\.1 502 /)
    assert.equal(JSON.parse(body).error.code, 'upstream-unreachable')
  })

  it('a base with a /v1 of its own', async () => {
    const url = await start({ target: new URL(`${gateway.url}/v1/`) })
    const { head } = await raw(url, post('/v1/chat/completions', BODY))
    assert.match(head, /^HTTP\/1\.1 200 /)
  })

  const strange: [string, string, number, string][] = [
    [
      'a page that has its name point here',
      post('/v1/embeddings', '{}', 'Host: evil.example'),
      403,
      'forbidden',
    ],
    [
      'a page that sends here',
      post('/v1/embeddings', '{}', 'Host: localhost', 'Origin: https://evil.example'),
      403,
      'forbidden',
    ],
    [
      'a page without a name',
      post('/v1/embeddings', '{}', 'Host: localhost', 'Origin: null'),
      403,
      'forbidden',
    ],
    ['another server’s address', post('http://evil.example/v1/embeddings', '{}'), 400, 'bad-request'],
    ['a request over the bound', post('/v1/embeddings', 'x'.repeat(5000)), 413, 'too-large'],
    ['a GET with a body', post('/v1/models', '{}').replace('POST', 'GET'), 400, 'bad-request'],
  ]
  for (const [name, request, status, code] of strange)
    it(`refuses ${name}`, async () => {
      const { head, body } = await raw(await start({ maxBytes: 4000 }), request)
      assert.match(head, new RegExp(`^HTTP/1.1 ${status} `))
      assert.equal(JSON.parse(body).error.code, code)
      assert.deepEqual([calls, refused], [[], []])
    })

  it('a path above the base is not asked for', async () => {
    const url = await start({ target: new URL(`${gateway.url}/under/here`) })
    for (const path of ['/../../v1/embeddings', '/%2e%2e/x', '/../hereabouts'])
      assert.match((await raw(url, post(path, '{}'))).head, /^HTTP\/1\.1 400 /, path)
  })

  it('a taken port', async () => {
    const port = Number(new URL(await start()).port)
    const { trust } = gateway
    const second = startProxy({ target: new URL(gateway.url), port, strict: false, trust })
    await assert.rejects(second, { code: 'port-taken' })
  })

  it('as a command: one line a call, receipts in a folder, and it stops when told', async () => {
    const home = mkdtempSync(join(tmpdir(), 'answerable-proxy-'))
    try {
      const none = run(home, ['--target', gateway.url, '--port', '0'])
      assert.match((await none.lines.next()).value!, /no network is trusted yet/)
      const text = formatPolicy(gateway.network.policy)
      new TrustStore(home).put({ name: 'test', text, url: gateway.url, added: new Date().toISOString() })
      for (const json of [false, true]) {
        const keep = join(home, `kept-${json}`)
        const args = ['--target', gateway.url, '--port', '0', '--keep', keep, ...(json ? ['--json'] : [])]
        const { child, lines, code } = run(home, args)
        const first = (await lines.next()).value!
        const url = json ? (JSON.parse(first) as { url: string }).url : first.split(' ')[0]!
        if (!json) await lines.next()
        await raw(url, post('/v1/chat/completions', BODY))
        const line = (await lines.next()).value!
        const id = readdirSync(keep)
          .find(name => name.endsWith('.json'))!
          .slice(0, 36)
        if (json) {
          const { id: named, status, path, recorded } = JSON.parse(line)
          assert.deepEqual([named, status, path], [id, 200, '/v1/chat/completions'])
          assert.equal(recorded.result, 'pass')
        } else {
          assert.ok(line.startsWith(`${id}  200 `), line)
          // The witnesses may have been quicker than the check.
          assert.match(line, / B {2}recorded: pass \((committed|witnessed)\)$/)
        }
        child.kill('SIGTERM')
        assert.equal(await code, 0)
      }
    } finally {
      for (const child of children.splice(0)) child.kill('SIGKILL')
      rmSync(home, { recursive: true, force: true })
    }
  })
})

/** Ended with their test, however that goes: one that was left would keep the whole run waiting. */
const children: ChildProcess[] = []

function run(home: string, args: string[]) {
  const script = `
    const { runProxy } = await import(process.argv[1])
    try { process.exitCode = await runProxy(process.argv.slice(2)) }
    catch (error) { console.log(error.message) }
    process.exit()`
  const module = join(import.meta.dirname, 'proxy.ts')
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, module, ...args], {
    env: { ...process.env, ANSWERABLE_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const code = new Promise<number | null>(resolve => child.on('exit', resolve))
  return { child, code, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
}

/** A request as a program in any language would write it. */
function post(path: string, body: string, host = 'Host: 127.0.0.1', ...headers: string[]): string {
  return [
    `POST ${path} HTTP/1.1`,
    host,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...headers,
    '',
    body,
  ].join('\r\n')
}

/** Sends bytes over a socket and reads until it closes. `cut`: whether the message had no orderly end. */
function raw(url: string, request: string): Promise<{ head: string; body: string; cut: boolean }> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', error => {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') reject(error)
    })
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString('latin1')
      const at = text.indexOf('\r\n\r\n')
      const head = text.slice(0, at + 2)
      const rest = text.slice(at + 4)
      const chunked = /^transfer-encoding: chunked\r$/im.test(head)
      const body = Buffer.from(chunked ? dechunk(rest) : rest, 'latin1').toString()
      resolve({ head, body, cut: chunked && !rest.endsWith('0\r\n\r\n') })
    })
    socket.write(request)
  })
}

function dechunk(text: string): string {
  let out = ''
  for (let at = 0; ; ) {
    const end = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, end), 16)
    if (end === -1 || !(size > 0)) return out
    out += text.slice(end + 2, end + 2 + size)
    at = end + 4 + size
  }
}
