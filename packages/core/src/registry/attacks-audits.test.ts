/** What one auditor, one operator or one panel must not be able to do with findings and disputes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suite } from '../../test/fixture.ts'
import { Owner, RegistryWorld } from '../../test/registry.ts'
import { addNode, amend, DIGEST, effective, nextEpoch, shown } from '../../test/registry-acts.ts'
import { AUDIT_TERMS, audited, committed, disputed, trace } from '../../test/registry-audits.ts'
import { fromUtf8 } from '../bytes.ts'
import { viewOf } from '../receipt/registered.ts'
import type { JsonObject } from '../shape.ts'
import { checkEvidence, findingId, type Outcome, proveRecords, Registry } from './index.ts'

const rule = (outcome: Outcome) => outcome.rule ?? 'effective'

test('an operator without a trace is not convicted by its silence: it declines, and the record is run again', () => {
  const made = audited()
  const { say, operator, auditor, log, world, pass } = made
  const { id, dispute } = disputed(made, committed(trace()))
  const decline = { dispute: id, move: { kind: 'decline' } }
  assert.equal(rule(say('dispute-move', decline, auditor)), 'out-of-turn')
  const more = { dispute: id, move: { kind: 'decline', root: DIGEST } }
  assert.equal(rule(say('dispute-move', more, operator)), 'bad-move')
  effective(say('dispute-move', decline, operator))
  assert.deepEqual(dispute().game!.end, { kind: 'declined' })
  assert.equal(dispute().status, 'panel')
  pass(240)
  assert.equal(dispute().panel.length, 3)
  assert.equal(world.state.logs.get(log.origin)!.lost, undefined)
})

test('who has committed to a trace cannot decline any more', () => {
  const made = audited()
  const { say, operator, auditor } = made
  const { id, dispute } = disputed(made, committed(trace()))
  const move = { kind: 'commit', ...trace(3).commitment }
  effective(say('dispute-move', { dispute: id, move }, operator))
  for (const by of [operator, auditor])
    assert.notEqual(rule(say('dispute-move', { dispute: id, move: { kind: 'decline' } }, by)), 'effective')
  assert.equal(dispute().status, 'moves')
})

test('an operator that uses up its share still has moves', () => {
  const made = audited()
  const { say, operator, world } = made
  const { id } = disputed(made, committed(trace()))
  world.state.usage.set(operator.id, world.state.terms.statementsPerEpoch)
  assert.equal(rule(say('member', { name: 'Ops', url: null }, operator)), 'rate-limit')
  effective(say('dispute-move', { dispute: id, move: { kind: 'decline' } }, operator))
})

test('a dispute that nobody can sit over ends, and does not stay open for ever', () => {
  const auditor = new Owner('audrey', ['auditor', 'validator'])
  const made = audited('inconsistent', [new Owner('ada', ['validator'], 'audrey')], auditor)
  const { id, dispute } = disputed(made, { token: 1 })
  made.pass(600)
  assert.deepEqual([dispute().status, dispute().panel], ['undecided', []])
  assert.ok(!made.world.state.open.has(`dispute ${id}`))
})

test('those who leave a panel leave it to the others, also where nobody votes after them', () => {
  const made = audited()
  const { say, panel, pass } = made
  const { id, dispute } = disputed(made, { token: 1 })
  pass(240)
  const [a, b, c] = dispute().panel.map(member => panel.find(one => one.id === member)!)
  const vote = { dispute: id, wrong: 'defender', how: 'replay', report: DIGEST }
  effective(say('dispute-vote', vote, a!, 'validator'))
  for (const one of [b!, c!].filter(({ id }) => id !== made.world.state.host!.member))
    effective(say('leave', {}, one))
  const left = made.panel.filter(({ id }) => made.world.state.members.get(id)!.status === 'active')
  const sitting = dispute().panel.filter(id => left.some(one => one.id === id)).length
  for (let i = 0; i < 10; i++) made.world.tick(60, left)
  assert.equal(dispute().status, sitting < 2 ? 'decided' : 'undecided')
})

test('giving up a log’s key is no way out of a dispute about what was anchored', () => {
  const made = audited()
  const { say, operator, world } = made
  const key = operator.signer('log').keyid
  const since = new Date(world.now - 60_000).toISOString()
  effective(say('revocation', { key, since, reason: 'lost' }, operator))
  const { dispute } = disputed(made, committed(trace()))
  assert.equal(dispute().status, 'moves')
  // Of what it did not anchor, whoever has the key can say what they like.
  const { log, auditor } = made
  const after = { type: 'availability', ...shown(log, 'later') }
  assert.equal(rule(say('challenge', after, auditor)), 'key-revoked')
})

test('a log that shows nothing is challenged by what its operator anchored', () => {
  const made = audited()
  const { say, auditor, log, world, pass, panel } = made
  const at = (index: number, more: JsonObject = {}) => ({
    type: 'availability',
    log: log.origin,
    index,
    ...more,
  })
  assert.equal(rule(say('challenge', at(log.size), auditor)), 'not-anchored')
  assert.equal(rule(say('challenge', at(2 ** 53 - 1), auditor)), 'not-anchored')
  assert.equal(rule(say('challenge', at(0, { type: 'consistency' }), auditor)), 'malformed-statement')
  const { digest } = effective(say('challenge', at(0), auditor))
  assert.equal(rule(say('challenge', at(0), auditor)), 'given-before')
  const challenge = () => world.state.challenges.get(digest!)!
  assert.deepEqual([challenge().size, challenge().root], [log.size, DIGEST])
  pass(240)
  for (const id of challenge().panel.slice(0, 2)) {
    const voter = panel.find(one => one.id === id)!
    effective(say('challenge-vote', { challenge: digest!, opens: false }, voter, 'validator'))
  }
  pass(360)
  assert.equal(challenge().status, 'lost')
  assert.equal(world.state.members.get('ops')!.status, 'suspended')
})

test('a finding names the key that signed it, and nobody states another’s, or of what is not anchored', () => {
  const made = audited('exact')
  const { world, say, operator, auditor, log, found } = made
  const [finding] = [...world.state.findings.values()]
  assert.equal(finding!.key, auditor.signer('member').keyid)
  assert.equal(rule(say('finding', { findings: [found] }, operator)), 'wrong-role')
  const far = { ...found, index: 2 ** 53 - 1 }
  assert.equal(rule(say('finding', { findings: [far] }, auditor)), 'not-anchored')
  assert.equal(
    rule(say('finding', { findings: [{ ...found, log: `${log.origin} 1` }] }, auditor)),
    'malformed-statement',
  )
})

test('what 64 findings a statement cost is bounded by the share, and so is a digest over them', () => {
  const made = audited('exact')
  const { world, say, operator, auditor, log, found, pass } = made
  pass(180)
  effective(say('anchor', { log: log.origin, size: 2 ** 40, root: DIGEST }, operator))
  const batch = (from: number) => ({
    findings: Array.from({ length: 64 }, (_, i) => ({ ...found, index: from + i })),
  })
  for (let i = 0; i < 100; i++) effective(say('finding', batch(1000 + i * 64), auditor))
  assert.equal(world.state.findings.size, 6401)
  assert.equal(
    rule(say('finding', { findings: [...batch(0).findings, found] }, auditor)),
    'malformed-statement',
  )
  const began = performance.now()
  world.registry.digest()
  assert.ok(performance.now() - began < 5000)
})

test('no time passes for anybody’s move while fewer than a quorum tick, however long', () => {
  const made = audited()
  const { world, panel } = made
  const { dispute } = disputed(made, committed(trace()))
  for (let i = 0; i < 50; i++) world.tick(86_400, panel.slice(0, 2))
  assert.equal(dispute().status, 'moves')
  assert.ok(world.state.clock < 60_000)
})

test('a suspended operator moves, one that left does not; and its other roles change nothing', () => {
  const made = audited()
  const { world, say, operator } = made
  const { id } = disputed(made, committed(trace()))
  world.state.members.update('ops', { status: 'suspended' })
  const decline = { dispute: id, move: { kind: 'decline' } }
  assert.equal(rule(say('finding', { findings: [made.found] }, operator)), 'member-not-active')
  world.state.members.update('ops', { status: 'active', roles: ['deployer'] })
  effective(say('leave', {}, operator))
  assert.equal(rule(say('dispute-move', decline, operator)), 'member-not-active')
})

test('before version 3 the rules read what they always read: audit terms and places are unknown fields', () => {
  const world = new RegistryWorld(
    ['ada', 'bo', 'cy', 'dee'],
    { waitingSeconds: 0, epochSeconds: 120, audit: 'anything' as never },
    2,
  )
  const [ada, bo] = world.founders as [Owner, Owner]
  assert.equal(world.outcomes[0]!.rule, undefined)
  world.tick()
  const { log } = addNode(world, ada)
  effective(world.state_('anchor', { log: log.origin, size: 3, root: DIGEST }, ada))
  const challenge = { type: 'availability', log: log.origin, index: 0 }
  assert.equal(rule(world.state_('challenge', challenge, bo)), 'malformed-statement')
  for (const audit of [AUDIT_TERMS.audit, { samples: 'x' }, 7]) {
    const body = { action: 'amend', terms: { audit, panel: 2 } as JsonObject, at: world.registry.size + 9 }
    const { digest } = effective(world.state_('proposal', body, ada))
    assert.deepEqual(world.state.proposals.get(digest!)!.action, {
      action: 'amend',
      terms: { panel: 2 },
      rules: null,
      at: body.at,
    })
  }
  amend(world, {}, 3)
  nextEpoch(world)
  const wrong = { action: 'amend', terms: { audit: 7 }, at: world.registry.size + 9 }
  assert.equal(rule(world.state_('proposal', wrong, ada)), 'malformed-statement')
})

/** Computed by the software as it was before version 3, over the same entries. */
const DIGEST_BEFORE = 'beae9626b11de165288ad4582ac6866cd4a9c43212a4e0d605348c060a55b899'

