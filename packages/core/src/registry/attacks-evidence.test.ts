/** What one operator, one auditor, one author of approvals or fewer than a quorum must not be able to do with evidence. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { suite } from '../../test/fixture.ts'
import { type Owner, RegistryWorld } from '../../test/registry.ts'
import { addNode, amend, DIGEST, effective, forked, nextEpoch, propose } from '../../test/registry-acts.ts'
import { ARCHIVE, AS_OF, attested, digestOf, REFERENCE } from '../../test/registry-evidence.ts'
import { fromUtf8, utf8 } from '../bytes.ts'
import { CHECKS, DEFAULT_EVIDENCE_POLICY, FORMATS, ROOT_SETS } from '../evidence/index.ts'
import { SNP_PARTS, TCB_STATUSES } from '../evidence/policy.ts'
import { viewOf } from '../receipt/registered.ts'
import type { JsonObject } from '../shape.ts'
import {
  addSignature,
  checkEvidence,
  evidencePolicyUnder,
  type Outcome,
  proveRecords,
  Registry,
  referenceId,
} from './index.ts'

const rule = (outcome: Outcome) => outcome.rule ?? 'effective'
const ID = referenceId(REFERENCE as never, suite)

test('evidence is of the member’s own node and log, and what it says is kept', () => {
  const { world, say, operator, validators, body, log } = attested()
  const [ada] = validators as [Owner]
  const record = world.state.evidence.get(DIGEST)!
  const { index, time } = record.stated
  assert.deepEqual(record, {
    digest: DIGEST,
    member: 'ops',
    node: 'ops/one',
    log: log.origin,
    bytes: 20_000,
    stated: { index, time },
    endorsements: [{ digest: ARCHIVE, bytes: 300_000, stated: { index, time } }],
    appraisals: [],
  })
  const other = (more: JsonObject) => body({ evidence: digestOf(1), ...more })
  assert.equal(rule(say('evidence', other({ node: 'two' }), operator)), 'not-found')
  assert.equal(rule(say('evidence', other({ log: 'x.example/log' }), operator)), 'no-such-log')
  assert.equal(rule(say('evidence', other({}), ada)), 'not-found')
  addNode(world, ada)
  assert.equal(rule(say('evidence', other({}), ada)), 'not-yours')
  assert.equal(rule(say('evidence', body({ log: 'ada.example/log' }), ada)), 'name-taken')
  const [auditor] = world.founders.filter(({ id }) => id === 'audrey')
  assert.equal(rule(say('evidence', other({}), auditor!)), 'wrong-role')
})

test('evidence of a log that forked is of no log any more', () => {
  const { say, operator, validators, body, log } = attested()
  effective(say('fork', forked(log), validators[0]!))
  assert.equal(rule(say('evidence', body({ evidence: digestOf(1) }), operator)), 'member-not-active')
  const again = attested()
  again.world.state.logs.update(again.log.origin, { forked: { index: 1, time: 1 } })
  assert.equal(
    rule(again.say('evidence', again.body({ evidence: digestOf(1) }), again.operator)),
    'no-such-log',
  )
})

test('a refresh appends, the first archive stays, and so do the newest, up to the bound', () => {
  const { world, say, operator, body } = attested()
  assert.equal(rule(say('evidence', body(), operator)), 'given-before')
  assert.equal(
    rule(say('evidence', body({ endorsements: digestOf(1), bytes: [20_001, 1] }), operator)),
    'bad-evidence',
  )
  for (let i = 1; i <= 70; i++)
    effective(say('evidence', body({ endorsements: digestOf(i), bytes: [20_000, 100] }), operator))
  const { endorsements, stated } = world.state.evidence.get(DIGEST)!
  assert.equal(endorsements.length, 64)
  assert.deepEqual(endorsements[0], { digest: ARCHIVE, bytes: 300_000, stated })
  assert.deepEqual(
    endorsements.slice(1).map(({ digest }) => digest),
    Array.from({ length: 63 }, (_, i) => digestOf(i + 8)),
  )
  // One that came before another is new again: which is the newest is what counts.
  effective(say('evidence', body({ bytes: [20_000, 300_000] }), operator))
})

test('sizes out of bounds are malformed, and an owner brings so many bytes an epoch and no more', () => {
  const { world, say, operator, body } = attested()
  for (const bytes of [[0, 1], [1, 0], [524_289, 1], [1, 2_097_153], [1], [1, 2, 3], ['1', 2], [1.5, 1]])
    assert.equal(
      rule(say('evidence', body({ evidence: digestOf(1), bytes }), operator)),
      'malformed-statement',
    )
  const rules: string[] = []
  for (let i = 1; i <= 8; i++)
    rules.push(rule(say('evidence', body({ evidence: digestOf(i), bytes: [1, 2_097_152] }), operator)))
  assert.deepEqual(rules, [...Array(7).fill('effective'), 'rate-limit'])
  effective(say('evidence', body({ evidence: digestOf(9), bytes: [1, 1] }), operator))
  for (let i = 0; i < 3; i++) world.tick(60, world.founders.slice(0, 4))
  effective(say('evidence', body({ evidence: digestOf(8), bytes: [1, 2_097_152] }), operator))
})

test('validators and auditors appraise what is there, once for each archive, and no others do', () => {
  const { world, say, operator, auditor, validators, body, appraised } = attested()
  const [ada, bo] = validators as [Owner, Owner]
  assert.equal(rule(say('appraisal', appraised(), operator)), 'wrong-role')
  assert.equal(rule(say('appraisal', appraised({ evidence: digestOf(1) }), ada)), 'not-found')
  assert.equal(rule(say('appraisal', appraised({ endorsements: digestOf(1) }), ada)), 'not-found')
  effective(say('appraisal', appraised(), ada, 'validator'))
  assert.equal(
    rule(say('appraisal', appraised({ met: false, reasons: ['debug:debug-mode'] }), ada)),
    'given-before',
  )
  effective(say('appraisal', appraised({ met: false, reasons: ['debug:debug-mode'] }), bo))
  effective(say('appraisal', appraised(), auditor))
  // Those that disagree stand side by side.
  const { appraisals } = world.state.evidence.get(DIGEST)!
  assert.deepEqual(
    appraisals.map(({ by, met, reasons }) => [by, met, reasons]),
    [
      ['ada', true, []],
      ['bo', false, ['debug:debug-mode']],
      ['audrey', true, []],
    ],
  )
  assert.equal(appraisals[0]!.key, ada.signer('validator').keyid)
  assert.equal(appraisals[0]!.asOf, Date.parse(AS_OF))
  effective(say('evidence', body({ endorsements: digestOf(2) }), operator))
  effective(say('appraisal', appraised({ endorsements: digestOf(2) }), ada))
  for (const wrong of [
    { met: 'yes' },
    { met: false },
    { reasons: 'x' },
    { reasons: ['no colon'] },
    { reasons: ['a:b\u202e'] },
    { reasons: Array(33).fill('a:b') },
    { asOf: 'yesterday' },
  ])
    assert.equal(rule(say('appraisal', appraised(wrong), bo)), 'malformed-statement')
})

test('who appraises archive after archive pushes nobody’s word out but its own', () => {
  const { world, say, operator, auditor, validators, body, appraised } = attested()
  const [ada, bo] = validators as [Owner, Owner]
  effective(say('appraisal', appraised({ met: false, reasons: ['debug:debug-mode'] }), bo))
  for (let i = 1; i <= 80; i++) {
    const archive = { endorsements: digestOf(i), bytes: [20_000, 1] }
    effective(say('evidence', body(archive), operator))
    effective(say('appraisal', appraised({ endorsements: digestOf(i) }), ada))
  }
  effective(say('appraisal', appraised({ endorsements: digestOf(80) }), auditor))
  const { appraisals } = world.state.evidence.get(DIGEST)!
  assert.equal(appraisals.length, 64)
  assert.deepEqual([appraisals[0]!.by, appraisals[0]!.met], ['bo', false])
  assert.equal(appraisals.at(-1)!.by, 'audrey')
  assert.equal(appraisals.at(-2)!.endorsements, digestOf(80))
})

test('members approve images, each for itself, and an image is what is measured', () => {
  const { world, say, operator, auditor, validators } = attested()
  const [ada] = validators as [Owner]
  const turned = { ...REFERENCE, image: 'the same', measurements: { rtmr1: 'bb', mrtd: 'aa' } }
  effective(say('reference-value', { reference: REFERENCE }, auditor))
  effective(say('reference-value', { reference: turned }, ada))
  assert.equal(rule(say('reference-value', { reference: turned }, ada)), 'given-before')
  assert.deepEqual(
    [...world.state.references.entries()].map(([key]) => key),
    [`${ID} audrey`, `${ID} ada`],
  )
  assert.equal(rule(say('reference-value', { reference: REFERENCE }, ada, 'validator')), 'wrong-purpose')
  world.state.members.update('ops', { roles: ['deployer'] })
  assert.equal(rule(say('reference-value', { reference: REFERENCE }, operator)), 'wrong-role')
  for (const wrong of [
    { ...REFERENCE, image: 'a\nb' },
    { ...REFERENCE, image: '\u202eegami' },
    { ...REFERENCE, measurements: {} },
    { ...REFERENCE, measurements: { mrtd: 'a\u001b[2J', rtmr1: 'bb' } },
    { ...REFERENCE, format: 'tpm' },
    { ...REFERENCE, weights: { manifest: DIGEST, by: 'dm-verity' } },
    { ...REFERENCE, provenance: { source: 'x\u0007' } },
  ])
    assert.equal(rule(say('reference-value', { reference: wrong }, ada)), 'malformed-statement')
})

test('an image’s id is over its measurements by name, as docs/registry.md says', () => {
  const measurements = { '10': 'x', '9': 'y', a: 'z' }
  const text = '{"format":"tdx","measurements":{"10":"x","9":"y","a":"z"}}'
  assert.equal(referenceId({ format: 'tdx', measurements }, suite), suite.sha256Hex(utf8(text)))
})

test('a member stands behind so many images and no more; one that it revokes makes room', () => {
  const { say, auditor } = attested()
  const image = (i: number) => ({ ...REFERENCE, measurements: { mrtd: `1${i}`, rtmr1: 'bb' } })
  for (let i = 0; i < 256; i++) effective(say('reference-value', { reference: image(i) }, auditor))
  assert.equal(rule(say('reference-value', { reference: image(256) }, auditor)), 'too-many')
  const id = referenceId(image(0) as never, suite)
  effective(say('reference-revocation', { id, since: AS_OF, reason: 'old' }, auditor))
  effective(say('reference-value', { reference: image(256) }, auditor))
  assert.equal(rule(say('reference-value', { reference: image(0) }, auditor)), 'given-before')
})

test('its author revokes an approval, nobody else’s; and what is revoked does not come back', () => {
  const { world, say, auditor, validators } = attested()
  const [ada, bo] = validators as [Owner, Owner]
  const body = { id: ID, since: AS_OF, reason: 'a hole in its kernel' }
  assert.equal(rule(say('reference-revocation', body, auditor)), 'not-found')
  for (const by of [auditor, ada]) effective(say('reference-value', { reference: REFERENCE }, by))
  assert.equal(rule(say('reference-revocation', body, bo)), 'not-yours')
  // What a validator's process holds is no member's word.
  assert.equal(rule(say('reference-revocation', body, ada, 'validator')), 'quorum-not-met')
  assert.equal(rule(say('reference-revocation', { ...body, reason: 'a\nb' }, ada)), 'malformed-statement')
  effective(say('reference-revocation', body, auditor))
  const [own, others] = world.state.referencesOf(ID)
  const { since, reason, by, groups } = own!.revoked!
  assert.deepEqual([since, reason, by, groups], [Date.parse(AS_OF), body.reason, 'audrey', null])
  assert.equal(others!.revoked, null)
  assert.equal(rule(say('reference-revocation', body, auditor)), 'given-before')
  assert.equal(rule(say('reference-value', { reference: REFERENCE }, auditor)), 'given-before')
  world.state.members.update('ada', { status: 'suspended' })
  effective(say('reference-revocation', body, ada))
})

test('a quorum of validators’ owners revokes an image for all, fewer do not, and nobody approves it after them', () => {
  const { world, say, auditor, validators, operator } = attested()
  const [ada, bo, cy] = validators as [Owner, Owner, Owner]
  for (const by of [auditor, operator]) effective(say('reference-value', { reference: REFERENCE }, by))
  effective(
    say('reference-revocation', { id: ID, since: '2026-01-02T00:00:00.000Z', reason: 'mine' }, operator),
  )
  const signed = (signers: readonly Owner[], purpose: string) => {
    world.now++
    const body = { id: ID, since: '2026-01-03T00:00:00.000Z', reason: 'theirs' }
    let entry = world.entry('reference-revocation', body, ada, ada.signer(purpose))
    for (const one of signers) entry = addSignature(entry, one.signer(purpose))
    return world.append(entry)
  }
  assert.equal(rule(signed([bo], 'validator')), 'quorum-not-met')
  // Member keys of all of them are no quorum.
  assert.equal(rule(signed([bo, cy], 'member')), 'not-yours')
  world.state.members.update('bo', { status: 'suspended' })
  assert.equal(rule(signed([bo], 'validator')), 'quorum-not-met')
  world.state.members.update('bo', { status: 'active' })
  effective(signed([bo, cy], 'validator'))
  for (const { revoked } of world.state.referencesOf(ID)) {
    assert.deepEqual(revoked!.groups, ['ada', 'bo', 'cy'])
    assert.equal(revoked!.by, 'ada')
  }
  // What its author had given up from an earlier time on stays so.
  assert.equal(
    world.state.references.get(`${ID} ops`)!.revoked!.since,
    Date.parse('2026-01-02T00:00:00.000Z'),
  )
  assert.equal(rule(signed([bo, cy], 'validator')), 'given-before')
  assert.equal(rule(say('reference-value', { reference: REFERENCE }, cy)), 'not-open')
})

test('an image that a quorum revoked stays so under more measurements, named before or after; another build does not', () => {
  const { world, say, auditor, validators, operator } = attested()
  const [ada, bo, cy] = validators as [Owner, Owner, Owner]
  const more = { ...REFERENCE, measurements: { mrtd: 'aa', rtmr1: 'bb', rtmr3: 'dd' } }
  const other = { ...REFERENCE, measurements: { mrtd: 'aa', rtmr1: 'ee' } }
  effective(say('reference-value', { reference: REFERENCE }, auditor))
  for (const reference of [more, other]) effective(say('reference-value', { reference }, operator))
  const body = { id: ID, since: AS_OF, reason: 'it leaks' }
  let entry = world.entry('reference-revocation', body, ada, ada.signer('validator'))
  for (const one of [bo, cy]) entry = addSignature(entry, one.signer('validator'))
  effective(world.append(entry))
  const by = (reference: object) =>
    world.state.references.get(`${referenceId(reference as never, suite)} ops`)!.revoked?.groups
  assert.deepEqual([by(more), by(other)], [['ada', 'bo', 'cy'], undefined])
  const again = { ...more, measurements: { ...more.measurements, rtmr2: 'ff' } }
  assert.equal(rule(say('reference-value', { reference: again }, operator)), 'not-open')
  effective(say('reference-value', { reference: other }, cy))
})

test('the policy of evidence travels with the charter, is kept as it was written, and must be one', () => {
  const policy = { debug: 'accept', tcb: { tdx: ['UpToDate'] } }
  const world = new RegistryWorld(['ada', 'bo', 'cy'], { evidence: { policy } }, 4)
  assert.deepEqual(world.state.terms.evidence, { policy })
  assert.deepEqual(evidencePolicyUnder(world.state.terms), {
    ...DEFAULT_EVIDENCE_POLICY,
    debug: 'accept',
    tcb: { ...DEFAULT_EVIDENCE_POLICY.tcb, tdx: ['UpToDate'] },
  })
  const [ada] = world.founders as [Owner]
  const reference = { ...REFERENCE, image: 'two\nlines' }
  for (const wrong of [
    7,
    {},
    { policy: 7 },
    { policy: { debug: 'maybe' } },
    { policy: { unknown: 1 } },
    { policy: { tcb: { tdx: ['Revoked'] } } },
    { policy: { references: [reference] } },
    { policy: { references: Array(200).fill(REFERENCE) } },
  ]) {
    const body = { action: 'amend', terms: { evidence: wrong } as JsonObject, at: world.registry.size + 9 }
    assert.equal(rule(world.state_('proposal', body, ada)), 'malformed-statement')
  }
  amend(world, { evidence: { policy: {} } })
  assert.deepEqual(evidencePolicyUnder(world.state.terms), DEFAULT_EVIDENCE_POLICY)
})

test('before version 4 all of it is unknown, and the terms of an older version are what they were', () => {
  const terms = { waitingSeconds: 0, evidence: 'anything' as never }
  for (const rules of [1, 3]) {
    const world = new RegistryWorld(['ada', 'bo', 'cy'], terms, rules)
    const [ada] = world.founders as [Owner]
    assert.equal(world.outcomes[0]!.rule, undefined)
    for (const kind of ['evidence', 'appraisal', 'reference-value', 'reference-revocation'])
      assert.equal(rule(world.state_(kind, {}, ada)), 'unknown-kind')
    const amended = { evidence: { policy: {} }, panel: 2 } as JsonObject
    const id = propose(world, { action: 'amend', terms: amended, at: world.registry.size + 9 })
    assert.deepEqual((world.state.proposals.get(id)!.action as { terms: object }).terms, { panel: 2 })
    const names = world.state.outline(1, suite).collections.map(([name]) => name)
    assert.ok(!names.includes('evidence') && !names.includes('references'))
    assert.ok(!('evidence' in world.state.outline(1, suite).terms))
  }
})

/** Computed by the software as it was before version 4, over the same entries. */
const DIGEST_BEFORE = '88789669c429cf0ffc6f084c2b2c5a20c2ee46a38b10989902c6c6512b9115e2'

