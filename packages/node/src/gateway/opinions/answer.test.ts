/** Calls that ask several models of this gateway: what goes out, what is on record, and who may open it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openForRerun } from '@answerable/core/audit'
import { opinionSecret, opinionsIn } from '@answerable/core/opinions'
import { parseReceipt, type Receipt, trustFrom, type Verification, Verifier } from '@answerable/core/receipt'
import { deriveSeed, parseDisclosure } from '@answerable/core/statement'
import { formatPolicy } from '@answerable/core/tlog'
import { check, post, start, upstream, witnessed } from '../../../test/network.ts'
import { nodeSuite } from '../../log/index.ts'
import type { LocalNetwork } from '../../network/index.ts'
import { rerun } from '../../replay/index.ts'
import type { Backend } from '../backend.ts'

const CHAT = '/v1/chat/completions'
const ask = (model: string, more: object = {}) => ({
  model,
  messages: [{ role: 'user', content: 'Hi' }],
  ...more,
})

/** Models by what they say: `says-yes` says yes, `says-no` no, `fails` fails, `slow` never answers. */
async function chorus(t: TestContext, routes: object[], set: object = {}) {
  const seen: Record<string, string> = {}
  const url = await upstream(t, (_request, response, body) => {
    const { model } = JSON.parse(body.toString()) as { model: string }
    seen[model] = body.toString()
    if (model === 'slow') return
    if (model === 'fails') return void response.writeHead(500).end('no')
    const content = model.replace('says-', '')
    response.writeHead(200, { 'content-type': 'application/json', 'x-model': model })
    response.end(JSON.stringify({ model, choices: [{ message: { content }, finish_reason: 'stop' }] }))
  })
  const upstreams = [{ name: 'chorus', url, models: ['says-*', 'fails', 'slow'] }]
  const network = await start(t, { set: { upstreams, opinions: routes, ...set } })
  return { network, seen }
}

const route = (model: string, asked: string[], more: object = {}) => ({
  model,
  ask: asked,
  agree: { text: 'exact' },
  onDissent: 'attach',
  ...more,
})

/** The receipts that one links to, fetched with the secrets that follow from its own. */
async function linkedOf(network: LocalNetwork, answer: Response): Promise<Receipt[]> {
  await witnessed(network)
  const url = new URL(answer.headers.get('answerable-receipt-url')!)
  const get = async (id: string, secret: string) => {
    const response = await fetch(`${url.origin}/receipts/${id}`, {
      headers: { authorization: `Bearer ${secret}` },
    })
    assert.equal(response.status, 200)
    return parseReceipt(new Uint8Array(await response.arrayBuffer()))
  }
  const secret = url.hash.slice(1)
  const own = await get(answer.headers.get('answerable-receipt')!, secret)
  const { asked } = opinionsIn(parseDisclosure(own.disclosures.model!).value)!
  return Promise.all(
    asked.map(({ id }) =>
      get(
        id,
        Buffer.from(opinionSecret(Buffer.from(secret, 'base64url'), id, nodeSuite)).toString('base64url'),
      ),
    ),
  )
}

function verified(network: LocalNetwork, receipt: Receipt, linked: Receipt[] = []): Verification {
  const trust = trustFrom([{ name: 'test', policy: formatPolicy(network.policy) }], nodeSuite)
  return new Verifier(nodeSuite, trust).verify(receipt, { linked })
}

