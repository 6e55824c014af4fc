/** Receipts that link to opinions, from a real gateway to what the commands say of them. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseReceipt } from '@answerable/core/receipt'
import { formatPolicy } from '@answerable/core/tlog'
import { startTestGateway, type TestGateway } from '../../test/gateway.ts'
import { answerable, temporaryFolder } from '../cli.fixture.ts'
import { TrustStore } from '../trust-store.ts'

const home = temporaryFolder()
const folder = temporaryFolder()
const file = join(folder, 'receipt.json')
const beside = [1, 2].map(n => join(folder, `receipt.${n}.json`))
let gateway: TestGateway
let link: string

before(async () => {
  gateway = await startTestGateway({
    opinions: [
      {
        model: 'decision',
        ask: ['credit-int8', 'credit-f32'],
        agree: { within: { output: 'probability_good', by: 0 } },
        onDissent: 'escalate',
        escalateTo: 'the loan officer',
      },
    ],
  })
  new TrustStore(home).put({
    name: 'test',
    text: formatPolicy(gateway.network.policy),
    url: gateway.url,
    added: '2026-01-01',
  })
  const features = (await (await fetch(`${gateway.url}/demo/credit-schema`)).json()) as {
    name: string
    default: number
  }[]
  const inputs = features.map(one => ({
    name: one.name,
    datatype: 'FP32',
    shape: [1, 1],
    data: [one.default],
  }))
  const answer = await fetch(`${gateway.url}/v2/models/decision/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputs }),
  })
  link = answer.headers.get('answerable-receipt-url')!
  await gateway.network.gateway.publisher.publishNow()
  await gateway.network.gateway.publisher.publishNow()
})
after(() => gateway.close())

test('get says what a receipt links to, and brings it along when asked', async () => {
  const { status, words } = await answerable(['receipt', 'get', link, '-o', file], { home })
  assert.equal(status, 0, words)
  assert.match(words, /It links to 2 opinions, which --linked brings along: [0-9a-f-]{36} [0-9a-f-]{36}/)
  assert.ok(!beside.some(existsSync))
  const linked = await answerable(['receipt', 'get', link, '-o', file, '--linked'], { home })
  assert.equal(linked.status, 0, linked.words)
  for (const path of beside) assert.ok(parseReceipt(readFileSync(path)).content.response)
  for (const args of [
    ['receipt', 'get', link, '--linked'],
    ['receipt', 'get', link.split('#')[0]!, '-o', file, '--linked'],
  ]) {
    const { status: refused, words: why } = await answerable(args, { home })
    assert.equal(refused, 2)
    assert.match(why, /--linked takes -o FILE, and the URL with its secret/)
  }
})

test('verify says who agrees, who dissents, who decides, and what that does not show', async () => {
  const { status, out } = await answerable(['verify', file], { home })
  assert.equal(status, 0, out)
  const words = out.replace(/\s+/g, ' ')
  assert.match(words, /Second opinions 1 of 2 agree; "credit-f32" dissents\./)
  assert.match(words, /pending a person’s decision, which is "the loan officer"’s\./)
  assert.match(words, /Not shown: that the answer is right: models share data, methods and mistakes/)
  assert.match(words, /none of the 2 linked receipts are here/)
  assert.match(out, /^ {2}credit-int8 +answers: [0-9a-f-]{36}$/m)
  const linked = await answerable(['verify', file, '--linked', beside[0]!, '--linked', beside[1]!], { home })
  assert.equal(linked.status, 0)
  assert.match(linked.out, /^ {2}credit-f32 +dissents: [0-9a-f-]{36}, record shown$/m)
  assert.doesNotMatch(linked.out, /linked receipts/)
  const json = await answerable(['verify', file, '--json', '--linked', beside[0]!], { home })
  const { opinions } = JSON.parse(json.out)
  assert.deepEqual(
    opinions.links.map((one: { state: string }) => one.state),
    ['shown', 'not-given'],
  )
  const opened = await answerable(['receipt', 'open', file], { home })
  assert.match(opened.out, /opinions:/)
})

test('a receipt of another answer is no opinion, and one that is no receipt is refused', async () => {
  const stranger = await answerable(['verify', file, '--linked', file], { home })
  assert.match(stranger.out.replace(/\s+/g, ' '), /none of the 2 linked receipts are here/)
  const noise = join(folder, 'noise')
  writeFileSync(noise, 'noise')
  const { status, words } = await answerable(['verify', file, '--linked', noise], { home })
  assert.equal(status, 2)
  assert.match(words, /noise/)
})
