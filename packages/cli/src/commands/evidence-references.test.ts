/** Images that a member approves and revokes, by the program alone. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerable, start, temporaryFolder } from '../cli.fixture.ts'

const home = temporaryFolder()
const data = join(home, 'ada')
const DIGEST = 'ab'.repeat(32)
const run = (...args: string[]) => answerable([...args, '--data', data], { home })

async function ok(...args: string[]): Promise<string> {
  const ran = await run(...args)
  assert.equal(ran.status, 0, `${args.join(' ')}\n${ran.out}\n${ran.err}`)
  return ran.out
}

async function comes<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (const until = Date.now() + 15_000; Date.now() < until; await sleep(200)) {
    const found = await look()
    if (found !== undefined) return found
  }
  throw new Error('it did not come in 15 s')
}

let network: ChildProcess
before(async () => {
  await ok('network', 'create', '--name', 'Net', '--member', 'ada.example', '--waiting', '0s', '--tick', '1s')
  network = start(['start', '--port', '0', '--data', data], { home })
  await new Promise<void>((resolve, reject) => {
    network.stdout!.on('data', chunk => /What was recorded stays/.test(String(chunk)) && resolve())
    network.once('close', () => reject(new Error('ended early')))
  })
})
after(() => network.kill('SIGKILL'))

const IMAGE = [
  '--format',
  'tdx',
  '--measurement',
  'mrtd=aa',
  '--measurement',
  'rtmr1=bb',
  '--image',
  'gateway 1.2',
]

test('an image is approved by its measurements, listed, and revoked by its author', async () => {
  const bundle = join(home, 'bundle.json')
  const provenance = ['--source', 'https://ada.example/src', '--reproducible', '--bundle', bundle]
  writeFileSync(bundle, '{}')
  const refused = await run('evidence', 'approve', ...IMAGE, '--role', 'gateway', ...provenance)
  assert.deepEqual([refused.status, refused.err.includes('neither')], [2, true], refused.err)
  writeFileSync(bundle, '{"mediaType":"a","verificationMaterial":{}}')
  const said = JSON.parse(
    await ok('evidence', 'approve', ...IMAGE, '--role', 'gateway', ...provenance, '--json'),
  )
  assert.match(said.reference.provenance.bundle, /^[0-9a-f]{64}$/)
  const list = await ok('evidence', 'list')
  assert.match(
    list,
    new RegExp(`${said.id}[\\s\\S]*gateway 1\\.2, a gateway on tdx, by ada\\.example since 20`),
  )
  assert.match(list, /approved.*mrtd aa.*ada\.example\/src; anyone can build the same/s)
  const again = await run('evidence', 'approve', ...IMAGE, '--role', 'gateway')
  assert.equal(again.status, 2)
  assert.match(again.words, /\(rule-forbids\)/)

  const revoked = await ok(
    'evidence',
    'revoke',
    said.id.slice(0, 8),
    '--since',
    '2026-01-02',
    '--reason',
    'a hole',
  )
  assert.match(revoked, /Revoked/)
  assert.match(
    (await ok('evidence', 'list')).replace(/\s+/g, ' '),
    /revoked as of 2026-01-02 00:00:00 UTC by ada\.example: a hole/,
  )
  const shown = await ok('registry', 'show', 'references')
  assert.match(
    shown,
    new RegExp(`${said.id.slice(0, 16)} ada\\.example +gateway 1\\.2 +entry \\d+ +entry \\d+`),
  )
  assert.match(await ok('registry', 'show', 'evidence'), /0 evidence/)
})

test('a file says the same; validators revoke an image for everybody, in a file that goes round', async () => {
  const file = join(home, 'image.json')
  const weights = { manifest: DIGEST, by: 'dm-verity' }
  const reference = {
    format: 'nitro',
    measurements: { pcr0: 'cc' },
    image: 'model 3',
    role: 'model',
    weights,
  }
  writeFileSync(file, JSON.stringify(reference))
  const { id } = JSON.parse(await ok('evidence', 'approve', file, '--json'))
  const envelope = join(home, 'revocation.json')
  const why = ['--since', '2026-02-03T04:05:06Z', '--reason', 'weights leaked']
  const out = await ok('evidence', 'revoke', id, ...why, '--together', envelope)
  assert.match(out, /for everybody.*weights leaked.*signed by +ada\.example/s)
  assert.match(readFileSync(envelope, 'utf8'), /"signatures"/)
  // The list is of what a quorum has seen, which comes a little later.
  const record = await comes(async () => {
    const { references } = JSON.parse(await ok('evidence', 'list', '--json'))
    const found = references.find((one: { id: string }) => one.id === id)
    return found?.revoked ? found : undefined
  })
  assert.deepEqual(record.reference, reference)
  assert.deepEqual(record.revoked.groups, ['ada.example'])
})

test('what is wrong is said, with its place', async () => {
  const cases: [string[], RegExp][] = [
    [['approve', ...IMAGE], /--role is missing/],
    [['approve', ...IMAGE, '--role', 'gate'], /role: expected "gateway" or "model"/],
    [['approve', ...IMAGE, '--role', 'model', '--weights', DIGEST], /--weights-by go together/],
    [['approve', ...IMAGE, '--role', 'gateway', '--measurement', 'x'], /expected NAME=VALUE/],
    [['approve', join(home, 'none.json')], /no such file/],
    [['approve', join(home, 'image.json'), '--image', 'x'], /a file says all of it/],
    [['revoke', 'ab'.repeat(32), '--since', '2026-01-01', '--reason', 'x'], /no approved image/],
    [['list', 'x'], /one argument too many/],
  ]
  for (const [args, words] of cases) {
    const ran = await run('evidence', ...args)
    assert.equal(ran.status, 2, args.join(' '))
    assert.match(ran.words, words)
  }
})
