/** The comparison of two endpoints from the command line, as processes. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ComparisonBody, parseComparison } from '@answerable/core/compare'
import { stories } from '../../../node/test/llama.ts'
import { answerable, finished, serveWith, start, temporaryFolder } from '../cli.fixture.ts'

const home = temporaryFolder()
const COLOURS = ['red as a brick', 'green as the grass', 'blue as can be', 'as grey as stone']

/** An endpoint whose models are named for what they do. */
const calls: { model: string; key: string | undefined }[] = []
const url = await serveWith((request, response) => void answer(request, response))

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { model, seed } = JSON.parse(Buffer.concat(chunks).toString()) as { model: string; seed: number }
  calls.push({ model, key: request.headers.authorization })
  if (model === 'locked' && request.headers.authorization !== 'Bearer secret')
    return reply(response, '{"error":{"message":"no key, no answer"}}', 401)
  if (model === 'garbled') return void response.end(Buffer.from([0x7b, 0xff, 0x7d]))
  if (model === 'busy' && calls.length % 3 === 0) return reply(response, '{}', 429, { 'retry-after': '0' })
  const content = model === 'other' ? 'none of these' : COLOURS[seed % COLOURS.length]!
  reply(response, JSON.stringify({ choices: [{ message: { content }, text: content }] }))
}

function reply(response: ServerResponse, body: string, status = 200, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body)
}

const side = (model: string) => `${url}/v1#${model}`

test('two that differ are told apart, with a report', async () => {
  const out = join(home, 'report.html')
  const kept = join(home, 'samples.jsonl')
  const args = ['compare', side('one'), side('other'), '--out', out, '--keep-samples', kept]
  const { status, out: text, words } = await answerable(args, { home })
  assert.equal(status, 1)
  assert.match(text, /^Told apart\n/)
  assert.match(text, /A and B answer differently/)
  assert.match(text, /nobody is convicted/)
  assert.match(text, /course +[▁▂▃▄▅▆▇█]+/)
  assert.match(words, /The report, with a picture/)
  const page = readFileSync(out, 'utf8')
  for (const part of [
    /<svg [^>]*role="img" aria-labelledby="picture-title picture-desc">/,
    /<title id="picture-title">/,
    /<desc id="picture-desc">/,
    /prefers-color-scheme:dark/,
    /<table>/,
    /does not show/,
  ])
    assert.match(page, part)
  assert.doesNotMatch(page, /<script|https?:\/\/(?!127\.0\.0\.1)|\bverified\b|undefined|NaN/i)
  // What was answered stands in the file that was asked for, and nowhere else.
  const samples = readFileSync(kept, 'utf8')
  assert.ok(samples.includes('none of these') && COLOURS.some(colour => samples.includes(colour)))
  for (const colour of ['none of these', ...COLOURS])
    assert.ok(!page.includes(colour) && !text.includes(colour))
  const again = await answerable(args, { home })
  assert.equal(again.status, 2)
  assert.match(again.words, /is there already/)
})

test('two that are the same are not, and the statement is small and without content', async () => {
  const args = ['compare', side('one'), side('same'), '--samples', '30', '--level', '0.000001', '--json']
  const { status, out } = await answerable(args, { home })
  assert.equal(status, 0)
  const { faults, ...fields } = JSON.parse(out)
  const body: ComparisonBody = parseComparison(fields)
  assert.equal(body.outcome, 'not-shown')
  assert.equal(body.seen, 30)
  assert.deepEqual(body.a, { kind: 'endpoint', url: `${url}/v1`, model: 'one' })
  assert.deepEqual(faults, {})
  assert.ok(out.length < 8192)
  for (const colour of COLOURS) assert.ok(!out.includes(colour))
})

test('one that is busy is waited for', async () => {
  const args = ['compare', side('one'), side('busy'), '--samples', '8', '--level', '0.000001']
  const { status, out } = await answerable(args, { home })
  assert.equal(status, 0)
  assert.match(out, /8 of 8 planned; all were used\n/)
})

test('one that lies or refuses is said to, by its name', async () => {
  const locked = ['compare', side('one'), side('locked'), '--samples', '3']
  const refused = await answerable(locked, { home })
  assert.equal(refused.status, 2)
  assert.match(refused.words, /no key, no answer \(unauthorized\)/)
  const environment = { THEIR_KEY: 'secret' }
  const opened = await answerable([...locked, '--key-b', 'THEIR_KEY'], { home, environment })
  assert.equal(opened.status, 0)
  assert.ok(calls.every(({ model, key }) => model === 'locked' || key === undefined))
  assert.ok(!opened.out.includes('secret'))
  const garbled = await answerable(['compare', side('garbled'), side('one'), '--samples', '3'], { home })
  assert.equal(garbled.status, 2)
  assert.match(garbled.words, /its answer is unusable \(the bytes are not valid UTF-8\) \(upstream-broken\)/)
  const unset = await answerable([...locked, '--key-b', 'NO_SUCH'], { home })
  assert.match(unset.words, /NO_SUCH is not set/)
  assert.equal(unset.status, 2)
})

