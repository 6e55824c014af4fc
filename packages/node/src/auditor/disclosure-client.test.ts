/** Asking for a record of an operator that is honest, and of those that are not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex } from '@answerable/core'
import {
  contradictionOf,
  formatDisclosedRecord,
  openDisclosureAnswer,
  openDisclosureRefusal,
  parseDisclosedRecord,
  signerOf,
} from '@answerable/core/audit'
import { signNote } from '@answerable/core/note'
import { formatCheckpoint } from '@answerable/core/tlog'
import { decryptWith, openRecord } from '../audit-service/index.ts'
import { nodeSuite } from '../log/suite.ts'
import type { Fetch } from '../witness/index.ts'
import { ASKED, answered, keyOf, Operator, SAMPLE } from './disclosing.fixture.ts'
import { challengeFrom, type Disclosure, provenIn } from './index.ts'

const bytesOf = async (response: Response) => (await response.json()) as Record<string, unknown>

async function ask(ops: Operator, send: Fetch = ops.send, index = 0, options = {}): Promise<Disclosure> {
  return ops.client('ada', { send, ...options }).ask({ log: ops.origin, index, ground: SAMPLE })
}

test('a record opens to its auditor, with all that was recorded and nothing else', async t => {
  const ops = await Operator.open(t)
  const idempotency = nodeSuite.sha256Hex(Buffer.from('key'))
  const { secret } = await ops.recorder.answer({ ...ASKED, idempotency }, answered('yes'))
  await ops.publish()
  const before = ops.store.log.signed.size
  let wire = ''
  const found = await ask(ops, async request => {
    const answer = await ops.send(request)
    if (request.url.endsWith('/disclosure')) wire = await answer.clone().text()
    return answer
  })
  assert.equal(found.outcome, 'opened')
  const { record, statements, values } = found.opened
  assert.deepEqual(Buffer.from(record.content.request!), ASKED.request)
  assert.equal(Buffer.from(record.content.response!).toString(), 'yes')
  assert.deepEqual(
    statements.map(({ event }) => event),
    ['answer'],
  )
  assert.deepEqual(values.parties, { operator: 'ops' })
  assert.equal(found.access, 'shown')
  assert.equal(ops.store.log.signed.size, before + 1, 'that it was opened is in the log')
  // The holder's secret is kept beside the content for repeated calls, and is no part of the record.
  const all = Buffer.from(formatDisclosedRecord(record)).toString()
  for (const secrecy of [secret, idempotency]) assert.ok(!all.includes(secrecy))
  for (const plain of [
    'nobody else is to know',
    Buffer.from(ASKED.request).toString('base64').slice(0, 20),
    '"yes"',
  ])
    assert.ok(!wire.includes(plain))
  const { evidence } = found
  assert.equal(evidence.recipient, undefined)
  assert.equal(evidence.ciphertext, undefined)
  const challenge = challengeFrom(evidence)!
  const { vkey } = ops.known.state.logs.get(ops.origin)!
  const [{ statement }] = record.parts as [(typeof record.parts)[0]]
  assert.equal(challenge.entry, nodeSuite.sha256Hex(statement))
  assert.equal(provenIn(vkey, statement, challenge.proof as string), 0)
})

test('both halves of a stream open, whichever is asked for; entries without content are no secret', async t => {
  const ops = await Operator.open(t)
  const begun = await ops.recorder.begin(ASKED)
  await ops.recorder.answer(ASKED, answered('between'))
  const { index: end } = await ops.recorder.end(begun, 'end', answered('data: x\n\n'))
  await ops.recorder.begin(ASKED)
  await ops.lifecycle.setHold('hold', { first: 0, end: 1 })
  await ops.publish()
  for (const index of [0, end]) {
    const found = await ask(ops, ops.send, index)
    assert.equal(found.outcome, 'opened')
    assert.deepEqual(
      found.opened.statements.map(({ event }) => event),
      ['begin', 'end'],
    )
    assert.equal(found.opened.record.content.response?.length, 9)
    assert.equal(found.access, 'shown')
  }
  const alone = await ask(ops, ops.send, 3)
  assert.equal(alone.outcome, 'opened')
  assert.equal(alone.opened.record.content.response, undefined)
  const { size } = ops.store.log.signed
  const hold = await ask(ops, ops.send, 4)
  assert.equal(hold.outcome, 'opened')
  assert.equal(hold.access, 'none')
  assert.match(hold.opened.type, /lifecycle/)
  assert.equal(ops.store.log.signed.size, size, 'looking at it is not recorded, or samples would never end')
})

test('who is not entitled is refused, by the operator’s own signature and by name of what does not hold', async t => {
  const ops = await Operator.open(t)
  const { index } = await ops.record()
  const found = await ops.client('val').ask({ log: ops.origin, index, ground: SAMPLE })
  assert.equal(found.outcome, 'refused')
  assert.equal(found.code, 'not-entitled')
  assert.equal(found.refusal?.why, 'not-an-auditor')
  assert.equal(found.refusal?.registry, 40)
  const signed = openDisclosureRefusal(found.evidence.refusal!, nodeSuite)
  assert.equal(signerOf(signed, ops.known.state, nodeSuite)?.id, 'ops')
  await assert.rejects(ops.client().ask({ log: 'no.example/log', index, ground: SAMPLE }), {
    code: 'not-found',
  })
})

test('what was erased is refused as that, and only where the log says so', async t => {
  const ops = await Operator.open(t)
  const { id, index } = await ops.record()
  const begun = await ops.recorder.begin(ASKED)
  const { index: end } = await ops.recorder.end(begun, 'end', answered('x'))
  await ops.publish()
  await ops.lifecycle.eraseId(id)
  await ops.lifecycle.eraseId(begun.id)
  const found = await ask(ops, ops.send, index)
  assert.equal(found.outcome, 'refused')
  assert.equal(found.code, 'erased')
  assert.equal(found.erasure?.index, 3)
  for (const half of [begun.index, end]) {
    const stream = await ask(ops, ops.send, half)
    assert.ok(stream.outcome === 'refused' && stream.erasure !== undefined)
  }
  // Another record's erasure, or none at all, shows nothing.
  for (const change of [
    (shown: Record<string, unknown>) => ({ ...shown, erasure: shown.record }),
    () => undefined,
  ]) {
    const lying = ops.lying(async (_, request) => {
      const answer = await ops.send(request)
      const body = await bytesOf(answer)
      return Response.json(
        { ...body, shown: change(body.shown as Record<string, unknown>) },
        { status: answer.status },
      )
    })
    const claimed = await ask(ops, lying, index)
    assert.equal(claimed.outcome, 'refused')
    assert.equal(claimed.erasure, undefined)
  }
  // A key that is gone without an erasure is damage.
  const { index: lost } = await ops.record()
  await ops.store.storage.eraseKey(lost)
  const damaged = await ask(ops, ops.send, lost)
  assert.ok(damaged.outcome === 'refused' && damaged.code === 'corrupt' && damaged.refusal !== undefined)
})

test('slow, down, silent, or answering something else: silence, with what a challenge rests on', async t => {
  const ops = await Operator.open(t)
  await ops.record()
  const never = () => new Promise<Response>(() => undefined)
  // As a socket's body does, it ends with the request.
  const forever = (_: unknown, { signal }: Request) =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          await new Promise(resolve => setTimeout(resolve, 20))
          if (signal.aborted) controller.error(new Error('aborted'))
          else controller.enqueue(new Uint8Array([123]))
        },
      }),
    )
  const short = { timeoutMs: 150, logTimeoutMs: 2000 }
  const cases: [string, Fetch, string, object?][] = [
    ['never answers', ops.lying(never), 'timeout', short],
    ['drips', ops.lying(forever), 'timeout', short],
    ['is down', ops.lying(() => Promise.reject(new Error('down'))), 'unreachable'],
    ['redirects', ops.lying(() => Response.redirect('http://other.example')), 'unreachable'],
    ['floods', ops.lying(() => new Response(new Uint8Array(1 << 20))), 'too-large', { mostBytes: 1000 }],
    ['has no such endpoint', ops.lying(() => new Response('no', { status: 404 })), 'no-answer'],
    ['fails', ops.lying(() => new Response('<html>', { status: 500 })), 'no-answer'],
    ['answers nothing', ops.lying(() => new Response('')), 'no-answer'],
    ['answers what is no answer', ops.lying(() => Response.json({ ok: true })), 'no-answer'],
    [
      'lets another sign',
      ops.lying(one => ops.forge(one, { signer: ops.known.signer('bea') })),
      'not-its-answer',
    ],
    [
      'answers another request',
      ops.lying(one => ops.forge(one, { says: { request: 'ab'.repeat(32) } })),
      'not-its-answer',
    ],
    [
      'sends something else than it signed for',
      ops.lying(async (_, request) => {
        const body = await bytesOf(await ops.send(request))
        return Response.json({ ...body, ciphertext: `${body.ciphertext}A` })
      }),
      'other-ciphertext',
    ],
  ]
  for (const [name, send, fault, options] of cases) {
    const found = await ask(ops, send, 0, options)
    assert.equal(found.outcome, 'silent', name)
    assert.equal(found.fault, fault, name)
    assert.ok(challengeFrom(found.evidence), name)
  }
  const error = { error: { code: 'too-many-requests', message: 'come\u001b[2J again' } }
  const busy = await ask(
    ops,
    ops.lying(() => Response.json(error, { status: 429 })),
  )
  assert.ok(busy.outcome === 'refused' && busy.refusal === undefined)
  assert.deepEqual([busy.code, busy.message], ['too-many-requests', 'come [2J again'])
})

test('a log that is down, or not the one that was anchored, is no ground to stand on', async t => {
  const ops = await Operator.open(t)
  for (let i = 0; i < 3; i++) await ops.record(`{"n":${i}}`)
  const { log } = ops.store
  const [size, root] = [log.published.size, log.published.root]
  const on = (part: string, answer: () => Response | Promise<Response>): Fetch => {
    return request => (request.url.includes(part) ? answer() : ops.send(request))
  }
  const note = (of: { size: number; root: Uint8Array }, signer = ops.logSigner) =>
    new Response(signNote(formatCheckpoint({ origin: ops.origin, extensions: [], ...of }), [signer]))
  const short = { logTimeoutMs: 150 }
  const cases: [string, Fetch, string, object?][] = [
    ['down', on('/log/', () => Promise.reject(new Error('down'))), 'log-unreachable'],
    ['slow', on('/log/', () => new Promise(() => undefined)), 'log-timeout', short],
    ['none', on('/log/', () => new Response('', { status: 404 })), 'log-unreachable'],
    ['noise', on('checkpoint', () => new Response('hello')), 'log-bad-checkpoint'],
    ['endless', on('checkpoint', () => new Response(new Uint8Array(1 << 22))), 'log-unreachable'],
    ['another key’s', on('checkpoint', () => note({ size, root }, keyOf(ops.origin))), 'log-bad-checkpoint'],
    ['shorter', on('checkpoint', () => note({ size: 1, root: log.published.root })), 'log-rolled-back'],
    ['two roots', on('checkpoint', () => note({ size, root: fromHex('00'.repeat(32)) })), 'log-other-tree'],
    ['another tree', on('checkpoint', () => note({ size: size + 1, root })), 'log-unreachable'],
    ['no tiles', on('/tile/', () => new Response('', { status: 404 })), 'log-unreachable'],
    ['wrong entries', on('/tile/entries/', () => new Response(new Uint8Array(102))), 'log-bad-tiles'],
    ['wrong hashes', on('/tile/0/', () => new Response(new Uint8Array(96))), 'log-bad-tiles'],
    ['wide hashes', on('/tile/0/', () => new Response(new Uint8Array(64))), 'log-bad-tiles'],
  ]
  for (const [name, send, fault, options] of cases) {
    let opened = 0
    const counting: Fetch = request => {
      if (request.url.endsWith('/disclosure')) opened++
      return send(request)
    }
    const found = await ask(ops, counting, 0, options)
    assert.ok(found.outcome === 'silent', name)
    assert.equal(found.fault, fault, name)
    assert.equal(opened, 0, 'nothing is asked for that could not be looked at')
  }
  // It anchored one tree, and shows another that it signed as well.
  ops.known.state.logs.update(ops.origin, {
    anchor: { size: 2, root: 'ab'.repeat(32), epoch: 5, index: 9 },
  })
  const parted = await ask(ops)
  assert.ok(parted.outcome === 'silent' && parted.fault === 'log-other-tree')
  assert.equal(parted.evidence.checkpoint, log.published.note)
  const beyond = await Operator.open(t)
  await beyond.record()
  const found = await ask(beyond, beyond.send, 99)
  assert.ok(found.outcome === 'silent' && found.fault === 'log-beyond')
})

test('a signed answer that does not open what was recorded is kept, with the key that shows it', async t => {
  const ops = await Operator.open(t)
  await ops.record('{"answer":"yes"}')
  await ops.record('{"answer":"no"}')
  const [honest, other] = await Promise.all([0, 1].map(index => openRecord(ops.store, index)))
  assert.ok(honest?.outcome === 'found' && other?.outcome === 'found')
  const { record } = honest
  const lie = (change: object) => formatDisclosedRecord({ ...record, ...change })
  const cases: [string, Parameters<Operator['forge']>[1] & object, string][] = [
    ['another statement', { says: { statement: 'ab'.repeat(32) } }, 'other-record'],
    ['another place', { says: { index: 1 } }, 'other-record'],
    ['another recipient', { says: { recipient: 'A'.repeat(43) } }, 'other-record'],
    ['no ciphertext', { ciphertext: 'a.b.c.d.e' }, 'does-not-decrypt'],
    ['to nobody', { ciphertext: '' }, 'does-not-decrypt'],
    ['noise', { plain: Buffer.from('hello') }, 'malformed'],
    ['another record', { plain: formatDisclosedRecord(other.record) }, 'other-statement'],
    ['another answer', { plain: lie({ content: other.record.content }) }, 'content-altered'],
    [
      'another’s disclosures',
      { plain: lie({ disclosures: other.record.disclosures }) },
      'disclosure-altered',
    ],
    ['no content', { plain: lie({ content: {} }) }, 'content-missing'],
    ['no disclosures', { plain: lie({ disclosures: {} }) }, 'disclosure-missing'],
  ]
  for (const [name, change, problem] of cases) {
    const found = await ask(
      ops,
      ops.lying(one => ops.forge(one, change)),
    )
    assert.equal(found.outcome, 'wrong-opening', name)
    assert.equal(found.problem, problem, name)
    const { answer, ciphertext, recipient } = found.evidence
    // A third party can look at it again: whose answer it is, that this is what was sent, and what it opens to.
    const signed = openDisclosureAnswer(answer!, nodeSuite)
    assert.equal(signerOf(signed, ops.known.state, nodeSuite)?.id, 'ops')
    assert.equal(signed.said.ciphertext.sha256, nodeSuite.sha256Hex(Buffer.from(ciphertext!)))
    if (problem === 'content-altered') {
      const again = parseDisclosedRecord(await decryptWith(recipient!, ciphertext!))
      assert.deepEqual(Buffer.from(again.content.response!).toString(), '{"answer":"no"}')
    }
    assert.ok(challengeFrom(found.evidence))
  }
})

test('an operator that tells two auditors two stories has signed both', async t => {
  const ops = await Operator.open(t)
  await ops.record('{"answer":"yes"}')
  const asked = { log: ops.origin, index: 0, ground: SAMPLE }
  const told = await ops.client('ada').ask(asked)
  const lying = ops.lying(one => ops.forge(one, { says: { statement: 'ab'.repeat(32) } }))
  const other = await ops.client('bea', { send: lying }).ask(asked)
  assert.equal(told.outcome, 'opened')
  assert.equal(other.outcome, 'wrong-opening')
  const [one, two] = [told, other].map(({ evidence }) => openDisclosureAnswer(evidence.answer!, nodeSuite))
  for (const signed of [one!, two!]) assert.equal(signerOf(signed, ops.known.state, nodeSuite)?.id, 'ops')
  assert.equal(contradictionOf(one!.said, two!.said), 'two-statements')
  // And what it gives the two alike is no contradiction, though encrypted to each.
  const same = await ops.client('bea').ask(asked)
  assert.equal(same.outcome, 'opened')
  assert.equal(contradictionOf(told.answer, same.answer), undefined)
})

test('an opening that the operator does not show to be recorded is said to be that', async t => {
  const ops = await Operator.open(t)
  await ops.record()
  const honest = await openRecord(ops.store, 0)
  assert.ok(honest.outcome === 'found')
  const plain = formatDisclosedRecord(honest.record)
  const { statement, proof } = await (async () => {
    const found = await ask(ops)
    assert.ok(found.outcome === 'opened')
    const { size } = ops.store.log.signed
    const last = await ops.store.storage.at(size - 1)
    return {
      statement: Buffer.from(last.statement).toString('base64'),
      proof: await ops.store.log.prove(size - 1),
    }
  })()
  for (const access of [null, { statement, proof }]) {
    const found = await ask(
      ops,
      ops.lying(one => ops.forge(one, { plain, access })),
    )
    assert.equal(found.outcome, 'opened')
    assert.equal(found.access, 'not-shown', 'none, or one of another time')
  }
})
