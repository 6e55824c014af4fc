import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { loadConfig } from '../gateway/index.ts'
import { configFor, findOffers, ggufOffer, withOffers } from './offers.ts'

/** A fetch that finds an Ollama of the test's own where one would run. */
async function ollama(t: TestContext, answer: RequestListener): Promise<typeof fetch> {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return (url, init) => fetch(String(url).replace(':11434', `:${port}`), init)
}

const nobody = () => Promise.reject(new Error('ECONNREFUSED'))
const tags = (...names: unknown[]) => JSON.stringify({ models: names.map(name => ({ name })) })

test('without a key and an Ollama there is nothing to offer', async () => {
  assert.deepEqual(await findOffers({}, nobody), [])
  assert.deepEqual(await findOffers({ OPENAI_API_KEY: '' }, nobody), [])
})

test('an Ollama is offered with its models', async t => {
  const asked: string[] = []
  const fetch = await ollama(t, (request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end(tags('llama3.2:latest', 'qwen3:4b', 7, 'with space', 'all*', ''))
  })
  const [offer, ...rest] = await findOffers({}, fetch)
  assert.deepEqual(rest, [])
  assert.deepEqual(asked, ['GET /api/tags'])
  assert.deepEqual(offer, {
    kind: 'ollama',
    host: '127.0.0.1:11434',
    url: 'http://127.0.0.1:11434/v1',
    models: ['llama3.2:latest', 'qwen3:4b'],
  })
  assert.deepEqual(configFor(offer!), {
    upstreams: [
      { name: 'ollama', url: 'http://127.0.0.1:11434/v1', models: ['llama3.2:latest', 'qwen3:4b'] },
    ],
  })
})

test('what answers there and is no Ollama with models is not offered', async t => {
  const table: [string, RequestListener][] = [
    ['no models', (_, response) => response.end(tags())],
    ['an error', (_, response) => response.writeHead(500).end(tags('a'))],
    ['a redirect', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['no JSON', (_, response) => response.end('<html>')],
    ['another shape', (_, response) => response.end('{"models":{"name":"a"}}')],
    ['no objects', (_, response) => response.end('{"models":[null,"a",1]}')],
    ['null', (_, response) => response.end('null')],
    ['far too long', (_, response) => response.end(tags('a'.repeat(2 << 20)))],
  ]
  for (const [name, answer] of table)
    assert.deepEqual(await findOffers({}, await ollama(t, answer)), [], name)
})

test('one that does not answer is not waited for', async t => {
  for (const listener of [() => undefined, (_, response) => response.write('{')] as RequestListener[]) {
    const fetch = await ollama(t, listener)
    assert.deepEqual(await findOffers({}, fetch), [])
  }
})

test('a key for OpenAI is offered, by name alone', async () => {
  const offers = await findOffers({ OPENAI_API_KEY: 'sk-secret' }, nobody)
  assert.equal(offers.length, 1)
  assert.ok(!JSON.stringify(offers).includes('sk-secret'))
  const config = configFor(offers[0]!)
  const upstream = config.upstreams![0]!
  assert.equal(upstream.url, 'https://api.openai.com/v1')
  assert.equal(upstream.apiKeyEnv, 'OPENAI_API_KEY')
  assert.ok(upstream.models.includes('gpt-*') && !upstream.models.includes('*'))
  const other = await findOffers({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'http://10.0.0.1:8000/v1' }, nobody)
  assert.deepEqual(other, [
    { kind: 'openai', host: '10.0.0.1:8000', url: 'http://10.0.0.1:8000/v1', models: ['*'] },
  ])
  for (const base of ['nonsense', 'file:///etc/passwd'])
    assert.deepEqual(await findOffers({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: base }, nobody), [])
})

test('a GGUF file is offered under its name', () => {
  const offer = ggufOffer('/models/My model (1).Q4_K_M.gguf')
  assert.deepEqual(offer, {
    kind: 'gguf',
    name: 'My-model--1-.Q4_K_M',
    file: resolve('/models/My model (1).Q4_K_M.gguf'),
  })
  assert.throws(() => ggufOffer('/models/model.bin'), { code: 'bad-config' })
  assert.throws(() => ggufOffer('.gguf'), { code: 'bad-config' })
})

test('what was agreed to joins the configuration, behind what it says itself', async t => {
  const upstreams = [{ name: 'ollama', url: 'http://10.0.0.2:11434/v1', models: ['mine'] }]
  const config = loadConfig(undefined, {}, { upstreams })
  const fetch = await ollama(t, (_, response) => response.end(tags('a')))
  const offers = await findOffers({ OPENAI_API_KEY: 'k' }, fetch)
  const joined = withOffers(config, [...offers, ggufOffer('/m/tiny.gguf')])
  assert.deepEqual(
    joined.upstreams.map(({ name, url }) => [name, url]),
    [
      ['ollama', 'http://10.0.0.2:11434/v1'],
      ['openai', 'https://api.openai.com/v1'],
    ],
  )
  assert.deepEqual(joined.localModels, [{ name: 'tiny', version: '1', file: resolve('/m/tiny.gguf') }])
  assert.deepEqual(withOffers(config, []), config)
})
