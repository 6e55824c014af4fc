import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { AnswerableError } from '@answerable/core'
import { type DisclosureRequest, formatDisclosureRequest, openDisclosureAnswer } from '@answerable/core/audit'
import type { Challenge } from '@answerable/core/registry'
import { parseAccess } from '@answerable/core/statement'
import { ASKED, answered, keyOf, NETWORK, Operator, SAMPLE } from '../auditor/disclosing.fixture.ts'
import { nodeSuite } from '../log/suite.ts'
import { RecordStore } from '../record/store.ts'
import { statementSigner } from '../registry/keyring.ts'
import { realDisk } from '../storage/disk.ts'
import { newRecipient } from './jwe.ts'

const { publicKey: recipient } = await newRecipient()

function requestOf(ops: Operator, change: Partial<DisclosureRequest> = {}): DisclosureRequest {
  return {
    network: NETWORK,
    by: 'ada',
    time: Date.now(),
    log: ops.origin,
    index: 0,
    ground: SAMPLE,
    recipient,
    ...change,
  }
}

interface Answer {
  status: number
  code: string | undefined
  body: Record<string, unknown>
  text: string
}

async function post(ops: Operator, body: Uint8Array | string): Promise<Answer> {
  const request = new Request('http://ops.example/audit/disclosure', {
    method: 'POST',
    body: Buffer.from(body),
  })
  const response = await ops.send(request)
  const text = await response.text()
  const parsed = JSON.parse(text) as { error?: { code: string } } & Record<string, unknown>
  return { status: response.status, code: parsed.error?.code, body: parsed, text }
}

const signed = (ops: Operator, change: Partial<DisclosureRequest> = {}, as = 'ada') =>
  formatDisclosureRequest(requestOf(ops, change), ops.known.signer(as))

test('a record is opened for a live key of an active member alone, once, and in time', async t => {
  const ops = await Operator.open(t)
  await ops.record()
  const { state } = ops.known
  const { size } = ops.store.log.signed
  const good = signed(ops)
  const stranger = formatDisclosureRequest(requestOf(ops), statementSigner(keyOf('ada/member')))
  const cases: [string, Uint8Array | string, number, string][] = [
    ['nothing', '', 400, 'bad-json'],
    ['no envelope', '{}', 400, 'bad-envelope'],
    ['too much', Buffer.alloc(10_000, ' '), 413, 'too-large'],
    ['a stranger', stranger, 401, 'unauthorized'],
    ['another’s name', signed(ops, { by: 'bea' }), 401, 'unauthorized'],
    ['another network', signed(ops, { network: 'ab'.repeat(32) }), 401, 'unauthorized'],
    ['an old one', signed(ops, { time: Date.now() - 600_000 }), 400, 'out-of-time'],
    ['one from ahead', signed(ops, { time: Date.now() + 600_000 }), 400, 'out-of-time'],
  ]
  for (const [name, body, status, code] of cases) {
    const answer = await post(ops, body)
    assert.deepEqual([answer.status, answer.code], [status, code], name)
    assert.equal(answer.body.refusal, undefined, name)
  }
  assert.equal(ops.store.log.signed.size, size, 'nothing was opened')
  assert.equal((await post(ops, good)).status, 200)
  assert.deepEqual((await post(ops, good)).code, 'replayed')
  assert.equal(ops.store.log.signed.size, size + 1)
  for (const change of [{ status: 'suspended' as const }, { status: 'left' as const }]) {
    state.members.update('bea', change)
    assert.equal((await post(ops, signed(ops, { by: 'bea' }, 'bea'))).code, 'unauthorized')
  }
  const { keyid } = ops.known.signer('ada')
  state.keys.update(keyid, { until: state.time - 1 })
  assert.equal((await post(ops, signed(ops))).code, 'unauthorized')
  state.keys.update(keyid, { until: null, revoked: { index: 1, time: 1, since: 1, reason: 'stolen' } })
  assert.equal((await post(ops, signed(ops))).code, 'unauthorized')
  state.keys.update(keyid, { revoked: null, purpose: 'validator' })
  assert.equal((await post(ops, signed(ops))).code, 'unauthorized')
})

test('every opening is in the log before a byte of it goes out, and in the index made again', async t => {
  const ops = await Operator.open(t)
  const begun = await ops.recorder.begin(ASKED)
  await ops.recorder.end(begun, 'end', answered('x'))
  await ops.publish()
  const answer = await post(ops, signed(ops, { index: 1 }))
  const { answer: envelope } = answer.body as { answer: string }
  const opened = openDisclosureAnswer(Buffer.from(envelope), nodeSuite)
  const access = parseAccess((await ops.store.storage.at(2)).statement)
  assert.deepEqual(
    { ...access, time: 0 },
    {
      time: 0,
      log: ops.origin,
      index: 1,
      other: 0,
      by: 'ada',
      reason: 'sample',
      ground: 5,
      request: opened.said.request,
      answer: opened.digest,
    },
  )
  for (const index of [0, 1]) assert.deepEqual(ops.store.index.accesses.of(ops.origin, index), [2])
  assert.deepEqual(ops.store.index.accesses.of('other.example/log', 1), [])
  // A store that takes no more entries opens nothing.
  ops.store.log.halt(new AnswerableError('not-writable', 'the disk is full'))
  const refused = await post(ops, signed(ops, { index: 1 }))
  assert.deepEqual([refused.status, refused.code], [503, 'unavailable'])
  assert.equal(refused.body.ciphertext, undefined)
  await ops.store.close()
  rmSync(join(ops.folder, 'index.sqlite'))
  const again = await RecordStore.open({ disk: realDisk, folder: ops.folder, signer: ops.logSigner })
  assert.deepEqual(again.index.accesses.of(ops.origin, 0), [2])
  await again.close()
})

