/** Gateways that lie, are slow or fail: each answer is refused under the right code, with what a complaint needs. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { utf8 } from '@answerable/core'
import {
  asking,
  type Code,
  endless,
  fields,
  headers,
  ID,
  isRefused,
  receipt,
  SECRET,
  url,
} from '../../test/asking.ts'
import { startTestGateway, type TestGateway } from '../../test/gateway.ts'
import { altered, type Lies, rewritten } from '../../test/liar.ts'

let honest: TestGateway
let other: TestGateway
before(async () => {
  ;[honest, other] = await Promise.all([
    startTestGateway(),
    startTestGateway({ publishMilliseconds: 60_000 }),
  ])
})
after(() => Promise.all([honest.close(), other.close()]))

describe('an answer with a receipt that does not hold is refused', () => {
  const table: [string, Lies, Code, RegExp][] = [
    [
      'no receipt',
      headers({ 'answerable-receipt': null, 'answerable-receipt-url': null }),
      'no-receipt',
      /without a receipt/,
    ],
    ['an id without an address', headers({ 'answerable-receipt-url': null }), 'no-receipt', /not a URL/],
    ['an address without an id', headers({ 'answerable-receipt': null }), 'no-receipt', /not a record/],
    ['an id that is none', headers({ 'answerable-receipt': '../../etc' }), 'no-receipt', /not a record/],
    [
      'the address of another id',
      headers({ 'answerable-receipt': ID }),
      'no-receipt',
      /address of that record/,
    ],
    ['an address without the secret', url(text => text.split('#')[0]!), 'no-receipt', /no holder secret/],
    [
      'an address at another origin',
      url(text => text.replace(/^http:\/\/[^/]+/, 'http://evil.example')),
      'no-receipt',
      /not asked/,
    ],
    ['an address of another scheme', url(() => `data:,/receipts/${ID}#${SECRET}`), 'no-receipt', /not asked/],
    [
      'an address with a password',
      url(text => text.replace('://', '://user:pass@')),
      'no-receipt',
      /address/,
    ],
    ['another secret', url(text => text.replace(/#.*/, `#${SECRET}`)), 'no-receipt', /403/],
    [
      'another byte of the answer',
      { answer: answer => rewritten(answer, text => text.replace('Receipts', 'Deceipts')) },
      'receipt-rejected',
      /response-mismatch/,
    ],
    [
      'an answer cut short',
      { answer: answer => rewritten(answer, text => text.slice(0, -1)) },
      'receipt-rejected',
      /response-mismatch/,
    ],
    [
      'an answer with more to it',
      { answer: answer => rewritten(answer, text => `${text} `) },
      'receipt-rejected',
      /response-mismatch/,
    ],
    [
      'another byte of the request',
      { call: (_, init) => ({ init: { ...init, body: String(init.body).replace('Why', 'Who') } }) },
      'receipt-rejected',
      /request-mismatch/,
    ],
    [
      'a request to another address',
      { call: address => ({ url: address.replace('chat/completions', 'embeddings') }) },
      'receipt-rejected',
      /another address/,
    ],
    [
      'another status',
      { answer: answer => altered(answer, { status: 203 }) },
      'receipt-rejected',
      /another status/,
    ],
    ['no receipt there', { receipt: () => new Response('gone', { status: 404 }) }, 'no-receipt', /404/],
    ['a fault there, for good', { receipt: () => new Response('', { status: 500 }) }, 'no-receipt', /500/],
    [
      'nobody there',
      { receipt: () => Promise.reject(new TypeError('refused')) },
      'no-receipt',
      /could not be fetched/,
    ],
    [
      'a receipt that never comes',
      { receipt: () => new Promise(() => undefined) },
      'no-receipt',
      /within 300 ms/,
    ],
    [
      'a receipt that trickles',
      { receipt: () => new Response(endless(utf8(' '), 20) as never) },
      'no-receipt',
      /within 300 ms/,
    ],
    [
      'a receipt without end',
      { receipt: () => new Response(endless(new Uint8Array(1 << 20), 0) as never) },
      'receipt-rejected',
      /larger than/,
    ],
    [
      'a redirect',
      { receipt: () => new Response(null, { status: 302, headers: { location: 'http://evil.example/' } }) },
      'no-receipt',
      /302/,
    ],
    [
      'a redirect that was followed all the same',
      { receipt: async fetched => Object.defineProperty(await fetched(), 'redirected', { value: true }) },
      'no-receipt',
      /elsewhere/,
    ],
    ['an empty receipt', receipt(() => ''), 'receipt-rejected', /is none/],
    ['a page in place of a receipt', receipt(() => '<html>'), 'receipt-rejected', /is none/],
    [
      'a receipt with its statement changed',
      fields(r => ({
        ...r,
        statement: Buffer.from(
          Buffer.from(r.statement, 'base64').toString().replace('"answer"', '"ANSWER"'),
        ).toString('base64'),
      })),
      'receipt-rejected',
      /malformed-statement/,
    ],
    [
      'a receipt with its proof changed',
      fields(r => ({ ...r, proof: String(r.proof).replace(/index \d+/, 'index 0') })),
      'receipt-rejected',
      /not-included/,
    ],
    [
      'a receipt without disclosures',
      fields(r => ({ ...r, disclosures: {} })),
      'receipt-rejected',
      /not-disclosed/,
    ],
    [
      'a receipt with a disclosure changed',
      fields(r => ({ ...r, disclosures: { ...r.disclosures, model: '["x","model",{}]' } })),
      'receipt-rejected',
      /disclosure/,
    ],
  ]
  for (const [name, lies, code, reason] of table)
    it(name, async () => {
      const asked = asking(honest, lies, {})
      const { receipt: raw } = await isRefused(asked, code, reason)
      assert.equal(raw !== undefined, code === 'receipt-rejected' && !/larger/.test(String(reason)))
      assert.ok(
        asked.asked.every(address => address.startsWith(honest.url)),
        'nobody else is asked',
      )
    })

  it('the bytes that came are kept for the complaint', async () => {
    const { response, status } = await isRefused(asking(honest, table[0]![1], {}), 'no-receipt', /./)
    assert.match(Buffer.from(response).toString(), /Receipts are answers/)
    assert.equal(status, 200)
  })

  it('someone else’s receipt', async () => {
    const theirs: Response[] = []
    await asking(
      honest,
      {
        answer: answer => {
          theirs.push(answer.clone())
          return answer
        },
      },
      { user: 'somebody' },
    ).ask()
    const names = ['answerable-receipt', 'answerable-receipt-url'] as const
    const lent = Object.fromEntries(names.map(name => [name, theirs[0]!.headers.get(name)]))
    await isRefused(asking(honest, headers(lent), {}), 'receipt-rejected', /request-mismatch/)
  })

  it('one receipt for two equal answers', async () => {
    let first: Response | undefined
    const replay: Lies = {
      answer: async answer => {
        first ??= answer.clone()
        return first.clone()
      },
    }
    const asked = asking(honest, replay, {})
    await asked.ask()
    await isRefused(asked, 'receipt-rejected', /another call before/)
  })

  it('a secret that fetches the receipt and does not open the record', async () => {
    const real: string[] = []
    const lies: Lies = {
      answer: answer => {
        const text = answer.headers.get('answerable-receipt-url')!
        real.push(text)
        return altered(answer, { headers: { 'answerable-receipt-url': text.replace(/#.*/, `#${SECRET}`) } })
      },
      receipt: () => {
        const [address, secret] = real[0]!.split('#')
        return fetch(address!, { headers: { authorization: `Bearer ${secret}` } })
      },
    }
    await isRefused(asking(honest, lies, {}), 'receipt-rejected', /does not open this record/)
  })

  it('the receipt of a log that is not trusted', async () => {
    await isRefused(asking(other, {}, {}, { trust: honest.trust }), 'receipt-rejected', /unknown-log/)
    await isRefused(
      asking(other, {}, { stream: true }, { trust: honest.trust }),
      'receipt-rejected',
      /promise.*no log that is trusted/,
    )
  })

  it('an answer that no witness sees in time', async () => {
    const asked = asking(other, {}, {}, { waitForWitnesses: 200 })
    await isRefused(asked, 'receipt-rejected', /not witnessed within 200 ms/)
  })

  it('an answer without a receipt where nothing is held', async () => {
    await isRefused(asking(honest, table[0]![1], {}, { hold: 'nothing' }), 'no-receipt', /without a receipt/)
  })

  it('a changed answer where nothing is held: its body errors at the end', async () => {
    const lies: Lies = { answer: answer => rewritten(answer, text => `${text} `) }
    await isRefused(asking(honest, lies, {}, { hold: 'nothing' }), 'receipt-rejected', /response-mismatch/)
  })

  it('an answer of more bytes than the caller takes', async () => {
    await assert.rejects(asking(honest, {}, {}, { maxBytes: 250 }).ask, { code: 'too-large' })
    await assert.rejects(asking(honest, {}, {}, { maxBytes: 10 }).ask, { code: 'too-large' })
  })

  it('a gateway that falls silent in the middle of an answer', async () => {
    const lies: Lies = {
      answer: answer =>
        altered(answer, { body: new ReadableStream({ pull: () => new Promise(() => undefined) }) as never }),
    }
    await assert.rejects(asking(honest, lies, {}, { idleMs: 50 }).ask, { code: 'upstream-timeout' })
  })
})
