import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { registryPayload, signEnvelope } from '@answerable/core/registry'
import { TestMember } from '../../test/members.ts'
import { temporaryFolder } from '../../test/network.ts'
import { openKeyring } from '../registry/keyring.ts'
import { realDisk } from '../storage/disk.ts'
import { applicationEntry } from './founding.ts'
import { formatInvitation, Invitations, parseInvitation } from './invitations.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')
const HOUR = 3_600_000
const A = { digest: 'a'.repeat(64), member: 'a' }
const B = { digest: 'b'.repeat(64), member: 'b' }

test('a code serves one application, again and again, until it expires; what is kept does not hold it', async t => {
  const folder = temporaryFolder(t)
  const invitations = new Invitations(realDisk, folder)
  const code = await invitations.make(NOW + HOUR, NOW)
  const [file] = readdirSync(join(folder, 'invitations'))
  assert.doesNotMatch(readFileSync(join(folder, 'invitations', file!), 'utf8') + file, new RegExp(code))
  await invitations.use(code, A, NOW)
  await invitations.use(code, A, NOW + 1)
  await assert.rejects(invitations.use(code, B, NOW), { code: 'forbidden' })
  await assert.rejects(invitations.use(code, A, NOW + HOUR), { code: 'forbidden' })
  // One that the rules forbade did not use it up.
  await invitations.release(code, B.digest)
  await assert.rejects(invitations.use(code, B, NOW), { code: 'forbidden' })
  await invitations.release(code, A.digest)
  await invitations.use(code, B, NOW)
})

test('other codes, damaged files, and more than may be open', async t => {
  const folder = temporaryFolder(t)
  const invitations = new Invitations(realDisk, folder)
  const code = await invitations.make(NOW + HOUR, NOW)
  const other = `${code.slice(0, -1)}${code.endsWith('A') ? 'E' : 'A'}`
  for (const wrong of [other, '', code.slice(1), `${code}=`, '../../charter', 'a'.repeat(64)])
    await assert.rejects(invitations.expect(wrong, NOW), { code: 'forbidden' })
  for (let i = 1; i < 64; i++) await invitations.make(NOW + HOUR, NOW)
  await assert.rejects(invitations.make(NOW + HOUR, NOW), { code: 'too-many-requests' })
  await invitations.use(code, A, NOW)
  await invitations.make(NOW + HOUR, NOW)
  const last = await invitations.make(NOW + 3 * HOUR, NOW + HOUR)
  assert.equal(readdirSync(join(folder, 'invitations')).length, 1, 'expired ones are cleared away')
  const [file] = readdirSync(join(folder, 'invitations'))
  writeFileSync(join(folder, 'invitations', file!), '{')
  await assert.rejects(invitations.expect(last, NOW), { code: 'forbidden' })
})

test('an invitation is one line, read strictly', () => {
  const invitation = {
    url: 'https://a.example',
    network: 'c'.repeat(64),
    code: 'd'.repeat(43),
    sponsor: 'a.example',
  }
  assert.deepEqual(parseInvitation(` ${formatInvitation(invitation)}\n`), invitation)
  const bad = [
    '',
    'x',
    'é',
    formatInvitation(invitation).slice(4),
    'A'.repeat(4000),
    ...[{ url: 'file:///etc' }, { code: 'short' }, { network: 'C'.repeat(64) }, { sponsor: '' }].map(change =>
      formatInvitation({ ...invitation, ...change }),
    ),
  ]
  for (const text of bad) assert.throws(() => parseInvitation(text), { code: 'bad-format' }, text)
})

test('an application over HTTP: who may, what may, and the same answer when it comes again', async t => {
  const ada = new TestMember(t, 'ada.example')
  await ada.found()
  const { network } = ada.network!.registry
  const bo = new TestMember(t, 'bo.example')
  const invitations = new Invitations(realDisk, ada.folder)
  const code = await invitations.make(Date.now() + HOUR, Date.now())
  const folder = temporaryFolder(t)
  const keyring = await openKeyring(realDisk, folder, 'bo.example', [], true)
  const options = { sponsor: 'ada.example', network, url: 'https://bo.example', time: Date.now() }
  const entryWith = (change: object = {}) =>
    applicationEntry(bo.membership, keyring, { ...options, ...change })
  const post = async (body: unknown) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const answer = await fetch(`${ada.url}/network/applications`, { method: 'POST', body: text })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const apply = (entry: Uint8Array, by = code) => post({ code: by, entry: Buffer.from(entry).toString() })
  const leave = signEnvelope(
    registryPayload({ kind: 'leave', network, by: 'ada.example', time: Date.now(), body: {} }),
    [keyring.statements('member')],
  )
  const unsigned = applicationEntry(
    bo.membership,
    { ...keyring, all: keyring.all.map(one => ({ ...one, signer: keyring.statements('member') })) },
    options,
  )
  const forged = Buffer.from(
    Buffer.from(entryWith())
      .toString()
      .replace(/"sig":"./, '"sig":"/'),
  )
  const table: [string, Promise<{ status: number; body: Record<string, unknown> }>, RegExp][] = [
    ['no JSON', post('x'), /expected code and entry/],
    ['no entry', post({ code }), /expected code and entry/],
    ['too much', post({ code, entry: 'x'.repeat(200_000) }), /too-large/],
    ['an unknown code', apply(entryWith(), 'e'.repeat(43)), /forbidden/],
    ['no envelope', apply(Buffer.from('{}')), /bad-envelope|expected/],
    ['no application', apply(leave), /expected an application/],
    ['another network', apply(entryWith({ network: 'f'.repeat(64) })), /another network/],
    ['another sponsor', apply(entryWith({ sponsor: 'cy.example' })), /ada\.example as its sponsor/],
    ['an altered signature', apply(forged), /rule-forbids|bad-e/],
    ['a key that did not sign', apply(unsigned), /unproven-key/],
  ]
  for (const [name, answer, pattern] of table) {
    const { status, body } = await answer
    assert.ok(status >= 400, `${name}: ${JSON.stringify(body)}`)
    assert.match(JSON.stringify(body), pattern, name)
  }
  const first = await apply(entryWith())
  assert.equal(first.status, 200, JSON.stringify(first.body))
  assert.equal(ada.state.applications.get(String(first.body.digest))!.sponsor, 'ada.example')
  const again = await apply(entryWith())
  assert.deepEqual(again.body.digest, first.body.digest)
  const other = await apply(entryWith({ url: 'https://other.example' }))
  assert.equal(other.status, 403)
  const shown = (await (await fetch(`${ada.url}/network`)).json()) as Record<string, unknown>
  assert.deepEqual([shown.network, shown.member, shown.members], [network, 'ada.example', 1])
})
