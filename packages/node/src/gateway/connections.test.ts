/** What a gateway does with callers who are slow, odd or many, before and around any call. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { post, start, upstream } from '../../test/network.ts'

const ASK = { model: 'gpt-test', messages: [] }
const CHAT = '/v1/chat/completions'

/** A socket to the gateway, and all that came over it. */
function dial(t: TestContext, url: string): { socket: Socket; text(): string; closed: Promise<string> } {
  let text = ''
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('data', chunk => {
    text += chunk
  })
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  return { socket, text: () => text, closed: new Promise(resolve => socket.on('close', () => resolve(text))) }
}

/** What comes back for these bytes, until the connection is closed. */
function raw(t: TestContext, url: string, bytes: string): Promise<string> {
  const { socket, closed } = dial(t, url)
  socket.write(bytes)
  return closed
}

const head = (line: string, ...headers: string[]) =>
  `${[`${line} HTTP/1.1`, 'host: localhost', ...headers].join('\r\n')}\r\n\r\n`
const statuses = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))

/** Until this holds, or for two seconds. */
async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 100 && !(await holds()); i++) await new Promise(resolve => setTimeout(resolve, 20))
  assert.ok(await holds())
}

const metric = async (url: string, name: string) =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await (await fetch(`${url}/metrics`)).text())![1])

test('connections are bounded: one more is closed as it comes, and counted', async t => {
  const network = await start(t, { demo: false, set: { limits: { connections: 3 } } })
  const held = [dial(t, network.url), dial(t, network.url), dial(t, network.url)]
  for (const { socket } of held) socket.write('GET /healthz HTTP/1.1\r\n')
  await new Promise(resolve => setTimeout(resolve, 100))
  assert.equal(await raw(t, network.url, head('GET /healthz')), '')
  for (const { socket } of held) socket.destroy()
  await eventually(async () => (await fetch(`${network.url}/healthz`).catch(() => undefined))?.status === 200)
  assert.ok((await metric(network.url, 'answerable_connections_refused')) >= 1)
})

test('a caller who never reads the answer is given up; a slow model is waited for', async t => {
  const large = Buffer.alloc(16 << 20, 'x')
  const url = await upstream(t, (_request, response, body) => {
    if (body.toString().includes('slow')) setTimeout(() => response.end('{}'), 800)
    else response.writeHead(200, { 'content-type': 'application/json' }).end(large)
  })
  const network = await start(t, { upstream: url, demo: false, set: { limits: { writeSeconds: 0.3 } } })
  const { socket, closed } = dial(t, network.url)
  socket.pause()
  const body = JSON.stringify(ASK)
  socket.write(`${head(`POST ${CHAT}`, `content-length: ${body.length}`)}${body}`)
  const ended = new Promise<void>(resolve => socket.on('close', () => resolve()))
  await eventually(async () => (await metric(network.url, 'answerable_answers_unread')) === 1)
  socket.resume()
  await ended
  assert.ok((await closed).length < large.length)
  const slow = await post(network.url + CHAT, { ...ASK, user: 'slow' })
  assert.equal(slow.status, 200)
  assert.equal(await metric(network.url, 'answerable_answers_unread'), 1)
  // One who reads slowly, and does read, gets all of it.
  const reader = dial(t, network.url)
  const slices = setInterval(
    () => (reader.socket.isPaused() ? reader.socket.resume() : reader.socket.pause()),
    100,
  )
  t.after(() => clearInterval(slices))
  reader.socket.write(`${head(`POST ${CHAT}`, `content-length: ${body.length}`, 'connection: close')}${body}`)
  assert.ok((await reader.closed).length > large.length)
})

test('a caller who never reads a stream is given up too, and the record says that they left', async t => {
  let gone!: () => void
  const left = new Promise<void>(resolve => {
    gone = resolve
  })
  const url = await upstream(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const event = `data: "${'x'.repeat(60_000)}"\n\n`
    const timer = setInterval(() => response.writableNeedDrain || response.write(event), 1)
    response.on('close', () => {
      clearInterval(timer)
      gone()
    })
  })
  const network = await start(t, { upstream: url, demo: false, set: { limits: { writeSeconds: 0.3 } } })
  const { socket } = dial(t, network.url)
  socket.pause()
  const body = JSON.stringify({ ...ASK, stream: true })
  socket.write(`${head(`POST ${CHAT}`, `content-length: ${body.length}`)}${body}`)
  await left
  assert.equal(await metric(network.url, 'answerable_answers_unread'), 1)
  await eventually(() => network.gateway.store.log.signed.size === 2)
})

