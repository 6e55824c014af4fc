/** What one member that lies, or somebody who is none, must not bring about. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@answerable/core'
import { addSignature, registryPayload, signEnvelope, successors } from '@answerable/core/registry'
import { FAST_TERMS, TestMember, until } from '../../test/members.ts'
import { foundTogether } from '../drill/owner.ts'
import { RegistryClient } from '../registry/client.ts'
import type { Fetch } from '../witness/index.ts'

async function founded(t: import('node:test').TestContext, count: number, terms: object = {}) {
  const ids = ['ada', 'bo', 'cy', 'dee', 'eve'].slice(0, count)
  const members = ids.map(id => new TestMember(t, `${id}.example`))
  const network = await foundTogether(members, { ...FAST_TERMS, ...terms })
  await until(() => members.every(one => one.official > 0), 'the charter is official')
  return { members: members as [TestMember, TestMember, TestMember, ...TestMember[]], network }
}

/** Forwards to an honest member, and alters the entries that it gives. */
function altering(honest: TestMember, count = { tiles: 0 }): Fetch {
  return async request => {
    const { pathname } = new URL(request.url)
    const answer = await fetch(`${honest.url}${pathname}`)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    if (pathname.includes('/tile/entries/')) {
      count.tiles++
      bytes[bytes.length - 9]! ^= 1
    }
    return new Response(bytes, { status: answer.status })
  }
}

test('false entries for a true checkpoint make no liar of the host', { timeout: 60_000 }, async t => {
  const { members } = await founded(t, 3)
  const [ada, bo] = members
  bo.reach = () => undefined
  await bo.registry.validator.turn()
  const before = bo.book.size
  await until(() => ada.book.log.published.size > before + 2, 'the host goes on')
  const count = { tiles: 0 }
  const liar = new RegistryClient({ url: 'http://liar.invalid', fetch: altering(ada, count) })
  await assert.rejects(bo.registry.mirror.follow(liar), { code: 'bad-proof' })
  assert.ok(count.tiles > 0)
  assert.deepEqual(bo.registry.validator.status.forks, [])
  const honest = new RegistryClient({ url: ada.url })
  await bo.registry.mirror.follow(honest)
  assert.ok(bo.book.size > before)
})

test('one that answers a move with false or no signatures does not stop it', { timeout: 90_000 }, async t => {
  const { members } = await founded(t, 5)
  const [ada, , , dee] = members
  const bad = {
    keyid: toHex((await ada.keys()).signer('validator').key.publicKey),
    sign: () => new Uint8Array(64),
  }
  dee!.registry.moves.sign = entry => Promise.resolve({ entry: addSignature(entry, bad) })
  await ada.stop()
  const others = members.slice(1)
  await until(() => others.every(one => one.hostedBy !== 'ada.example'), 'the host is moved', 60_000)
})

test('nobody but the next in line makes a validator leave its host', { timeout: 60_000 }, async t => {
  const { members, network } = await founded(t, 3)
  const [ada, bo] = members
  bo.reach = () => undefined
  await until(() => bo.registry.validator.complaint() !== undefined, 'bo is cut off')
  const { state } = bo
  const [{ member, vkey }] = successors(state) as [ReturnType<typeof successors>[number]]
  const stranger = (await ada.keys()).statements('member')
  const body = {
    from: state.host!.origin,
    size: bo.book.size,
    root: toHex(bo.book.registry.root()),
    to: { vkey, member: member.id, url: member.url! },
    reason: 'because',
  }
  const payload = registryPayload({ kind: 'host-move', network, by: member.id, time: Date.now(), body })
  const entry = signEnvelope(payload, [stranger])
  const proposer = new RegistryClient({ url: 'http://nobody.invalid' })
  await assert.rejects(bo.registry.moves.sign(entry, proposer), { code: 'forbidden' })
  assert.equal(bo.registry.moves.hasLeft(state.host!.origin), false)
})

test('a flood of hand-ins gives nobody a ground against the host', { timeout: 60_000 }, async t => {
  const { members, network } = await founded(t, 3, {
    epochSeconds: 600,
    handInsPerEpoch: 8,
    handInSeconds: 2,
  })
  const [ada, bo, cy] = members
  const entries: Uint8Array[] = []
  for (let i = 0; i < 24; i++) {
    const entry = await cy.statement(network, 'model', {
      name: 'm',
      version: '1',
      manifest: `${i}`.padStart(64, '0'),
      licence: 'MIT',
      intendedUse: '',
      limits: '',
      format: 'onnx',
    })
    entries.push(entry)
  }
  // All are good as the next one, and one alone can be.
  const answers = await Promise.allSettled(entries.map(entry => bo.registry.validator.handIn(entry)))
  const stamped = answers.filter(({ status }) => status === 'fulfilled').length
  const end = Date.now() + 8000
  while (Date.now() < end) {
    for (const one of [bo, cy]) assert.equal(one.registry.validator.complaint(), undefined)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  assert.equal(bo.hostedBy, ada.id)
  // What is left of the share is for other owners.
  assert.equal(stamped, 2)
})
