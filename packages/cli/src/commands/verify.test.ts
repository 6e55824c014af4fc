import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { AnswerableError } from '@answerable/core'
import { formatReceipt, type Receipt } from '@answerable/core/receipt'
import { EPOCH, flipped, World } from '../../../core/test/fixture.ts'
import { answerable, start, temporaryFolder } from '../cli.fixture.ts'
import { TrustStore } from '../trust-store.ts'
import { run } from './verify.ts'

const world = new World()
const made = world.answer()

/** A home that trusts the world, and one that trusts nobody. */
const home = temporaryFolder()
const nobody = temporaryFolder()
new TrustStore(home).put({
  name: 'world',
  text: world.policy,
  url: 'https://example.com/',
  added: '2026-01-01T00:00:00.000Z',
})

const files = temporaryFolder()

function save(name: string, content: Receipt | string | Uint8Array): string {
  const path = join(files, name)
  const text = typeof content === 'string' || content instanceof Uint8Array ? content : formatReceipt(content)
  writeFileSync(path, text)
  return path
}

const good = save('good.json', made.receipt)
const request = save('request', made.request)

test('what is wrong with a file is said with its name, and a policy asks for no less than it must', async () => {
  const folder = temporaryFolder()
  const path = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const garbage = path('garbage', 'garbage')
  const good = path('receipt.json', formatReceipt(world.answer().receipt))
  const badKey = path('key.txt', 'log x\nquorum none\n')
  for (const args of [[garbage], [good, '--policy', garbage], [good, '--policy', badKey]]) {
    const { status, words } = await answerable(['verify', ...args], { home })
    assert.equal(status, 2)
    assert.ok(words.includes(`${args.at(-1)}: `), words)
  }
  const open = await answerable(['receipt', 'open', garbage], { home })
  assert.ok(open.words.includes(`${garbage}: `))
  const piped = await answerable(['verify', '-'], { home, input: 'garbage' })
  assert.match(piped.words, /standard input: JSON/)
  for (const [name, words] of [
    ['none.json', /none.json: no such file/],
    ['garbage', /garbage: not JSON/],
  ] as const) {
    const config = await answerable(['start', '--config', join(folder, name)], { home })
    assert.equal(config.status, 2)
    assert.match(config.words, words)
  }
  const weak = path('weak.json', '{"require":{"recorded":"assertion"}}')
  const { out } = await answerable(['verify', good, '--policy', weak], { home })
  assert.match(out.replace(/\s+/g, ' '), /weak.json \(recorded on at least signature\)/)
})

test('in a clone, hints are commands that work there', async () => {
  const environment = { npm_lifecycle_event: 'answerable' }
  const receipt = formatReceipt(world.answer().receipt)
  const { out } = await answerable(['verify', '-'], { home: temporaryFolder(), input: receipt, environment })
  assert.match(out, /npm run -s answerable -- trust add URL$/m)
  const lost = await answerable(['frobnicate'], { home, environment })
  assert.match(lost.words, /see npm run -s answerable -- --help/)
})

test('a receipt under trusted keys: exit 0, six claims, the record and the verdict', async () => {
  const { status, out, err } = await answerable(['verify', good], { home })
  assert.equal(status, 0, err)
  assert.match(out, /^ {2}recorded +pass +signature +witnessed$/m)
  assert.match(out, /^ {2}model +said +assertion +operator-assertion$/m)
  assert.match(out, /^ {2}accountability +said +assertion +parties-asserted$/m)
  for (const claim of ['place', 'output', 'quality'])
    assert.match(out, new RegExp(`^  ${claim} +not checked`, 'm'))
  assert.match(out, /Not shown: /)
  assert.match(out, /witnesses {4}alpha: alpha-0/)
  assert.match(out, /as of {8}between 2026-01-01 00:00:0\d UTC and 2026-01-01/)
  assert.match(out, /^Policy met: the default \(recorded on at least signature\)\.$/m)
})

test('said is never shown as a pass: yellow, where a pass is green', async () => {
  const { out } = await answerableInColour(['verify', good])
  assert.ok(out.includes('\u001b[32mpass\u001b[39m'))
  assert.ok(out.includes('\u001b[33msaid\u001b[39m'))
  assert.equal(out.split('\u001b[32mpass').length, 2)
})

async function answerableInColour(args: string[]): Promise<{ out: string }> {
  const { finished, start } = await import('../cli.fixture.ts')
  return finished(start(args, { home, environment: { FORCE_COLOR: '1' } }))
}

test('--json is one object', async () => {
  const { status, out } = await answerable(['verify', good, '--json', '--request', request], { home })
  assert.equal(status, 0)
  const result = JSON.parse(out)
  assert.deepEqual(Object.keys(result.claims), [
    'recorded',
    'model',
    'place',
    'output',
    'quality',
    'accountability',
  ])
  assert.deepEqual(result.verdict, { met: true, unmet: [] })
  assert.deepEqual(result.policy, { name: 'default', require: { recorded: 'signature' } })
  assert.equal(result.record.id, made.statement.id)
  assert.equal(result.record.witnesses.length, 3)
  assert.equal(result.compared.request, 'same')
  assert.equal(result.claims.model.basis, 'assertion')
})

test('a receipt on standard input', async () => {
  const { status } = await answerable(['verify', '-'], { home, input: formatReceipt(made.receipt) })
  assert.equal(status, 0)
})

test('an unknown log is not checked: exit 1, and what to do about it', async () => {
  const { status, out } = await answerable(['verify', good], { home: nobody })
  assert.equal(status, 1)
  assert.match(out, /recorded +not checked +- +unknown-log/)
  assert.match(out, /answerable trust add URL/)
  assert.match(out, /Policy not met/)
})

