/** An open gateway is for programs on its own machine. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { ASK, post, start, upstream } from '../../test/network.ts'

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
