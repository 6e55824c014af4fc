import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { errorCode } from '@answerable/core'
import { parsePublisherKey } from '@answerable/core/model'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { sharedModelsApp } from '../gateway/shared-models.ts'
import { nodeSuite } from '../log/suite.ts'
import type { SignerTrust } from './check-signature.ts'
import { digestModel, listModelFiles } from './model-files.ts'
import { listOffered, type PullOptions, pullModel } from './pull.ts'
import { signModel } from './sign.ts'
import { ModelStore } from './store.ts'

const home = mkdtempSync(join(tmpdir(), 'answerable-pull-'))
after(() => rmSync(home, { recursive: true, force: true }))
let made = 0
const folder = () => join(home, String(made++))

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = parsePublisherKey(publicKey.export({ type: 'spki', format: 'pem' }) as string, nodeSuite)
const trust: SignerTrust = { mode: 'key', keys: [key] }

const source = folder()
mkdirSync(join(source, 'sub'), { recursive: true })
const BIG = randomBytes(3 << 20)
writeFileSync(join(source, 'model.gguf'), BIG)
writeFileSync(join(source, 'sub', 'card.json'), '{}')
writeFileSync(join(source, 'empty'), '')
const listed = await listModelFiles(source)
const resources = await digestModel(listed)
const signed = signModel({ name: 'tiny', resources, privateKey })
const manifest = nodeSuite.sha256Hex(signed.manifest)
const shared = {
  name: 'tiny',
  version: '1',
  signed: { manifest },
  bytes: signed.bytes,
  files: listed.files.map((file, i) => ({ ...file, sha256: resources[i]!.sha256 })),
}

type Handle = (request: IncomingMessage, response: ServerResponse, honest: () => void) => void

/** The gateway's own app, with something in front of it that may lie. */
async function serve(before: Handle = (_request, _response, honest) => honest()): Promise<URL> {
  const app = new Hono()
  app.route('/models', sharedModelsApp([shared]))
  const honest = getRequestListener(request => app.fetch(request), { overrideGlobalObjects: false })
  const server = createServer((request, response) =>
    before(request, response, () => void honest(request, response)),
  )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return new URL(`http://127.0.0.1:${(server.address() as { port: number }).port}`)
}

const options = (url: URL, more: Partial<PullOptions> = {}): PullOptions => ({
  url,
  store: new ModelStore(folder()),
  trust,
  most: 1 << 30,
  idleMs: 500,
  attempts: 2,
  ...more,
})

async function pull(with_: PullOptions) {
  const [offered] = await listOffered(with_)
  return pullModel(offered!, with_)
}
const refused = (with_: PullOptions, code: string) =>
  assert.rejects(pull(with_), error => errorCode(error) === code || Promise.reject(error))

test('a model is pulled whole, checked, and stands under its own names', async () => {
  const done: number[] = []
  const with_ = options(await serve(), { progress: bytes => done.push(bytes) })
  const model = await pull(with_)
  assert.deepEqual([model.name, model.manifest], ['tiny', manifest])
  const { store } = with_
  assert.ok(readFileSync(join(store.filesPath(manifest), 'model.gguf')).equals(BIG))
  assert.equal(readFileSync(join(store.filesPath(manifest), 'sub', 'card.json'), 'utf8'), '{}')
  assert.deepEqual(Buffer.from(signed.bytes), readFileSync(store.signaturePath(manifest)))
  assert.deepEqual(await store.list(), [model])
  assert.deepEqual(await store.find(manifest.slice(0, 8)), model)
  assert.equal(done.at(-1), BIG.length + 2)
  assert.deepEqual(readdirSync(join(store.folder, 'partial')), [])
  // Again: nothing is missing, so nothing is fetched but the signature.
  const asked: string[] = []
  const url = await serve((request, _response, honest) => {
    asked.push(request.url!)
    honest()
  })
  await pull({ ...with_, url })
  assert.deepEqual(asked, ['/models', `/models/${manifest}/signature`])
})

test('a file that is cut off goes on where it ended, in the same run and in another', async () => {
  const ranges: (string | undefined)[] = []
  let left = 2
  const cutting: Handle = (request, response, honest) => {
    if (!request.url!.includes('/files/')) return honest()
    ranges.push(request.headers.range)
    if (left-- <= 0) return honest()
    const write = response.write.bind(response)
    let sent = 0
    response.write = ((chunk: Uint8Array, ...rest: []) => {
      sent += chunk.length
      if (sent > 1 << 20) {
        response.destroy()
        return false
      }
      return write(chunk, ...rest)
    }) as typeof response.write
    honest()
  }
  const with_ = options(await serve(cutting))
  await pull(with_)
  const resumed = ranges.filter(range => range !== undefined)
  assert.ok(resumed.length >= 2, ranges.join())
  assert.ok(readFileSync(join(with_.store.filesPath(manifest), 'model.gguf')).equals(BIG))

  const store = new ModelStore(folder())
  left = 1_000
  const url = await serve((request, response, honest) =>
    request.url!.includes('/files/') ? response.destroy() : honest(),
  )
  await refused(options(url, { store }), 'unavailable')
  const { sha256 } = resources.find(({ name }) => name === 'model.gguf')!
  const { file } = await store.openPartial(sha256)
  await file.appendFile(BIG.subarray(0, 1000))
  await file.close()
  ranges.length = 0
  left = 0
  await pull(options(await serve(cutting), { store }))
  assert.ok(ranges.includes('bytes=1000-'))
})

