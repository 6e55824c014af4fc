/** The program against a real network: the newcomer's first minutes, and what an operator does to a data folder. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { answerable, checkOutput, finished, start, temporaryFolder } from '../cli.fixture.ts'

const home = temporaryFolder()
const data = join(home, 'network')
const config = join(home, 'gateway.json')
writeFileSync(config, '{"samplingHours": 0, "operator": "Example Operator"}')

let network: ChildProcess
let printed = ''
let url = ''
let receiptUrl = ''
let id = ''

/** Starts a long-running command, and resolves when it has printed this. */
async function startUntil(args: string[], pattern: RegExp): Promise<{ child: ChildProcess; text: string }> {
  const child = start(args, { home })
  let text = ''
  child.stderr!.on('data', chunk => {
    text += chunk
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', chunk => {
      text += chunk
      if (pattern.test(text)) resolve()
    })
    child.once('close', () => reject(new Error(`ended early: ${text}`)))
  })
  return { child, text }
}

async function stop(child: ChildProcess, signal: 'SIGINT' | 'SIGTERM'): Promise<number | null> {
  const done = finished(child)
  child.kill(signal)
  return (await done).status
}

before(async () => {
  const started = await startUntil(
    ['start', '--port', '0', '--data', data, '--config', config],
    /What was recorded stays/,
  )
  network = started.child
  printed = started.text
  url = /page +(http:\/\/127\.0\.0\.1:\d+)\//.exec(printed)![1]!
})
after(() => network.kill('SIGKILL'))

test('start says what runs where, whose it is, and what to do next', async () => {
  checkOutput(printed)
  assert.match(printed, /3 witnesses, 1 owner: Example Operator/)
  assert.match(printed, /credit-int8/)
  const [, at] = /curl -i (\S+) \\/.exec(printed)!
  const [, file] = /--data-binary "@(.*)"/.exec(printed)!
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(at!, { method: 'POST', headers, body: readFileSync(file!) })
  assert.equal(response.status, 200)
  receiptUrl = response.headers.get('answerable-receipt-url')!
  id = response.headers.get('answerable-receipt')!
  assert.ok(receiptUrl && id)
})

test('the receipt of a decision: trusted, fetched, checked', async () => {
  const added = await answerable(['trust', 'add', url, '--yes', '--name', 'mine'], { home })
  assert.equal(added.status, 0, added.err)
  const file = join(home, 'receipt.json')
  // Until a quorum has cosigned, which takes about a second, the receipt says so.
  let verified = await fetchAndVerify(file)
  for (let i = 0; i < 50 && verified.status !== 0; i++) {
    assert.match(verified.out, /quorum-not-met/)
    await new Promise(resolve => setTimeout(resolve, 100))
    verified = await fetchAndVerify(file)
  }
  assert.equal(verified.status, 0, verified.out)
  const opened = await answerable(['receipt', 'open', file], { home })
  assert.match(opened.out, /probability_good/)
})

async function fetchAndVerify(file: string) {
  const got = await answerable(['receipt', 'get', receiptUrl, '-o', file], { home })
  assert.equal(got.status, 0, got.err)
  return answerable(['verify', file], { home })
}

test('its logs are whole: over HTTP, and in the folder with its records', async () => {
  for (const at of [url, `${url}/registry`])
    assert.equal((await answerable(['log', 'check', at], { home })).status, 0)
  const { status, out } = await answerable(['log', 'check', data, '--json'], { home })
  assert.equal(status, 0, out)
  const { logs } = JSON.parse(out)
  assert.equal(logs.length, 2)
  assert.equal(logs[0].records.opened, 1)
})

test('a running network keeps its folder to itself, and its port', async () => {
  const rebuild = await answerable(['index', 'rebuild', '--data', data], { home })
  assert.equal(rebuild.status, 2)
  assert.match(rebuild.words, /\(locked\)/)
  const second = await answerable(['start', '--port', '0', '--data', data], { home })
  assert.equal(second.status, 2)
  assert.match(second.words, /\(locked\)/)
  const port = new URL(url).port
  const taken = await answerable(['start', '--port', port, '--data', join(home, 'second')], { home })
  assert.equal(taken.status, 2)
  assert.match(taken.words, /^error: port \d+ is taken; .* \(port-taken\) $/)
})

test('other terms are proposed, approved, and in force from the entry named', async () => {
  const terms = join(home, 'terms.json')
  const amend = (text: string, ...more: string[]) => {
    writeFileSync(terms, text)
    return answerable(['network', 'amend', '--terms', terms, '--after', '5', '--data', data, ...more], {
      home,
    })
  }
  assert.match((await amend('{"panels": 3}')).words, /has no term ‘panels’/)
  assert.match((await amend('{"panel": 0}')).words, /terms.panel: expected 1 to 31/)
  const none = await answerable(['network', 'amend', '--next-rules', '--data', data], { home })
  assert.match(none.words, /knows of no newer one/)
  const proposed = await amend('{"panel": 5}')
  assert.equal(proposed.status, 0, proposed.words)
  checkOutput(proposed.out)
  const [, digest] = /proposal +([0-9a-f]{16})/.exec(proposed.out)!
  const status = await answerable(['network', 'status', '--data', data], { home })
  assert.match(status.out.replace(/\s+/g, ' '), /proposes to amend panel to 5 from entry \d+ on/)
  const approved = await answerable(['member', 'approve', digest!, '--data', data], { home })
  assert.equal(approved.status, 0, approved.words)
})

test('the keys of a folder', async () => {
  const { out } = await answerable(['keys', 'show', '--data', data, '--json'], { home })
  const roles = JSON.parse(out).keys.map(({ role }: { role: string }) => role)
  assert.deepEqual(roles, [
    'log',
    'registry',
    'member',
    'recovery',
    'validator',
    'witness',
    'witness',
    'witness',
  ])
  assert.equal((await answerable(['keys', 'show', '--data', data], { home })).status, 0)
})