test('prompts of one’s own, one a line or as JSON', async () => {
  const lines = join(home, 'prompts.txt')
  writeFileSync(lines, 'Say one.\n\n  Say two.\r\n')
  const list = join(home, 'prompts.json')
  writeFileSync(list, '["Say one.", "Say two."]')
  const digests = []
  for (const file of [lines, list]) {
    const { out } = await answerable(
      ['compare', side('one'), side('one'), '--prompts', file, '--samples', '2', '--json'],
      { home },
    )
    const { prompts } = JSON.parse(out)
    assert.equal(prompts.count, 2)
    digests.push(prompts.sha256)
  }
  assert.equal(digests[0], digests[1])
  writeFileSync(lines, '\n')
  const none = await answerable(['compare', side('one'), side('one'), '--prompts', lines], { home })
  assert.equal(none.status, 2)
  assert.match(none.words, /prompts\.txt: prompts: expected 1 to 1000/)
})

test('what cannot be compared is refused before anybody is asked', async () => {
  const before = calls.length
  for (const [args, message] of [
    [[side('one')], /B is missing/],
    [[url, side('one')], /expected the model’s name behind a #/],
    [['nonsense', side('one')], /expected URL#MODEL, MEMBER\/NODE#MODEL/],
    [['ada.example/gateway#m', side('one')], /no network is trusted/],
    [['ada.example/gateway#m', side('one'), '--network', 'none'], /no network none is trusted/],
    [['none.gguf', side('one')], /cannot read the model none\.gguf/],
    [[side('one'), side('two'), '--samples', '0'], /--samples/],
    [[side('one'), side('two'), '--samples', '1.5'], /--samples/],
    [[side('one'), side('two'), '--level', '0.9'], /--level/],
    [[side('one'), side('two'), '--temperature', '7'], /--temperature/],
    [[`http://me:secret@127.0.0.1#m`, side('one')], /user name or password/],
    [[`${url}/v1?key=1#m`, side('one')], /a query is not passed on/],
  ] as const) {
    const { status, words } = await answerable(['compare', ...args, '--timeout', '1'], { home })
    assert.equal(status, 2, args.join(' '))
    assert.match(words, message)
  }
  assert.equal(calls.length, before)
})

test('one who stops it gets what there was', async () => {
  const slow = await serveWith((_, response) => {
    setTimeout(() => reply(response, JSON.stringify({ choices: [{ message: { content: 'x' } }] })), 30)
  })
  const child = start(['compare', `${slow}#a`, `${slow}#b`, '--samples', '5000', '--json'], { home })
  setTimeout(() => child.kill('SIGINT'), 2500)
  const { status, out } = await finished(child)
  assert.equal(status, 0)
  const { ended, seen } = JSON.parse(out)
  assert.equal(ended, 'stopped')
  assert.ok(seen > 0 && seen < 5000)
})

test('token by token, against a file that is trusted', async t => {
  const file = stories(t)
  if (file === undefined) return
  const asked = ['--tokens', '--completions', '--max-tokens', '8']
  const same = await answerable(['compare', file, file, ...asked], { home })
  assert.equal(same.status, 0, same.err)
  assert.match(same.out, /^Not told apart\n/)
  assert.match(same.out, /100% matched/)
  const other = await answerable(['compare', side('one'), file, ...asked, '--json'], { home })
  assert.equal(other.status, 1, other.err)
  const { faults: _, ...fields } = JSON.parse(other.out)
  const body = parseComparison(fields)
  assert.deepEqual([body.outcome, body.honest, body.parameters.temperature], ['different', 0.01, 0])
  for (const [args, message] of [
    [[file, side('one'), ...asked], /expected B to be a GGUF file/],
    [[side('one'), file, ...asked, '--temperature', '1'], /greedy answers are compared/],
    [[side('one'), file, ...asked, '--mismatches', '0'], /--mismatches/],
  ] as const) {
    const { status, words } = await answerable(['compare', ...args], { home })
    assert.equal(status, 2)
    assert.match(words, message)
  }
})