test('the state digest of a network of version 3 is what older software computes', () => {
  const world = new RegistryWorld(['ada', 'bo', 'cy'], { digestEvery: 16, waitingSeconds: 0 }, 1)
  const [ada, bo] = world.founders as [Owner, Owner]
  world.tick()
  const { log } = addNode(world, ada)
  amend(world, {}, 2)
  amend(world, { panel: 2 }, 3)
  effective(world.state_('anchor', { log: log.origin, size: 3, root: DIGEST }, ada))
  world.state_('evidence', {}, bo)
  const terms = { evidence: { policy: {} }, audit: { samples: { default: 7, uses: {} }, moveSeconds: 60 } }
  const body = { action: 'amend', terms: terms as JsonObject, at: world.registry.size + 9 }
  effective(world.state_('proposal', body, ada))
  for (let i = 0; i < 4; i++) nextEpoch(world)
  assert.equal(world.registry.digest(), DIGEST_BEFORE)
})

test('what version 4 reads evidence by does not change: another list is another version of the rules', () => {
  const lists = [FORMATS, CHECKS, ROOT_SETS, TCB_STATUSES, SNP_PARTS]
  assert.equal(
    suite.sha256Hex(utf8(JSON.stringify(lists))),
    '08681ca203e9e1a20126bf82ef9037242bf6ffa4669781e255dba4386e3d4d6c',
  )
})