test('a hold is put, listed and released on record, and nothing is erased under it', async () => {
  const running = await answerable(['hold', id, '--data', data], { home })
  assert.match(running.words, /\(locked\)/)
  assert.equal(await stop(network, 'SIGTERM'), 0)
  const run = (...args: string[]) => answerable([...args, '--data', data, '--config', config], { home })
  const listed = async () => JSON.parse((await run('hold', 'list', '--json')).out).held
  const hold = await run('hold', id)
  assert.equal(hold.status, 0, hold.err)
  assert.match(hold.out, /^On hold: record 0 of /)
  assert.deepEqual(await listed(), [{ first: 0, end: 1, id }])
  for (const args of [
    ['erase', id],
    ['erase', '--before', new Date().toISOString()],
  ]) {
    const { status, out, words } = await run(...args)
    if (args.length === 2) assert.match(words, /on legal hold \(erasure-refused\)/)
    else assert.match(out, /^0 records from before .* erased, legal holds aside\.$/m, `${status} ${words}`)
  }
  // Records 1 and on are statements about records, in the log as well.
  const range = await run('hold', '0-1', '--reason', 'request', '--json')
  assert.deepEqual(JSON.parse(range.out).ranges, [{ first: 0, end: 2 }])
  assert.match((await run('hold', 'list')).out, /^ {2}records 0 to 1 \(2 in all\)$/m)
  assert.equal((await run('hold', 'release', '0')).status, 0)
  assert.deepEqual(await listed(), [{ first: 1, end: 2 }])
  assert.equal((await run('hold', 'release', '1')).status, 0)
  assert.match((await run('hold', 'list')).out, /nothing is on hold/)
  for (const [args, words] of [
    [['hold', 'release', id], /nothing of .* is on hold \(not-found\)/],
    [['hold', '5-2'], /ends before it begins/],
    [['hold', '0-99'], /expected a range within the log's \d+ records \(bad-request\)/],
    [['hold', id.replace(/^0/, 'f')], /no record f.* here \(not-found\)/],
    [['hold', id, '--reason', 'Alice'], /--reason: expected legal or request/],
  ] as const) {
    const failed = await run(...args)
    assert.equal(failed.status, 2)
    assert.match(failed.words, words)
  }
})

test('in a stopped folder the index can be made again, and content erased', async () => {
  const rebuild = await answerable(['index', 'rebuild', '--data', data], { home })
  assert.equal(rebuild.status, 0, rebuild.err)
  assert.match(rebuild.out, /^1 record indexed again/)
  const erased = await answerable(['erase', id, '--data', data, '--config', config], { home })
  assert.equal(erased.status, 0, erased.err)
  const { status, out } = await answerable(['log', 'check', data, '--json'], { home })
  assert.equal(status, 0, out)
  const [log] = JSON.parse(out).logs
  assert.deepEqual([log.records.opened, log.records.erased], [0, 1])
  const young = await answerable(['erase', '--before', '2999-01-01', '--data', data], { home })
  assert.equal(young.status, 2)
  assert.match(young.words, /\(erasure-refused\)/)
})

test('an altered record in the folder is found', async () => {
  const segments = join(data, 'inference-1', 'segments')
  const [segment] = readdirSync(segments)
  const path = join(segments, segment!)
  const bytes = readFileSync(path)
  const at = bytes.indexOf('"event":"answer"')
  bytes[at + 10]! ^= 1
  writeFileSync(path, bytes)
  const { status, out } = await answerable(['log', 'check', data], { home })
  assert.equal(status, 1)
  assert.match(out, /\(bad-record\)/)
})

test('a witness by itself: cosigns under a name that it keeps', async () => {
  const folder = join(home, 'witness')
  const unnamed = await answerable(['witness', '--data', folder, '--port', '0'], { home })
  assert.equal(unnamed.status, 2)
  const named = ['witness', '--data', folder, '--port', '0', '--name', 'example.org/witness']
  const first = await startUntil(named, /logs/)
  checkOutput(first.text)
  const at = /witness at (\S+)/.exec(first.text)![1]!
  const vkey = await (await fetch(`${at}/vkey`)).text()
  assert.match(vkey, /^example\.org\/witness\+/)
  const refused = await fetch(`${at}/add-checkpoint`, { method: 'POST', body: 'old 0\n' })
  assert.equal(refused.status, 400)
  assert.equal((await fetch(`${at}/other`)).status, 404)
  assert.equal(await stop(first.child, 'SIGINT'), 0)
  const again = await startUntil(['witness', '--data', folder, '--port', '0'], /logs/)
  assert.ok(again.text.includes(vkey.trim()))
  await stop(again.child, 'SIGTERM')
  const renamed = await answerable([...named.slice(0, -1), 'example.org/other'], { home })
  assert.match(renamed.words, /is named example.org\/witness/)
})

test('a taken port is one clear line', async () => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const port = String((server.address() as AddressInfo).port)
  const args = ['witness', '--data', join(home, 'w2'), '--port', port, '--name', 'w']
  const { status, words } = await answerable(args, { home })
  server.close()
  assert.equal(status, 2)
  assert.match(words, /port-taken/)
})

test('a new key is shown once, with the lines that take it in', async () => {
  const { status, out } = await answerable(['keys', 'new', '--deployer', 'Example Bank', '--json'], { home })
  assert.equal(status, 0)
  const { key, config: entry } = JSON.parse(out)
  const { createHash } = await import('node:crypto')
  assert.equal(entry.sha256, createHash('sha256').update(key).digest('hex'))
  assert.equal(entry.deployer, 'Example Bank')
})