test('an older network’s state digest is what older software computes', () => {
  const world = new RegistryWorld(['ada', 'bo', 'cy', 'dee'], {
    digestEvery: 16,
    waitingSeconds: 0,
    epochSeconds: 120,
    challengeSeconds: 300,
    audit: { samples: 'of a later version' } as never,
  })
  const [ada, bo, cy] = world.founders as [Owner, Owner, Owner]
  world.tick()
  const { log } = addNode(world, ada)
  effective(world.state_('anchor', { log: log.origin, size: 3, root: DIGEST }, ada))
  effective(world.state_('challenge', { type: 'availability', ...shown(log, 'x') }, bo))
  const terms = { audit: AUDIT_TERMS.audit, panel: 2 } as JsonObject
  effective(world.state_('proposal', { action: 'amend', terms, at: world.registry.size + 9 }, ada))
  assert.equal(rule(world.state_('finding', { findings: [] }, bo)), 'unknown-kind')
  for (let i = 0; i < 3; i++) nextEpoch(world)
  const [challenge] = [...world.state.challenges.values()]
  const [sits] = challenge!.panel
  const voter = [cy, world.founders[3]!].find(({ id }) => id === sits)!
  const vote = { challenge: challenge!.digest, opens: false }
  effective(world.state_('challenge-vote', vote, voter, 'validator'))
  amend(world, { panel: 2 }, 2)
  for (let i = 0; i < 4; i++) nextEpoch(world)
  assert.equal(world.registry.digest(), DIGEST_BEFORE)
})

