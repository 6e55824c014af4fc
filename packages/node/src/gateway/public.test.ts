/** Everything but the calls. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ASK, post, start, upstream, witnessed } from '../../test/network.ts'

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

test('a path that takes other methods says which', async t => {
  const network = await start(t)
  const table: [string, string, string][] = [
    ['GET', '/v1/chat/completions', 'POST'],
    ['DELETE', '/v1/moderations', 'POST'],
    ['GET', '/v2/models/credit-f32/infer', 'POST'],
    ['POST', '/v1/models', 'GET, HEAD'],
    ['PUT', '/healthz', 'GET, HEAD'],
    ['POST', '/v2/models/credit-f32', 'GET, HEAD'],
    ['POST', '/receipts/x', 'GET, HEAD, DELETE'],
    ['POST', '/log/checkpoint', 'GET, HEAD'],
    ['DELETE', '/registry/tile/0/000.p/1', 'GET, HEAD'],
    ['GET', '/witness/1/add-checkpoint', 'POST'],
    ['OPTIONS', '/trust', 'GET, HEAD'],
  ]
  for (const [method, path, allow] of table) {
    const answer = await fetch(network.url + path, { method })
    assert.deepEqual([answer.status, answer.headers.get('allow')], [405, allow], `${method} ${path}`)
    const { error, code } = (await answer.json()) as { error: { code?: string } | string; code?: string }
    assert.equal(typeof error === 'string' ? code : error.code, 'method-not-allowed')
  }
  for (const [method, path] of [
    ['POST', '/nope'],
    ['DELETE', '/log/nope'],
    ['GET', '/v2/models/nope'],
  ] as const)
    assert.equal((await fetch(network.url + path, { method })).status, 404, path)
  assert.equal((await fetch(`${network.url}/healthz`, { method: 'HEAD' })).status, 200)
  const preflight = await fetch(`${network.url}/receipts/x`, { method: 'OPTIONS' })
  assert.equal(preflight.status, 204)
})

test('errors under /v2/ have the shape of that protocol', async t => {
  const network = await start(t)
  for (const path of ['/v2/models/nope', '/v2/nope']) {
    const { error } = (await (await fetch(network.url + path)).json()) as { error: unknown }
    assert.equal(typeof error, 'string', path)
  }
})
