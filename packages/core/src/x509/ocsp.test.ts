import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flipped } from '../../test/fixture.ts'
import {
  type AboutOptions,
  type AnswerOptions,
  makeOcspAnswer,
  NO_CHECK,
  NONCE,
  OCSP_SIGNING,
} from '../../test/ocsp.ts'
import { opensslSuite } from '../../test/openssl-suite.ts'
import { type Made, makeCertificate, octets, oid, sequence, tagged } from '../../test/x509.ts'
import { concat } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { portableSuite } from '../portable.ts'
import type { RevocationAnswer } from './crl.ts'
import { checkOcsp, MAX_OCSP_BYTES, parseOcspAnswer } from './ocsp.ts'

const NOW = Date.parse('2026-06-15T00:00:00Z')
const issuer = makeCertificate({ subject: 'Issuer', ca: true })
const subject = makeCertificate({ subject: 'Subject', issuer })
const delegate = makeCertificate({
  subject: 'Delegate',
  issuer,
  purposes: [OCSP_SIGNING],
  extensions: [NO_CHECK],
})
const about = { certificate: subject.certificate, issuer: issuer.certificate }

interface Case extends Partial<Omit<AnswerOptions, 'about'>> {
  about?: Partial<AboutOptions>
}

function made({ about: change, responder = delegate, ...more }: Case = {}): Uint8Array {
  return makeOcspAnswer({ responder, about: [{ ...about, ...change }], ...more })
}

function asked(answers: Uint8Array[], time = NOW, suite = opensslSuite): RevocationAnswer {
  return checkOcsp(subject.certificate, issuer.certificate, answers.map(parseOcspAnswer), time, suite)
}

const outcomeOf = (one: Case = {}, time = NOW): string => asked([made(one)], time).outcome

for (const hash of ['sha1', 'sha256', 'sha384', 'sha512'] as const)
  for (const by of ['name', 'key'] as const)
    for (const responder of [issuer, delegate])
      test(`good, by ${responder.certificate.subject.text}, named by its ${by}, about ${hash}`, () => {
        for (const suite of [opensslSuite, portableSuite])
          assert.deepEqual(asked([made({ responder, by, about: { hash } })], NOW, suite), {
            outcome: 'not-revoked',
            from: Date.parse('2026-06-14T12:00:00Z'),
            until: Date.parse('2026-06-16T12:00:00.999Z'),
          })
      })

test('an answer that says not until when lasts for a day, and none longer than who gave it', () => {
  const [first] = [asked([made({ about: { nextUpdate: null } })])]
  assert.deepEqual(first, {
    outcome: 'not-revoked',
    from: Date.parse('2026-06-14T12:00:00Z'),
    until: Date.parse('2026-06-15T12:00:00Z'),
  })
  assert.equal(outcomeOf({ about: { nextUpdate: null } }, NOW + 24 * 3600 * 1000), 'out-of-date')
  const short = makeCertificate({
    subject: 'Delegate',
    issuer,
    purposes: [OCSP_SIGNING],
    to: '2026-06-14T23:00:00Z',
  })
  assert.equal(outcomeOf({ responder: short }), 'out-of-date')
  assert.equal(outcomeOf({ responder: short }, NOW - 2 * 3600 * 1000), 'not-revoked')
})

for (const [what, one, expected] of [
  ['revoked', { about: { status: 'revoked' } }, 'revoked'],
  ['revoked, long ago', { about: { status: 'revoked', nextUpdate: '2026-06-14T13:00:00Z' } }, 'revoked'],
  ['not known to whoever answers', { about: { status: 'unknown' } }, 'none'],
  ['answered before its time', { about: { thisUpdate: '2026-06-15T00:00:01Z' } }, 'out-of-date'],
  ['answered after its time', { about: { nextUpdate: '2026-06-14T23:59:58Z' } }, 'out-of-date'],
  ['another certificate', { about: { certificate: delegate.certificate } }, 'none'],
  ['the same number by another issuer', { about: { issuer: delegate.certificate } }, 'none'],
  ['a nonce, which is nobody’s here', { extensions: [NONCE] }, 'not-revoked'],
  ['something critical of the answer', { extensions: [{ ...NONCE, critical: true }] }, 'bad'],
  ['something critical of the certificate', { about: { critical: true } }, 'bad'],
  ['the key of somebody else', { signWith: makeCertificate({ subject: 'Delegate' }) }, 'bad'],
  ['nobody’s certificate', { certificates: [] }, 'bad'],
] as [string, Case, string][])
  test(`about ${what}: ${expected}`, () => {
    assert.equal(outcomeOf(one), expected)
  })