test('what a receipt says of itself cannot steer a terminal', async () => {
  const values = {
    model: { name: '\u001b[32mpass\u202e\n  recorded', version: '1', runtime: { name: 'onnxruntime' } },
  }
  const hostile = save('hostile.json', new World({ seed: 'h' }).answer({ values }).receipt)
  const policy = save('hostile-policy', new World({ seed: 'h' }).policy)
  const { status, out } = await answerable(['verify', hostile, '--policy', policy], { home: nobody })
  assert.equal(status, 0, out)
})

/** Arguments, the status, and what must be said. */
const OUTCOMES: [string, string[], number, RegExp][] = [
  ['the request that was sent', [good, '--request', request], 0, /Policy met/],
  [
    'another response',
    [good, '--response', save('other', 'no')],
    1,
    /recorded +FAIL +signature +response-mismatch/,
  ],
  [
    'an altered statement',
    [save('statement.json', { ...made.receipt, statement: flipped(made.receipt.statement, 200) })],
    1,
    /recorded +FAIL/,
  ],
  [
    'altered content',
    [save('content.json', { ...made.receipt, content: { response: flipped(made.response, 3) } })],
    1,
    /response-mismatch/,
  ],
  [
    'an altered disclosure',
    [
      save('disclosure.json', {
        ...made.receipt,
        disclosures: {
          ...made.receipt.disclosures,
          model: made.receipt.disclosures.model!.replace('credit', 'better'),
        },
      }),
    ],
    1,
    /model +FAIL +signature +disclosure-altered/,
  ],
  [
    'a time before the quorum',
    [good, '--as-of', new Date((EPOCH + 15) * 1000).toISOString()],
    1,
    /cosigned-in-future/,
  ],
  ['a time after it', [good, '--as-of', '2026-02-01'], 0, /Policy met/],
  [
    'a policy that asks for more',
    [good, '--policy', save('strict.json', '{"require":{"recorded":"signature","place":"hardware"}}')],
    1,
    /place is required, and was not checked/,
  ],
  [
    'a policy that a word does not meet',
    [good, '--policy', save('word.json', '{"require":{"model":"recomputation"}}')],
    1,
    /model rests on assertion/,
  ],
  ['a stream', [save('stream.json', world.stream().receipt)], 0, /a whole stream/],
  ['a stream that was cut off', [save('cut.json', world.stream('interrupted').receipt)], 0, /cut off/],
]

for (const [name, args, status, pattern] of OUTCOMES) {
  test(`${name}: exit ${status}`, async () => {
    const ran = await answerable(['verify', ...args], { home })
    assert.equal(ran.status, status, ran.out + ran.err)
    assert.match(ran.out, pattern)
  })
}

test('trust can come with the policy, and then the store is not asked', async () => {
  const policy = save('own-policy', world.policy)
  const { status, out } = await answerable(['verify', good, '--policy', policy], { home: nobody })
  assert.equal(status, 0)
  assert.match(out, /network {6}own-policy/)
  const others = save('others-policy', new World({ seed: 'others', domain: 'example.org' }).policy)
  assert.equal((await answerable(['verify', good, '--policy', others], { home })).status, 1)
})

const UNUSABLE: [string, string[], RegExp][] = [
  ['no file', [], /FILE is missing/],
  ['a file that is not there', [join(files, 'none')], /no such file \(not-found\)/],
  ['a folder', [files], /is a folder/],
  ['a text', [save('text', 'hello')], /\(bad-json\)/],
  ['half a receipt', [save('half.json', formatReceipt(made.receipt).slice(0, 900))], /\(bad-json\)/],
  ['another kind of JSON', [save('kind.json', '{"type":"receipt"}')], /\(bad-receipt\)/],
  ['a nested bomb', [save('bomb.json', '['.repeat(100_000))], /\(too-deep\)/],
  ['a doubled key', [save('double.json', '{"type":1,"type":2}')], /\(duplicate-key\)/],
  ['an unknown option', [good, '--yolo'], /--yolo/],
  ['a second file', [good, good], /one argument too many/],
  ['a time that is none', [good, '--as-of', '2026-02-30T99:00Z'], /--as-of: expected a day/],
  [
    'a policy that is none',
    [good, '--policy', save('none.json', '{"require":{}}')],
    /none.json: .*\(bad-policy\)/,
  ],
  ['a request that is not there', [good, '--request', join(files, 'none')], /no such file/],
]

for (const [name, args, pattern] of UNUSABLE) {
  test(`${name} is unusable, and one message says why`, async () => {
    process.env.ANSWERABLE_HOME = home
    const failure = await run(args).catch(error => error)
    assert.ok(failure instanceof AnswerableError)
    assert.match(`${failure.message} (${failure.code})`, pattern)
  })
}

test('unusable input is exit 2, and nothing but one message', async () => {
  for (const args of [
    [],
    [join(files, 'none')],
    [save('half.json', formatReceipt(made.receipt).slice(0, 900))],
  ]) {
    const { status, out, err } = await answerable(['verify', ...args], { home })
    assert.equal(status, 2)
    assert.equal(out, '')
    assert.match(err, /^error: [^\0]*\([a-z-]+\)\n$/)
  }
})

test('with --json an error is an object as well', async () => {
  const { status, out } = await answerable(['verify', join(files, 'none'), '--json'], { home })
  assert.equal(status, 2)
  assert.equal(JSON.parse(out).error.code, 'not-found')
})

test('a reader who stops reading does not turn a failing check into a passing one', async () => {
  for (const json of [[], ['--json']]) {
    const child = start(['verify', good, ...json], { home: nobody })
    child.stdout!.destroy()
    child.stderr!.resume()
    const status = await new Promise(resolve => child.once('exit', resolve))
    assert.equal(status, 1)
  }
})
