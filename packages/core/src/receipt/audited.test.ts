/** What findings do to a receipt's claims, where those who state them are not to be believed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Dispute, Finding, Member, RegisteredKey } from '../registry/records.ts'
import { audited, auditsOf } from './audited.ts'
import type { RegistryView } from './registered.ts'

const AT = { index: 9, time: 1000 }
const member = (id: string, ownerGroup = id) => ({ id, name: id, ownerGroup, status: 'active' }) as Member
const MEMBERS = ['ops', 'audrey', 'ada', 'bo'].map(id => member(id))
const OPERATOR = MEMBERS[0]!
const PLACE = { log: 'ops.example/log', index: 3, entry: 'aa' }

function finding(fields: Partial<Finding>): Finding {
  const { log, index, entry } = PLACE
  const rest = { model: null, report: 'bb', epoch: null, stated: AT, dispute: null }
  return { log, index, entry, auditor: 'audrey', key: 'k', outcome: 'exact', ...rest, ...fields }
}

const over = (fields: Partial<Dispute>) =>
  ({ digest: 'd', status: 'decided', game: null, votes: [], ...fields }) as Dispute
const voted = (members: string[], wrong: Dispute['wrong'] & string) =>
  members.map(one => ({ member: one, wrong, how: 'replay', report: 'bb' }))

interface Known {
  findings: Finding[]
  disputes?: Dispute[]
  members?: Member[]
  revoked?: RegisteredKey['revoked']
  partial?: true
}

function claim({ findings, disputes = [], members = MEMBERS, revoked = null, partial }: Known) {
  const view = {
    members: new Map(members.map(one => [one.id, one])),
    keys: new Map([['k', { revoked } as RegisteredKey]]),
    disputes: new Map(disputes.map(one => [one.digest, one])),
    findingsOf: () => findings,
  } as unknown as RegistryView
  return audited({ audits: auditsOf(view, PLACE, OPERATOR), partial: partial === true })
}

test('what a thief says in an auditor’s name shows nothing, and what it said before stands', () => {
  const given = (since: number) => ({ ...AT, since, reason: 'stolen' })
  for (const outcome of ['exact', 'consistent'] as const) {
    assert.equal(claim({ findings: [finding({ outcome })], revoked: given(500) }), undefined)
    assert.equal(claim({ findings: [finding({ outcome })], revoked: given(2000) })?.basis, 'recomputation')
  }
  // Nobody takes back what it found, and least what was decided on, by giving up a key.
  const against = finding({ outcome: 'inconsistent', dispute: 'd' })
  const lost = over({ wrong: 'defender', votes: voted(['ada', 'bo'], 'defender') })
  assert.equal(claim({ findings: [against], disputes: [lost], revoked: given(500) })?.result, 'fail')
})

test('a finding of another statement, or by nobody who is known, is of no record', () => {
  assert.equal(claim({ findings: [finding({ entry: 'ff' })] }), undefined)
  assert.equal(claim({ findings: [finding({ auditor: 'nobody' })] }), undefined)
  assert.equal(claim({ findings: [finding({ key: 'unknown' })] }), undefined)
})

test('an operator is not cleared by judges of its own', () => {
  const against = finding({ outcome: 'inconsistent', dispute: 'd' })
  const others = finding({ auditor: 'bo' })
  const members = [...MEMBERS, member('twin', 'ops')]
  const judged = (by: string[]) =>
    claim({
      findings: [against, others],
      disputes: [over({ wrong: 'challenger', votes: voted(by, 'challenger') })],
      members,
    })
  assert.equal(judged(['ada', 'bo'])?.result, 'pass')
  const own = judged(['twin'])
  assert.deepEqual([own?.result, own?.reason], ['not-checked', 'recomputation-contested'])
  assert.match(own!.sentence, /have the operator’s owner/)
})

test('what came along may leave out what speaks against it, and the claim says so', () => {
  const whole = claim({ findings: [finding({})] })
  const part = claim({ findings: [finding({})], partial: true })
  assert.doesNotMatch(whole!.notShown, /nobody found otherwise/)
  assert.match(part!.notShown, /nobody found otherwise/)
  // A dispute that was left out is not one that was never brought.
  const left = claim({ findings: [finding({ outcome: 'inconsistent', dispute: 'd' })], partial: true })
  assert.equal(left!.result, 'not-checked')
  assert.match(left!.sentence, /not known here/)
})

test('a pass on recomputation says that it is the auditor’s word', () => {
  assert.match(claim({ findings: [finding({})] })!.notShown, /run it, which is its word/)
})

test('those who were outvoted did not decide', () => {
  const against = finding({ outcome: 'inconsistent', dispute: 'd' })
  const votes = [...voted(['ada', 'bo'], 'both'), ...voted(['cy'], 'challenger')]
  const found = claim({ findings: [against], disputes: [over({ wrong: 'both', votes })] })
  assert.equal(found!.result, 'fail')
  assert.match(
    found!.sentence,
    /: 2 drawn validators computed it anew\. The auditor was found wrong as well\./,
  )
})
