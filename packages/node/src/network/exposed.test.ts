import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { exposedApp, listenExposed } from './exposed.ts'

test('an answer that nobody takes ends its connection', { timeout: 20_000 }, async t => {
  const big = new Uint8Array(64 << 20)
  const exposed = await listenExposed(
    () => new Response(big),
    { host: '127.0.0.1', port: 0 },
    { connections: 8, writeSeconds: 1 },
  )
  t.after(() => exposed.close())
  const socket = connect(Number(new URL(exposed.url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write('GET /registry/tile/entries/000 HTTP/1.1\r\nhost: a\r\n\r\n')
  socket.pause()
  await new Promise(resolve => setTimeout(resolve, 4000))
  let taken = 0
  socket.on('data', bytes => {
    taken += bytes.length
  })
  socket.resume()
  await once(socket, 'close')
  assert.ok(taken < big.length, `${taken} bytes came all the same`)
})

test('members and readers reach what is theirs, and nothing else', async () => {
  const app = exposedApp(({ url }) => new Response(new URL(url).pathname))
  for (const path of ['/audit/disclosure', '/receipts/x/accesses', '/log/checkpoint', '/trust'])
    assert.equal(await (await app.request(path, { method: 'POST' })).text(), path)
  for (const path of ['/v1/chat/completions', '/node/register', '/metrics', '/auditor', '/'])
    assert.equal((await app.request(path, { method: 'POST' })).status, 404, path)
})