test('a body that does not come gives its place back in its own time', async t => {
  const url = await upstream(t, (_request, response) => response.end('{}'))
  const limits = { bodySeconds: 0.3, concurrent: 1 }
  const network = await start(t, { upstream: url, demo: false, set: { limits } })
  const slow = dial(t, network.url)
  slow.socket.write(`${head(`POST ${CHAT}`, 'content-length: 1000')}{"model"`)
  await eventually(async () => (await metric(network.url, 'answerable_calls_running')) === 1)
  assert.equal((await post(network.url + CHAT, ASK)).status, 429)
  const text = await slow.closed
  assert.deepEqual(statuses(text), [408])
  assert.match(text, /"code":"request-timeout"/)
  assert.equal((await post(network.url + CHAT, ASK)).status, 200)
  assert.equal(network.gateway.store.log.signed.size, 1)
})

test('who asks before sending a body is told to go on, or why not', async t => {
  const key = 'sk-secret'
  const sha256 = createHash('sha256').update(key).digest('hex')
  const url = await upstream(t, (_request, response) => response.end('{}'))
  const keys = [{ sha256, deployer: 'Bank', requestsPerMinute: 2 }]
  const set = { keys, limits: { requestBytes: 1000 } }
  const network = await start(t, { upstream: url, demo: false, set })
  const asking = (length: number, bearer: string) =>
    head(
      `POST ${CHAT}`,
      `content-length: ${length}`,
      `authorization: Bearer ${bearer}`,
      'expect: 100-continue',
    )
  assert.deepEqual(statuses(await raw(t, network.url, asking(10, 'sk-other'))), [401])
  assert.deepEqual(statuses(await raw(t, network.url, asking(2000, key))), [413])
  const { socket, text } = dial(t, network.url)
  const body = JSON.stringify(ASK)
  socket.write(asking(body.length, key))
  await eventually(() => text().includes('HTTP/1.1 100'))
  assert.equal(network.gateway.store.log.signed.size, 0)
  socket.write(body)
  await eventually(() => text().includes('answerable-receipt'))
  assert.deepEqual(statuses(text()), [100, 200])
  socket.destroy()
  assert.deepEqual(statuses(await raw(t, network.url, asking(10, key))), [429])
  const other = head(`POST ${CHAT}`, 'expect: tea', 'connection: close')
  assert.deepEqual(statuses(await raw(t, network.url, other)), [417])
})

test('two Host headers are refused, whatever they say', async t => {
  const network = await start(t, { demo: false })
  for (const second of ['localhost', 'evil.example', '']) {
    for (const line of [`POST ${CHAT}`, 'GET /trust']) {
      const text = await raw(t, network.url, head(line, `Host: ${second}`, 'connection: close'))
      assert.deepEqual(statuses(text), [400], `${line} ${second}`)
    }
  }
})

test('garbage is answered once, and never into an answer that has begun', async t => {
  let go!: () => void
  const url = await upstream(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"a":1}\n\n')
    go = () => response.end('data: [DONE]\n\n')
  })
  const faults: unknown[] = []
  const report = (_: string, error?: unknown) => faults.push(error)
  const network = await start(t, { upstream: url, demo: false, report })
  for (const [garbage, status] of [
    ['\x00\x01\r\n\r\n', 400],
    ['GET / HTTP/9\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(70_000)}\r\n\r\n`, 431],
    // A body that breaks off in garbage.
    [`${head(`POST ${CHAT}`, 'transfer-encoding: chunked')}5\r\n{"mod\r\nzz\r\n`, 400],
    // After a whole request on the same connection.
    [`${head('GET /healthz')}\x00\x01\r\n\r\n`, 400],
  ] as const) {
    const text = await raw(t, network.url, garbage)
    assert.equal(statuses(text).at(-1), status, JSON.stringify(garbage.slice(0, 60)))
    assert.ok(statuses(text).length <= 2)
  }
  const { socket, text, closed } = dial(t, network.url)
  const body = JSON.stringify({ ...ASK, stream: true })
  socket.write(`${head(`POST ${CHAT}`, `content-length: ${body.length}`)}${body}`)
  await eventually(() => text().includes('data: '))
  socket.write('\x00\x01\r\n\r\n')
  await closed
  go()
  assert.deepEqual(statuses(text()), [200])
  // A second request that waits for its turn, and garbage behind it.
  const queued = `${head(`POST ${CHAT}`, `content-length: ${body.length}`)}${body}`
  const pair = await raw(t, network.url, `${queued}${queued}\x00\x01\r\n\r\n`)
  assert.ok(statuses(pair).length <= 1)
  // Reset in the middle of a request.
  const reset = dial(t, network.url)
  reset.socket.write(head(`POST ${CHAT}`, 'content-length: 1000'))
  await new Promise(resolve => setTimeout(resolve, 50))
  reset.socket.resetAndDestroy()
  await eventually(async () => (await metric(network.url, 'answerable_calls_running')) === 0)
  assert.deepEqual(faults, [])
})
