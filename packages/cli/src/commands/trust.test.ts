import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { AnswerableError } from '@answerable/core'
import { vkeyFingerprint } from '@answerable/core/note'
import { formatReceipt } from '@answerable/core/receipt'
import { nodeSuite } from '@answerable/node/log'
import { EPOCH, World } from '../../../core/test/fixture.ts'
import { answerable, checkOutput, finished, serveWith, start, temporaryFolder } from '../cli.fixture.ts'
import { wrap } from '../output/text.ts'
import { run } from './trust-add.ts'

const world = new World()
const OFFER = { type: 'https://answerable.dev/trust/v1', name: 'world', policy: world.policy }

function offering(offer: unknown): Promise<string> {
  return serveWith((request, response) => {
    assert.equal(request.url, '/trust')
    response.end(typeof offer === 'string' ? offer : JSON.stringify(offer))
  })
}

test('without a terminal nobody can be asked, so nothing is added', async () => {
  const home = join(temporaryFolder(), 'home')
  const { status, out, words } = await answerable(['trust', 'add', await offering(OFFER)], { home })
  assert.equal(status, 2)
  assert.match(words, /run this again with --yes/)
  assert.match(out, /quorum {7}2 of 3 owners: alpha \(1 of 1 witness\), beta/)
  assert.ok(!existsSync(home))
})

test('added, listed, removed; the folder and its files are the owner’s alone', async () => {
  const home = join(temporaryFolder(), 'home')
  const url = await offering(OFFER)
  const added = await answerable(['trust', 'add', url, '--yes'], { home })
  assert.equal(added.status, 0, added.err)
  for (const { signer } of world.witnesses) {
    const fingerprint = vkeyFingerprint(signer.key, nodeSuite)
    assert.ok(added.out.replace(/\s+/g, ' ').includes(fingerprint), 'the whole fingerprint is shown')
  }
  for (const folder of [home, join(home, 'trust')]) assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(statSync(join(home, 'trust', 'world.json')).mode & 0o777, 0o600)
  const again = await answerable(['trust', 'add', url], { home })
  assert.equal(again.status, 0)
  assert.match(again.out, /trusted already/)
  const listed = await answerable(['trust', 'list'], { home })
  assert.match(listed.out, /^world\n {2}from {9}http/)
  const json = JSON.parse((await answerable(['trust', 'list', '--json'], { home })).out)
  assert.equal(json.networks[0].policy, world.policy)
  assert.equal((await answerable(['trust', 'remove', 'world'], { home })).status, 0)
  assert.deepEqual(readdirSync(join(home, 'trust')), [])
  const gone = await answerable(['trust', 'remove', 'world'], { home })
  assert.equal(gone.status, 2)
  assert.match(gone.words, /not-found/)
})

test('changed keys are shown, and --yes does not cover them', async () => {
  const home = temporaryFolder()
  await answerable(['trust', 'add', await offering(OFFER), '--yes'], { home })
  const before = readFileSync(join(home, 'trust', 'world.json'), 'utf8')
  const other = new World({ seed: 'other', threshold: 1 })
  const url = await offering({ ...OFFER, policy: other.policy })
  const { status, out, words } = await answerable(['trust', 'add', url, '--yes'], { home })
  assert.equal(status, 2)
  assert.match(out, /You trust world already, and this is not the same/)
  assert.match(out, /^ {2}- log example.com\/log$/m)
  assert.match(out, /^ {2}\+ log example.com\/log$/m)
  assert.match(out, /- quorum: 2 of 3/)
  assert.match(words, /trust remove world/)
  assert.equal(readFileSync(join(home, 'trust', 'world.json'), 'utf8'), before)
  const named = await answerable(['trust', 'add', url, '--yes', '--name', 'second'], { home })
  assert.equal(named.status, 0)
})

