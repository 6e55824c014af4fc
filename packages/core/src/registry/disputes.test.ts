/** Findings and disputes in the registry: who may state them, their clocks, and how they end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suite } from '../../test/fixture.ts'
import { RegistryWorld } from '../../test/registry.ts'
import { amend, DIGEST, effective, shown } from '../../test/registry-acts.ts'
import {
  audited,
  committed,
  disputed,
  play,
  AUDIT_TERMS as TERMS,
  trace,
  votes,
} from '../../test/registry-audits.ts'
import { comparisonBody, comparisonFields, EQUALITY_STATISTIC, Path } from '../compare/index.ts'
import { nextMove } from '../dispute/player.ts'
import type { JsonObject } from '../shape.ts'
import type { Trace } from '../trace/index.ts'
import { DEFAULT_AUDIT, findingId } from './index.ts'

test('a dispute is played to one tile, looked at by those drawn, and decided', () => {
  for (const [wrong, lost] of [
    ['defender', true],
    ['challenger', false],
    ['both', true],
    ['neither', false],
  ] as const) {
    const made = audited()
    const { world, log, pass, say, panel } = made
    const { id, dispute } = disputed(made, committed(trace()))
    assert.equal(world.state.findings.get(findingId(log.origin, made.index, 'audrey'))!.dispute, id)
    play(made, id, trace(), trace(13))
    assert.deepEqual(dispute().game!.end, { kind: 'tile', value: 13, tile: 1 })
    assert.equal(dispute().status, 'panel')
    const vote = { dispute: id, wrong, how: 'referee', report: DIGEST }
    assert.equal(say('dispute-vote', vote, panel[0]!, 'validator').rule, 'not-drawn')
    while (dispute().panel.length === 0) pass(60)
    assert.equal(dispute().panel.length, 3)
    assert.ok(dispute().due > world.state.clock, 'the panel has its full time')
    votes(made, id, wrong, 1)
    assert.equal(dispute().status, 'panel')
    const [first] = dispute().panel
    const again = panel.find(one => one.id === first)!
    assert.equal(say('dispute-vote', { ...vote, wrong: 'neither' }, again, 'validator').rule, 'given-before')
    const second = panel.find(one => one.id === dispute().panel[1])!
    effective(say('dispute-vote', vote, second, 'validator'))
    assert.deepEqual([dispute().status, dispute().wrong], ['decided', wrong])
    assert.equal(world.state.logs.get(log.origin)!.lost?.dispute, lost ? id : undefined)
    assert.equal([...world.state.openOf('dispute')].length, 0)
    const third = panel.find(one => one.id === dispute().panel[2])!
    assert.equal(say('dispute-vote', vote, third, 'validator').rule, 'not-open')
  }
})

test('who lets a move’s time pass loses, the auditor as well as the operator', () => {
  for (const late of ['defender', 'challenger'] as const) {
    const made = audited()
    const { world, say, operator, pass, log } = made
    const { id, dispute } = disputed(made, committed(trace()))
    if (late === 'challenger') {
      const move = nextMove(dispute().game!, trace(4))! as unknown as JsonObject
      effective(say('dispute-move', { dispute: id, move }, operator))
    }
    pass(120)
    assert.equal(dispute().status, 'moves')
    pass(120)
    assert.deepEqual([dispute().status, dispute().wrong], ['decided', late])
    assert.deepEqual(dispute().game!.end, { kind: 'silence', by: late })
    assert.equal(world.state.logs.get(log.origin)!.lost !== undefined, late === 'defender')
    const move = nextMove({ ...dispute().game!, phase: 'commit' }, trace())! as unknown as JsonObject
    assert.equal(say('dispute-move', { dispute: id, move }, operator).rule, 'not-open')
  }
})

test('clocks stand still while no quorum ticks, so nobody loses by it', () => {
  const made = audited()
  const { world, panel } = made
  const { dispute } = disputed(made, committed(trace()))
  world.tick(100 * 86_400, panel.slice(0, 2))
  assert.equal(dispute().status, 'moves')
})

test('moves out of turn, of others, and against what was shown before are void', () => {
  const made = audited()
  const { say, auditor, operator, panel } = made
  const { id, dispute } = disputed(made, committed(trace()))
  const move = (one: Trace) => nextMove(dispute().game!, one)! as unknown as JsonObject
  const first = move(trace(13))
  assert.equal(say('dispute-move', { dispute: id, move: first }, auditor).rule, 'out-of-turn')
  assert.equal(say('dispute-move', { dispute: id, move: first }, panel[0]!).rule, 'not-yours')
  assert.equal(say('dispute-move', { dispute: DIGEST, move: first }, operator).rule, 'not-found')
  assert.equal(say('dispute-move', { dispute: id, move: {} }, operator).rule, 'bad-move')
  effective(say('dispute-move', { dispute: id, move: first }, operator))
  assert.equal(say('dispute-move', { dispute: id, move: move(trace(2)) }, auditor).rule, 'bad-move')
  effective(say('dispute-move', { dispute: id, move: move(trace()) }, auditor))
  assert.equal(say('dispute-move', { dispute: id, move: move(trace()) }, auditor).rule, 'out-of-turn')
})

test('a panel of two minds decides nothing, and no side is said to be wrong', () => {
  const made = audited()
  const { pass, panel, say } = made
  const { id, dispute } = disputed(made, { token: 5 })
  assert.deepEqual([dispute().status, dispute().game], ['panel', null])
  while (dispute().panel.length === 0) pass(60)
  for (const [i, wrong] of (['challenger', 'defender', 'neither'] as const).entries()) {
    const voter = panel.find(one => one.id === dispute().panel[i])!
    effective(say('dispute-vote', { dispute: id, wrong, how: 'wasm', report: DIGEST }, voter, 'validator'))
  }
  assert.equal(dispute().status, 'panel')
  pass(360)
  assert.deepEqual([dispute().status, dispute().wrong], ['undecided', null])
})

test('a dispute rests on a finding of one’s own, and there is one to a finding', () => {
  for (const outcome of ['exact', 'consistent', 'not-rerun']) {
    const made = audited(outcome)
    const { say, auditor, evidence } = made
    assert.equal(say('dispute', { ...evidence, ...committed(trace()) }, auditor).rule, 'not-found')
  }
  const made = audited()
  const { say, auditor, operator, panel, evidence, log } = made
  const body = { ...evidence, ...committed(trace()) }
  assert.equal(say('dispute', body, panel[0]!).rule, 'wrong-role')
  assert.equal(say('dispute', body, operator).rule, 'wrong-role')
  assert.equal(say('dispute', { ...body, entry: DIGEST }, auditor).rule, 'bad-evidence')
  assert.equal(say('dispute', { ...evidence }, auditor).rule, 'malformed-statement')
  assert.equal(say('dispute', { ...body, token: 3 }, auditor).rule, 'malformed-statement')
  // Another record of the log, of which nothing was found.
  assert.equal(say('dispute', { ...shown(log, 'other'), ...committed(trace()) }, auditor).rule, 'not-found')
  effective(say('dispute', body, auditor))
  assert.equal(say('dispute', { ...evidence, token: 1 }, auditor).rule, 'given-before')
})

test('an auditor keeps an operator busy with so many disputes at a time, and no more', () => {
  const made = audited()
  const { say, auditor, operator, log, world } = made
  const records = Array.from({ length: 9 }, (_, i) => ({ index: log.size, ...shown(log, `record ${i}`) }))
  for (let epoch = world.state.epoch; world.state.epoch === epoch; ) made.pass(60)
  effective(say('anchor', { log: log.origin, size: log.size, root: DIGEST }, operator))
  const findings = records.map(({ index, entry }) => ({
    log: log.origin,
    index,
    entry,
    outcome: 'inconsistent',
    report: DIGEST,
  }))
  effective(say('finding', { findings }, auditor))
  const rules = records.map(
    ({ entry, proof }) => say('dispute', { log: log.origin, entry, proof, token: 0 }, auditor).rule,
  )
  assert.deepEqual(rules, [...new Array(8).fill(undefined), 'too-many'])
})

test('findings are of anchored records, one of each by one auditor, and others may find otherwise', () => {
  const made = audited('exact')
  const { say, auditor, world, found, log, index } = made
  const state = (change: JsonObject) => say('finding', { findings: [{ ...found, ...change }] }, auditor).rule
  assert.equal(state({}), 'given-before')
  assert.equal(state({ index: log.size }), 'not-anchored')
  assert.equal(state({ log: 'nobody.example/log' }), 'no-such-log')
  assert.equal(state({ outcome: 'fine' }), 'malformed-statement')
  assert.equal(say('finding', { findings: [] }, auditor).rule, 'malformed-statement')
  const twice = [
    { ...found, index: 0 },
    { ...found, index: 0 },
  ]
  assert.equal(say('finding', { findings: twice }, auditor).rule, 'malformed-statement')
  effective(say('finding', { findings: [{ ...found, index: 0, epoch: 4 }] }, auditor))
  assert.deepEqual(world.state.findings.get(findingId(log.origin, index, 'audrey')), {
    log: log.origin,
    index,
    entry: found.entry,
    auditor: 'audrey',
    key: auditor.signer('member').keyid,
    outcome: 'exact',
    model: DIGEST,
    report: DIGEST,
    epoch: null,
    stated: world.state.findings.get(findingId(log.origin, index, 'audrey'))!.stated,
    dispute: null,
  })
})

test('what was anchored in an epoch stands beside its seed, so that anyone can draw again', () => {
  const made = audited()
  const { world, log, operator, say } = made
  const first = world.state.epoch
  const size = log.size
  while (world.state.epoch === first) made.pass(60)
  log.fill(5)
  effective(say('anchor', { log: log.origin, size: log.size, root: DIGEST }, operator))
  while (world.state.epochs.get(String(first + 1)) === undefined) made.pass(60)
  const part = (from: number, to: number) => [{ log: log.origin, from, to, root: DIGEST }]
  assert.deepEqual(world.state.epochs.get(String(first))!.drawnFrom, part(0, size))
  assert.deepEqual(world.state.epochs.get(String(first + 1))!.drawnFrom, part(size, log.size))
})

test('a comparison is an auditor’s to state, and what contradicts its own figures is void', () => {
  const made = audited()
  const { say, auditor, panel, world } = made
  const path = new Path(0.01)
  for (let i = 1; i <= 50; i++) path.add(i / 5)
  const body = comparisonBody(
    {
      statistic: EQUALITY_STATISTIC,
      a: { kind: 'endpoint', url: 'https://a.example/v1', model: 'tiny' },
      b: { kind: 'file', sha256: DIGEST, runtime: 'node-llama-cpp 3' },
      prompts: { count: 12, sha256: DIGEST },
      parameters: { temperature: 1, topP: 1, maxTokens: 24, api: 'chat' },
      planned: 200,
      failed: { a: 0, b: 0 },
      ended: 'level',
      transcript: DIGEST,
      from: world.now,
      to: world.now,
    },
    0.01,
    path,
  )
  const fields = comparisonFields(body)
  assert.equal(say('comparison', fields, panel[0]!).rule, 'wrong-role')
  assert.equal(say('comparison', { ...fields, outcome: 'not-shown' }, auditor).rule, 'malformed-statement')
  const { digest } = effective(say('comparison', fields, auditor))
  const { outcome, by, seen } = world.state.comparisons.get(digest!)!
  assert.deepEqual([outcome, by, seen], ['different', 'audrey', 50])
  assert.equal([...world.state.openOf('dispute')].length, 0)
})

test('before version 3 there are none of these, and its state digests are what they were', () => {
  const old = new RegistryWorld(['ada', 'bo'], { waitingSeconds: 0 })
  assert.equal(old.state_('finding', { findings: [] }, old.founders[0]!).rule, 'unknown-kind')
  assert.equal(old.state.terms.audit, undefined)
  const { collections } = old.state.outline(0, suite)
  assert.ok(!collections.some(([name]) => ['findings', 'disputes', 'comparisons'].includes(name)))
  amend(old, TERMS)
  old.tick()
  assert.equal(old.state.terms.audit, undefined)
  amend(old, {}, 2)
  old.tick()
  amend(old, { audit: TERMS.audit }, 3)
  old.tick()
  // Said under rules that do not know of it.
  assert.deepEqual([old.state.rules, old.state.terms.audit], [3, DEFAULT_AUDIT])
  amend(old, { audit: TERMS.audit })
  old.tick()
  assert.deepEqual([old.state.rules, old.state.terms.audit], [3, TERMS.audit])
  assert.equal(old.state.outline(0, suite).collections.length, collections.length + 3)
})
