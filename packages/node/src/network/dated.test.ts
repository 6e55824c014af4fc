/** A receipt that is fetched late is as old as one that was fetched at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseReceipt, type Receipt, trustFrom, Verifier } from '@answerable/core/receipt'
import { ASK, post, start, temporaryFolder, upstream, witnessed } from '../../test/network.ts'
import { nodeSuite } from '../log/index.ts'

test('its record is dated by the first checkpoint that a quorum saw, also after a restart', async t => {
  const folder = temporaryFolder(t)
  const url = await upstream(t, (_request, response) => response.end('{"ok":true}'))
  let network = await start(t, { folder, upstream: url, demo: false })
  const answer = await post(`${network.url}/v1/chat/completions`, ASK)
  await witnessed(network)
  const { pathname } = new URL(answer.headers.get('answerable-receipt-url')!)
  const fetched = async (): Promise<Receipt> =>
    parseReceipt(new Uint8Array(await (await fetch(network.url + pathname)).arrayBuffer()))
  const trust = (await (await fetch(`${network.url}/trust`)).json()) as { name: string; policy: string }
  const until = (receipt: Receipt) => {
    const { claims, record } = new Verifier(nodeSuite, trustFrom([trust], nodeSuite)).verify(receipt)
    assert.equal(claims.recorded.reason, 'witnessed', claims.recorded.sentence)
    return record!.interval.until!
  }
  const first = until(await fetched())
  // Longer than the span of which one checkpoint is kept, 60 rounds of 50 ms.
  await sleep(3500)
  await post(`${network.url}/v1/chat/completions`, ASK)
  await witnessed(network)
  for (let i = 0; i < 2; i++) {
    const late = await fetched()
    assert.ok(late.earlier !== undefined)
    assert.equal(until(late), first)
    const { earlier: _, ...newer } = late
    assert.ok(until(newer) > first)
    if (i === 1) break
    await network.close()
    network = await start(t, { folder, upstream: url, demo: false })
  }
})
