/** Every reason that a claim can have, and a way to come by it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVIDENCE_WAYS } from '../../test/attested-ways.ts'
import { check, LAST, made, receipt, revoking, saying, world } from '../../test/checking.ts'
import { EPOCH, suite, TestLog, World } from '../../test/fixture.ts'
import { FOREIGN_WAYS } from '../../test/foreign-ways.ts'
import { Owner, RegistryWorld } from '../../test/registry.ts'
import { signedAnswer } from '../../test/signed-model.ts'
import { toHex, utf8 } from '../bytes.ts'
import { formatVkey } from '../note/index.ts'
import { NEWEST_RULES, proveRecords } from '../registry/index.ts'
import { formatTlogProof, parseTlogProof } from '../tlog/index.ts'
import { CLAIMS, type Claim, type ClaimName, REASONS, type Reason } from './claims.ts'
import { NO_TRUST, type Trust } from './trust.ts'
import type { Verification } from './verify.ts'

/** The reader's trust with a registry in which the second founder runs the node and log of the world. */
function registered(then: (registry: RegistryWorld) => void = () => undefined, descriptor?: string): Trust {
  const registry = new RegistryWorld(['ada', 'bo', 'cy'])
  const bo = registry.founders[1]!
  const body = {
    name: 'one',
    url: 'https://bo.example',
    descriptor: descriptor ?? suite.sha256Hex(world.documents.node),
    log: formatVkey(world.log.signer.key),
    models: [],
  }
  const { keyid, sign } = { keyid: toHex(world.log.signer.key.publicKey), sign: world.log.signer.sign }
  registry.append(registry.entry('node', body, bo, bo.signer('member'), { keyid, sign }))
  assert.equal(registry.outcomes.at(-1)!.rule, undefined)
  then(registry)
  return { networks: world.trust.networks.map(network => ({ ...network, registry: registry.state })) }
}

/** The world's receipt, and what auditors found of it in a registry where bo operates its log. */
function found(
  outcome: string,
  {
    auditor = 'audrey',
    after,
  }: { auditor?: string; after?: (registry: RegistryWorld, dispute: string) => void } = {},
): Trust {
  const founders = [
    new Owner('ada', ['operator', 'validator']),
    new Owner('bo'),
    new Owner('cy'),
    new Owner('audrey', ['auditor']),
    // Of bo's own.
    new Owner('bob', ['auditor'], 'bo'),
  ]
  const registry = new RegistryWorld(
    founders,
    { audit: { samples: { default: 1, uses: {} }, moveSeconds: 60 } },
    NEWEST_RULES,
  )
  registry.tick(60, founders.slice(0, 3))
  const bo = founders[1]!
  const { keyid, sign } = { keyid: toHex(world.log.signer.key.publicKey), sign: world.log.signer.sign }
  const node = {
    name: 'one',
    url: 'https://bo.example',
    descriptor: suite.sha256Hex(world.documents.node),
    log: formatVkey(world.log.signer.key),
    models: [],
  }
  const did = (result: { rule?: string; digest?: string }) => {
    assert.equal(result.rule, undefined)
    return result.digest!
  }
  did(registry.append(registry.entry('node', node, bo, bo.signer('member'), { keyid, sign })))
  const { index, checkpoint } = parseTlogProof(receipt.proof)
  const log = world.log.origin
  did(registry.state_('anchor', { log, size: index + 1, root: '00'.repeat(32) }, bo))
  const entry = suite.sha256Hex(receipt.statement)
  const by = founders.find(({ id }) => id === auditor)!
  const finding = { log, index, entry, outcome, report: '00'.repeat(32), model: MODEL_FILE }
  did(registry.state_('finding', { findings: [finding] }, by))
  if (after !== undefined) {
    const commitment = { version: 1, root: '00'.repeat(32), count: 3 }
    const proof = receipt.proof
    assert.ok(checkpoint.length > 0)
    after(registry, did(registry.state_('dispute', { log, entry, proof, commitment }, by)))
  }
  return { networks: world.trust.networks.map(network => ({ ...network, registry: registry.state })) }
}
/** Of the model that the world's receipts name. */
const MODEL_FILE = String(
  (check(receipt).disclosed.model!.manifest as { sha256?: string } | undefined)?.sha256 ?? '22'.repeat(32),
)
const silence = (registry: RegistryWorld) => {
  for (let i = 0; i < 3; i++) registry.tick(60, registry.founders.slice(0, 3))
}

