/** A record that is due is opened for an auditor of another organisation, and its holder is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBase64 } from '@answerable/core'
import { parseAccess } from '@answerable/core/statement'
import { FAST_TERMS, TestMember, until } from '../../test/members.ts'
import { DisclosureClient, provenIn } from '../auditor/index.ts'

test('across two organisations, from the beacon’s draw to the holder', { timeout: 120_000 }, async t => {
  const ada = new TestMember(t, 'ada.example')
  const bo = new TestMember(t, 'bo.example', { roles: ['validator', 'auditor'] })
  await ada.found({ ...FAST_TERMS, audit: { samples: { default: 1, uses: {} }, moveSeconds: 60 } })
  await ada.approve(await bo.join(ada)).catch(() => undefined)
  await until(() => bo.state.members.get('bo.example')?.status === 'active', 'bo is admitted')
  const { gateway } = ada.network!
  const { origin } = gateway.store.log
  const asked = {
    request: Buffer.from('{"prompt":"between the two of us"}'),
    method: 'POST',
    path: '/v1/chat/completions',
    mediaType: 'application/json',
    model: '{"name":"m"}',
    sampling: '{}',
    parties: '{"operator":"ada.example"}',
  }
  const response = Buffer.from('{"answer":42}')
  const outcome = 'ok' as const
  const { id, secret, index } = await gateway.recorder.answer(asked, {
    response,
    status: 200,
    mediaType: 'application/json',
    outcome,
  })
  const client = async (member: TestMember) => {
    const keys = await member.keys()
    return new DisclosureClient({
      state: () => member.state,
      member: member.id,
      signer: () => keys.statements('member'),
    })
  }
  const auditor = await client(bo)
  const epochOf = () => {
    for (const { epoch, drawnFrom = [] } of bo.state.epochs.values())
      if (drawnFrom.some(({ log, from, to }) => log === origin && from <= index && index < to)) return epoch
    return undefined
  }
  const early = await auditor.ask({ log: origin, index, ground: { reason: 'sample', epoch: bo.state.epoch } })
  assert.ok(early.outcome === 'silent' || early.outcome === 'refused', 'before it is drawn nobody sees it')
  await until(() => epochOf() !== undefined, 'the record is drawn', 40_000)
  const ground = { reason: 'sample', epoch: epochOf()! } as const
  await until(() => ada.state.epochs.has(String(ground.epoch)), 'its operator knows')
  const found = await auditor.ask({ log: origin, index, ground })
  assert.equal(found.outcome, 'opened')
  assert.deepEqual(Buffer.from(found.opened.record.content.request!), asked.request)
  assert.equal(found.access, 'shown')
  // Its own operator is no auditor, and has no business with it by this way.
  const own = await (await client(ada)).ask({ log: origin, index, ground })
  assert.ok(own.outcome === 'refused' && own.refusal?.why === 'not-an-auditor')
  const at = `${ada.url}/receipts/${id}/accesses`
  assert.equal((await fetch(at)).status, 401)
  const wrong = await fetch(at, { headers: { authorization: `Bearer ${'A'.repeat(43)}` } })
  assert.equal(wrong.status, 403)
  const told = await fetch(at, { headers: { authorization: `Bearer ${secret}` } })
  const { accesses } = (await told.json()) as {
    accesses: {
      by: string
      reason: string
      ground: number
      request: string
      statement: string
      proof: string
    }[]
  }
  // An auditor's own process asks of its own accord as well.
  for (const { by, reason, ground: epoch } of accesses)
    assert.deepEqual([by, reason, epoch], ['bo.example', 'sample', ground.epoch])
  const { statement, proof } = accesses.find(({ request }) => request === found.answer.request)!
  assert.equal(parseAccess(fromBase64(statement)).index, index)
  assert.ok(provenIn(bo.state.logs.get(origin)!.vkey, fromBase64(statement), proof) !== undefined)
})
