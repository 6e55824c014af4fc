import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerableError, fromHex, utf8 } from '@answerable/core'
import { parseInference } from '@answerable/core/statement'
import { admitted, type TestMember, until } from '../../test/members.ts'
import { nodeSuite } from '../log/suite.ts'
import { openKeyring } from '../registry/keyring.ts'
import { realDisk } from '../storage/disk.ts'

/** A record of this member's gateway: what a caller would have in hand. */
async function recordOf(member: TestMember): Promise<{ id: string; entry: string; proof: string }> {
  const { gateway } = member.network!
  const asked = {
    request: utf8('{}'),
    method: 'POST',
    path: '/v1/chat/completions',
    mediaType: 'application/json',
    model: '{"name":"m"}',
    sampling: '{}',
    parties: '{"operator":"o"}',
  }
  const answered = {
    response: utf8('{}'),
    status: 200,
    mediaType: 'application/json',
    outcome: 'ok' as const,
  }
  const { id } = await gateway.recorder.answer(asked, answered)
  const { statement, proof } = await gateway.receipts.get(id)
  assert.equal(parseInference(statement).id, id)
  return { id, entry: nodeSuite.sha256Hex(statement), proof }
}

async function challenge(
  by: TestMember,
  of: TestMember,
  type: 'consistency' | 'availability',
  known?: Awaited<ReturnType<typeof recordOf>>,
): Promise<string> {
  const record = known ?? (await recordOf(of))
  assert.equal(fromHex(record.entry).length, 32)
  const keyring = await openKeyring(realDisk, by.folder, by.id, [], false)
  const log = of.network!.gateway.store.log.origin
  const { digest } = await by.network!.registry.submitter.state('challenge', { type, log, ...record }, [
    keyring.statements('member'),
  ])
  return digest
}

test('challenges are answered by those who are asked, and silence loses', { timeout: 120_000 }, async t => {
  const terms = { challengeSeconds: 6 }
  const [ada, bo, cy] = (await admitted(t, ['ada.example', 'bo.example', 'cy.example'], terms)) as [
    TestMember,
    TestMember,
    TestMember,
  ]
  const status = (digest: string) => ada.state.challenges.get(digest)?.status
  const consistency = await challenge(cy, bo, 'consistency')
  const availability = await challenge(cy, bo, 'availability')
  await until(() => status(consistency) === 'answered', 'the consistency challenge is answered')
  await until(() => status(availability) === 'answered', 'the availability challenge is answered')
  assert.ok(!ada.state.challenges.get(availability)!.panel.includes('bo.example'))

  // A record that was committed, and that its operator then gives out to nobody: registry and witness go on.
  const record = await recordOf(bo)
  const { storage } = bo.network!.gateway.store
  storage.at = () => Promise.reject(new AnswerableError('not-found', 'gone'))
  const withheld = await challenge(cy, bo, 'availability', record)
  await until(() => status(withheld) === 'lost', 'silence loses', 30_000)
  // Validators could gang up on one of theirs by saying nothing, so a seat is not lost by it: the mark stays.
  assert.equal(ada.state.members.get('bo.example')!.status, 'active')
  assert.ok(ada.state.logs.get(bo.network!.gateway.store.log.origin)!.silent)
})