test('any order of approvals and revocations leaves as many open as there are', () => {
  const act = fc.record({ by: fc.nat(3), image: fc.nat(2), revoke: fc.boolean() })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 12 }), acts => {
      const world = new RegistryWorld(['ada', 'bo', 'cy', 'dee'], {}, 4)
      for (const { by, image, revoke } of acts) {
        world.now++
        const owner = world.founders[by]!
        const reference = { ...REFERENCE, measurements: { mrtd: `1${image}`, rtmr1: 'bb' } }
        const id = referenceId(reference as never, suite)
        const since = AS_OF
        if (revoke) world.state_('reference-revocation', { id, since, reason: 'x' }, owner)
        else world.state_('reference-value', { reference }, owner)
      }
      for (const { id } of world.founders) {
        const open = [...world.state.references.values()].filter(one => one.by === id && one.revoked === null)
        assert.equal(world.state.approvedBy(id), open.length)
      }
      const again = new Registry(suite)
      for (const entry of world.entries) again.append(entry)
      assert.equal(again.digest(), world.registry.digest())
    }),
    { numRuns: 25 },
  )
})

test('evidence and approvals are proven by a signed digest like all records, and none can be altered', () => {
  const { world, say, auditor, validators, appraised } = attested()
  effective(say('appraisal', appraised({ met: false, reasons: ['debug:debug-mode'] }), auditor))
  effective(say('reference-value', { reference: REFERENCE }, auditor))
  while ((world.registry.due?.size ?? 0) < world.registry.size - 1) world.tick(1, validators)
  const { size, digest } = world.registry.due!
  const at = new Registry(suite)
  for (const entry of world.entries.slice(0, size)) at.append(entry)
  const digests = validators.map(owner => {
    effective(world.state_('state-digest', { size, digest }, owner, 'validator'))
    return fromUtf8(world.entries.at(-1)!)
  })
  const wanted = [
    ['evidence', DIGEST],
    ['references', `${ID} audrey`],
  ] as const
  const proof = proveRecords(at, wanted, digests, suite)
  const view = viewOf('net', checkEvidence(proof, world.state, suite)!)
  assert.deepEqual(view.evidence.get(DIGEST), at.state.evidence.get(DIGEST))
  assert.equal(view.evidence.get(ARCHIVE), undefined)
  assert.deepEqual([...view.references.values()], [...at.state.references.values()])
  const [record, ...rest] = proof.records
  const value = { ...record!.value, appraisals: [] }
  const records = [{ ...record!, value }, ...rest]
  assert.throws(() => checkEvidence({ ...proof, records }, world.state, suite), { code: 'bad-proof' })
})
