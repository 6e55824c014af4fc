import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseVkey } from '@answerable/core/note'
import { parseReceipt, trustFrom, Verifier } from '@answerable/core/receipt'
import { parseInference, parseLifecycle, parseSuccessor } from '@answerable/core/statement'
import { makeAuthority, makeNitro } from '../../../core/test/nitro.ts'
import { TestMember, until } from '../../test/members.ts'
import { ASK, post, start, temporaryFolder, upstream, witnessed } from '../../test/network.ts'
import type { Attester } from '../attester/index.ts'
import { nodeSuite } from '../log/index.ts'
import { realDisk } from '../storage/index.ts'
import { NO_EVIDENCE } from './attesting.ts'
import { openEnded, signerOf } from './generations.ts'
import { loadIdentity } from './identity.ts'
import type { LocalNetwork } from './local.ts'

const EVIDENCE = { machine: { kind: 'configfs-tsm' } }
const ok = (t: TestContext) => upstream(t, (_request, response) => response.end('{"ok":true}'))

/** A machine of nobody's: it signs whatever it is told to, under a root of its own. */
function machine(signed = (data: Uint8Array): Uint8Array => data): Attester {
  const authority = makeAuthority()
  return {
    kind: 'fake',
    attest: async data => ({
      format: 'nitro',
      bytes: makeNitro(authority, { user_data: signed(data), timestamp: Date.now() }),
      endorsements: [],
    }),
  }
}

async function boot(
  t: TestContext,
  folder: string,
  url: string,
  { attester = machine(), set = {} }: { attester?: Attester; set?: Record<string, unknown> } = {},
): Promise<{ network: LocalNetwork; told: string[] }> {
  const told: string[] = []
  const network = await start(t, {
    folder,
    upstream: url,
    demo: false,
    set: { evidence: EVIDENCE, ...set },
    attesters: { machine: attester, devices: [] },
    vendors: () => assert.fail('no vendor is to be asked about this'),
    report: event => told.push(event),
  })
  return { network, told }
}

async function receiptAt(network: LocalNetwork, link: string) {
  const { pathname, hash } = new URL(link)
  const headers = { authorization: `Bearer ${hash.slice(1)}` }
  const response = await fetch(network.url + pathname, { headers })
  assert.equal(response.status, 200, await response.clone().text())
  return parseReceipt(Buffer.from(await response.arrayBuffer()))
}

async function answer(network: LocalNetwork): Promise<string> {
  const response = await post(`${network.url}/v1/chat/completions`, ASK)
  assert.equal(response.status, 200, await response.clone().text())
  return response.headers.get('answerable-receipt-url')!
}

async function verifierOf(network: LocalNetwork): Promise<Verifier> {
  const trust = (await (await fetch(`${network.url}/trust`)).json()) as { name: string; policy: string }
  return new Verifier(nodeSuite, trustFrom([trust], nodeSuite))
}

