/** Receipts and complaints that are kept: in a folder, by the owner's own function, and again once witnessed. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { portableSuite } from '@answerable/core/portable'
import { parseReceipt, type Receipt, verify } from '@answerable/core/receipt'
import { formatPolicy } from '@answerable/core/tlog'
import { asking, headers } from '../../test/asking.ts'
import { startTestGateway, type TestGateway } from '../../test/gateway.ts'
import { type RecordedCall, recorded } from './index.ts'

describe('what is kept', () => {
  let gateway: TestGateway
  let folder: string
  before(async () => {
    gateway = await startTestGateway()
  })
  after(() => gateway.close())
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'answerable-kept-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('a receipt in a folder, for its owner alone, and witnessed in the background', async () => {
    const path = join(folder, 'receipts')
    const found = Promise.withResolvers<RecordedCall>()
    await asking(gateway, {}, {}, { folder: path, onReceipt: found.resolve }).ask()
    const call = await found.promise
    const file = join(path, `${call.id}.json`)
    assert.deepEqual(readdirSync(path).sort(), [`${call.id}.json`, `${call.id}.url`])
    for (const name of readdirSync(path)) assert.equal(statSync(join(path, name)).mode & 0o777, 0o600)
    assert.equal(statSync(path).mode & 0o777, 0o700)
    assert.equal(readFileSync(join(path, `${call.id}.url`), 'utf8'), `${call.receiptUrl}\n`)
    const check = () =>
      verify(parseReceipt(readFileSync(file)), { suite: portableSuite, trust: gateway.trust })
    assert.equal(check().claims.recorded.reason === 'quorum-not-met' || check().verdict.met, true)
    for (let i = 0; i < 100 && !check().verdict.met; i++)
      await new Promise(resolve => setTimeout(resolve, 50))
    const { verdict, compared } = check()
    assert.equal(verdict.met, true)
    assert.deepEqual(compared, { request: 'same', response: 'same' })
  })

  it('by a function of the owner’s, first committed and then witnessed', async () => {
    // A publication that comes right after the record leaves nothing to upgrade: then it is asked once more.
    for (let tries = 0; tries < 20; tries++) {
      const kept: string[] = []
      const twice = Promise.withResolvers<Receipt>()
      const keep = (receipt: Receipt, { state }: RecordedCall) => {
        kept.push(state)
        if (kept.length === 2) twice.resolve(receipt)
      }
      await asking(gateway, {}, { stream: true }, { keep }).ask()
      if (kept[0] === 'witnessed') continue
      const receipt = await twice.promise
      assert.deepEqual(kept, ['committed', 'witnessed'])
      assert.equal(verify(receipt, { suite: portableSuite, trust: gateway.trust }).verdict.met, true)
      return
    }
    assert.fail('witnessed at once, twenty times')
  })

  it('a gateway that is gone, or takes the record back, while witnesses are waited for', async () => {
    let theirs!: RecordedCall
    for (const [later, complaints] of [
      [() => new Response('', { status: 404 }), 0],
      [() => fetch(theirs.receiptUrl.split('#')[0]!), 1],
    ] as const) {
      const found = Promise.withResolvers<RecordedCall>()
      await asking(gateway, {}, { user: 'another' }, { onReceipt: found.resolve }).ask()
      theirs = await found.promise
      let asks = 0
      const lies = { receipt: (fetched: () => Promise<Response>) => (asks++ === 0 ? fetched() : later()) }
      const asked = asking(gateway, lies, {}, { keep: () => undefined })
      await asked.ask()
      for (let i = 0; i < 100 && (asks < 2 || asked.refused.length < complaints); i++)
        await new Promise(resolve => setTimeout(resolve, 10))
      assert.deepEqual(
        asked.refused.map(({ code }) => code),
        Array(complaints).fill('receipt-rejected'),
      )
    }
  })

  it('a refused answer, with its bytes and promise', async () => {
    const lies = { receipt: () => new Response('', { status: 404 }) }
    await assert.rejects(asking(gateway, lies, { stream: true }, { folder }).ask, { code: 'no-receipt' })
    const [name] = readdirSync(join(folder, 'refused'))
    const refused = JSON.parse(readFileSync(join(folder, 'refused', name!), 'utf8')) as Record<string, string>
    assert.equal(statSync(join(folder, 'refused', name!)).mode & 0o777, 0o600)
    assert.equal(refused.code, 'no-receipt')
    assert.match(refused.promise!, /^c2sp.org\/tlog-proof@v1\n/)
    assert.match(Buffer.from(refused.response!, 'base64').toString(), /\[DONE\]/)
    assert.match(Buffer.from(refused.request!, 'base64').toString(), /"stream":true/)
    assert.equal(refused.id, name!.slice(-50, -14))
  })

  it('a receipt that cannot be kept fails the call', async () => {
    const file = join(folder, 'taken')
    writeFileSync(file, '')
    await assert.rejects(asking(gateway, {}, {}, { folder: file }).ask, { code: 'not-writable' })
    const keep = () => Promise.reject(new Error('full'))
    await assert.rejects(asking(gateway, {}, {}, { keep }).ask, /full/)
    await assert.rejects(asking(gateway, {}, { stream: true }, { keep }).ask, /full/)
  })

  it('trust as texts, and a policy’s own trust in place of it', async () => {
    const text = formatPolicy(gateway.network.policy)
    const strangers = text.replace(/^log .*\n/gm, '')
    for (const trust of [
      text,
      [text],
      { name: 'mine', policy: text },
      [strangers, { name: 'mine', policy: text }],
    ])
      assert.equal((await asking(gateway, {}, {}, { trust }).ask()).response.status, 200)
    const own = { trust: strangers, policy: { require: { recorded: 'signature' as const }, trust: [text] } }
    assert.equal((await asking(gateway, {}, {}, own).ask()).response.status, 200)
    await assert.rejects(asking(gateway, {}, {}, { trust: strangers }).ask, { code: 'receipt-rejected' })
  })

  it('a policy that asks for more than there is', async () => {
    const policy = { require: { place: 'hardware' as const } }
    await assert.rejects(asking(gateway, {}, {}, { policy }).ask, {
      code: 'receipt-rejected',
      message: /place is required/,
    })
    const met = { require: { recorded: 'signature' as const, model: 'assertion' as const } }
    assert.equal((await asking(gateway, {}, {}, { policy: met }).ask()).response.status, 200)
  })

  it('requests that need no receipt by the owner’s own rule', async () => {
    const lies = headers({ 'answerable-receipt': null, 'answerable-receipt-url': null })
    const required = ({ url }: { url: string }) => !url.endsWith('/chat/completions')
    assert.equal((await asking(gateway, lies, {}, { required }).ask()).response.status, 200)
  })

  it('options that cannot be used', () => {
    const { trust } = gateway
    const wrong: [Parameters<typeof recorded>[1], RegExp, string?][] = [
      [{ trust: { networks: [] } }, /at least one network/],
      [{ trust: 'quorum nobody\n' }, /nobody/, 'bad-policy'],
      [{ trust: undefined as never }, /trust/],
      [{ trust, timeoutMs: 0 }, /timeoutMs/],
      [{ trust, timeoutMs: 2 ** 31 }, /timeoutMs/],
      [{ trust, maxBytes: 1.5 }, /maxBytes/],
      [{ trust, hold: 'some' as never }, /hold/],
      [{ trust, origins: ['gateway.example'] }, /origins/],
    ]
    for (const [options, message, code = 'bad-config'] of wrong)
      assert.throws(() => recorded(fetch, options), { code, message })
    assert.throws(() => recorded(undefined as never, { trust }), { code: 'bad-config' })
  })
})

it('what a browser would load asks for nothing of Node', () => {
  const open = ['index.ts']
  const seen = new Set<string>()
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    const text = readFileSync(join(import.meta.dirname, name), 'utf8')
    for (const [, kind, target] of text.matchAll(/^(import|export) [^;]*?from '([^']+)'/gms)) {
      assert.doesNotMatch(target!, /^node:|@answerable\/node/, `${name}: ${kind}`)
      if (target!.startsWith('./')) open.push(target!.slice(2))
      else assert.match(target!, /^@answerable\/core/)
    }
  }
  assert.ok(seen.size > 10)
})
