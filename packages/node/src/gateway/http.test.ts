/** Bodies as they come. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ASK, post, start } from '../../test/network.ts'

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