test('without a ground nothing is opened, and the refusal says which word of it does not hold', async t => {
  const ops = await Operator.open(t)
  await ops.record()
  const { size } = ops.store.log.signed
  const D = 'ab'.repeat(32)
  const challenge: Challenge = {
    digest: D,
    type: 'availability',
    log: ops.origin,
    by: 'bea',
    index: 0,
    size: 1,
    root: D,
    epoch: 5,
    panel: ['val'],
    votes: [],
    status: 'open',
    due: 0,
  }
  ops.known.state.challenges.set(D, challenge)
  const ground = { reason: 'challenge', digest: D } as const
  const cases: [Partial<DisclosureRequest>, string, string][] = [
    [{ ground: { reason: 'sample', epoch: 6 } }, 'ada', 'no-seed'],
    [{ index: 99 }, 'ada', 'not-drawn'],
    [{ log: 'other.example/log' }, 'ada', 'not-drawn'],
    [{ by: 'val' }, 'val', 'not-an-auditor'],
    [{ ground }, 'ada', 'no-part-in-it'],
    [{ ground, by: 'ops' }, 'ops', 'no-part-in-it'],
    [{ ground: { ...ground, reason: 'dispute' } }, 'ada', 'no-dispute'],
  ]
  for (const [change, as, why] of cases) {
    const answer = await post(ops, signed(ops, change, as))
    assert.deepEqual([answer.status, answer.code], [403, 'not-entitled'], why)
    assert.match(answer.text, new RegExp(why))
    for (const personal of ['"by":"ada', 'prompt', 'ciphertext']) assert.ok(!answer.text.includes(personal))
  }
  assert.equal(ops.store.log.signed.size, size)
  assert.equal((await post(ops, signed(ops, { ground, by: 'val' }, 'val'))).status, 200)
})

test('a record of a log before this one opens, and the log of now says so', async t => {
  const before = await Operator.open(t, {}, 'ops.example/before')
  await before.record('{"answer":"before"}')
  const ops = await Operator.open(t, { older: [before.store] })
  await ops.record('{"answer":"now"}')
  const log = before.origin
  const part = { log, from: 0, to: 1, root: 'ab'.repeat(32) }
  ops.known.state.epochs.update('5', { drawnFrom: [part] })
  const { body } = await post(ops, signed(ops, { log }))
  const { said } = openDisclosureAnswer(Buffer.from(body.answer as string), nodeSuite)
  assert.equal(said.statement, nodeSuite.sha256Hex((await before.store.storage.at(0)).statement))
  assert.equal(before.store.log.signed.size, 1)
  assert.equal(parseAccess((await ops.store.storage.at(1)).statement).log, log)
  ops.known.state.epochs.update('5', { drawnFrom: [{ ...part, log: 'gone.example/log' }] })
  const gone = await post(ops, signed(ops, { log: 'gone.example/log' }))
  assert.deepEqual([gone.status, gone.code, typeof gone.body.refusal], [404, 'not-found', 'string'])
})

test('what is not published yet is not there yet; and a key that nothing can be agreed with is refused', async t => {
  const ops = await Operator.open(t)
  await ops.record()
  await ops.recorder.answer(ASKED, answered('later'))
  const { epochs } = ops.known.state
  epochs.update('5', { drawnFrom: [{ log: ops.origin, from: 0, to: 2, root: 'ab'.repeat(32) }] })
  assert.equal((await post(ops, signed(ops, { index: 1 }))).code, 'not-found')
  const zero = { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) } as const
  const { size } = ops.store.log.signed
  assert.equal((await post(ops, signed(ops, { recipient: zero }))).code, 'bad-request')
  assert.equal(ops.store.log.signed.size, size)
})

test('one member cannot keep an operator busy', async t => {
  const ops = await Operator.open(t, { limits: { perMinute: 2 } })
  await ops.record()
  const codes = []
  for (let i = 0; i < 3; i++) codes.push((await post(ops, signed(ops, { time: Date.now() + i }))).code)
  assert.deepEqual(codes, [undefined, undefined, 'too-many-requests'])
  assert.equal((await post(ops, signed(ops, { by: 'bea' }, 'bea'))).status, 200)
})
