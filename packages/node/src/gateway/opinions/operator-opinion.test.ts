/** Opinions of another operator's gateway: honest, checked and unchecked, and slow, down or lying. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { formatPolicy } from '@answerable/core/tlog'
import { check, post, start, temporaryFolder } from '../../../test/network.ts'
import type { LocalNetwork } from '../../network/index.ts'

/** What stands in front of the other gateway. Passes on what it does not answer itself. */
type Lie = (request: IncomingMessage, response: ServerResponse, pass: () => Promise<Passed>) => unknown
interface Passed {
  status: number
  headers: Record<string, string>
  body: Buffer
}

async function proxy(t: TestContext, behind: string, lie: () => Lie): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { authorization } = request.headers
    const pass = async (): Promise<Passed> => {
      const answer = await fetch(behind + request.url, {
        method: request.method!,
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        ...(request.method === 'POST' && { body: Buffer.concat(chunks) }),
      })
      const headers: Record<string, string> = {}
      for (const name of ['content-type', 'answerable-receipt', 'answerable-receipt-url']) {
        const value = answer.headers.get(name)
        if (value !== null) headers[name] = value.replace(behind, at)
      }
      return { status: answer.status, headers, body: Buffer.from(await answer.arrayBuffer()) }
    }
    await lie()(request, response, pass)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const at = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  return at
}

const honest: Lie = async (_request, response, pass) => {
  const { status, headers, body } = await pass()
  response.writeHead(status, headers).end(body)
}

/** A gateway with a route whose second opinion is another operator's, and a way to ask it. */
async function house(t: TestContext) {
  const other = await start(t, { set: { operator: 'other' } })
  let lie = honest
  const at = await proxy(t, other.url, () => lie)
  const trust = join(temporaryFolder(t), 'policy')
  writeFileSync(trust, formatPolicy(other.policy))
  const remote = { operator: at, model: 'credit-f32' }
  const set = (model: string, ask: object) => ({
    model,
    ask: ['credit-int8', ask],
    agree: { within: { output: 'probability_good', by: 0.2 } },
    onDissent: 'refuse',
    seconds: 5,
  })
  const gone = { operator: 'http://127.0.0.1:9', model: 'credit-f32' }
  const network = await start(t, {
    set: {
      opinions: [
        set('checked', { ...remote, trust }),
        set('unchecked', remote),
        set('gone', gone),
        { ...set('impatient', { ...remote, trust }), seconds: 0.4 },
      ],
    },
  })
  const features = (await (await fetch(`${network.url}/demo/credit-schema`)).json()) as {
    name: string
    default: number
  }[]
  const inputs = features.map(one => ({
    name: one.name,
    datatype: 'FP32',
    shape: [1, 1],
    data: [one.default],
  }))
  const ask = async (route: string, by: Lie = honest) => {
    lie = by
    const started = performance.now()
    const answer = await post(`${network.url}/v2/models/${route}/infer`, { inputs })
    const ms = performance.now() - started
    const { opinions, verdict, claims } = (await check(network, answer)).verification
    assert.ok(verdict.met)
    assert.equal(claims.model.reason, 'operator-assertion')
    return { answer, ms, opinions: opinions!, opinion: opinions!.record!.asked[1]! }
  }
  return { network, at, inputs, ask }
}

async function linked({ network }: { network: LocalNetwork }, id: string) {
  const statement = await fetch(`${network.url}/receipts/${id}`)
  return statement.status
}

test('another operator’s opinion is on record, with its own receipt beside it', async t => {
  const it = await house(t)
  const { answer, opinion, opinions } = await it.ask('checked')
  assert.equal(answer.status, 200)
  assert.equal(opinion.outcome, 'agrees')
  assert.equal(opinion.operator, it.at)
  assert.equal(opinion.receipt!.check, 'recorded')
  assert.match(opinion.receipt!.statement!, /^[0-9a-f]{64}$/)
  assert.equal(opinion.receipt!.url, `${it.at}/receipts/${opinion.receipt!.id}`)
  assert.doesNotMatch(opinions.notShown, /nobody checked/)
  assert.equal(await linked(it, opinion.id), 200)
  // The secret that opens their record goes to the caller alone.
  const link = answer.headers.get('answerable-opinion-receipt-url')!
  assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/receipts\/[0-9a-f-]{36}#[\w-]{43}$/)
  const { hash, origin, pathname } = new URL(link)
  const headers = { authorization: `Bearer ${hash.slice(1)}` }
  assert.equal((await fetch(origin + pathname, { headers })).status, 200)
  assert.ok(!JSON.stringify(opinions).includes(hash.slice(1)))

  const unchecked = await it.ask('unchecked')
  assert.equal(unchecked.opinion.outcome, 'agrees')
  assert.equal(unchecked.opinion.receipt!.check, 'unchecked')
  assert.equal(unchecked.opinion.receipt!.statement, undefined)
  assert.match(unchecked.opinions.notShown, /has a receipt that holds: nobody checked it/)
})