test('a revoked key: written, listed, given as the reason, and kept when the network’s terms change', async () => {
  const home = temporaryFolder()
  await answerable(['trust', 'add', await offering(OFFER), '--yes'], { home })
  const { receipt } = world.answer({ cosigners: { 'alpha-0': EPOCH + 20, 'beta-0': EPOCH + 30 } })
  const input = formatReceipt(receipt)
  const reason = async () => {
    const { status, out } = await answerable(['verify', '-', '--json'], { home, input })
    return [status, JSON.parse(out).claims.recorded.reason]
  }
  assert.deepEqual(await reason(), [0, 'witnessed'])
  const revoke = (...args: string[]) => answerable(['trust', 'revoke', 'world', ...args], { home })
  const fingerprint = vkeyFingerprint(world.witnesses[0]!.signer.key, nodeSuite)
  const witness = await revoke(fingerprint, '--since', '2026-01-01T00:00:25Z')
  assert.match(witness.out, /^Revoked in world, since 2026-01-01 00:00:25 UTC: the witness alpha-0/)
  assert.deepEqual(await reason(), [1, 'key-revoked'])
  assert.equal((await revoke('alpha-0', '--since', '2026-01-02')).status, 0)
  assert.deepEqual(await reason(), [0, 'witnessed'], 'the whole quorum is from before')
  const log = await revoke(world.log.origin, '--since', '2026-01-01', '--json')
  assert.equal(JSON.parse(log.out).role, 'log')
  assert.deepEqual(await reason(), [1, 'key-revoked'])
  const listed = await answerable(['trust', 'list'], { home })
  assert.equal(listed.out.match(/^ +revoked since 2026-01-0\d 00:00:00 UTC$/gm)?.length, 2)
  const json = JSON.parse((await answerable(['trust', 'list', '--json'], { home })).out)
  assert.equal(json.networks[0].revoked.length, 2)
  if (process.platform === 'linux' && existsSync('/usr/bin/script')) {
    const changed = await offering({ ...OFFER, policy: world.policy.replace('members 2', 'members 1') })
    assert.match(await onTerminal(['trust', 'add', changed], home, 'y'), /Trusted as/)
    assert.deepEqual(await reason(), [1, 'key-revoked'])
  }
  const lost = await revoke('delta')
  assert.equal(lost.status, 2)
  assert.match(lost.words, /world has no key delta; it has example.com\/log, .* \(not-found\)/)
  const nowhere = await answerable(['trust', 'revoke', 'none', 'alpha-0'], { home })
  assert.match(nowhere.words, /no network none is trusted; there is world \(not-found\)/)
})

test('a log key that another trusted network has already is pointed out', async () => {
  const home = temporaryFolder()
  const first = await answerable(['trust', 'add', await offering(OFFER), '--yes'], { home })
  assert.doesNotMatch(first.out, /trust already/)
  const policy = world.policy.replace('members 2', 'members 1')
  const second = await answerable(
    ['trust', 'add', await offering({ ...OFFER, policy, name: 'second' }), '--yes'],
    { home },
  )
  assert.equal(second.status, 0)
  const words = second.out.replace(/\s+/g, ' ')
  assert.match(
    words,
    /You trust these keys already, in world: example.com\/log, example.com\/registry\. Receipts/,
  )
})

test('on a terminal it asks, and takes only yes', async t => {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/script')) return t.skip('needs script(1)')
  const home = temporaryFolder()
  const url = await offering(OFFER)
  assert.match(await onTerminal(['trust', 'add', url], home, 'n'), /Nothing was changed/)
  assert.ok(!existsSync(join(home, 'trust')))
  assert.match(await onTerminal(['trust', 'add', url], home, 'y'), /Trusted as/)
  const changed = await offering({ ...OFFER, policy: new World({ seed: 'other' }).policy })
  assert.match(
    await onTerminal(['trust', 'add', changed], home, ''),
    /Trust it with these changes\?.*Nothing was changed/s,
  )
  assert.match(await onTerminal(['trust', 'add', changed, '--yes'], home, 'yes'), /Trusted as/)
})

async function onTerminal(args: string[], home: string, answer: string): Promise<string> {
  const { spawn } = await import('node:child_process')
  const main = new URL('../main.ts', import.meta.url).pathname
  const command = [process.execPath, main, ...args].map(item => `'${item}'`).join(' ')
  const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, ANSWERABLE_HOME: home, NO_COLOR: '1' },
  })
  const done = finished(child)
  child.stdout.on('data', chunk => {
    if (String(chunk).includes('[y/N]')) child.stdin.write(`${answer}\n`)
  })
  return (await done).out
}

