import assert from 'node:assert/strict'
import { cpSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseReceipt, trustFrom, Verifier } from '@answerable/core/receipt'
import { parseSuccessor } from '@answerable/core/statement'
import { check, post, start, temporaryFolder, upstream, witnessed } from '../../test/network.ts'
import { loadConfig } from '../gateway/index.ts'
import { nodeSuite } from '../log/index.ts'
import { type Disk, realDisk } from '../storage/index.ts'
import { startLocal } from './local.ts'

const ASK = { model: 'gpt-test', messages: [] }
const ok = (t: import('node:test').TestContext) =>
  upstream(t, (_request, response) => response.end('{"ok":true}'))

test('a second process on the folder, and a taken port, are plain refusals', async t => {
  const folder = temporaryFolder(t)
  const network = await start(t, { folder, demo: false })
  await assert.rejects(start(t, { folder, demo: false }), { code: 'locked' })
  const { port } = new URL(network.url)
  await assert.rejects(start(t, { demo: false, set: { port: Number(port) } }), { code: 'port-taken' })
})

test('keys are readable by their owner alone, and one that is not stops the start', async t => {
  if (process.platform === 'win32') return t.skip('file modes are not of this platform')
  const folder = temporaryFolder(t)
  const network = await start(t, { folder, demo: false })
  await network.close()
  for (const path of ['inference-1/key.pem', 'keys/member.pem', 'keys/host.pem', 'witness-1/key.pem']) {
    assert.equal(statSync(join(folder, path)).mode & 0o077, 0, path)
  }
  const { chmodSync } = await import('node:fs')
  chmodSync(join(folder, 'keys/member.pem'), 0o644)
  await assert.rejects(start(t, { folder, demo: false }), { code: 'bad-config' })
})

test('a restart keeps every receipt, and the log goes on', async t => {
  const folder = temporaryFolder(t)
  const url = await ok(t)
  const first = await start(t, { folder, upstream: url, demo: false })
  const answer = await post(`${first.url}/v1/chat/completions`, ASK)
  const secret = new URL(answer.headers.get('answerable-receipt-url')!)
  await first.close()
  const second = await start(t, { folder, upstream: url, demo: false })
  await witnessed(second)
  const at = second.url + secret.pathname
  const receipt = await (
    await fetch(at, { headers: { authorization: `Bearer ${secret.hash.slice(1)}` } })
  ).text()
  const trust = (await (await fetch(`${second.url}/trust`)).json()) as { name: string; policy: string }
  const { verdict } = new Verifier(nodeSuite, trustFrom([trust], nodeSuite)).verify(
    parseReceipt(Buffer.from(receipt)),
  )
  assert.ok(verdict.met)
  await check(second, await post(`${second.url}/v1/chat/completions`, ASK))
  assert.equal(second.gateway.store.log.signed.size, 2)
})

test('a restored copy continues in a new log, and both logs are served and trusted', async t => {
  const folder = temporaryFolder(t)
  const url = await ok(t)
  const first = await start(t, { folder, upstream: url, demo: false })
  const old = await post(`${first.url}/v1/chat/completions`, ASK)
  await witnessed(first)
  await first.close()
  const copy = join(temporaryFolder(t), 'copy')
  cpSync(join(folder, 'inference-1'), copy, { recursive: true })
  const again = await start(t, { folder, upstream: url, demo: false })
  await post(`${again.url}/v1/chat/completions`, ASK)
  await witnessed(again)
  await again.close()
  rmSync(join(folder, 'inference-1'), { recursive: true })
  cpSync(copy, join(folder, 'inference-1'), { recursive: true })

  const told: string[] = []
  const restored = await start(t, { folder, upstream: url, demo: false, report: event => told.push(event) })
  assert.ok(
    told.some(event => event.includes('old copy')),
    told.join('\n'),
  )
  const trust = (await (await fetch(`${restored.url}/trust`)).json()) as { name: string; policy: string }
  const verifier = new Verifier(nodeSuite, trustFrom([trust], nodeSuite))
  const secret = new URL(old.headers.get('answerable-receipt-url')!)
  const oldReceipt = await (await fetch(restored.url + secret.pathname)).text()
  assert.ok(verifier.verify(parseReceipt(Buffer.from(oldReceipt))).verdict.met)
  const { verification, text } = await check(restored, await post(`${restored.url}/v1/chat/completions`, ASK))
  assert.ok(verification.verdict.met)
  assert.ok(verifier.verify(parseReceipt(Buffer.from(text))).verdict.met)
  assert.match(verification.record!.log, /inference-2$/)

  const bundle = Buffer.from(await (await fetch(`${restored.url}/log/tile/entries/000.p/1`)).arrayBuffer())
  const document = await fetch(`${restored.url}/documents/${bundle.subarray(2).toString('hex')}`)
  const successor = parseSuccessor(new Uint8Array(await document.arrayBuffer()))
  assert.equal(successor.predecessor.size, 2)
  assert.match(await (await fetch(`${restored.url}/logs/1/checkpoint`)).text(), /\/inference\n1\n/)
})

