/** Ways to have a record's place, or its model, rest on hardware that did not make it, and to stop those who look. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attested, chip, IMAGE, LOG_VKEY, MEASUREMENT, trusting } from '../../test/attested.ts'
import { check, world } from '../../test/checking.ts'
import { EPOCH, suite } from '../../test/fixture.ts'
import { Owner, RegistryWorld } from '../../test/registry.ts'
import { LOGGED, Sigstore } from '../../test/sigstore.ts'
import { fromUtf8, toHex, utf8 } from '../bytes.ts'
import { type Endorsement, formatEndorsements, type ReferenceValue } from '../evidence/index.ts'
import { type CollectionName, proveRecords, Registry } from '../registry/index.ts'
import type { State } from '../registry/state.ts'
import { evidenceOn } from './evidenced.ts'
import type { Approval } from './known-evidence.ts'
import type { Receipt } from './receipt.ts'
import { type CheckedRecord, checkReceiptRecord } from './receipt-record.ts'
import { CheckpointJudge } from './record.ts'
import type { Trust } from './trust.ts'

const BEFORE = '2025-12-31T00:00:00.000Z'

function network() {
  const founders = [
    new Owner('ada', ['validator', 'operator']),
    new Owner('bo'),
    new Owner('cy', ['validator', 'publisher']),
    new Owner('di', ['validator', 'publisher']),
    new Owner('ed', ['publisher']),
  ]
  const registry = new RegistryWorld(founders, { digestEvery: 16 }, 4)
  const validators = founders.slice(0, 4)
  registry.tick(60, validators)
  const owner = (id: string) => founders.find(one => one.id === id)!
  const must = (kind: string, body: object, by: string) => {
    const { rule } = registry.state_(kind, body as never, owner(by))
    assert.equal(rule, undefined, kind)
  }
  const copy = (size = registry.entries.length): Registry => {
    const made = new Registry(suite)
    for (const one of registry.entries.slice(0, size)) made.append(one)
    return made
  }
  return {
    registry,
    must,
    copy: () => copy().state,
    approve(by: string, changes: Partial<ReferenceValue> = {}): string {
      must('reference-value', { reference: { ...IMAGE, ...changes } }, by)
      return [...registry.state.references.values()].at(-1)!.id
    },
    revoke(id: string, by: string, since = BEFORE): void {
      must('reference-revocation', { id, since, reason: 'it leaks' }, by)
    },
    revokeTogether(id: string): void {
      const entry = registry.entry(
        'reference-revocation',
        { id, since: BEFORE, reason: 'it leaks' },
        founders[0]!,
        ...validators.map(one => one.signer('validator')),
      )
      assert.equal(registry.append(entry).rule, undefined)
    },
    runs(): void {
      const bo = owner('bo')
      const { sign, key } = world.log.signer
      const body = {
        name: 'one',
        url: 'https://bo.example',
        descriptor: suite.sha256Hex(world.documents.node),
        log: LOG_VKEY,
        models: [],
      }
      const entry = registry.entry('node', body, bo, bo.signer('member'), {
        keyid: toHex(key.publicKey),
        sign,
      })
      assert.equal(registry.append(entry).rule, undefined)
    },
    /** The receipt with what a quorum signed of some records, at the next size that is due. */
    sealed(receipt: Receipt, wanted: readonly (readonly [CollectionName, string])[]): Receipt {
      const before = registry.registry.due?.size ?? 0
      while ((registry.registry.due?.size ?? 0) === before) registry.tick(60, validators)
      const { size, digest } = registry.registry.due!
      const digests = validators.map(one => {
        registry.state_('state-digest', { size, digest }, one, 'validator')
        return fromUtf8(registry.entries.at(-1)!)
      })
      return { ...receipt, registry: proveRecords(copy(size), wanted, digests, suite) }
    },
  }
}

const following = (registry: State): Trust =>
  trusting([], {}, { networks: world.trust.networks.map(one => ({ ...one, registry })) })
const placeOf = (receipt: Receipt, trust: Trust) => check(receipt, {}, trust).claims.place.reason

const WHO = [
  ['logs', world.log.origin],
  ['members', 'bo'],
  ['members', 'cy'],
] as const

test('an archive within a receipt’s bounds and over its own stops no reader', () => {
  const many = Array.from({ length: 40 }, (): Endorsement => ({ kind: 'crl', bytes: new Uint8Array(8) }))
  const much = Array.from({ length: 2 }, (): Endorsement => ({ kind: 'rim', bytes: new Uint8Array(500_000) }))
  for (const list of [many, much]) {
    const receipt = { ...attested(), endorsements: [formatEndorsements(list)] }
    const { claims } = check(receipt, {}, trusting())
    assert.equal(claims.recorded.result, 'pass')
    assert.notEqual(claims.place.result, 'pass')
  }
})

test('what a reader’s own copy has as revoked stays so where only the log is new to it', () => {
  const { copy, approve, revokeTogether, runs, sealed } = network()
  // Two approvals of one image, by other measurements of it. The receipt leaves out the one that a quorum took back.
  const revoked = approve('cy')
  const other = approve('cy', { measurements: { measurement: MEASUREMENT, vmpl: '00000000' } })
  revokeTogether(revoked)
  const old = copy()
  runs()
  const receipt = sealed(attested(), [...WHO, ['references', `${other} cy`]])
  assert.equal(placeOf(receipt, following(copy())), 'measurement-revoked')
  assert.equal(placeOf(receipt, following(old)), 'measurement-revoked')
})

