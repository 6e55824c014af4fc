import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flipped, suite } from '../../test/fixture.ts'
import { RegistryWorld } from '../../test/registry.ts'
import { effective } from '../../test/registry-acts.ts'
import { fromUtf8, toBase64Url, utf8 } from '../bytes.ts'
import { AnswerableError, errorCode } from '../error.ts'
import { throwsCode } from '../note/fixtures.test.ts'
import { registryPayload, signEnvelope } from '../registry/index.ts'
import { parseEnvelope } from '../statement/envelope.ts'
import {
  contradictionOf,
  type DisclosureAnswer,
  type DisclosureRefusal,
  formatDisclosureAnswer,
  formatDisclosureRefusal,
  openDisclosureAnswer,
  openDisclosureRefusal,
  REFUSALS,
} from './disclosure-answer.ts'
import {
  type DisclosureRequest,
  formatDisclosureRequest,
  openDisclosureRequest,
} from './disclosure-request.ts'
import { parseRecipient, thumbprintOf } from './recipient.ts'
import { signerOf } from './signed-statement.ts'

const world = new RegistryWorld()
const [ada, bo] = world.founders as [(typeof world.founders)[0], (typeof world.founders)[0]]
const { network } = world.state
const member = ada.signer('member')
const D = 'ab'.repeat(32)
const X = toBase64Url(suite.sha256(utf8('recipient')))
const recipient = { kty: 'OKP', crv: 'X25519', x: X } as const
const said = { network, by: 'ada', time: 1_767_225_600_123, log: 'bo.example/log', index: 7 }
const request: DisclosureRequest = { ...said, ground: { reason: 'sample', epoch: 3 }, recipient }
const answer: DisclosureAnswer = {
  ...said,
  request: D,
  statement: D,
  recipient: X,
  ciphertext: { sha256: D, length: 12 },
}
const refusal: DisclosureRefusal = {
  ...said,
  request: D,
  code: 'not-entitled',
  why: 'not-drawn',
  registry: 40,
}

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(each => Buffer.from(each).toString('hex'))
const anySaid = {
  network: digest,
  by: fc.stringMatching(/^[a-z]{1,64}$/),
  time: fc.integer({ min: 0, max: Date.parse('9999-12-31T23:59:59.999Z') }),
  log: fc.domain(),
  index: fc.maxSafeNat(),
}
const key = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map(x => ({ kty: 'OKP', crv: 'X25519', x: toBase64Url(x) }) as const)
const plain = { noNullPrototype: true }

test('requests, answers and refusals round-trip', () => {
  const ground = fc.oneof(
    fc.record({ reason: fc.constant('sample' as const), epoch: fc.maxSafeNat() }, plain),
    fc.record({ reason: fc.constantFrom('dispute' as const, 'challenge' as const), digest }, plain),
  )
  fc.assert(
    fc.property(fc.record({ ...anySaid, ground, recipient: key }, plain), one => {
      assert.deepEqual(openDisclosureRequest(formatDisclosureRequest(one, member), suite).said, one)
    }),
  )
  const ciphertext = fc.record({ sha256: digest, length: fc.maxSafeNat() }, plain)
  const anyAnswer = { ...anySaid, request: digest, statement: digest, recipient: key.map(({ x }) => x) }
  fc.assert(
    fc.property(fc.record({ ...anyAnswer, ciphertext }, plain), one => {
      assert.deepEqual(openDisclosureAnswer(formatDisclosureAnswer(one, member), suite).said, one)
    }),
  )
  const anyRefusal = {
    ...anySaid,
    request: digest,
    code: fc.constantFrom(...REFUSALS),
    why: fc.option(fc.stringMatching(/^[a-z]{1,20}(-[a-z]{1,20})?$/)),
    registry: fc.maxSafeNat(),
  }
  fc.assert(
    fc.property(fc.record(anyRefusal, plain), one => {
      assert.deepEqual(openDisclosureRefusal(formatDisclosureRefusal(one, member), suite).said, one)
    }),
  )
})

/** Whose it is, or the code by which it cannot be read. */
function whose(open: typeof openDisclosureRequest, bytes: Uint8Array): string {
  try {
    const signed = open(bytes, suite)
    return signerOf(signed, world.state, suite)?.id ?? 'nobody'
  } catch (error) {
    if (!(error instanceof AnswerableError)) throw error
    return errorCode(error)
  }
}

const KINDS = {
  request: { bytes: formatDisclosureRequest(request, member), open: openDisclosureRequest },
  answer: { bytes: formatDisclosureAnswer(answer, member), open: openDisclosureAnswer },
  refusal: { bytes: formatDisclosureRefusal(refusal, member), open: openDisclosureRefusal },
} as const