test('a full disk refuses calls before a model runs, goes on reading, and recovers by itself', async t => {
  let full = false
  let calls = 0
  const url = await upstream(t, (_request, response) => {
    calls++
    response.end('{"ok":true}')
  })
  const refuse = () => {
    if (full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  }
  const disk: Disk = {
    ...realDisk,
    async open(path, create) {
      const file = await realDisk.open(path, create)
      const write = async (bytes: Uint8Array, at: number) => {
        refuse()
        await file.write(bytes, at)
      }
      return {
        write,
        read: file.read.bind(file),
        size: file.size.bind(file),
        sync: file.sync.bind(file),
        close: file.close.bind(file),
      }
    },
    async preallocate(...args) {
      refuse()
      await realDisk.preallocate(...args)
    },
    async replace(...args) {
      refuse()
      await realDisk.replace(...args)
    },
  }
  const network = await start(t, { upstream: url, disk, demo: false })
  const chat = `${network.url}/v1/chat/completions`
  const before = await post(chat, ASK)
  await witnessed(network)
  full = true
  // The first one meets the fault when it is recorded; its answer is not given out.
  assert.equal((await post(chat, ASK)).status, 503)
  const ran = calls
  for (let i = 0; i < 3; i++) assert.equal((await post(chat, ASK)).status, 503)
  assert.equal(calls, ran)
  assert.equal((await fetch(`${network.url}/healthz`)).status, 503)
  assert.equal(
    (await fetch(`${network.url}/receipts/${before.headers.get('answerable-receipt')}`)).status,
    200,
  )
  full = false
  let answer: Response
  do {
    await new Promise(resolve => setTimeout(resolve, 100))
    answer = await post(chat, ASK)
  } while (answer.status === 503)
  assert.equal(answer.status, 200)
  const { verification } = await check(network, answer)
  assert.ok(verification.verdict.met)
})

test('without keys it listens on loopback alone', () => {
  assert.throws(() => loadConfig(undefined, {}, { host: '0.0.0.0' }), { code: 'bad-config' })
  assert.throws(() => loadConfig(undefined, { PORT: 'x' }), { code: 'bad-config' })
  assert.throws(() => loadConfig('/nowhere/config.json', {}), { code: 'bad-config' })
  assert.throws(() => loadConfig(undefined, {}, { typo: 1 }), /typo/)
  assert.equal(loadConfig(undefined, { PORT: '8080', ANSWERABLE_PORT: '' }).port, 8080)
})

test('the host that a caller names is where its receipt is', async t => {
  const url = await ok(t)
  const network = await startLocal({
    folder: temporaryFolder(t),
    demo: false,
    config: loadConfig(
      undefined,
      {},
      {
        port: 0,
        publicUrl: 'https://answers.example',
        upstreams: [{ name: 'test', url, models: ['gpt-test'] }],
      },
    ),
  })
  t.after(() => network.close())
  const answer = await post(`${network.url}/v1/chat/completions`, ASK)
  assert.match(
    answer.headers.get('answerable-receipt-url')!,
    /^https:\/\/answers\.example\/receipts\/[0-9a-f-]{36}#[\w-]{43}$/,
  )
})
