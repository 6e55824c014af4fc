import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatReceipt, parseReceipt, type Receipt } from '@answerable/core/receipt'
import { flipped, World } from '../../../core/test/fixture.ts'
import { answerable, serveWith, temporaryFolder } from '../cli.fixture.ts'
import { TrustStore } from '../trust-store.ts'

const world = new World()
const made = world.answer({
  request: Buffer.from('{"amount": 12345678901234567890, "say": "\u2028\\u001b[2J"}'),
})
const { receipt } = made
const secret = Buffer.from(made.secret).toString('base64url')
const path = `/receipts/${made.statement.id}`
const home = temporaryFolder()
new TrustStore(home).put({
  name: 'world',
  text: world.policy,
  url: 'https://example.com/',
  added: '2026-01-01',
})

const asked: string[] = []
const origin = await serveWith((request, response) => {
  asked.push(request.url!)
  const bearer = request.headers.authorization
  if (request.url !== path) return response.writeHead(404).end()
  if (bearer === undefined) return response.end(formatReceipt({ ...receipt, disclosures: {}, content: {} }))
  if (bearer !== `Bearer ${secret}`)
    return response.writeHead(403).end('{"error":{"message":"this is not the holder secret of that record"}}')
  response.end(formatReceipt(receipt))
})

test('get with the secret: a file for its owner alone, and the secret in no path', async () => {
  const file = join(temporaryFolder(), 'receipt.json')
  const { status, err } = await answerable(['receipt', 'get', `${origin}${path}#${secret}`, '-o', file], {
    home,
  })
  assert.equal(status, 0, err)
  assert.deepEqual(parseReceipt(readFileSync(file)).content.request, new Uint8Array(made.request))
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.ok(asked.every(url => url === path))
})

test('get without it: the public part, on standard output', async () => {
  const { status, out } = await answerable(['receipt', 'get', `${origin}${path}`], { home })
  assert.equal(status, 0)
  assert.deepEqual(parseReceipt(Buffer.from(out)).content, {})
})

const REFUSED: [string, string, RegExp][] = [
  ['a wrong secret', `${origin}${path}#${'A'.repeat(43)}`, /holder secret of that record \(forbidden\)/],
  ['half a secret', `${origin}${path}#abc`, /is not a holder secret/],
  ['no receipt’s URL', `${origin}/`, /ends in \/receipts\//],
  ['an unknown id', `${origin}/receipts/00000000-0000-7000-8000-000000000000`, /not-found/],
]
for (const [name, url, pattern] of REFUSED) {
  test(`get with ${name}: exit 2, and no file`, async () => {
    const file = join(temporaryFolder(), 'receipt.json')
    const { status, words } = await answerable(['receipt', 'get', url, '-o', file], { home })
    assert.equal(status, 2)
    assert.match(words, pattern)
    assert.ok(!existsSync(file))
  })
}

test('a receipt of another record is not taken', async () => {
  const liar = await serveWith((_, response) => response.end(formatReceipt(world.answer().receipt)))
  const { status, words } = await answerable(['receipt', 'get', `${liar}${path}`], { home })
  assert.equal(status, 2)
  assert.match(words, /got the receipt of/)
})

function save(content: Receipt): string {
  const file = join(temporaryFolder(), 'receipt.json')
  writeFileSync(file, formatReceipt(content))
  return file
}

test('open shows what is disclosed, every digit of it, and nothing that steers a terminal', async () => {
  const { status, out } = await answerable(['receipt', 'open', save(receipt)], { home })
  assert.equal(status, 0)
  assert.match(out, /"amount": 12345678901234567890/)
  assert.match(out, /deployer: Example Bank/)
  assert.match(out, /recorded +pass/)
})

test('open shows nothing of a receipt that fails, or that nobody vouches for', async () => {
  const altered = { ...receipt, content: { ...receipt.content, response: flipped(made.response, 2) } }
  const failing = await answerable(['receipt', 'open', save(altered)], { home })
  assert.equal(failing.status, 1)
  assert.match(failing.out, /recorded +FAIL/)
  assert.doesNotMatch(failing.out, /Example Bank/)
  const unknown = await answerable(['receipt', 'open', save(receipt)], { home: temporaryFolder() })
  assert.equal(unknown.status, 1)
  assert.match(unknown.out, /unknown-log/)
  assert.doesNotMatch(unknown.out, /Example Bank/)
})

test('export discloses less, and what is left still passes', async () => {
  const from = save(receipt)
  const to = join(temporaryFolder(), 'less.json')
  const { status, words } = await answerable(
    ['receipt', 'export', from, '-o', to, '--only', 'model,sampling'],
    { home },
  )
  assert.equal(status, 0)
  assert.match(words, /It discloses model, sampling, without any content/)
  const less = parseReceipt(readFileSync(to))
  assert.deepEqual(Object.keys(less.disclosures), ['model', 'sampling'])
  assert.deepEqual(less.content, {})
  const checked = await answerable(['verify', to], { home })
  assert.equal(checked.status, 0)
  assert.match(checked.out, /accountability +not checked +- +not-disclosed/)
})

test('export without content keeps the disclosures; with none, the public part alone', async () => {
  const from = save(receipt)
  const dry = parseReceipt(
    Buffer.from((await answerable(['receipt', 'export', from, '--no-content'], { home })).out),
  )
  assert.deepEqual([Object.keys(dry.disclosures).length, Object.keys(dry.content).length], [5, 0])
  const bare = join(temporaryFolder(), 'bare.json')
  await answerable(['receipt', 'export', from, '-o', bare, '--only', 'none'], { home })
  assert.deepEqual(parseReceipt(readFileSync(bare)).disclosures, {})
  const wrong = await answerable(['receipt', 'export', from, '--only', 'everything'], { home })
  assert.equal(wrong.status, 2)
  assert.match(wrong.words, /is none of request, response/)
  const twice = await answerable(['receipt', 'export', bare, '--only', 'model'], { home })
  assert.match(twice.words, /does not disclose its model/)
})