test('findings and disputes are proven by a signed digest like all records, and none can be altered or made up', () => {
  const made = audited()
  const { world, log, index, panel, auditor } = made
  const { id } = disputed(made, committed(trace()))
  while ((world.registry.due?.size ?? 0) < world.registry.size - 1) world.tick(1, panel)
  const { size, digest } = world.registry.due!
  const at = new Registry(suite)
  for (const entry of world.entries.slice(0, size)) at.append(entry)
  const digests = panel.map(owner => {
    effective(world.state_('state-digest', { size, digest }, owner, 'validator'))
    return fromUtf8(world.entries.at(-1)!)
  })
  const wanted = [
    ['findings', findingId(log.origin, index, auditor.id)],
    ['disputes', id],
    ['members', auditor.id],
    ['keys', auditor.signer('member').keyid],
  ] as const
  const evidence = proveRecords(at, wanted, digests, suite)
  const proven = checkEvidence(evidence, world.state, suite)!
  const [finding] = [...viewOf('net', proven).findingsOf(log.origin, index)]
  assert.deepEqual(finding, at.state.findings.get(wanted[0][1]))
  assert.deepEqual([...viewOf('net', proven).findingsOf(log.origin, 0)], [])
  const [record, ...rest] = evidence.records
  for (const value of [
    { ...record!.value, outcome: 'exact' },
    { ...record!.value, entry: DIGEST },
  ]) {
    const records = [{ ...record!, value }, ...rest]
    assert.throws(() => checkEvidence({ ...evidence, records }, world.state, suite), { code: 'bad-proof' })
  }
  // A state digest of the same size under other rules is of another state.
  const outline = { ...evidence.outline, rules: 2 }
  assert.throws(() => checkEvidence({ ...evidence, outline }, world.state, suite), { code: 'bad-proof' })
})