test('each model asked has a record of its own, which the route’s record names and its holder opens', async t => {
  const { network, seen } = await chorus(t, [route('look', ['says-yes', 'says-no', 'says-yes.'])])
  const before = network.gateway.store.log.signed.size
  // A number that JavaScript would round, and a name behind escapes.
  const request = `{"messages":[{"role":"user","content":"\\"model\\":\\"x\\""}],"seed":9007199254740993,"mod\\u0065l" : "look"}`
  const answer = await post(`${network.url}${CHAT}`, request, { 'answerable-use': 'a test' })
  const response = Buffer.from(await answer.arrayBuffer())
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('x-model'), 'says-yes')
  assert.equal(answer.headers.get('answerable-dissent'), 'attached; agree=1; dissent=2; abstain=0')
  assert.equal(seen['says-no'], request.replace('"look"', '"says-no"'))
  assert.equal(network.gateway.store.log.signed.size, before + 4)

  const { verification, text } = await check(network, answer, { request: Buffer.from(request), response })
  assert.ok(verification.verdict.met)
  assert.equal(verification.compared.response, 'same')
  assert.equal(verification.claims.model.reason, 'upstream-assertion')
  assert.equal(verification.disclosed.model?.name, 'says-yes')
  assert.match(verification.opinions!.sentence, /^1 of 3 agree; "says-no", "says-yes\." dissent\./)
  const linked = await linkedOf(network, answer)
  const again = verified(network, parseReceipt(Buffer.from(text)), linked)
  assert.deepEqual(
    again.opinions!.links.map(({ state }) => state),
    ['shown', 'shown', 'shown'],
  )
  assert.equal(again.opinions!.contradicted, false)
  for (const [i, receipt] of linked.entries()) {
    const { disclosed, verdict, compared } = verified(network, receipt)
    assert.ok(verdict.met)
    assert.deepEqual(compared, { request: 'same', response: 'same' })
    assert.equal(disclosed.model?.name, ['says-yes', 'says-no', 'says-yes.'][i])
    assert.equal(disclosed.parties?.declaredUse, 'a test')
    assert.equal(disclosed.parties?.opinionFor, verification.record?.id)
  }
  // An opinion's secret opens that opinion alone.
  const [first, second] = again.opinions!.record!.asked
  const secret = Buffer.from(answer.headers.get('answerable-receipt-url')!.split('#')[1]!, 'base64url')
  const other = Buffer.from(opinionSecret(secret, first!.id, nodeSuite)).toString('base64url')
  const headers = { authorization: `Bearer ${other}` }
  assert.equal((await fetch(`${network.url}/receipts/${second!.id}`, { headers })).status, 403)
  const { id } = verification.record!
  assert.equal((await fetch(`${network.url}/receipts/${id}`, { headers })).status, 403)
})

test('what dissent does is the route’s policy', async t => {
  const both = ['says-yes', 'says-no']
  const { network } = await chorus(t, [
    route('agreeing', ['says-yes', 'says-Yes'], { agree: { text: 'words' } }),
    route('attach', both),
    route('escalate', both, { onDissent: 'escalate', escalateTo: 'Kreditprüfung, Frau Öz' }),
    route('refuse', both, { onDissent: 'refuse' }),
    route('two-will-do', ['says-yes', ...both.slice(1), 'says-YES'], {
      agree: { text: 'words' },
      least: 2,
      onDissent: 'refuse',
    }),
  ])
  const call = async (model: string) => {
    const answer = await post(`${network.url}${CHAT}`, ask(model))
    const body = (await answer.json()) as { error?: { code: string; message: string } }
    const { verification } = await check(network, answer)
    const dissent = answer.headers.get('answerable-dissent')
    return { status: answer.status, dissent, body, verification, record: verification.opinions!.record! }
  }
  const agreeing = await call('agreeing')
  assert.deepEqual([agreeing.status, agreeing.dissent, agreeing.record.outcome], [200, null, 'agreed'])
  const attach = await call('attach')
  assert.deepEqual([attach.status, attach.dissent], [200, 'attached; agree=1; dissent=1; abstain=0'])
  const escalate = await call('escalate')
  assert.equal(escalate.status, 200)
  assert.equal(
    escalate.dissent,
    `escalated; agree=1; dissent=1; abstain=0; pending; decides=${encodeURIComponent('Kreditprüfung, Frau Öz')}`,
  )
  assert.equal(escalate.record.decides, 'Kreditprüfung, Frau Öz')
  assert.match(escalate.verification.opinions!.sentence, /pending a person’s decision/)
  const refuse = await call('refuse')
  assert.deepEqual([refuse.status, refuse.body.error?.code], [422, 'not-agreed'])
  assert.match(refuse.body.error!.message, /1 of the 2 models asked agree, and this route answers where 2 do/)
  assert.equal(refuse.verification.disclosed.response?.outcome, 'refused')
  assert.equal(refuse.verification.opinions!.contradicted, false)
  const enough = await call('two-will-do')
  assert.deepEqual([enough.status, enough.dissent], [200, 'agreed; agree=2; dissent=1; abstain=0'])
  const metrics = await (await fetch(`${network.url}/metrics`)).text()
  assert.match(metrics, /answerable_opinions_total\{outcome="refused"\} 1/)
})