test('two boots are two logs: keys in memory alone, the second bound to the first, receipts of both', async t => {
  const folder = temporaryFolder(t)
  const url = await ok(t)
  const { network: first } = await boot(t, folder, url)
  const origin = first.gateway.store.log.origin
  const link = await answer(first)
  await witnessed(first)
  const statement = parseInference((await receiptAt(first, link)).statement)
  await first.close()
  assert.ok(!existsSync(join(folder, 'inference-1', 'key.pem')))
  const { network: second } = await boot(t, folder, url)
  const now = second.gateway.store.log.origin
  assert.notEqual(now, origin)
  assert.match(origin, /\/inference-1-[0-9a-f]{12}$/)
  assert.match(now, /\/inference-2-[0-9a-f]{12}$/)
  assert.ok(!existsSync(join(folder, 'inference-2', 'key.pem')))
  const later = await answer(second)
  await witnessed(second)
  const verifier = await verifierOf(second)
  for (const [one, log] of [
    [link, origin],
    [later, now],
  ] as const) {
    const verification = verifier.verify(await receiptAt(second, one))
    assert.ok(verification.verdict.met, JSON.stringify(verification.verdict))
    assert.equal(verification.record!.log, log)
  }
  // What the evidence is bound to is the log's key, as the registry has it.
  const { state } = second.registry.book
  const evidence = state.evidence.get(statement.evidence!)!
  assert.equal(evidence.log, origin)
  const newer = parseInference((await receiptAt(second, later)).statement)
  assert.notEqual(newer.evidence, statement.evidence)
  assert.equal(state.evidence.get(newer.evidence!)!.log, now)
  // The first entry of the second log binds it to the last checkpoint of the first.
  const { predecessor } = second.gateway.options
  assert.equal(predecessor!.origin, origin)
  assert.equal(predecessor!.size, 1)
  const bundle = Buffer.from(await (await fetch(`${second.url}/log/tile/entries/000.p/1`)).arrayBuffer())
  const document = await fetch(`${second.url}/documents/${bundle.subarray(2).toString('hex')}`)
  const successor = parseSuccessor(new Uint8Array(await document.arrayBuffer()))
  assert.deepEqual(successor.predecessor, {
    origin,
    size: 1,
    root: Buffer.from(
      await second.gateway.options.disk
        .readFile(join(folder, 'inference-1', 'checkpoint'))!
        .then(bytes => bytes!.toString().split('\n')[2]!),
      'base64',
    ).toString('hex'),
  })
  assert.match(await (await fetch(`${second.url}/logs/1/checkpoint`)).text(), /inference-1-[0-9a-f]{12}\n1\n/)
  // Whatever is on disk, no key of an inference log is.
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (/inference-\d/.test(name) && statSync(join(folder, name)).isFile())
      assert.ok(!readFileSync(join(folder, name)).includes('PRIVATE KEY'), name)
})

test('a crash takes no acknowledged record: what was signed is on disk, and the next boot brings it to the witnesses', async t => {
  const folder = temporaryFolder(t)
  const url = await ok(t)
  const { network: first } = await boot(t, folder, url, { set: { publishMilliseconds: 60_000 } })
  await witnessed(first)
  const links = [await answer(first), await answer(first)]
  const { published, signed, origin } = first.gateway.store.log
  assert.ok(published.size < signed.size)
  // As the disk is when the power goes.
  const copy = join(temporaryFolder(t), 'copy')
  cpSync(folder, copy, { recursive: true })
  await first.close()
  const { network: second, told } = await boot(t, copy, url)
  assert.deepEqual(told, [])
  const verifier = await verifierOf(second)
  for (const link of links) {
    const verification = verifier.verify(await receiptAt(second, link))
    assert.ok(verification.verdict.met)
    assert.equal(verification.record!.log, origin)
  }
  assert.equal(second.gateway.options.predecessor!.size, 2)
})

test('what an earlier boot recorded is erased at its holder’s request, and a later log says so', async t => {
  const folder = temporaryFolder(t)
  const url = await ok(t)
  const set = { samplingHours: 0 }
  const { network: first } = await boot(t, folder, url, { set })
  const links = [await answer(first), await answer(first)]
  const { origin } = first.gateway.store.log
  await first.close()
  const { network: second } = await boot(t, folder, url, { set })
  const later = await answer(second)
  const at = (network: LocalNetwork, link: string, method = 'GET') => {
    const { pathname, hash } = new URL(link)
    return fetch(network.url + pathname, { method, headers: { authorization: `Bearer ${hash.slice(1)}` } })
  }
  const erased = await at(second, links[0]!, 'DELETE')
  assert.ok(erased.ok, await erased.text())
  const { storage, log } = second.gateway.store
  const said = parseLifecycle((await storage.at(log.size - 1)).statement)
  assert.deepEqual([said.action, said.log, said.first, said.end], ['erase', origin, 0, 1])
  assert.equal((await at(second, links[0]!)).status, 410)
  assert.equal((await at(second, links[1]!)).status, 200)
  await second.close()
  // Whoever makes the indexes again must not take it for a statement about the later log's own records.
  for (const name of ['inference-1', 'inference-2']) rmSync(join(folder, name, 'index.sqlite'))
  const { network: third } = await boot(t, folder, url, { set })
  assert.equal((await at(third, links[0]!)).status, 410)
  assert.equal((await at(third, later)).status, 200)
  await third.close()
  const identity = await loadIdentity(realDisk, folder)
  const generation = identity.generations[1]!
  const signer = await signerOf(realDisk, folder, generation)
  const store = (await openEnded(realDisk, folder, generation, signer))!
  t.after(() => store.close())
  assert.equal(store.log.origin, second.gateway.store.log.origin)
  assert.deepEqual(store.index.lifecycle.unfinished(), [])
})

