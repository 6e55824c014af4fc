/** Two organisations on two data folders, by the commands of README alone. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { answerable, checkOutput, type Ran, start, temporaryFolder } from '../cli.fixture.ts'

const root = temporaryFolder()
/** One folder for what a person trusts, another for what their organisation runs. */
const ada = { home: join(root, 'ada-home'), data: join(root, 'ada') }
const bo = { home: join(root, 'bo-home'), data: join(root, 'bo') }
type Organisation = typeof ada

async function run({ home }: Organisation, ...args: string[]): Promise<Ran> {
  return answerable(args, { home })
}

async function ok(who: Organisation, ...args: string[]): Promise<string> {
  const ran = await run(who, ...args)
  assert.equal(ran.status, 0, `${args.join(' ')}\n${ran.out}\n${ran.err}`)
  return ran.out
}

/** What a command says to programs: of any form. */
// biome-ignore lint/suspicious/noExplicitAny: each test looks at what it expects
async function json(who: Organisation, ...args: string[]): Promise<Record<string, any>> {
  return JSON.parse(await ok(who, ...args, '--json'))
}

const running: ChildProcess[] = []
after(() => {
  for (const child of running) child.kill('SIGKILL')
})

async function startMember({ home, data }: Organisation): Promise<string> {
  const child = start(['start', '--data', data], { home })
  running.push(child)
  let text = ''
  child.stderr!.on('data', chunk => {
    text += chunk
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', chunk => {
      text += chunk
      if (/What was recorded stays/.test(text)) resolve()
    })
    child.once('close', () => reject(new Error(`ended early: ${text}`)))
  })
  checkOutput(text)
  return text
}

async function until(what: string, holds: () => Promise<boolean>, ms = 30_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never came: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 300))
  }
}

function addressOf({ data }: Organisation): { url: string; publicUrl: string } {
  return JSON.parse(readFileSync(join(data, 'address.json'), 'utf8'))
}

const FAST = ['--waiting', '0s', '--tick', '1s', '--epoch', '3s']
const ANY = ['--listen', '127.0.0.1:0', '--port', '0']
let invitation = ''

test('one founds a network, and says what it exposes', async () => {
  const words = ['--member', 'ada.example', '--organisation', 'Ada Ltd', '--jurisdiction', 'DE']
  const out = await ok(
    ada,
    'network',
    'create',
    '--name',
    'test-net',
    ...words,
    ...FAST,
    ...ANY,
    '--data',
    ada.data,
  )
  assert.match(out, /ada\.example will found and host test-net/)
  const again = await run(ada, 'network', 'create', '--name', 'x', '--member', 'x', '--data', ada.data)
  assert.equal(again.status, 2)
  assert.match(again.words, /is ada\.example of test-net already/)
  const text = await startMember(ada)
  assert.match(text, /exposed +http:\/\/127\.0\.0\.1:\d+: registry, witnesses/)
  assert.match(text, /no calls, no page/)
})

test('what is exposed takes no calls, and shows nothing of this process', async () => {
  const { url, publicUrl } = addressOf(ada)
  for (const path of [
    'v1/chat/completions',
    'v2/models/credit-int8/infer',
    'v1/models',
    'v2',
    'status',
    'metrics',
    'demo/credit-schema',
    'node',
    'node/register',
    '',
    'registry/../status',
    'registry/%2e%2e/status',
  ]) {
    for (const method of ['GET', 'POST']) {
      const answer = await fetch(`${publicUrl}/${path}`, { method, ...(method === 'POST' && { body: '{}' }) })
      assert.equal(answer.status, 404, `${method} ${path}`)
    }
  }
  for (const path of [
    'registry/checkpoint',
    'network',
    'trust',
    'healthz',
    'witness/1/vkey',
    'log/checkpoint',
  ])
    assert.equal((await fetch(`${publicUrl}/${path}`)).status, 200, path)
  assert.equal((await fetch(`${url}/status`)).status, 200)
})