test('one that fails, is late, or cannot be compared abstains; the first that fails is answered with', async t => {
  const { network } = await chorus(t, [
    route('late', ['says-yes', 'slow', 'fails', 'says-Yes'], {
      seconds: 0.5,
      agree: { text: 'words' },
      onDissent: 'refuse',
      least: 2,
    }),
    route('alone', ['says-yes', 'slow'], { seconds: 0.3, onDissent: 'refuse' }),
    route('first-fails', ['fails', 'says-yes'], { onDissent: 'refuse' }),
    route('first-late', ['slow', 'says-yes'], { seconds: 0.3 }),
    route('uncomparable', ['says-{}', 'says-x'], { agree: { text: 'json' } }),
  ])
  const outcomes = async (model: string) => {
    const answer = await post(`${network.url}${CHAT}`, ask(model))
    const { verification } = await check(network, answer)
    const { asked, outcome } = verification.opinions!.record!
    return { status: answer.status, outcome, asked: asked.map(one => one.reason ?? one.outcome), answer }
  }
  const late = await outcomes('late')
  assert.deepEqual(late.asked, ['answers', 'timeout', 'failed', 'agrees'])
  assert.deepEqual([late.status, late.outcome], [200, 'agreed'])
  const linked = await linkedOf(network, late.answer)
  const ends = linked.map(one => parseDisclosure(one.disclosures.response!).value.outcome)
  assert.deepEqual(ends, ['ok', 'upstream-timeout', 'upstream-error', 'ok'])
  const alone = await outcomes('alone')
  assert.deepEqual([alone.status, alone.outcome, alone.asked], [422, 'refused', ['answers', 'timeout']])
  const failing = await outcomes('first-fails')
  assert.deepEqual(
    [failing.status, failing.outcome, failing.asked],
    [500, 'no-answer', ['answers', 'first-failed']],
  )
  assert.equal(failing.answer.headers.get('answerable-dissent'), null)
  const slow = await outcomes('first-late')
  assert.deepEqual([slow.status, slow.outcome, slow.asked], [504, 'no-answer', ['answers', 'first-failed']])
  const uncomparable = await outcomes('uncomparable')
  assert.deepEqual([uncomparable.outcome, uncomparable.asked], ['attached', ['answers', 'not-comparable']])
})

test('a caller who leaves ends all that was asked, on record', async t => {
  const { network } = await chorus(t, [route('look', ['slow', 'says-yes'])])
  const { log } = network.gateway.store
  const before = log.signed.size
  const stop = new AbortController()
  const body = JSON.stringify(ask('look'))
  const headers = { 'content-type': 'application/json' }
  const call = fetch(`${network.url}${CHAT}`, { method: 'POST', body, headers, signal: stop.signal })
  setTimeout(() => stop.abort(), 200)
  await assert.rejects(call)
  const end = Date.now() + 5000
  while (log.signed.size < before + 3 && Date.now() < end)
    await new Promise(resolve => setTimeout(resolve, 10))
  assert.equal(log.signed.size, before + 3)
})

test('what a route does not do is refused, on record', async t => {
  const { network } = await chorus(t, [route('look', ['says-yes', 'says-no'])])
  const before = network.gateway.store.log.signed.size
  const cases: [string, string, object, RegExp, Record<string, string>?][] = [
    ['a stream', CHAT, ask('look', { stream: true }), /cannot stream/],
    ['under /v2', '/v2/models/look/infer', { inputs: [] }, /answers under \/v1 alone/],
    ['another’s opinion', CHAT, ask('look'), /gives nobody an opinion/, { 'answerable-opinion': '1' }],
    [
      'a path that is passed through',
      '/v1/moderations',
      { model: 'look', input: '' },
      /which this path does not/,
    ],
  ]
  for (const [name, path, body, message, headers] of cases) {
    const answer = await post(network.url + path, body, headers)
    assert.ok(answer.status === 400 || answer.status === 404, name)
    assert.match(await answer.text(), message, name)
    assert.ok((await check(network, answer)).verification.verdict.met)
  }
  assert.equal(network.gateway.store.log.signed.size, before + cases.length)
})

test('a repeated call gets the same answer, with its dissent', async t => {
  const { network } = await chorus(t, [route('look', ['says-yes', 'says-no'])])
  const key = { 'idempotency-key': 'k' }
  const [one, two] = await Promise.all([
    post(`${network.url}${CHAT}`, ask('look'), key),
    post(`${network.url}${CHAT}`, ask('look'), key),
  ])
  for (const name of ['answerable-receipt-url', 'answerable-dissent'])
    assert.equal(one!.headers.get(name), two!.headers.get(name))
  assert.match(one!.headers.get('answerable-dissent')!, /dissent=1/)
  assert.equal(network.gateway.store.log.signed.size, 3)
})

test('erasing what a route answered erases what the others were asked', async t => {
  const { network } = await chorus(t, [route('look', ['says-yes', 'says-no'])], { samplingHours: 0 })
  const answer = await post(`${network.url}${CHAT}`, ask('look'))
  const linked = await linkedOf(network, answer)
  const url = new URL(answer.headers.get('answerable-receipt-url')!)
  const headers = { authorization: `Bearer ${url.hash.slice(1)}` }
  assert.equal((await fetch(url.origin + url.pathname, { method: 'DELETE', headers })).status, 204)
  assert.equal((await fetch(url.origin + url.pathname, { headers })).status, 410)
  for (const receipt of linked) {
    const { id } = JSON.parse(Buffer.from(receipt.statement).toString()).predicate
    const secret = opinionSecret(Buffer.from(url.hash.slice(1), 'base64url'), id, nodeSuite)
    const opened = { authorization: `Bearer ${Buffer.from(secret).toString('base64url')}` }
    assert.equal((await fetch(`${url.origin}/receipts/${id}`, { headers: opened })).status, 410)
  }
})