/** Stands for a fault, and what comes of it with the receipts checked and unchecked. */
const LIES: [name: string, lie: Lie, checked: string, unchecked: string][] = [
  ['fails', (_q, r) => r.writeHead(500).end('no'), 'failed', 'failed'],
  ['refuses', (_q, r) => r.writeHead(403).end('no'), 'refused', 'refused'],
  ['breaks off', (_q, r) => r.destroy(), 'failed', 'failed'],
  ['redirects', (_q, r) => r.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(), 'refused', 'refused'],
  [
    'answers with more than is taken',
    (_q, r) => r.writeHead(200).end(Buffer.alloc(9 << 20)),
    'failed',
    'failed',
  ],
  [
    'answers with no JSON, and no receipt',
    (_q, r) => r.writeHead(200).end('yes'),
    'no-receipt',
    'no-receipt',
  ],
  [
    'gives no receipt',
    async (_q, r, pass) => {
      const { body } = await pass()
      r.writeHead(200, { 'content-type': 'application/json' }).end(body)
    },
    'no-receipt',
    'no-receipt',
  ],
  [
    'has its receipt somewhere else',
    async (_q, r, pass) => {
      const { status, headers, body } = await pass()
      const url = headers['answerable-receipt-url']?.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:9')
      r.writeHead(status, { ...headers, ...(url && { 'answerable-receipt-url': url }) }).end(body)
    },
    'no-receipt',
    'no-receipt',
  ],
  [
    'answers other than it recorded',
    async (_q, r, pass) => {
      const { status, headers, body } = await pass()
      const altered = headers['answerable-receipt'] === undefined ? body : Buffer.from(`${body} `)
      r.writeHead(status, headers).end(altered)
    },
    'receipt-rejected',
    'agrees',
  ],
  [
    'gives noise for a receipt',
    async (q, r, pass) => {
      if (q.method === 'GET') return r.writeHead(200).end('{"type":"noise"}')
      const { status, headers, body } = await pass()
      return r.writeHead(status, headers).end(body)
    },
    'receipt-rejected',
    'agrees',
  ],
  [
    'gives more than a receipt',
    async (q, r, pass) => {
      if (q.method === 'GET') return r.writeHead(200).end(Buffer.alloc(5 << 20))
      const { status, headers, body } = await pass()
      return r.writeHead(status, headers).end(body)
    },
    'no-receipt',
    'agrees',
  ],
  [
    'has lost its receipt',
    async (q, r, pass) => {
      if (q.method === 'GET') return r.writeHead(404).end()
      const { status, headers, body } = await pass()
      return r.writeHead(status, headers).end(body)
    },
    'no-receipt',
    'agrees',
  ],
]

test('one that lies, fails or gives no receipt abstains, and the first’s answer does not wait for its word', async t => {
  const it = await house(t)
  for (const [name, lie, checked, unchecked] of LIES) {
    for (const [route, expected] of [
      ['checked', checked],
      ['unchecked', unchecked],
    ] as const) {
      const { answer, opinion } = await it.ask(route, lie)
      assert.equal(opinion.reason ?? opinion.outcome, expected, `${name}, ${route}`)
      assert.equal(answer.status, expected === 'agrees' ? 200 : 422, name)
    }
  }
  // The bytes are the same again, so this receipt would be of them too.
  let first: Record<string, string> | undefined
  const again: Lie = async (request, response, pass) => {
    const { status, headers, body } = await pass()
    if (request.method === 'POST') first ??= headers
    response.writeHead(status, request.method === 'POST' ? first : headers).end(body)
  }
  for (const route of ['checked', 'unchecked']) {
    first = undefined
    assert.equal((await it.ask(route, again)).opinion.outcome, 'agrees')
    assert.equal((await it.ask(route, again)).opinion.reason, 'receipt-rejected')
  }

  const down = await it.ask('gone')
  assert.equal(down.opinion.reason, 'failed')
  for (const [what, slow] of [
    ['answer', (q, r, pass) => (q.method === 'POST' ? undefined : honest(q, r, pass))],
    ['receipt', (q, r, pass) => (q.method === 'GET' ? undefined : honest(q, r, pass))],
    [
      'trickle',
      (_q, r) => {
        r.writeHead(200)
        const timer = setInterval(() => r.write(' '), 20)
        r.once('close', () => clearInterval(timer))
      },
    ],
  ] as [string, Lie][]) {
    const late = await it.ask('impatient', slow)
    assert.equal(late.opinion.reason, what === 'receipt' ? 'no-receipt' : 'timeout', what)
    assert.ok(late.ms < 3000, `${what}: ${late.ms} ms`)
  }
})

test('what an operator says otherwise is a dissent, and two gateways do not ask each other for ever', async t => {
  const it = await house(t)
  const liar: Lie = async (request, response, pass) => {
    const { status, headers, body } = await pass()
    const text = body.toString().replace(/"data":\[0\.\d+\]/, '"data":[0.01]')
    response.writeHead(status, headers).end(request.method === 'POST' ? text : body)
  }
  const { answer, opinion } = await it.ask('unchecked', liar)
  assert.equal(opinion.outcome, 'dissents')
  assert.equal(answer.status, 422)
  const network = await start(t, {
    set: {
      opinions: [
        {
          model: 'loop',
          ask: ['credit-f32', { operator: it.at, model: 'unchecked' }],
          agree: { output: 'approved' },
          onDissent: 'attach',
        },
      ],
    },
  })
  const looped = await post(`${network.url}/v2/models/loop/infer`, { inputs: it.inputs })
  const [, second] = (await check(network, looped)).verification.opinions!.record!.asked
  assert.deepEqual([second!.outcome, second!.reason], ['abstains', 'refused'])
})