test('without evidence again, a log with a key of its own goes on, and later starts change nothing', async t => {
  const folder = temporaryFolder(t)
  const url = await ok(t)
  const { network: first } = await boot(t, folder, url)
  const link = await answer(first)
  await first.close()
  const second = await start(t, { folder, upstream: url, demo: false })
  const { origin } = second.gateway.store.log
  assert.match(origin, /\/inference-2$/)
  assert.equal(parseInference((await receiptAt(second, await answer(second))).statement).evidence, undefined)
  await witnessed(second)
  assert.ok((await verifierOf(second)).verify(await receiptAt(second, link)).verdict.met)
  await second.close()
  const third = await start(t, { folder, upstream: url, demo: false })
  assert.equal(third.gateway.store.log.origin, origin)
  await third.close()
  // And with evidence once more, that log ends, though its key is still there.
  const { network: fourth } = await boot(t, folder, url)
  assert.match(fourth.gateway.store.log.origin, /\/inference-3-[0-9a-f]{12}$/)
  assert.equal(fourth.gateway.options.predecessor!.origin, origin)
})

test('a boot that recorded nothing leaves a gap, and the one after is bound to what came before it', async t => {
  const folder = temporaryFolder(t)
  const url = await ok(t)
  const { network: first } = await boot(t, folder, url)
  await answer(first)
  await witnessed(first)
  const { origin } = first.gateway.store.log
  await first.close()
  const { generations, ...identity } = JSON.parse(readFileSync(join(folder, 'network.json'), 'utf8'))
  const key = parseVkey(generations[0].vkey, nodeSuite)
  assert.equal(key.name, origin)
  // One whose process ended before its log was there.
  const { writeFileSync } = await import('node:fs')
  const lost = {
    ...generations[0],
    folder: 'inference-2',
    predecessor: { origin, size: 1, root: '00'.repeat(32), note: '' },
  }
  writeFileSync(
    join(folder, 'network.json'),
    JSON.stringify({ ...identity, generations: [...generations, lost] }),
  )
  const { network: third } = await boot(t, folder, url)
  assert.equal(third.gateway.options.predecessor!.origin, origin)
  assert.match(third.gateway.store.log.origin, /\/inference-3-/)
})

test('evidence that is bound to something else is never stated, and the records name none', async t => {
  const folder = temporaryFolder(t)
  const url = await ok(t)
  const attester = machine(() => new Uint8Array(32).fill(9))
  const { network } = await boot(t, folder, url, { attester })
  const { status } = network.attesting!
  assert.equal(status.evidence, null)
  assert.equal(status.error!.code, 'bad-evidence')
  assert.match(status.error!.message, /the machine gave is no evidence of this node: binding/)
  assert.equal(
    parseInference((await receiptAt(network, await answer(network))).statement).evidence,
    undefined,
  )
  assert.equal(network.registry.book.state.evidence.size, 0)
})