test('a node without ranges, and a beginning that is not of this file', async () => {
  const store = new ModelStore(folder())
  const { sha256 } = resources.find(({ name }) => name === 'model.gguf')!
  const begin = async (bytes: Buffer) => {
    const { file } = await store.openPartial(sha256)
    await file.appendFile(bytes)
    await file.close()
  }
  await begin(BIG.subarray(0, 1000))
  const without = await serve((request, _response, honest) => {
    delete request.headers.range
    request.rawHeaders = request.rawHeaders.filter((_, i, all) => !/^range$/i.test(all[i - (i % 2)]!))
    honest()
  })
  await pull(options(without, { store }))
  const other = new ModelStore(folder())
  const { file } = await other.openPartial(sha256)
  await file.appendFile(Buffer.alloc(1000))
  await file.close()
  await refused(options(await serve(), { store: other }), 'model-altered')
  assert.ok(!existsSync(other.blobPath(sha256)), 'what is not of that digest never appears under it')
  await pull(options(await serve(), { store: other }))
})

/** Answers in place of the honest node. */
const lying = (path: string, status: number, body: string | Buffer, headers = {}): Handle => {
  return (request, response, honest) => {
    if (!request.url!.includes(path)) return honest()
    response.writeHead(status, headers)
    response.end(body)
  }
}
const list = (value: unknown) => lying('/models', 200, JSON.stringify({ models: value }))
const offer = (files: unknown, more = {}) => [{ name: 'tiny', version: '1', manifest, files, ...more }]

test('a node that lies is not believed', async () => {
  const other = signModel({
    name: 'tiny',
    resources,
    privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  })
  const fewer = signModel({ name: 'tiny', resources: resources.slice(1), privateKey })
  const files = shared.files.map(({ name, sha256, size }) => ({ name, sha256, size }))
  const onlyList: Handle = (request, response, honest) =>
    request.url === '/models'
      ? response.end(
          JSON.stringify({ models: offer(files.map(file => ({ ...file, size: Math.min(file.size, 2) }))) }),
        )
      : honest()
  const table: [Handle, string][] = [
    [lying('/signature', 200, Buffer.from(other.bytes)), 'bad-signature'],
    [lying('/signature', 200, Buffer.from(fewer.bytes)), 'model-altered'],
    [lying('/signature', 200, '{}'), 'bad-signature-file'],
    [lying('/signature', 404, ''), 'not-found'],
    [lying('/signature', 302, '', { location: 'http://127.0.0.1:1/' }), 'unavailable'],
    [lying('/files/', 200, Buffer.alloc(2)), 'unavailable'],
    [lying('/files/', 500, ''), 'unavailable'],
    [lying('/files/', 200, randomBytes(BIG.length + 1)), 'too-large'],
    [lying('/files/', 200, randomBytes(BIG.length)), 'model-altered'],
    [onlyList, 'too-large'],
    [list(offer([])), 'bad-signature-file'],
    [list('none'), 'bad-shape'],
    [list(offer(files, { manifest: '../..' })), 'bad-shape'],
    [list(offer(files.map(file => ({ ...file, size: -1 })))), 'bad-shape'],
    [lying('/models', 200, 'x'), 'bad-json'],
  ]
  for (const [handle, code] of table) {
    const with_ = options(await serve(handle))
    // The model's large file comes first, so that a lie about any is one about it.
    await refused(with_, code)
    assert.deepEqual(await with_.store.list(), [], code)
    assert.ok(!existsSync(join(with_.store.folder, 'models')))
  }
})

test('bounds: what is taken in all, and how long nothing may come', async () => {
  await refused(options(await serve(), { most: BIG.length }), 'too-large')
  const silent = await serve((request, _response, honest) => {
    if (!request.url!.includes('/files/')) honest()
  })
  const started = performance.now()
  await refused(options(silent), 'unavailable')
  assert.ok(performance.now() - started < 10_000)
  const gone = new URL('http://127.0.0.1:9')
  await assert.rejects(listOffered({ url: gone }), { code: 'unavailable' })
  const stop = new AbortController()
  const pulling = pull(options(silent, { idleMs: 60_000, signal: stop.signal }))
  setTimeout(() => stop.abort(), 100)
  await assert.rejects(pulling)
})
