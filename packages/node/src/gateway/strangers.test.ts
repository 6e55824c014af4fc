/** An open gateway is for programs on its own machine. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { ASK, post, start, upstream } from '../../test/network.ts'
import { StrangerCheck } from './strangers.ts'

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

test('who was let in once is let in again, and nobody by their side', () => {
  const check = new StrangerCheck(['own.example'])
  for (let round = 0; round < 3; round++) {
    for (const host of ['localhost:1', '127.0.0.1', '[::1]:80', 'own.example'])
      check.refuse({ host, origin: undefined })
    check.refuse({ host: 'localhost:1', origin: 'http://127.0.0.1:3000' })
    for (const headers of [
      { host: 'evil.example' },
      { host: '' },
      {},
      { host: 'localhost:1', origin: 'https://evil.example' },
      { host: 'localhost:1@evil.example' },
    ])
      assert.throws(() => check.refuse(headers), { code: 'forbidden' }, JSON.stringify(headers))
  }
})

test('what it remembers is bounded, and forgetting changes nothing', () => {
  const check = new StrangerCheck([])
  for (let port = 1; port < 2000; port++) check.refuse({ host: `localhost:${port}` })
  check.refuse({ host: 'localhost:1' })
  assert.throws(() => check.refuse({ host: 'evil.example' }), { code: 'forbidden' })
})