test('of a registry that came along in part, it says that more may be in it', () => {
  const { copy, approve, runs, sealed } = network()
  const old = copy()
  const id = approve('cy')
  runs()
  const receipt = sealed(attested(), [...WHO, ['references', `${id} cy`]])
  const [part, whole] = [old, copy()].map(state => check(receipt, {}, following(state)).claims.place)
  assert.deepEqual([part?.result, whole?.result], ['pass', 'pass'])
  assert.match(part!.notShown, /only the registry’s records that came with the receipt/)
  assert.doesNotMatch(whole!.notShown, /came with the receipt/)
})

test('nobody’s word on an image counts who was no member any more', () => {
  const { registry, must, approve, runs } = network()
  runs()
  approve('ed')
  must('leave', {}, 'ed')
  const { status, ended } = registry.state.members.get('ed')!
  assert.deepEqual([status, ended?.time], ['left', (EPOCH + 60) * 1000])
  const trust = following(registry.state)
  const at = (second: number) => attested({ record: { cosigners: world.cosigners(EPOCH + second) } })
  assert.equal(placeOf(at(20), trust), 'hardware-attested')
  assert.equal(placeOf(at(120), trust), 'measurement-not-approved')
})

const manifest = 'cd'.repeat(32)
const signed = {
  manifest,
  file: 'm.onnx',
  signature: '00'.repeat(32),
  signer: { mode: 'key', key: '11'.repeat(32) },
}
const ownModel = () =>
  attested({
    record: { values: { model: { name: 'm', manifest: { sha256: '22'.repeat(32) }, signed } } },
  })
const weights = (of: string) => ({ weights: { manifest: of, by: 'dm-verity' as const } })

test('one member’s word on weights makes no model of a gateway, and no liar of an operator', () => {
  const modelBy = (...approvals: [string, Partial<ReferenceValue>][]) => {
    const { registry, approve, runs } = network()
    runs()
    for (const [by, changes] of approvals) approve(by, changes)
    return check(ownModel(), {}, following(registry.state)).claims.model.reason
  }
  const table = {
    'one who names them': modelBy(['cy', weights(manifest)]),
    'one who names others': modelBy(['cy', weights('ab'.repeat(32))]),
    'two of one mind': modelBy(['cy', weights(manifest)], ['di', weights(manifest)]),
    'a second who says that it forwards': modelBy(['cy', weights(manifest)], ['di', { role: 'gateway' }]),
    'a second who names others': modelBy(['cy', weights(manifest)], ['di', weights('ab'.repeat(32))]),
    'others named before': modelBy(['di', weights('ab'.repeat(32))], ['cy', weights(manifest)]),
    'others named beside one who names none': modelBy(['di', weights('ab'.repeat(32))], ['cy', {}]),
  }
  assert.deepEqual(table, {
    'one who names them': 'measured-weights',
    'one who names others': 'weights-mismatch',
    'two of one mind': 'measured-weights',
    'a second who says that it forwards': 'operator-assertion',
    'a second who names others': 'operator-assertion',
    'others named before': 'operator-assertion',
    'others named beside one who names none': 'operator-assertion',
  })
})

test('a record whose beginning nothing shows is not shown to have been made there', () => {
  const whole = attested()
  assert.equal(placeOf(whole, trusting()), 'hardware-attested')
  const { registryCheckpoint, ...open } = whole
  const [text] = registryCheckpoint!.split('\n\n')
  const log = registryCheckpoint!.split('\n').find(line => line.startsWith(`— ${world.registry.origin} `))!
  const uncosigned = { ...whole, registryCheckpoint: `${text}\n\n${log}\n` }
  assert.deepEqual(
    [open as Receipt, uncosigned, attested({ record: { registry: false } })].map(one => [
      check(one, {}, trusting()).claims.recorded.result,
      placeOf(one, trusting()),
    ]),
    Array.from({ length: 3 }, () => ['pass', 'evidence-undated']),
  )
})

test('approvals without end that name one bundle use up no signatures of another that names it', () => {
  const sigstore = new Sigstore()
  const bundle = utf8(JSON.stringify(sigstore.bundle()))
  const root = sigstore.trustedRoot()
  const provenance = { bundle: suite.sha256Hex(bundle) }
  const approval = (id: string): Approval => ({
    reference: { ...IMAGE, provenance },
    by: { id } as never,
    independent: true,
  })
  const receipt = attested({
    record: { registryTime: LOGGED / 1000 + 30, cosigners: world.cosigners(LOGGED / 1000 + 60) },
    endorsements: [
      ...chip.endorsements,
      { kind: 'sigstore-bundle', bytes: bundle },
      { kind: 'sigstore-root', bytes: root },
    ],
  })
  const record = checkReceiptRecord(receipt, new CheckpointJudge(world.trust, suite), undefined, suite)
  assert.equal(record.outcome, 'included')
  const policy = chip.policy({ roots: { ...chip.policy().roots, sigstore: [suite.sha256Hex(root)] } })
  const approvals = [...Array.from({ length: 1000 }, () => approval('troll')), approval('cy')]
  const found = evidenceOn(record as CheckedRecord, receipt, {
    policy,
    known: { approvals, appraisals: [] },
    suite,
  })
  assert.equal(found!.approvals.at(-1)!.provenance!.outcome, 'pass')
})
