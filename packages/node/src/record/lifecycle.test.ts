/** Erasure by a holder, legal hold, and retention, over a gateway. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ASK, check, post, start, upstream } from '../../test/network.ts'

test('receipts open for their holder alone, and are erased by them once no audit can draw them', async t => {
  let now = Date.now()
  const url = await upstream(t, (_request, response) => response.end('{}'))
  const network = await start(t, { upstream: url, clock: () => now, set: { samplingHours: 1 } })
  const answer = await post(`${network.url}/v1/chat/completions`, ASK)
  const receiptUrl = new URL(answer.headers.get('answerable-receipt-url')!)
  const at = receiptUrl.origin + receiptUrl.pathname
  const bearer = { authorization: `Bearer ${receiptUrl.hash.slice(1)}` }
  const open = (await (await fetch(at)).json()) as Record<string, unknown>
  assert.equal(open.disclosures, undefined)
  assert.equal(open.content, undefined)
  assert.equal((await fetch(at, { headers: { authorization: `Bearer ${'A'.repeat(43)}` } })).status, 403)
  assert.equal((await fetch(at, { headers: { authorization: 'Bearer short' } })).status, 403)
  assert.equal((await fetch(`${network.url}/receipts/01a1fe21-b47b-79bd-86bb-c49846393b77`)).status, 404)
  assert.equal((await fetch(`${network.url}/receipts/..%2f..`)).status, 404)
  assert.equal((await fetch(at, { method: 'DELETE' })).status, 401)
  assert.equal((await fetch(at, { method: 'DELETE', headers: bearer })).status, 409)
  now += 2 * 3_600_000
  const index = network.gateway.store.index.find(receiptUrl.pathname.split('/').at(-1)!, 0)!.index
  await network.gateway.lifecycle.setHold('hold', { first: index, end: index + 1 })
  assert.equal((await fetch(at, { method: 'DELETE', headers: bearer })).status, 409)
  await network.gateway.lifecycle.setHold('release', { first: index, end: index + 1 })
  assert.equal((await fetch(at, { method: 'DELETE', headers: bearer })).status, 204)
  assert.equal((await fetch(at, { headers: bearer })).status, 410)
  const kept = await (await fetch(at)).text()
  assert.match(kept, /tlog-proof/)
})

test('retention erases what is over its time, and nothing on hold', async t => {
  let now = Date.now()
  const url = await upstream(t, (_request, response) => response.end('{}'))
  const network = await start(t, { upstream: url, clock: () => now, set: { retentionDays: 10 } })
  const answers = []
  for (let i = 0; i < 4; i++) answers.push(await post(`${network.url}/v1/chat/completions`, ASK))
  const { store, lifecycle } = network.gateway
  await new Promise(resolve => setTimeout(resolve, 400))
  await lifecycle.setHold('hold', { first: 1, end: 2 })
  assert.equal(await lifecycle.sweep(), 0)
  now += 11 * 24 * 3_600_000
  assert.equal(await lifecycle.sweep(), 3)
  const { size } = store.log.signed
  assert.equal(await lifecycle.sweep(), 0)
  assert.equal(store.log.signed.size, size, 'nothing is erased, or said to be, twice')
  const states = await Promise.all([0, 1, 2, 3].map(async at => (await store.storage.key(at)) !== undefined))
  assert.deepEqual(states, [false, true, false, false])
  const { verification } = await check(network, answers[1]!)
  assert.ok(verification.verdict.met)
  await lifecycle.setHold('release', { first: 1, end: 2 })
  assert.equal(await lifecycle.sweep(), 1)
  assert.equal(await store.storage.key(1), undefined)
  assert.equal(await lifecycle.sweep(), 0)
})

test('what an open dispute or challenge is about is evidence, and is not erased before it is over', async t => {
  let now = Date.now()
  const url = await upstream(t, (_request, response) => response.end('{}'))
  const network = await start(t, { upstream: url, clock: () => now, set: { samplingHours: 1 } })
  const answer = await post(`${network.url}/v1/chat/completions`, ASK)
  const { pathname, hash } = new URL(answer.headers.get('answerable-receipt-url')!)
  const { store, lifecycle, options } = network.gateway
  const { index } = store.index.find(pathname.split('/').at(-1)!, 0)!
  const { state } = network.registry.book
  const dispute = { log: options.signer.key.name, index, status: 'panel', panel: ['x'], due: 1e15 }
  state.disputes.set('d', dispute as never)
  state.open.add('dispute d')
  now += 2 * 3_600_000
  const erase = () =>
    fetch(`${network.url}${pathname}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${hash.slice(1)}` },
    })
  assert.equal((await erase()).status, 409)
  now += 365 * 24 * 3_600_000
  // A sweep sees what the index has written.
  while (store.index.flushSome()) {}
  assert.equal(await lifecycle.sweep(), 0)
  assert.ok((await store.storage.key(index)) !== undefined)
  state.open.delete('dispute d')
  assert.equal(await lifecycle.sweep(), 1)
  assert.equal(await store.storage.key(index), undefined)
})