test('where a model draws, its seed follows from its own record', async t => {
  const seeds: Record<string, number> = {}
  const drawing = (model: string): Backend => ({
    name: model,
    models: [model],
    derivesSeed: true,
    describe: () => JSON.stringify({ name: model, runtime: { name: 'test' } }),
    send(call, sink) {
      void call.seedFor!().then(seed => {
        seeds[model] = seed
        sink.head({ status: 200, headers: { 'content-type': 'application/json' } })
        sink.data(Buffer.from('{"choices":[{"text":"x"}]}'))
        sink.end()
      })
      return { abort: () => undefined, pause: () => undefined, resume: () => undefined }
    },
    close: async () => undefined,
  })
  const network = await start(t, {
    backends: [drawing('one'), drawing('two')],
    set: { opinions: [route('look', ['one', 'two'])] },
  })
  const nonce = { 'answerable-nonce': 'n' }
  const answer = await post(`${network.url}${CHAT}`, ask('look', { temperature: 1 }), nonce)
  assert.equal(answer.status, 200)
  const { verification } = await check(network, answer)
  assert.match(verification.opinions!.sentence, /^2 of 2 agree/)
  assert.match(String(verification.disclosed.sampling?.seed), /record of the first opinion/)
  const linked = await linkedOf(network, answer)
  for (const [i, receipt] of linked.entries()) {
    const { verdict, disclosed } = verified(network, receipt)
    assert.ok(verdict.met)
    assert.deepEqual(disclosed.sampling, { parameters: { temperature: 1 }, seed: 'derived', nonce: 'n' })
    const begin = nodeSuite.sha256(receipt.begin!.statement)
    assert.equal(seeds[['one', 'two'][i]!], deriveSeed(begin, Buffer.from('n'), nodeSuite))
  }
  assert.notEqual(seeds.one, seeds.two)
})

test('the demo asks both of its models, and is listed as a model', async t => {
  const network = await start(t)
  const at = `${network.url}/v2/models`
  assert.deepEqual(await (await fetch(at)).json(), {
    models: ['credit-f32', 'credit-int8', 'credit-second-look'],
  })
  const { name, inputs } = (await (await fetch(`${at}/credit-second-look`)).json()) as {
    name: string
    inputs: unknown[]
  }
  assert.deepEqual([name, inputs.length], ['credit-second-look', 20])
  assert.equal((await fetch(`${at}/credit-second-look/versions/1`)).status, 404)
  const features = (await (await fetch(`${network.url}/demo/credit-schema`)).json()) as {
    name: string
    default: number
  }[]
  const inputsOf = features.map(one => ({
    name: one.name,
    datatype: 'FP32',
    shape: [1, 1],
    data: [one.default],
  }))
  const answer = await post(`${at}/credit-second-look/infer`, { inputs: inputsOf })
  assert.equal(((await answer.json()) as { model_name: string }).model_name, 'credit-f32')
  const { verification } = await check(network, answer)
  assert.match(verification.opinions!.sentence, /^2 of 2 agree\. The route asks for 2 that agree\.$/)
  assert.equal(verification.disclosed.model?.name, 'credit-f32')
  const linked = await linkedOf(network, answer)
  const paths = linked.map(one => parseDisclosure(one.disclosures.request!).value.path)
  assert.deepEqual(paths, ['/v2/models/credit-f32/infer', '/v2/models/credit-int8/infer'])
  // Who runs the route's record again, or one that it links to, gets the same as from any other record.
  const text = (await check(network, answer)).text
  for (const [i, receipt] of [parseReceipt(Buffer.from(text)), ...linked].entries()) {
    const { statement, disclosures, content } = receipt
    const { request, response } = content as { request: Uint8Array; response: Uint8Array }
    const record = { statement, begin: undefined, disclosures, request, response }
    const file = join(network.dataFolder, 'models', `${i < 2 ? 'credit-f32' : 'credit-int8'}.onnx`)
    const { outcome, words } = await rerun(openForRerun(record, nodeSuite), file)
    assert.equal(outcome, 'exact')
    assert.equal(words.at(-1), 'The bytes of the answer are the same as well.')
  }
  // What is wrong with a request is wrong for all.
  const wrong = await post(`${at}/credit-second-look/infer`, { inputs: [] })
  assert.equal(wrong.status, 400)
  const refused = await check(network, wrong)
  assert.equal(refused.verification.opinions?.record?.outcome, 'no-answer')
})