test('an invitation, which serves one applicant, once', async () => {
  const made = await run(ada, 'network', 'invite', '--data', ada.data)
  assert.equal(made.status, 0, made.err)
  invitation = made.out.trim()
  assert.match(made.words, /Good for one application to ada\.example/)
  assert.doesNotMatch(readFileSync(join(ada.data, 'membership.json'), 'utf8'), /code/)
  for (const bad of ['nonsense', invitation.slice(0, -8), Buffer.from('{"url":1}').toString('base64url')]) {
    const { status, words } = await run(
      bo,
      'network',
      'join',
      bad,
      '--member',
      'bo.example',
      '--data',
      bo.data,
    )
    assert.equal(status, 2)
    assert.match(words, /not an invitation/)
  }
  const unasked = await run(bo, 'network', 'join', invitation, '--member', 'bo.example', '--data', bo.data)
  assert.equal(unasked.status, 2)
  assert.match(unasked.words, /nobody can be asked here/)
  assert.ok(!existsSync(bo.data), 'nothing was made')
})

test('the other replays the network, applies, and is answered the same when it asks again', async () => {
  const words = ['--member', 'bo.example', '--organisation', 'Bo GmbH', '--jurisdiction', 'FR']
  const join_ = ['network', 'join', invitation, ...words, ...ANY, '--data', bo.data, '--yes']
  const out = await ok(bo, ...join_)
  assert.match(out, /Applied to test-net as bo\.example/)
  assert.match(out, /ada\.example, who run: .*member approve bo\.example/)
  const first = await json(bo, ...join_)
  const second = await json(bo, ...join_)
  assert.equal(first.digest, second.digest)
  const cy = { home: bo.home, data: join(root, 'cy') }
  const used = await run(cy, 'network', 'join', invitation, '--member', 'cy', '--data', cy.data, '--yes')
  assert.equal(used.status, 2)
  assert.match(used.words, /was used \(forbidden\)/)
  const status = await ok(ada, 'network', 'status', '--data', ada.data)
  assert.match(status, /bo\.example applies/)
})

test('approved before it runs, and in once it does: a quorum is both', async () => {
  const refused = await run(bo, 'member', 'approve', 'bo.example', '--data', bo.data)
  assert.equal(refused.status, 2)
  assert.match(refused.words, /rule-forbids/)
  assert.match(await ok(ada, 'member', 'approve', 'bo.example', '--data', ada.data), /admitted/)
  const twice = await run(ada, 'member', 'approve', 'bo.example', '--data', ada.data)
  assert.match(twice.words, /nothing of bo\.example waits/)
  const text = await startMember(bo)
  assert.match(text, /runs bo\.example in the network test-net/)
  await until('a quorum of both', async () => {
    const { owners, witnessed } = await json(bo, 'network', 'status', '--data', bo.data)
    return witnessed && owners.length === 2
  })
  const members = await json(bo, 'member', 'list', '--data', bo.data)
  assert.deepEqual(
    members.members.map(({ id, status }: Record<string, string>) => [id, status]),
    [
      ['ada.example', 'active'],
      ['bo.example', 'active'],
    ],
  )
})

test('the receipt of one is checked by the other, by its own trust store, with names from the registry', async () => {
  assert.match(await ok(ada, 'trust', 'add', addressOf(ada).publicUrl, '--yes', '--name', 'net'), /Trusted/)
  const headers = { 'content-type': 'application/json' }
  const body = readFileSync(join(bo.data, 'demo-request.json'))
  const asked = await fetch(`${addressOf(bo).url}/v2/models/credit-int8/infer`, {
    method: 'POST',
    headers,
    body,
  })
  assert.equal(asked.status, 200)
  const at = new URL(asked.headers.get('answerable-receipt-url')!)
  // From the address that others reach.
  const receiptUrl = `${addressOf(bo).publicUrl}${at.pathname}${at.hash}`
  const file = join(root, 'receipt.json')
  await until('the record is witnessed', async () => {
    await ok(ada, 'receipt', 'get', receiptUrl, '-o', file)
    await run(ada, 'trust', 'update', 'net')
    return (await run(ada, 'verify', file)).status === 0
  })
  const { claims } = await json(ada, 'verify', file)
  assert.equal(claims.recorded.reason, 'witnessed')
  assert.deepEqual([claims.accountability.result, claims.accountability.basis], ['pass', 'signature'])
  assert.match(claims.accountability.sentence, /Bo GmbH/)
})