test('what a node states is what anybody finds in it: its checks, failures included', async t => {
  const folder = temporaryFolder(t)
  const { network } = await boot(t, folder, await ok(t))
  const { status } = network.attesting!
  assert.equal(status.met, false)
  assert.match(status.unmet.join(), /the machine: chain fails: root-not-trusted/)
  const { evidence } = (await (await fetch(`${network.url}/node`)).json()) as { evidence: typeof status }
  assert.deepEqual(evidence.unmet, status.unmet)
  assert.deepEqual(
    ((await (await fetch(`${network.url}/status`)).json()) as { evidence: typeof status }).evidence.evidence,
    status.evidence,
  )
})

test('a node attests anew and refreshes on demand, one at a time', async t => {
  const folder = temporaryFolder(t)
  const { network } = await boot(t, folder, await ok(t))
  const before = network.attesting!.status.evidence
  const call = async (path: string) => {
    await fetch(`${network.url}/node/${path}`, { method: 'POST' })
    for (;;) {
      const status = (await (await fetch(`${network.url}/node/evidence`)).json()) as {
        running: string | null
        steps: string[]
        evidence: string
      }
      if (status.running === null) return status
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }
  const refreshed = await call('refresh')
  assert.equal(refreshed.evidence, before)
  assert.equal(refreshed.steps.at(-1), 'nothing is new')
  const attested = await call('attest')
  assert.notEqual(attested.evidence, before)
  assert.equal(network.gateway.evidence, attested.evidence)
  assert.equal(network.registry.book.state.evidence.size, 2)
})

test('in a network of two owners, each boot’s log is witnessed by both, and its documents are with the host', {
  timeout: 90_000,
}, async t => {
  const url = await ok(t)
  const ada = new TestMember(t, 'ada.example')
  await ada.found()
  const upstreams = [{ name: 'test', url, models: ['gpt-test'] }]
  const bo = new TestMember(t, 'bo.example', {
    set: { evidence: EVIDENCE, upstreams },
    attesters: { machine: machine(), devices: [] },
  })
  await ada.approve(await bo.join(ada))
  await until(() => ada.state.logs.size === 2, 'the log is registered')
  const first = bo.network!
  // Before it was admitted, the registry took no evidence.
  await until(() => first.attesting!.status.evidence !== null, 'it has evidence', 10_000)
  const { origin } = first.gateway.store.log
  const link = await answer(first)
  await until(() => (first.gateway.publisher.witnessed?.size ?? 0) === 1, 'it is witnessed')
  await bo.stop()
  await bo.start()
  const second = bo.network!
  assert.notEqual(second.gateway.store.log.origin, origin)
  assert.equal(second.gateway.options.predecessor!.origin, origin)
  await until(() => second.attesting!.status.evidence !== null, 'it has evidence')
  const later = await answer(second)
  await until(() => (second.gateway.publisher.witnessed?.size ?? 0) === 2, 'it is witnessed')
  const verifier = await verifierOf(ada.network!)
  for (const one of [link, later]) assert.ok(verifier.verify(await receiptAt(second, one)).verdict.met)
  await until(() => ada.state.evidence.size === 2, 'both are stated')
  for (const { digest, bytes, log, endorsements } of ada.state.evidence.values()) {
    assert.equal(ada.state.logs.get(log)!.member, 'bo.example')
    assert.ok(ada.registry.documents.has(digest, bytes))
    assert.ok(ada.registry.documents.has(endorsements[0]!.digest, endorsements[0]!.bytes))
  }
})

test('a node without attesters says that it has no evidence', async t => {
  const network = await start(t, { demo: false })
  const status = (await (await fetch(`${network.url}/status`)).json()) as { evidence: unknown }
  assert.deepEqual(status.evidence, { statement: NO_EVIDENCE })
  for (const path of ['attest', 'refresh']) {
    const response = await fetch(`${network.url}/node/${path}`, { method: 'POST' })
    assert.equal(response.status, 404)
    assert.ok((await response.text()).includes(NO_EVIDENCE))
  }
})
