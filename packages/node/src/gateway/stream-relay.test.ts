/** Streams through a gateway: promised, recorded whole, and recorded where they break off. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTlogProof } from '@answerable/core/tlog'
import { ASK, check, post, start, upstream } from '../../test/network.ts'

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