for (const [name, { bytes, open }] of Object.entries(KINDS)) {
  const reads = open as typeof openDisclosureRequest
  test(`no byte of a ${name} can be changed, left out or added`, () => {
    assert.equal(whose(reads, bytes), 'ada')
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [1, 0x20, 0x80])
        assert.notEqual(whose(reads, flipped(bytes, at, mask)), 'ada', `byte ${at} ^ ${mask}`)
      assert.notEqual(whose(reads, Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])), 'ada')
    }
    for (const more of [' ', '\n', '{}', '\u0000'])
      for (const spelt of [`${more}${fromUtf8(bytes)}`, `${fromUtf8(bytes)}${more}`])
        assert.notEqual(whose(reads, utf8(spelt)), 'ada')
  })

  test(`no field of a ${name} can be left out, and none added`, () => {
    const { payload } = parseEnvelope(bytes)
    const statement = JSON.parse(fromUtf8(payload)) as { predicate: Record<string, unknown> }
    const signed = (predicate: object) =>
      signEnvelope(utf8(JSON.stringify({ ...statement, predicate })), [member])
    for (const field of Object.keys(statement.predicate)) {
      const { [field]: value, ...rest } = statement.predicate
      assert.equal(whose(reads, signed(rest)), 'bad-statement', field)
      for (const wrong of [null, {}, [], -1, 1.5, '', 'x y', true]) {
        if (field === 'why' && wrong === null) continue
        const changed = { ...statement.predicate, [field]: wrong }
        const found = whose(reads, signed(changed))
        assert.ok(['bad-statement', 'nobody'].includes(found), `${field} ${JSON.stringify(wrong)}: ${found}`)
      }
      if (value === null || typeof value !== 'object') continue
      const more = { ...statement.predicate, [field]: { ...value, more: 1 } }
      assert.equal(whose(reads, signed(more)), 'bad-statement', `${field}.more`)
    }
    assert.equal(whose(reads, signed({ ...statement.predicate, more: 1 })), 'bad-statement')
    for (const other of Object.values(KINDS)) if (other.bytes !== bytes) refused(other.bytes)
    refused(
      signEnvelope(registryPayload({ kind: 'leave', network, by: 'ada', time: said.time, body: {} }), [
        member,
      ]),
    )
    function refused(entry: Uint8Array): void {
      assert.equal(whose(reads, entry), 'bad-statement')
    }
  })
}

test('it counts from a live member key of the one in whose name it speaks, in this network alone', () => {
  const by = (one: DisclosureRequest, signer = member) =>
    whose(openDisclosureRequest, formatDisclosureRequest(one, signer))
  assert.equal(by(request), 'ada')
  assert.equal(by({ ...request, by: 'bo' }), 'nobody')
  assert.equal(by({ ...request, network: D }), 'nobody')
  for (const purpose of ['validator', 'recovery', 'host'])
    assert.equal(by(request, ada.signer(purpose)), 'nobody', purpose)
  const { payload } = parseEnvelope(KINDS.request.bytes)
  const twice = signEnvelope(payload, [member, bo.signer('member')])
  throwsCode(() => openDisclosureRequest(twice, suite), 'bad-envelope')
  throwsCode(() => openDisclosureRequest(new Uint8Array(9000), suite), 'too-large')
  const other = new RegistryWorld()
  const since = new Date(other.now).toISOString()
  const key = other.founders[0]!.signer('member').keyid
  effective(other.state_('revocation', { key, since, reason: 'stolen' }, other.founders[0]!, 'recovery'))
  const signed = openDisclosureRequest(
    formatDisclosureRequest({ ...request, network: other.state.network }, member),
    suite,
  )
  assert.equal(signerOf(signed, other.state, suite), undefined)
})

test('a recipient is an X25519 public key and nothing more', () => {
  // RFC 7638 has its own example for RSA; this one is RFC 8037, appendix A.3, for the same construction on Ed25519.
  const thumbprint = thumbprintOf(
    { kty: 'OKP', crv: 'Ed25519' as 'X25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
    suite,
  )
  assert.equal(thumbprint, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  assert.deepEqual(parseRecipient(recipient), recipient)
  for (const wrong of [
    { ...recipient, crv: 'Ed25519' },
    { ...recipient, kty: 'EC' },
    { ...recipient, x: X.slice(1) },
    { ...recipient, x: `${X}=` },
    { ...recipient, d: X },
    { ...recipient, kid: 'me' },
    { kty: 'OKP', crv: 'X25519' },
    X,
    null,
  ])
    throwsCode(() => parseRecipient(wrong), 'bad-statement')
})

test('two things that one operator signed about one record may be proof against it', () => {
  const served = (statement: string, time = 0): DisclosureAnswer => ({ ...answer, statement, time })
  const not = (code: DisclosureRefusal['code'], time = 0): DisclosureRefusal => ({ ...refusal, code, time })
  const other = 'cd'.repeat(32)
  const cases = [
    [served(D), served(D, 9), undefined],
    [served(D), served(other), 'two-statements'],
    [served(D), { ...served(other), index: 8 }, undefined],
    [served(D), { ...served(other), log: 'bo.example/other' }, undefined],
    [served(D), { ...served(other), by: 'bo' }, undefined],
    [served(D), { ...served(other), network: other }, undefined],
    // A log grows: what is not there may be there later, and not the other way round.
    [not('not-found', 1), served(D, 2), undefined],
    [not('not-found', 2), served(D, 1), 'served-and-not-there'],
    // What is erased stays so.
    [served(D, 1), not('erased', 2), undefined],
    [served(D, 2), not('erased', 1), 'erased-and-served'],
    [served(D, 2), not('not-entitled', 1), undefined],
    [not('erased'), not('not-found'), undefined],
  ] as const
  for (const [one, two, expected] of cases) {
    assert.equal(contradictionOf(one, two), expected)
    assert.equal(contradictionOf(two, one), expected)
  }
})