/** What a server may do, and what is said of it. */
const LIARS: [string, (request: IncomingMessage, response: ServerResponse) => void, RegExp][] = [
  ['is slow', () => undefined, /no answer within 0.4 s \(unavailable\)/],
  ['stops half way', (_, response) => response.write('{"type":'), /no answer within 0.4 s/],
  ['sends too much', (_, response) => response.end(Buffer.alloc(2 << 20, ' ')), /too-large/],
  [
    'redirects elsewhere',
    (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/trust' }).end(),
    /another origin.*\(forbidden\)/,
  ],
  [
    'redirects for ever',
    (_, response) => response.writeHead(302, { location: '/trust' }).end(),
    /redirects on and on/,
  ],
  [
    'has no such path',
    (_, response) => response.writeHead(404).end('{"error":{"message":"none \\u001b[2J here"}}'),
    /none \[2J here.*not-found/,
  ],
  ['breaks', (_, response) => response.writeHead(500).end('oh'), /status 500/],
  ['sends a page', (_, response) => response.end('<html>'), /bad-json/],
  ['sends null', (_, response) => response.end('null'), /bad-shape/],
  ['sends bytes', (_, response) => response.end(Buffer.from([0xff, 0xfe])), /not-utf8/],
  ['nests', (_, response) => response.end('['.repeat(100_000)), /too-deep/],
  [
    'offers another kind',
    (_, response) => response.end(JSON.stringify({ ...OFFER, type: 'x' })),
    /bad-shape/,
  ],
  [
    'offers a policy that is none',
    (_, response) => response.end(JSON.stringify({ ...OFFER, policy: 'quorum x\n' })),
    /bad-policy/,
  ],
  [
    'is named like a path',
    (_, response) => response.end(JSON.stringify({ ...OFFER, name: '../../x' })),
    /give one with --name/,
  ],
]

for (const [name, handle, pattern] of LIARS) {
  test(`a server that ${name} adds nothing`, async () => {
    const home = join(temporaryFolder(), 'home')
    process.env.ANSWERABLE_HOME = home
    const timeout = pattern.source.includes('0.4') ? '0.4' : '10'
    const failure = await run([await serveWith(handle), '--yes', '--timeout', timeout]).catch(error => error)
    assert.ok(failure instanceof AnswerableError)
    assert.match(`${failure.message} (${failure.code})`, pattern)
    checkOutput(wrap(failure.message).join('\n'))
    assert.ok(!existsSync(home))
  })
}

test('a URL that is none, or nobody at it', async () => {
  const home = temporaryFolder()
  process.env.ANSWERABLE_HOME = home
  for (const url of ['127.0.0.1:7070', 'file:///etc/passwd', 'http://a:b@127.0.0.1/', 'http://127.0.0.1:9'])
    await assert.rejects(run([url, '--yes']), AnswerableError)
  const { status } = await answerable(['trust', 'add', 'http://127.0.0.1:9', '--yes'], { home })
  assert.equal(status, 2)
})

test('a trust file that others can write to, or that is damaged, is refused by name', async () => {
  const { chmodSync, writeFileSync } = await import('node:fs')
  const home = temporaryFolder()
  await answerable(['trust', 'add', await offering(OFFER), '--yes'], { home })
  const path = join(home, 'trust', 'world.json')
  chmodSync(path, 0o666)
  const open = await answerable(['trust', 'list'], { home })
  assert.equal(open.status, 2)
  assert.match(open.words, /others can write to it; run: chmod go-w/)
  chmodSync(path, 0o600)
  writeFileSync(path, '{}')
  const damaged = await answerable(['verify', '-'], { home, input: '{}' })
  assert.equal(damaged.status, 2)
  const child = start(['trust', 'list'], { home })
  assert.match((await finished(child)).words, /world.json: not a file of this trust/)
})
