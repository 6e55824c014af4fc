/** Gateways that lie about a stream: in its promise, its events or its end. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { toBase64Url, utf8 } from '@answerable/core'
import OpenAI from 'openai'
import { asking, type Code, fields, headers, isRefused, promise } from '../../test/asking.ts'
import { startTestGateway, type TestGateway } from '../../test/gateway.ts'
import { altered, eventsOf, type Lies, lying } from '../../test/liar.ts'
import { type Refused, recorded, refusalOf } from './index.ts'

/** Another character of base64. */
const another = (character: string): string => (character === 'A' ? 'B' : 'A')

let honest: TestGateway
before(async () => {
  honest = await startTestGateway()
})
after(() => honest.close())

describe('a stream whose record does not hold is refused', () => {
  const table: [string, Lies, Code, RegExp][] = [
    [
      'no receipt',
      headers({ 'answerable-receipt': null, 'answerable-receipt-url': null }),
      'no-receipt',
      /without a receipt/,
    ],
    ['no promise', headers({ 'answerable-promise': null }), 'no-receipt', /without a signed promise/],
    [
      'a promise that is none',
      headers({ 'answerable-promise': toBase64Url(utf8('I promise')) }),
      'receipt-rejected',
      /promise does not hold/,
    ],
    [
      'a promise in no encoding',
      headers({ 'answerable-promise': '!' }),
      'receipt-rejected',
      /promise does not hold/,
    ],
    [
      'a promise with its entry changed',
      promise(text => text.replace(/(?<=extra )./, another)),
      'receipt-rejected',
      /promise does not hold/,
    ],
    [
      'a promise with its signature changed',
      promise(text => text.replace(/.(?=.{3}\n$)/, another)),
      'receipt-rejected',
      /promise does not hold/,
    ],
    [
      'another event',
      { answer: answer => eventsOf(answer, events => events.map(event => event.replace('are', 'ARE'))) },
      'receipt-rejected',
      /response-mismatch/,
    ],
    [
      'an event left out',
      { answer: answer => eventsOf(answer, events => events.filter((_, i) => i !== 2)) },
      'receipt-rejected',
      /response-mismatch/,
    ],
    [
      'an event too many',
      { answer: answer => eventsOf(answer, events => [...events.slice(0, -1), ': hello', events.at(-1)!]) },
      'receipt-rejected',
      /response-mismatch/,
    ],
    [
      'an early and orderly end',
      { answer: answer => eventsOf(answer, events => events.slice(0, 3)) },
      'receipt-rejected',
      /response-mismatch/,
    ],
    [
      'an early end that says it is one',
      { answer: answer => eventsOf(answer, events => [...events.slice(0, 3), events.at(-1)!]) },
      'receipt-rejected',
      /response-mismatch/,
    ],
    [
      'no end on record',
      fields(({ begin, disclosures: { response: _, ...disclosures }, ...r }) => ({
        ...r,
        ...begin,
        disclosures,
        content: {},
      })),
      'receipt-rejected',
      /not-disclosed/,
    ],
    ['no beginning on record', fields(({ begin: _, ...r }) => r), 'receipt-rejected', /begin-missing/],
    ['no receipt there', { receipt: () => new Response('', { status: 404 }) }, 'no-receipt', /404/],
  ]
  for (const [name, lies, code, reason] of table)
    it(name, async () => {
      const { promise: kept, response } = await isRefused(
        asking(honest, lies, { stream: true }),
        code,
        reason,
      )
      const read = Buffer.from(response).toString()
      // Where it was refused at its head, nothing was handed on.
      if (/promise|without a receipt/.test(String(reason))) assert.equal(read, '')
      else assert.match(kept!, /^c2sp.org\/tlog-proof@v1\n/)
    })

  it('a promise of another call', async () => {
    const theirs: string[] = []
    const keep: Lies = {
      answer: answer => {
        theirs.push(answer.headers.get('answerable-promise')!)
        return answer
      },
    }
    await asking(honest, keep, { stream: true }).ask()
    const lent = headers({ 'answerable-promise': theirs[0]! })
    await isRefused(
      asking(honest, lent, { stream: true }),
      'receipt-rejected',
      /not the one that was promised/,
    )
  })

  it('a cut-off stream that is made to look whole', async () => {
    const lies: Lies = { answer: answer => eventsOf(answer, events => events) }
    const asked = asking(honest, lies, { model: 'dying', stream: true })
    await isRefused(asked, 'receipt-rejected', /"interrupted"/)
  })

  it('the event that closes the stream is not handed on', async () => {
    const refused: Refused[] = []
    const lies: Lies = {
      answer: answer => eventsOf(answer, events => events.map(event => event.replace('are', 'ARE'))),
    }
    const send = recorded(lying(lies), { trust: honest.trust, onRefused: refusal => refused.push(refusal) })
    const openai = new OpenAI({ apiKey: 'test', baseURL: `${honest.url}/v1`, maxRetries: 0, fetch: send })
    let parts = 0
    const stream = await openai.chat.completions.create({ model: 'fake', messages: [], stream: true })
    const read = async () => {
      for await (const _ of stream) parts++
    }
    await assert.rejects(read, error => refusalOf(error)?.code === 'receipt-rejected')
    assert.equal(parts, 8)
    assert.match(Buffer.from(refused[0]!.response).toString(), /\[DONE\]/)
  })

  it('a record that contradicts what came before the cut', async () => {
    const lies: Lies = {
      answer: answer => {
        const cut = async function* () {
          yield utf8('data: {"other":1}\n\n')
          throw new TypeError('terminated')
        }
        return altered(answer, { body: ReadableStream.from(cut()) as never })
      },
    }
    const asked = asking(honest, lies, { stream: true })
    await assert.rejects(asked.ask, { code: 'upstream-broken' })
    assert.equal(asked.refused[0]!.code, 'receipt-rejected')
    assert.match(asked.refused[0]!.reason, /not how the recorded answer begins/)
  })
})