test('the registry is whole from either mirror, and an altered copy of what was kept is noticed', async () => {
  for (const who of [ada, bo]) {
    const checked = await json(ada, 'registry', 'check', addressOf(who).publicUrl)
    assert.equal(checked.whole, true)
    assert.deepEqual(checked.void, {})
  }
  await ok(bo, 'registry', 'check', '--data', bo.data)
  // A registered gateway is called where the registry has it; there, this one takes no calls.
  const called = await run(ada, 'compare', 'bo.example/gateway#m', 'bo.example/gateway#m', '--samples', '1')
  assert.equal(called.status, 2)
  assert.match(called.words, /status 404/)
  const unknown = await run(ada, 'compare', 'cy.example/gateway#m', 'bo.example/gateway#m')
  assert.match(unknown.words, /cy\.example\/gateway: not in the registry of net;/)
  const kept = join(ada.home, 'trust', 'net.entries')
  const bytes = readFileSync(kept)
  const altered = Buffer.from(bytes)
  altered[300]! ^= 1
  writeFileSync(kept, altered, { mode: 0o600 })
  const noticed = await run(ada, 'verify', join(root, 'receipt.json'))
  assert.equal(noticed.status, 2)
  assert.match(noticed.words, /not the entries of its checkpoint/)
  writeFileSync(kept, bytes, { mode: 0o600 })
})

test('shown, said anew, handed in; a key is rotated', async () => {
  for (const what of [[], ['members'], ['epochs'], ['0']])
    assert.ok((await ok(bo, 'registry', 'show', ...what, '--data', bo.data)).length > 20, String(what))
  assert.equal((await run(bo, 'registry', 'show', 'nothing', '--data', bo.data)).status, 2)
  assert.match(await ok(bo, 'member', 'show', 'ada.example', '--url', addressOf(ada).publicUrl), /Ada Ltd/)
  assert.match(await ok(bo, 'node', 'show', '--data', bo.data), /bo\.example\/gateway/)
  assert.match(await ok(bo, 'node', 'register', '--data', bo.data), /bo\.example\/inference/)
  assert.match(await ok(bo, 'member', 'update', '--organisation', 'Bo AG', '--data', bo.data), /Bo AG/)
  const entry = await json(bo, 'registry', 'show', '1', '--data', bo.data)
  const file = join(root, 'entry.json')
  writeFileSync(file, entry.envelope)
  const again = await json(bo, 'registry', 'submit', file, '--data', bo.data)
  assert.equal(again.index, 1, 'what is there already is answered with its entry')
  const added = await json(bo, 'member', 'key', 'add', '--purpose', 'member', '--data', bo.data)
  const revoked = await json(bo, 'member', 'key', 'revoke', added.old.id, '--data', bo.data)
  assert.equal(revoked.key, added.old.id)
  const { keys } = await json(bo, 'member', 'show', 'bo.example', '--url', addressOf(ada).url)
  assert.equal(keys[added.old.id].revoked.reason, 'rotated')
  assert.equal(keys[added.id].revoked, null)
})

test('one leaves, and whoever is left is a quorum again', async () => {
  const last = await run(ada, 'network', 'leave', '--yes', '--data', ada.data)
  assert.match(last.words, /rule wrong-host/)
  assert.match(await ok(bo, 'network', 'leave', '--yes', '--data', bo.data), /Left test-net/)
  await until('ada alone is a quorum', async () => {
    const { owners, witnessed } = await json(ada, 'network', 'status', '--data', ada.data)
    return witnessed && owners.length === 1
  })
  const { members } = await json(ada, 'member', 'list', '--data', ada.data)
  assert.equal(members[1].status, 'left')
})
