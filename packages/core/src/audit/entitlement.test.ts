import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suite } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'
import type { Challenge, Dispute, Member, Role } from '../registry/records.ts'
import type { Ground } from './disclosure-request.ts'
import { type EntitlementState, notEntitled, SAMPLE_EPOCHS } from './entitlement.ts'
import { drawn } from './sampling.ts'

const LOG = 'ops.example/log'
const SEED = suite.sha256Hex(utf8('seed'))
const D = 'ab'.repeat(32)
const PART = { log: LOG, from: 100, to: 200, root: D }

const member = (id: string, roles: Role[], status: Member['status'] = 'active'): Member => ({
  id,
  name: id,
  ownerGroup: id,
  roles,
  jurisdiction: 'DE',
  hosting: 'own',
  url: null,
  evidence: null,
  status,
  since: { index: 0, time: 0 },
  ended: null,
})
const members = [
  member('ada', ['auditor']),
  member('bo', ['validator']),
  member('ops', ['operator']),
  member('gone', ['auditor', 'validator'], 'left'),
  member('shut', ['auditor', 'validator'], 'suspended'),
  member('new', ['auditor', 'validator'], 'applying'),
]

const challenge: Challenge = {
  digest: D,
  type: 'availability',
  log: LOG,
  by: 'ada',
  index: 7,
  size: 9,
  root: D,
  epoch: 1,
  panel: ['bo', 'gone', 'shut'],
  votes: [],
  status: 'open',
  due: 0,
}
type Seen = Pick<Dispute, 'log' | 'index' | 'auditor' | 'operator' | 'panel' | 'status'>
const dispute: Seen = {
  log: LOG,
  index: 7,
  auditor: 'ada',
  operator: 'ops',
  panel: ['bo', 'gone'],
  status: 'moves',
}

interface Changes extends Partial<Omit<EntitlementState, 'challenges' | 'disputes'>> {
  challenge?: Partial<Challenge>
  dispute?: Partial<Seen>
}

function stateWith({ challenge: ofChallenge, dispute: ofDispute, ...rest }: Changes = {}): EntitlementState {
  return {
    epoch: 12,
    terms: { audit: { samples: { default: 50, uses: { 'credit decision': 10 } }, moveSeconds: 60 } },
    members: new Map(members.map(one => [one.id, one])),
    epochs: new Map([['10', { seed: SEED, drawnFrom: [PART] }]]),
    challenges: new Map([[D, { ...challenge, ...ofChallenge }]]),
    disputes: new Map([[D, { ...dispute, ...ofDispute }]]),
    ...rest,
  }
}

const sample = (epoch = 10): Ground => ({ reason: 'sample', epoch })
const ask = (by: string, index: number, ground: Ground, state = stateWith(), log = LOG) =>
  notEntitled({ by, log, index, ground }, state, suite)

test('an auditor may open what an epoch’s sample draws at the highest rate, and nothing else', () => {
  const due = new Set(drawn(SEED, LOG, PART, 10, suite))
  assert.ok(due.size > 5)
  for (let index = 0; index < 300; index++)
    assert.equal(ask('ada', index, sample()), due.has(index) ? undefined : 'not-drawn', `${index}`)
  const [index] = due as Set<number> & Iterable<number>
  assert.equal(ask('bo', index!, sample()), 'not-an-auditor')
  for (const by of ['gone', 'shut', 'new', 'nobody', '__proto__'])
    assert.equal(ask(by, index!, sample()), 'not-active', by)
  assert.equal(ask('ada', index!, sample(), stateWith(), 'other.example/log'), 'not-drawn')
  assert.equal(ask('ada', index!, sample(11)), 'no-seed')
  assert.equal(ask('ada', index!, sample(), stateWith({ terms: {} })), 'no-samples')
  const before = stateWith({ epochs: new Map([['10', { seed: SEED }]]) })
  assert.equal(ask('ada', index!, sample(), before), 'not-drawn')
  const other = stateWith({ epochs: new Map([['10', { seed: D, drawnFrom: [PART] }]]) })
  const overlap = new Set(drawn(D, LOG, PART, 10, suite))
  assert.equal(ask('ada', index!, sample(), other), overlap.has(index!) ? undefined : 'not-drawn')
})

test('a sample is open for a while, and then closed for good', () => {
  const [index] = drawn(SEED, LOG, PART, 10, suite)
  assert.equal(ask('ada', index!, sample(), stateWith({ epoch: 10 + SAMPLE_EPOCHS })), undefined)
  assert.equal(ask('ada', index!, sample(), stateWith({ epoch: 11 + SAMPLE_EPOCHS })), 'sample-over')
})

test('a challenge opens its record to its panel while it is open', () => {
  const ground: Ground = { reason: 'challenge', digest: D }
  assert.equal(ask('bo', 7, ground), undefined)
  // Who brings one gets nothing to see by it.
  assert.equal(ask('ada', 7, ground), 'no-part-in-it')
  assert.equal(ask('ops', 7, ground), 'no-part-in-it')
  assert.equal(ask('gone', 7, ground), 'not-active')
  assert.equal(ask('shut', 7, ground), 'not-active')
  assert.equal(ask('bo', 8, ground), 'another-record')
  assert.equal(ask('bo', 7, ground, stateWith(), 'other.example/log'), 'another-record')
  assert.equal(ask('bo', 7, { reason: 'challenge', digest: 'cd'.repeat(32) }), 'no-challenge')
  const consistency = stateWith({ challenge: { type: 'consistency' } })
  assert.equal(ask('bo', 7, ground, consistency), 'no-challenge')
  for (const status of ['answered', 'lost', 'undecided'] as const)
    assert.equal(ask('bo', 7, ground, stateWith({ challenge: { status } })), 'over')
  assert.equal(ask('bo', 7, ground, stateWith({ challenge: { panel: [] } })), 'no-part-in-it')
})

test('a dispute opens its record to its panel while it goes on, and to neither side', () => {
  const ground: Ground = { reason: 'dispute', digest: D }
  // Who could have any record opened by disputing it would need no sample.
  for (const by of ['ada', 'ops']) assert.equal(ask(by, 7, ground), 'no-part-in-it', by)
  const by = 'bo'
  assert.equal(ask(by, 7, ground), undefined, by)
  assert.equal(ask(by, 7, ground, stateWith({ dispute: { status: 'panel' } })), undefined, by)
  assert.equal(ask(by, 8, ground), 'another-record', by)
  for (const status of ['decided', 'undecided'] as const)
    assert.equal(ask(by, 7, ground, stateWith({ dispute: { status } })), 'over', by)
  assert.equal(ask('bo', 7, ground, stateWith({ dispute: { panel: [] } })), 'no-part-in-it')
  assert.equal(ask('gone', 7, ground), 'not-active')
  assert.equal(ask('ada', 7, { reason: 'dispute', digest: 'cd'.repeat(32) }), 'no-dispute')
})
