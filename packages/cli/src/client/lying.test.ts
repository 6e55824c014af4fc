/** Gateways that lie, are slow or fail: each answer is refused under the right code, with what a complaint needs. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { toBase64Url, utf8 } from '@answerable/core'
import OpenAI from 'openai'
import { startTestGateway, type TestGateway } from '../../test/gateway.ts'
import { altered, eventsOf, type Lies, lying, rewritten } from '../../test/liar.ts'
import { type AnswerableError, type RecordedOptions, type Refused, recorded, refusalOf } from './index.ts'

type Code = AnswerableError['code']
const TIMEOUT = 300

let honest: TestGateway
let other: TestGateway
before(async () => {
  ;[honest, other] = await Promise.all([
    startTestGateway(),
    startTestGateway({ publishMilliseconds: 60_000 }),
  ])
})
after(() => Promise.all([honest.close(), other.close()]))

interface Asked {
  body: string
  refused: Refused[]
  asked: string[]
  ask(): Promise<{ response: Response; text: string }>
}

function asking(lies: Lies, body: object, options: Partial<RecordedOptions> = {}, gateway = honest): Asked {
  const refused: Refused[] = []
  const asked: string[] = []
  const send = recorded(lying(lies, asked), {
    trust: honest.trust,
    timeoutMs: TIMEOUT,
    onRefused: refusal => refused.push(refusal),
    ...options,
  })
  const text = JSON.stringify({ model: 'fake', messages: [{ role: 'user', content: 'Why?' }], ...body })
  return {
    body: text,
    refused,
    asked,
    async ask() {
      const response = await send(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: text,
      })
      return { response, text: await response.text() }
    },
  }
}

async function isRefused({ ask, body, refused }: Asked, code: Code, reason: RegExp): Promise<Refused> {
  await assert.rejects(ask, error => {
    assert.equal(refusalOf(error)?.code, code, String(error))
    assert.match(String(error), reason)
    return true
  })
  assert.equal(refused.length, 1)
  assert.equal(refused[0]!.code, code)
  assert.equal(Buffer.from(refused[0]!.request).toString(), body)
  return refused[0]!
}

const headers = (changes: Record<string, string | null>): Lies => ({
  answer: answer => altered(answer, { headers: changes }),
})
const receipt = (change: (text: string) => string): Lies => ({
  receipt: async fetched => rewritten(await fetched(), change),
})
const fields = (change: (receipt: Record<string, never>) => unknown): Lies =>
  receipt(text => JSON.stringify(change(JSON.parse(text))))
const ID = '01a1fe2d-fb4e-72fb-b512-7dc1ea5b4497'
const SECRET = 'A'.repeat(43)
const url = (change: (text: string) => string): Lies => ({
  answer: answer =>
    altered(answer, {
      headers: { 'answerable-receipt-url': change(answer.headers.get('answerable-receipt-url')!) },
    }),
})
/** A body without end, a piece at a time. */
const endless = (piece: Uint8Array, pause: number, count = { pieces: 0 }): ReadableStream<Uint8Array> =>
  new ReadableStream({
    async pull(controller) {
      await new Promise(resolve => setTimeout(resolve, pause))
      count.pieces++
      controller.enqueue(piece)
    },
  })

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
      fields(r => ({ ...r, disclosures: { ...(r.disclosures as object), model: '["x","model",{}]' } })),
      'receipt-rejected',
      /disclosure/,
    ],
  ]
  for (const [name, lies, code, reason] of table)
    it(name, async () => {
      const asked = asking(lies, {})
      const { receipt: raw } = await isRefused(asked, code, reason)
      assert.equal(raw !== undefined, code === 'receipt-rejected' && !/larger/.test(String(reason)))
      assert.ok(
        asked.asked.every(address => address.startsWith(honest.url)),
        'nobody else is asked',
      )
    })

  it('the bytes that came are kept for the complaint', async () => {
    const { response, status } = await isRefused(asking(table[0]![1], {}), 'no-receipt', /./)
    assert.match(Buffer.from(response).toString(), /Receipts are answers/)
    assert.equal(status, 200)
  })

  it('someone else’s receipt', async () => {
    const theirs: Response[] = []
    await asking({ answer: answer => (theirs.push(answer.clone()), answer) }, { user: 'somebody' }).ask()
    const names = ['answerable-receipt', 'answerable-receipt-url'] as const
    const lent = Object.fromEntries(names.map(name => [name, theirs[0]!.headers.get(name)]))
    await isRefused(asking(headers(lent), {}), 'receipt-rejected', /request-mismatch/)
  })

  it('one receipt for two equal answers', async () => {
    let first: Response | undefined
    const replay: Lies = {
      answer: async answer => {
        first ??= answer.clone()
        return first.clone()
      },
    }
    const asked = asking(replay, {})
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
    await isRefused(asking(lies, {}), 'receipt-rejected', /does not open this record/)
  })

  it('the receipt of a log that is not trusted', async () => {
    await isRefused(asking({}, {}, {}, other), 'receipt-rejected', /unknown-log/)
    await isRefused(
      asking({}, { stream: true }, {}, other),
      'receipt-rejected',
      /promise.*no log that is trusted/,
    )
  })

  it('an answer that no witness sees in time', async () => {
    const asked = asking({}, {}, { trust: other.trust, waitForWitnesses: 200 }, other)
    await isRefused(asked, 'receipt-rejected', /not witnessed within 200 ms/)
  })

  it('an answer without a receipt where nothing is held', async () => {
    await isRefused(asking(table[0]![1], {}, { hold: 'nothing' }), 'no-receipt', /without a receipt/)
  })

  it('a changed answer where nothing is held: its body errors at the end', async () => {
    const lies: Lies = { answer: answer => rewritten(answer, text => `${text} `) }
    await isRefused(asking(lies, {}, { hold: 'nothing' }), 'receipt-rejected', /response-mismatch/)
  })

  it('an answer of more bytes than the caller takes', async () => {
    await assert.rejects(asking({}, {}, { maxBytes: 250 }).ask, { code: 'too-large' })
    await assert.rejects(asking({}, {}, { maxBytes: 10 }).ask, { code: 'too-large' })
  })

  it('a gateway that falls silent in the middle of an answer', async () => {
    const lies: Lies = {
      answer: answer =>
        altered(answer, { body: new ReadableStream({ pull: () => new Promise(() => undefined) }) as never }),
    }
    await assert.rejects(asking(lies, {}, { idleMs: 50 }).ask, { code: 'upstream-timeout' })
  })
})

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
      promise(text => text.replace(/extra ./, 'extra 7')),
      'receipt-rejected',
      /promise does not hold/,
    ],
    [
      'a promise with its signature changed',
      promise(text => text.replace(/.(.{3})\n$/, (_, end) => `x${end}\n`)),
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
      fields(({ begin, disclosures: { response: _, ...disclosures }, ...r }: Record<string, any>) => ({
        ...r,
        ...begin,
        disclosures,
        content: {},
      })),
      'receipt-rejected',
      /not-disclosed/,
    ],
    [
      'no beginning on record',
      fields(({ begin: _, ...r }: Record<string, unknown>) => r),
      'receipt-rejected',
      /begin-missing/,
    ],
    ['no receipt there', { receipt: () => new Response('', { status: 404 }) }, 'no-receipt', /404/],
  ]
  for (const [name, lies, code, reason] of table)
    it(name, async () => {
      const { promise: kept, response } = await isRefused(asking(lies, { stream: true }), code, reason)
      const read = Buffer.from(response).toString()
      // Where it was refused at its head, nothing was handed on.
      if (/promise|without a receipt/.test(String(reason))) assert.equal(read, '')
      else assert.match(kept!, /^c2sp.org\/tlog-proof@v1\n/)
    })

  it('a promise of another call', async () => {
    const theirs: string[] = []
    const keep: Lies = { answer: answer => (theirs.push(answer.headers.get('answerable-promise')!), answer) }
    await asking(keep, { stream: true }).ask()
    const lent = headers({ 'answerable-promise': theirs[0]! })
    await isRefused(asking(lent, { stream: true }), 'receipt-rejected', /not the one that was promised/)
  })

  it('a cut-off stream that is made to look whole', async () => {
    const lies: Lies = { answer: answer => eventsOf(answer, events => events) }
    const asked = asking(lies, { model: 'dying', stream: true })
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
    const asked = asking(lies, { stream: true })
    await assert.rejects(asked.ask, { code: 'upstream-broken' })
    assert.equal(asked.refused[0]!.code, 'receipt-rejected')
    assert.match(asked.refused[0]!.reason, /not how the recorded answer begins/)
  })
})

describe('what is no lie is no refusal', () => {
  it('a receipt that comes at the third try', async () => {
    let tries = 0
    const lies: Lies = { receipt: fetched => (++tries < 3 ? new Response('', { status: 503 }) : fetched()) }
    const { response } = await asking(lies, {}, { timeoutMs: 5000 }).ask()
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
    assert.equal((await asking(lies, {}, { origins: [elsewhere] }).ask()).response.status, 200)
  })

  for (const status of [401, 413, 429, 503])
    it(`a ${status} from before the call was admitted`, async () => {
      const lies: Lies = { answer: () => new Response('{"error":{}}', { status }) }
      const { response, text } = await asking(lies, {}).ask()
      assert.deepEqual([response.status, text], [status, '{"error":{}}'])
    })

  it('a redirect of the call, which is not followed', async () => {
    const asked = asking(
      { answer: () => new Response(null, { status: 307, headers: { location: other.url } }) },
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

function promise(change: (text: string) => string): Lies {
  return {
    answer: answer => {
      const text = Buffer.from(answer.headers.get('answerable-promise')!, 'base64url').toString()
      return altered(answer, { headers: { 'answerable-promise': toBase64Url(utf8(change(text))) } })
    },
  }
}