const another = makeCertificate({ subject: 'Another', ca: true })
for (const [what, responder] of [
  ['who is not for that', makeCertificate({ subject: 'Delegate', issuer })],
  [
    'whose key is for something else',
    makeCertificate({ subject: 'Delegate', issuer, purposes: [OCSP_SIGNING], usage: ['key-agreement'] }),
  ],
  [
    'whom another issuer named',
    makeCertificate({ subject: 'Delegate', issuer: another, purposes: [OCSP_SIGNING] }),
  ],
  [
    'who named itself',
    makeCertificate({ subject: 'Delegate', issuer, signWith: another, purposes: [OCSP_SIGNING] }),
  ],
  [
    'with something critical that is not known',
    makeCertificate({
      subject: 'Delegate',
      issuer,
      purposes: [OCSP_SIGNING],
      extensions: [{ id: '1.2.3', critical: true, value: new Uint8Array([5, 0]) }],
    }),
  ],
] as [string, Made][])
  test(`an answer by one ${what} is bad, also beside a good one`, () => {
    assert.equal(asked([made(), made({ responder })]).outcome, 'bad')
  })

test('a hold counts until a later answer lifts it; a revocation for ever', () => {
  const held = { status: 'revoked', reason: 6 } as const
  assert.deepEqual(asked([made({ about: held })]), {
    outcome: 'revoked',
    hold: true,
    time: Date.parse('2026-06-10T00:00:00Z'),
    detail: 'CN=Issuer put on hold the certificate of CN=Subject on 2026-06-10T00:00:00Z',
  })
  const later = { thisUpdate: '2026-06-14T18:00:00Z' }
  for (const order of [(list: Uint8Array[]) => list, (list: Uint8Array[]) => list.toReversed()]) {
    const outcome = (...list: Case['about'][]) => asked(order(list.map(one => made({ about: one! })))).outcome
    assert.equal(outcome(held, later), 'not-revoked')
    assert.equal(outcome({}, held), 'revoked')
    assert.equal(outcome({}, { ...held, ...later }), 'revoked')
    assert.equal(outcome({ status: 'revoked' }, later), 'revoked')
    assert.equal(outcome({ status: 'revoked', reason: 1 }, later), 'revoked')
  }
})

test('what was revoked only after the time asked about had not been yet', () => {
  for (const reason of [1, 6]) {
    const after = { status: 'revoked', reason, revokedAt: '2026-06-20T00:00:00Z' } as const
    assert.equal(asked([made({ about: after })]).outcome, 'out-of-date')
    assert.equal(asked([made({ about: after }), made()]).outcome, 'not-revoked')
  }
})

test('of an answer about several, each is found', () => {
  const bytes = makeOcspAnswer({
    responder: issuer,
    about: [{ ...about, certificate: delegate.certificate, status: 'revoked' }, about],
  })
  assert.equal(asked([bytes]).outcome, 'not-revoked')
  const answers = [parseOcspAnswer(bytes)]
  const other = checkOcsp(delegate.certificate, issuer.certificate, answers, NOW, opensslSuite)
  assert.equal(other.outcome, 'revoked')
})

test('an answer of which any byte is altered is none', () => {
  for (const responder of [issuer, delegate]) {
    const good = made({ responder, ...(responder === issuer && { certificates: [] }) })
    for (let at = 0; at < good.length; at++) {
      let outcome: string
      try {
        outcome = asked([flipped(good, at)]).outcome
      } catch (error) {
        assert.ok(error instanceof AnswerableError, String(error))
        continue
      }
      assert.notEqual(outcome, 'not-revoked', `byte ${at}`)
    }
  }
})

for (const [what, bytes, code] of [
  ['nothing', new Uint8Array(0), 'truncated'],
  ['a refusal', made({ outcome: 6 }), 'bad-endorsement'],
  ['half an answer', made().subarray(0, 100), 'truncated'],
  ['more than an answer', concat(made(), new Uint8Array(1)), 'trailing-bytes'],
  ['too much', new Uint8Array(MAX_OCSP_BYTES + 1), 'too-large'],
  [
    'another kind of answer',
    new Uint8Array(
      sequence(tagged(0x0a, Buffer.of(0)), tagged(0xa0, sequence(oid('1.2.3'), octets(new Uint8Array(2))))),
    ),
    'bad-endorsement',
  ],
  ['a certificate', subject.der, 'too-large'],
] as [string, Uint8Array, string][])
  test(`${what} is no answer: ${code}`, () => {
    assert.throws(
      () => parseOcspAnswer(bytes),
      error => error instanceof AnswerableError && error.code === code,
    )
  })