/** For each reason one way to come by it: the claim that has it then, with its result and basis. */
type Judged = Pick<Verification, 'claims' | 'verdict'>
const WAYS: Record<Reason, [ClaimName, Claim['result'], Claim['basis'], () => Judged]> = {
  ...EVIDENCE_WAYS,
  ...FOREIGN_WAYS,
  witnessed: ['recorded', 'pass', 'signature', () => check(receipt)],
  committed: [
    'recorded',
    'pass',
    'signature',
    () => {
      const alone = new World({ threshold: 0 })
      return check(alone.answer({ cosigners: {} }).receipt, {}, alone.trust)
    },
  ],
  'unknown-log': ['recorded', 'not-checked', undefined, () => check(receipt, {}, NO_TRUST)],
  'quorum-not-met': [
    'recorded',
    'not-checked',
    undefined,
    () => check(world.answer({ cosigners: { 'alpha-0': LAST } }).receipt),
  ],
  'cosigned-in-future': [
    'recorded',
    'not-checked',
    undefined,
    () => check(receipt, { asOf: (EPOCH + 20) * 1000 }),
  ],
  'cosigned-undated': [
    'recorded',
    'not-checked',
    undefined,
    () => check(world.answer({ cosigners: world.cosigners(0, 0) }).receipt, { asOf: LAST * 1000 }),
  ],
  'begin-missing': [
    'recorded',
    'not-checked',
    undefined,
    () => {
      const { begin: _, ...rest } = world.stream().receipt
      return check(rest)
    },
  ],
  'malformed-proof': ['recorded', 'fail', 'signature', () => check({ ...receipt, proof: 'none' })],
  'bad-log-signature': [
    'recorded',
    'fail',
    'signature',
    () => {
      const forged = new TestLog(world.log.origin, 'forged')
      const { keyId } = world.log.signer.key
      Object.assign(forged, {
        signer: { ...forged.signer, key: { ...forged.signer.key, keyId } },
      })
      return check(world.answer({ log: forged }).receipt)
    },
  ],
  'bad-cosignature': [
    'recorded',
    'fail',
    'signature',
    () => {
      const { index, hashes, checkpoint } = parseTlogProof(receipt.proof)
      const line = world.log.checkpoint(world.witnesses, { 'beta-0': LAST }, 5).split('\n').at(-2)!
      const wrong = checkpoint.replace(/— beta-0.*/, line)
      return check({ ...receipt, proof: formatTlogProof({ index, hashes, checkpoint: wrong }) })
    },
  ],
  'not-included': [
    'recorded',
    'fail',
    'signature',
    () => check({ ...receipt, proof: world.answer().receipt.proof }),
  ],
  'malformed-statement': [
    'recorded',
    'fail',
    'signature',
    () => check({ ...receipt, statement: utf8('{}') }),
  ],
  'wrong-log': [
    'recorded',
    'fail',
    'signature',
    () => check(world.answer({ fields: { log: world.registry.origin } }).receipt),
  ],
  'begin-mismatch': [
    'recorded',
    'fail',
    'signature',
    () => check({ ...world.stream().receipt, begin: world.stream().receipt.begin! }),
  ],
  'key-revoked': ['recorded', 'fail', 'signature', () => check(receipt, {}, revoking(EPOCH))],
  'request-mismatch': ['recorded', 'fail', 'signature', () => check(receipt, { request: utf8('other') })],
  'response-mismatch': ['recorded', 'fail', 'signature', () => check(receipt, { response: utf8('other') })],
  'document-mismatch': [
    'recorded',
    'fail',
    'signature',
    () => check({ ...receipt, documents: { [suite.sha256Hex(utf8('stranger'))]: utf8('stranger') } }),
  ],
  'registry-checkpoint-mismatch': [
    'recorded',
    'fail',
    'signature',
    () => check({ ...receipt, registryCheckpoint: world.registry.checkpoint([], {}, 3) }),
  ],
  'disclosure-altered': [
    'model',
    'fail',
    'signature',
    () => check({ ...receipt, disclosures: { model: world.answer().receipt.disclosures.model! } }),
  ],
  'disclosure-malformed': [
    'model',
    'fail',
    'signature',
    () => {
      const text = '["short","model",{}]'
      const fields = { disclosures: { ...made.statement.disclosures, model: suite.sha256Hex(utf8(text)) } }
      return check({ ...world.answer({ fields }).receipt, content: {}, disclosures: { model: text } })
    },
  ],
  'not-disclosed': [
    'model',
    'not-checked',
    undefined,
    () => check({ ...receipt, disclosures: {}, content: {} }),
  ],
  'not-stated': ['model', 'not-checked', undefined, () => check(saying('model', { name: '\u200b ' }))],
  'record-not-shown': ['model', 'not-checked', undefined, () => check(receipt, {}, NO_TRUST)],
  'operator-assertion': ['model', 'pass', 'assertion', () => check(receipt)],
  'upstream-assertion': [
    'model',
    'pass',
    'assertion',
    () => check(world.answer({ values: { model: { name: 'a', runtime: { name: 'upstream' } } } }).receipt),
  ],
  'signed-manifest': [
    'model',
    'pass',
    'signature',
    () => {
      const { receipt: each, publisher } = signedAnswer(world)
      return check(each, {}, { ...world.trust, publishers: [publisher] })
    },
  ],
  'model-signature-mismatch': [
    'model',
    'fail',
    'signature',
    () => check({ ...receipt, modelSignature: utf8('{}') }),
  ],
  'manifest-mismatch': [
    'model',
    'fail',
    'signature',
    () => check(signedAnswer(world, { weights: utf8('other weights') }).receipt),
  ],
  'bad-model-signature': [
    'model',
    'fail',
    'signature',
    () => {
      const { receipt: each, publisher } = signedAnswer(world, { forged: true })
      return check(each, {}, { ...world.trust, publishers: [publisher] })
    },
  ],
  'no-evidence': ['place', 'not-checked', undefined, () => check(receipt)],
  'not-recomputed': ['output', 'not-checked', undefined, () => check(receipt)],
  'recomputed-exact': ['output', 'pass', 'recomputation', () => check(receipt, {}, found('exact'))],
  'recomputed-consistent': ['output', 'pass', 'recomputation', () => check(receipt, {}, found('consistent'))],
  'recomputed-by-operator': [
    'output',
    'pass',
    'assertion',
    () => check(receipt, {}, found('exact', { auditor: 'bob' })),
  ],
  'recomputation-contested': [
    'output',
    'not-checked',
    undefined,
    () => check(receipt, {}, found('inconsistent')),
  ],
  'recomputed-otherwise': [
    'output',
    'fail',
    'recomputation',
    () => check(receipt, {}, found('inconsistent', { after: silence })),
  ],
  'recomputed-model': ['model', 'pass', 'recomputation', () => check(receipt, {}, found('exact'))],
  'no-evaluations': ['quality', 'not-checked', undefined, () => check(receipt)],
  'parties-asserted': ['accountability', 'pass', 'assertion', () => check(receipt)],
  'registered-model': [
    'model',
    'pass',
    'signature',
    () => {
      const manifest = 'cd'.repeat(32)
      const signed = {
        manifest,
        file: 'm.onnx',
        signature: '00'.repeat(32),
        signer: { mode: 'key', key: '11'.repeat(32) },
      }
      const answered = world.answer({
        values: { model: { name: 'm', manifest: { sha256: '22'.repeat(32) }, signed } },
      })
      const state = (registry: RegistryWorld) => {
        const model = {
          name: 'm',
          version: '1',
          manifest,
          licence: 'MIT',
          intendedUse: '',
          limits: '',
          format: 'onnx',
        }
        registry.state_('model', model, registry.founders[2]!)
        assert.equal(registry.outcomes.at(-1)!.rule, undefined)
      }
      return check(answered.receipt, {}, registered(state))
    },
  ],
  'registry-evidence-mismatch': [
    'accountability',
    'fail',
    'signature',
    () => {
      const registry = new RegistryWorld(['ada', 'bo', 'cy'])
      const evidence = proveRecords(registry.registry, [['members', 'bo']], [], suite)
      evidence.records[0]!.value = { ...evidence.records[0]!.value, name: 'Mallory' }
      const trust = {
        networks: world.trust.networks.map(network => ({ ...network, registry: registry.state })),
      }
      return check({ ...receipt, registry: evidence }, {}, trust)
    },
  ],
  'operator-registered': ['accountability', 'pass', 'signature', () => check(receipt, {}, registered())],
  'operator-left': [
    'accountability',
    'pass',
    'signature',
    () =>
      check(
        receipt,
        {},
        registered(registry => {
          const [ada, bo] = registry.founders as [Owner, Owner]
          registry.state_('leave', {}, bo)
          assert.equal(registry.outcomes.at(-1)!.rule, undefined, ada.id)
        }),
      ),
  ],
  'operator-in-default': [
    'accountability',
    'pass',
    'signature',
    () =>
      check(
        receipt,
        {},
        registered(registry => {
          const other = new TestLog(world.log.origin, 'world log')
          for (let i = 0; i < 3; i++) other.append(suite.sha256(utf8(`other ${i}`)))
          const three = new TestLog(world.log.origin, 'world log')
          three.fill(3)
          const notes = [three, other].map(log => log.checkpoint([], {}))
          registry.state_('fork', { log: world.log.origin, notes }, registry.founders[0]!)
          assert.equal(registry.outcomes.at(-1)!.rule, undefined)
        }),
      ),
  ],
  'node-not-registered': [
    'accountability',
    'pass',
    'signature',
    () =>
      check(
        receipt,
        {},
        registered(() => undefined, '00'.repeat(32)),
      ),
  ],
}

for (const [reason, [name, result, basis, way]] of Object.entries(WAYS)) {
  test(`${name}: ${reason}`, () => {
    const { claims, verdict } = way()
    const claim = claims[name]
    assert.deepEqual([claim.reason, claim.result, claim.basis], [reason, result, basis], claim.sentence)
    for (const { result: other, basis: on, sentence, notShown } of Object.values(claims)) {
      assert.equal(
        on === undefined,
        other === 'not-checked',
        'a result rests on something, and no result on nothing',
      )
      for (const words of [sentence, notShown]) {
        assert.match(words, /^[^\p{Cc}\p{Cf}]*\.$/u)
        assert.doesNotMatch(words, /\bverified\b/i)
      }
    }
    const failed = CLAIMS.some(each => claims[each].result === 'fail')
    assert.equal(verdict.met, claims.recorded.result === 'pass' && !failed)
  })
}

test('every reason has a way to come by it', () => {
  assert.deepEqual(Object.keys(WAYS).sort(), [...REASONS].sort())
})
