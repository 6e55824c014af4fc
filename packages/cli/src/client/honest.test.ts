/** What looks odd and is no lie, and what a refused client may do next. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import OpenAI from 'openai'
import { asking, headers, url } from '../../test/asking.ts'
import { startTestGateway, type TestGateway } from '../../test/gateway.ts'
import { type Lies, lying } from '../../test/liar.ts'
import { recorded, refusalOf } from './index.ts'

let honest: TestGateway
before(async () => {
  honest = await startTestGateway()
})
after(() => honest.close())

describe('what is no lie is no refusal', () => {
  it('a receipt that comes at the third try', async () => {
    let tries = 0
    const lies: Lies = { receipt: fetched => (++tries < 3 ? new Response('', { status: 503 }) : fetched()) }
    const { response } = await asking(honest, lies, {}, { timeoutMs: 5000 }).ask()
    assert.equal(response.status, 200)
    assert.equal(tries, 3)
  })

  it('a receipt at an origin that the caller named', async () => {
    const { origin } = new URL(honest.url)
    const elsewhere = 'http://receipts.example'
    const lies: Lies = {
      ...url(text => text.replace(origin, elsewhere)),
      receipt: (_, address, init) => fetch(address.replace(elsewhere, origin), init),
    }
    assert.equal((await asking(honest, lies, {}, { origins: [elsewhere] }).ask()).response.status, 200)
  })

  for (const status of [401, 413, 429, 503])
    it(`a ${status} from before the call was admitted`, async () => {
      const lies: Lies = { answer: () => new Response('{"error":{}}', { status }) }
      const { response, text } = await asking(honest, lies, {}).ask()
      assert.deepEqual([response.status, text], [status, '{"error":{}}'])
    })

  it('a redirect of the call, which is not followed', async () => {
    const asked = asking(
      honest,
      {
        answer: () => new Response(null, { status: 307, headers: { location: 'http://elsewhere.example/' } }),
      },
      {},
    )
    assert.equal((await asked.ask()).response.status, 307)
    assert.equal(asked.asked.length, 1)
  })
})

it('a client that tries again gets the refusal, and the model is not run again', async () => {
  const lies = headers({ 'answerable-receipt': null, 'answerable-receipt-url': null })
  const asked: string[] = []
  const send = recorded(lying(lies, asked), { trust: honest.trust })
  const openai = new OpenAI({ apiKey: 'test', baseURL: `${honest.url}/v1`, maxRetries: 1, fetch: send })
  await assert.rejects(
    openai.chat.completions.create({ model: 'fake', messages: [] }),
    error => refusalOf(error)?.code === 'no-receipt',
  )
  assert.equal(asked.length, 1)
})

it('a record that changes after it was handed out', async () => {
  let changed = false
  const lies: Lies = {
    receipt: async (fetched, _, init) => {
      if (!changed) return fetched()
      const elsewhere = await fetch(`${honest.url}/v1/chat/completions`, { method: 'POST', body: '{}' })
      const address = elsewhere.headers.get('answerable-receipt-url')!.split('#')[0]!
      return fetch(address, { signal: init.signal ?? null })
    },
  }
  let witnessed: (() => Promise<unknown>) | undefined
  await asking(
    honest,
    lies,
    {},
    {
      trust: honest.trust,
      onReceipt: call => {
        witnessed = () => call.witnessed({ timeoutMs: 1000 })
      },
    },
  ).ask()
  changed = true
  await assert.rejects(witnessed!, { code: 'receipt-rejected', message: /has changed/ })
})
