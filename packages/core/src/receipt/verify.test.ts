/** Receipts in bad faith and in odd circumstances, and every reason that a claim can have. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EPOCH, type RecordOptions, suite, TestLog, World } from '../../test/fixture.ts'
import { signedAnswer } from '../../test/signed-model.ts'
import { toHex, utf8 } from '../bytes.ts'
import { formatVkey } from '../note/index.ts'
import { disclosureText, type InferenceStatement } from '../statement/index.ts'
import { formatTlogProof, leafHash, nodeHash, parseTlogProof } from '../tlog/index.ts'
import { CLAIMS, type Claim, type ClaimName, REASONS, type Reason } from './claims.ts'
import { formatReceipt, parseReceipt, type Receipt } from './receipt.ts'
import { NO_TRUST, type Trust, trustFrom } from './trust.ts'
import { type Verification, Verifier, type VerifyOptions, verify } from './verify.ts'

const world = new World()
const LAST = EPOCH + 20 + 2
const made = world.answer()
const { receipt } = made

const check = (of: Receipt, options: VerifyOptions = {}, trust: Trust = world.trust): Verification =>
  verify(of, { suite, trust, ...options })
/** What came of `recorded`, in short. */
const recorded = (of: Receipt, options: VerifyOptions = {}, trust: Trust = world.trust) => {
  const { result, reason } = check(of, options, trust).claims.recorded
  return [result, reason]
}
const noneButFailures = ({ claims, disclosed, record, compared, verdict }: Verification) => {
  for (const name of CLAIMS) assert.notEqual(claims[name].result, 'pass', name)
  assert.deepEqual([disclosed, record, verdict.met], [{}, undefined, false])
  assert.deepEqual(compared, { request: 'not-shown', response: 'not-shown' })
}
const revoking = (time: number, key = world.log.signer.key): Trust => ({
  networks: world.trust.networks.map(network => ({ ...network, revoked: { [formatVkey(key)]: time } })),
})
/** What a disclosure says, in place of the usual. */
const saying = (name: 'model' | 'parties', value: Record<string, string | null>): Receipt =>
  world.answer({ values: { [name]: value } }).receipt

/** For each reason one way to come by it: the claim that has it then, with its result and basis. */
const WAYS: Record<Reason, [ClaimName, Claim['result'], Claim['basis'], () => Verification]> = {
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
  'evidence-not-checked': [
    'place',
    'not-checked',
    undefined,
    () => check(world.answer({ evidence: '11'.repeat(32) }).receipt),
  ],
  'not-recomputed': ['output', 'not-checked', undefined, () => check(receipt)],
  'no-evaluations': ['quality', 'not-checked', undefined, () => check(receipt)],
  'parties-asserted': ['accountability', 'pass', 'assertion', () => check(receipt)],
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

test('a receipt that brings its own keys passes nothing', () => {
  // Same names, other keys; and everything that could be taken for trust, in the receipt itself.
  const stranger = new World({ seed: 'stranger' })
  const { receipt: theirs } = stranger.answer()
  const brought = {
    ...(JSON.parse(formatReceipt(theirs)) as object),
    trust: [{ name: 'test network', policy: stranger.policy }],
    policy: stranger.policy,
    keys: stranger.policy.split('\n'),
    suite: {},
  }
  for (const each of [theirs, parseReceipt(utf8(JSON.stringify(brought)))]) {
    for (const trust of [world.trust, NO_TRUST]) {
      const verification = check(each, {}, trust)
      assert.deepEqual(
        [verification.claims.recorded.result, verification.claims.recorded.reason],
        ['not-checked', 'unknown-log'],
      )
      noneButFailures(verification)
    }
  }
  assert.deepEqual(recorded(theirs, {}, stranger.trust), ['pass', 'witnessed'], 'to those who trust it')
})

test('a trusted log is named as unknown only by the proof’s own origin', () => {
  const stranger = new World({ seed: 'stranger', domain: 'stranger.example' })
  const { receipt: theirs } = stranger.answer({ fields: { log: world.log.origin } })
  const { reason, sentence } = check(theirs).claims.recorded
  assert.equal(reason, 'unknown-log')
  assert.match(sentence, /the log stranger\.example\/log with this key/)
})

test('several networks: those that know the log judge, and all their quorums count', () => {
  const other = new World({ seed: 'other', domain: 'other.example' })
  const both: Trust = { networks: [...other.trust.networks, ...world.trust.networks] }
  for (const { receipt: each } of [made, other.answer()])
    assert.deepEqual(recorded(each, {}, both), ['pass', 'witnessed'])
  // The same log under two policies of one reader, in both orders.
  const strict = trustFrom(
    [{ name: 'strict', policy: world.policy.replace('members 2', 'members 3') }],
    suite,
  )
  const two = world.answer({ cosigners: { 'alpha-0': LAST, 'beta-0': LAST } }).receipt
  // Trusting a second network must not undo what the first one asks for: not one with a laxer quorum, nor with none.
  const lax = trustFrom(
    [
      {
        name: 'aaa',
        policy: world.policy.replace(/^(?:witness|group|quorum) .*\n/gm, '').concat('quorum none\n'),
      },
    ],
    suite,
  )
  const orders = (a: Trust, b: Trust) => [
    { networks: [...a.networks, ...b.networks] },
    { networks: [...b.networks, ...a.networks] },
  ]
  for (const trust of orders(strict, world.trust))
    assert.deepEqual(recorded(two, {}, trust), ['not-checked', 'quorum-not-met'])
  const bare = world.answer({ cosigners: {} }).receipt
  for (const trust of orders(lax, world.trust)) {
    assert.deepEqual(recorded(bare, {}, trust), ['not-checked', 'quorum-not-met'])
    const { claims, record } = check(two, {}, trust)
    assert.deepEqual([claims.recorded.reason, record!.network], ['witnessed', 'test network'])
  }
  assert.deepEqual(recorded(bare, {}, lax), ['pass', 'committed'])
  assert.deepEqual(recorded(two, {}, strict), ['not-checked', 'quorum-not-met'])
})

test('a quorum counts owners, not witnesses', () => {
  const many = new World({ owners: { alpha: 3, beta: 1 }, threshold: 2 })
  const own = { 'alpha-0': LAST, 'alpha-1': LAST, 'alpha-2': LAST }
  const alone = check(many.answer({ cosigners: own }).receipt, {}, many.trust)
  assert.equal(alone.claims.recorded.reason, 'quorum-not-met')
  assert.match(alone.claims.recorded.sentence, /3 witnesses cosigned, which makes 1 of 2 owners/)
  const withOther = { 'alpha-2': LAST, 'beta-0': LAST }
  assert.deepEqual(recorded(many.answer({ cosigners: withOther }).receipt, {}, many.trust), [
    'pass',
    'witnessed',
  ])
})

test('who would have to collude', () => {
  const table: [owners: Record<string, number>, threshold: number, cosigners: string[], words: RegExp][] = [
    [
      { you: 3 },
      1,
      ['you-0', 'you-1', 'you-2'],
      /^3 witnesses of 1 owner \(you\) cosigned it\. To alter it, the operator and 1 owner would/,
    ],
    [{ a: 1, b: 1, c: 1 }, 2, ['a-0', 'b-0', 'c-0'], /the operator and 2 of the 3 owners would/],
    [{ a: 1, b: 1, c: 1 }, 3, ['a-0', 'b-0', 'c-0'], /the operator and 3 owners would/],
    // The third did not see it, and can be had without breaking its word.
    [{ a: 1, b: 1, c: 1 }, 2, ['a-0', 'b-0'], /the operator and 1 of the 2 owners would/],
    [{ a: 1, b: 1, c: 1 }, 1, ['b-0'], /None of them would have to collude with the operator .* too few/],
  ]
  for (const [owners, threshold, names, words] of table) {
    const each = new World({ owners, threshold })
    const cosigners = Object.fromEntries(names.map(name => [name, LAST]))
    const { sentence, result } = check(each.answer({ cosigners }).receipt, {}, each.trust).claims.recorded
    assert.equal(result, 'pass')
    assert.match(sentence.slice(sentence.indexOf('". ') + 3), words)
  }
  // A witness outside the quorum is no one who would have to collude.
  const inner = world.policy.replace('members 2 alpha beta gamma', 'members 2 alpha beta')
  const { claims, record } = check(receipt, {}, trustFrom([{ name: 'inner', policy: inner }], suite))
  assert.match(claims.recorded.sentence, /2 witnesses of 2 owners \(alpha, beta\) cosigned it\./)
  assert.equal(record!.witnesses.length, 3)
})

test('a revoked key: what a quorum saw before stands, all else falls', () => {
  const quorumTime = EPOCH + 21
  const table: [Trust, Receipt, unknown[]][] = [
    [revoking(quorumTime), receipt, ['fail', 'key-revoked']],
    [revoking(quorumTime + 1), receipt, ['pass', 'witnessed']],
    [revoking(LAST + 100), world.answer({ cosigners: {} }).receipt, ['fail', 'key-revoked']],
    [
      revoking(LAST + 100),
      world.answer({ cosigners: world.cosigners(0, 0) }).receipt,
      ['fail', 'key-revoked'],
    ],
    [revoking(EPOCH, world.registry.signer.key), receipt, ['pass', 'witnessed']],
  ]
  for (const [trust, of, expected] of table) assert.deepEqual(recorded(of, {}, trust), expected)
  const { record } = check(receipt, {}, revoking(EPOCH, world.registry.signer.key))
  assert.equal(record!.interval.from, undefined, 'the registry’s key was revoked, so it dates nothing')
  // It is enough that one network of the reader's knows, whichever comes first.
  const [known] = revoking(EPOCH).networks
  const [unaware] = world.trust.networks
  for (const networks of [
    [known!, unaware!],
    [unaware!, known!],
  ])
    assert.deepEqual(recorded(receipt, {}, { networks }), ['fail', 'key-revoked'])
  const [later] = revoking(LAST + 100).networks
  assert.deepEqual(recorded(receipt, {}, { networks: [later!, known!] }), ['fail', 'key-revoked'])
})

test('as of: the quorum’s time is what counts, and no time is never before it', () => {
  const at = (asOf: number) => recorded(receipt, { asOf })
  const quorum = (EPOCH + 21) * 1000
  assert.deepEqual(at(quorum - 1), ['not-checked', 'cosigned-in-future'])
  assert.deepEqual(at(quorum), ['pass', 'witnessed'])
  assert.deepEqual(at(quorum + 999), ['pass', 'witnessed'])
  for (const odd of [Number.NaN, Number.NEGATIVE_INFINITY, -1, 0])
    assert.deepEqual(at(odd), ['not-checked', 'cosigned-in-future'], String(odd))
  // Without a time asked about, one that is stated nowhere is no obstacle; with one, it is.
  const undated = world.answer({ cosigners: world.cosigners(0, 0) }).receipt
  assert.deepEqual(recorded(undated), ['pass', 'witnessed'])
  assert.match(check(undated).claims.recorded.notShown, /when it was recorded/)
})

test('the interval: from the registry’s quorum to the record’s', () => {
  const interval = (options: RecordOptions, of = world, asOf?: number) =>
    check(of.answer(options).receipt, asOf === undefined ? {} : { asOf }, of.trust).record?.interval
  assert.deepEqual(interval({}), { from: EPOCH, until: EPOCH + 21 })
  assert.deepEqual(interval({ registry: false }), { until: EPOCH + 21 })
  const alone = new World({ threshold: 0 })
  assert.deepEqual(interval({}, alone), {})
  // Cosigned again after the record was: that does not date the record.
  const again = world.registry.checkpoint(world.witnesses, world.cosigners(EPOCH + 500))
  assert.deepEqual(check({ ...receipt, registryCheckpoint: again }).record!.interval, { until: EPOCH + 21 })
  // A reader who trusts the log and not the registry.
  const policy = world.policy.replace(/log example\.com\/registry.*\n/, '')
  const half = trustFrom([{ name: 'half', policy }], suite)
  assert.deepEqual(check(receipt, {}, half).record!.interval, { until: EPOCH + 21 })
  // Another registry's checkpoint is refused without trusting anyone.
  const other = new World({ domain: 'other.example' })
  assert.deepEqual(recorded({ ...receipt, registryCheckpoint: other.registryCheckpoint }, {}, half), [
    'fail',
    'registry-checkpoint-mismatch',
  ])
  // Named with another size.
  const size = world.registryPoint.size + 1
  const misnamed = world.answer({ fields: { registry: { ...world.registryPoint, size } } }).receipt
  assert.deepEqual(recorded(misnamed), ['fail', 'registry-checkpoint-mismatch'])
  // A checkpoint that came along, and that the statement does not name.
  const unnamed = world.answer({ registry: false }).receipt
  assert.deepEqual(recorded({ ...unnamed, registryCheckpoint: world.registryCheckpoint }), [
    'fail',
    'registry-checkpoint-mismatch',
  ])
})

test('the interval of a stream starts with its beginning', () => {
  const grown = new World()
  const before = grown.registryPoint
  grown.registry.fill(1)
  const size = grown.registry.size
  const after = { ...before, size, root: toHex(grown.registry.rootAt(size)) }
  const { receipt: stream } = grown.stream('end', { endFields: { registry: after } })
  const newer = grown.registry.checkpoint(grown.witnesses, grown.cosigners(EPOCH + 15))
  assert.equal(check(stream, {}, grown.trust).record!.interval.from, EPOCH)
  const withNewer = check({ ...stream, registryCheckpoint: newer }, {}, grown.trust)
  assert.deepEqual(
    [withNewer.claims.recorded.result, withNewer.record!.interval.from],
    ['pass', undefined],
    'the newer one is named by the end alone',
  )
})

test('the two statements of a stream belong together', () => {
  const one = world.stream().receipt
  const two = world.stream('interrupted').receipt
  const answer = world.answer().receipt
  const { begin: _, ...endAlone } = one
  const table: [string, Receipt, unknown[]][] = [
    ['as it is', one, ['pass', 'witnessed']],
    ['missing', endAlone, ['not-checked', 'begin-missing']],
    ['of another stream', { ...one, begin: two.begin! }, ['fail', 'begin-mismatch']],
    [
      'its own end',
      { ...one, begin: { statement: one.statement, proof: one.proof } },
      ['fail', 'begin-mismatch'],
    ],
    ['a whole answer', { ...one, begin: answer }, ['fail', 'begin-mismatch']],
    ['with an answer that has none', { ...answer, begin: one.begin! }, ['fail', 'begin-mismatch']],
    [
      'with a beginning that has none',
      { ...world.begin().receipt, begin: one.begin! },
      ['fail', 'begin-mismatch'],
    ],
    [
      'with the proof of another',
      { ...one, begin: { ...one.begin!, proof: two.begin!.proof } },
      ['fail', 'not-included'],
    ],
    [
      'with the proof of its end',
      { ...one, begin: { ...one.begin!, proof: one.proof } },
      ['fail', 'not-included'],
    ],
  ]
  for (const [name, of, expected] of table) assert.deepEqual(recorded(of), expected, name)
  // What rests on the beginning says nothing while that is missing, rather than that it was altered.
  const missing = check(endAlone).claims
  assert.deepEqual(
    [missing.model.reason, missing.accountability.reason],
    ['record-not-shown', 'record-not-shown'],
  )
})

test('an end names the digest of its beginning; the log must agree that it belongs to it', () => {
  const stranger = '33'.repeat(32)
  const table: Partial<InferenceStatement>[] = [{ holder: stranger }, { begin: stranger }]
  for (const endFields of table)
    assert.deepEqual(recorded(world.stream('end', { endFields }).receipt), ['fail', 'begin-mismatch'])
  // An id differs, and an order: the end stands before its beginning.
  const { id } = world.answer().statement
  assert.deepEqual(recorded(world.stream('end', { endFields: { id } }).receipt), ['fail', 'begin-mismatch'])
})

test('an end cannot take what is no beginning of it for one, though it names its digest', () => {
  const end = (begin: Receipt, { id, holder }: InferenceStatement) => {
    const endFields = { id, holder, begin: suite.sha256Hex(begin.statement) }
    const { receipt: of } = world.stream('end', { endFields })
    return { ...of, begin, disclosures: { ...begin.disclosures, response: of.disclosures.response! } }
  }
  const answer = world.answer()
  assert.deepEqual(recorded(end(answer.receipt, answer.statement)), ['fail', 'begin-mismatch'])
  const elsewhere = world.begin({ log: world.registry, fields: { log: world.registry.origin } })
  assert.deepEqual(recorded(elsewhere.receipt), ['pass', 'witnessed'])
  assert.deepEqual(recorded(end(elsewhere.receipt, elsewhere.statement)), ['fail', 'begin-mismatch'])
  const here = world.begin()
  assert.deepEqual(recorded(end(here.receipt, here.statement)), ['pass', 'witnessed'])
  // The end stands before its beginning.
  const { receipt: stream } = world.stream()
  const backwards = new TestLog(world.log.origin, 'world log')
  const [last, first] = [stream.statement, stream.begin!.statement].map(each =>
    backwards.append(suite.sha256(each)),
  )
  const checkpoint = backwards.checkpoint(world.witnesses, world.cosigners())
  const begin = { ...stream.begin!, proof: backwards.prove(first!, checkpoint) }
  const turned = { ...stream, begin, proof: backwards.prove(last!, checkpoint) }
  assert.deepEqual(recorded(turned), ['fail', 'begin-mismatch'])
})

test('a proof is of one entry, in one log, under one checkpoint', () => {
  const { index, hashes, checkpoint } = parseTlogProof(receipt.proof)
  const proven = (change: object) => ({
    ...receipt,
    proof: formatTlogProof({ index, hashes, checkpoint, ...change }),
  })
  for (let other = 0; other < 64; other++)
    if (other !== index)
      assert.deepEqual(recorded(proven({ index: other })), ['fail', 'not-included'], `${other}`)
  for (let size = 1; size <= world.log.size; size++) {
    const under = world.log.checkpoint(world.witnesses, world.cosigners(), size)
    if (under.split('\n')[1] !== checkpoint.split('\n')[1])
      assert.deepEqual(recorded(proven({ checkpoint: under })), ['fail', 'not-included'], `${size}`)
  }
  for (const wrong of [
    [],
    hashes.slice(1),
    hashes.slice(0, -1),
    [...hashes].reverse(),
    [...hashes, hashes[0]!],
  ])
    assert.deepEqual(recorded(proven({ hashes: wrong })), ['fail', 'not-included'])
  // The node above the entry, passed off as an entry of a smaller tree.
  const leaf = leafHash(suite.sha256(receipt.statement), suite)
  const above = nodeHash(leaf, hashes[0]!, suite)
  assert.deepEqual(recorded(proven({ index: index >> 1, hashes: [above, ...hashes.slice(1)] })), [
    'fail',
    'not-included',
  ])
})

test('proofs do not cross logs', () => {
  // The same statement in two trusted logs: it stands in the one that it names, and there alone.
  const second = world.answer({ log: world.registry })
  assert.deepEqual(recorded(second.receipt), ['fail', 'wrong-log'])
  const { registryCheckpoint: _, ...bare } = receipt
  assert.deepEqual(recorded({ ...bare, proof: second.receipt.proof }), ['fail', 'not-included'])
  // A fork of the log by its own key, which no witness saw.
  const fork = new TestLog(world.log.origin, 'world log')
  fork.fill(3)
  const forked = world.answer({ log: fork, cosigners: {} }).receipt
  assert.deepEqual(recorded(forked), ['not-checked', 'quorum-not-met'])
  // With the cosignatures of the log that they saw.
  const seen = parseTlogProof(receipt.proof).checkpoint.split('\n').slice(-4).join('\n')
  assert.deepEqual(recorded({ ...forked, proof: `${forked.proof}${seen}` }), ['fail', 'bad-cosignature'])
})

test('disclosures stay with their name and their receipt', () => {
  const other = world.answer().receipt
  const names = ['request', 'response', 'model', 'sampling', 'parties'] as const
  for (const name of names) {
    for (const text of [
      other.disclosures[name]!,
      ...names.filter(each => each !== name).map(each => receipt.disclosures[each]!),
    ]) {
      const swapped = { ...receipt, disclosures: { ...receipt.disclosures, [name]: text } }
      const { claims, disclosed, verdict } = check(swapped)
      assert.ok(
        CLAIMS.some(claim => claims[claim].reason === 'disclosure-altered'),
        name,
      )
      assert.equal(disclosed[name], undefined)
      assert.equal(verdict.met, false)
    }
  }
  // Recorded under another name than it has of itself: it opens, and is refused all the same.
  const text = disclosureText(receipt.disclosures.model!.slice(2, 45), 'parties', '{"operator":"o"}')
  const digest = suite.sha256Hex(utf8(text))
  const fields = { disclosures: { ...made.statement.disclosures, model: digest, request: digest } }
  const misnamed = { ...world.answer({ fields }).receipt, content: {} }
  const { claims } = check({ ...misnamed, disclosures: { model: text, request: text } })
  assert.deepEqual(
    [claims.model.reason, claims.recorded.reason],
    ['disclosure-malformed', 'disclosure-malformed'],
  )
})

test('bytes of the reader and of the receipt: both must be those recorded', () => {
  const { request, response } = made
  const wrong = utf8('other')
  const table: [held: Uint8Array | undefined, carried: Uint8Array | undefined, compared: string][] = [
    [undefined, undefined, 'not-given'],
    [request, undefined, 'same'],
    [undefined, request, 'same'],
    [request, request, 'same'],
    [wrong, request, 'different'],
    [request, wrong, 'different'],
    [wrong, undefined, 'different'],
    [undefined, wrong, 'different'],
    [new Uint8Array(0), undefined, 'different'],
  ]
  for (const [held, carried, expected] of table) {
    const content = { response, ...(carried && { request: carried }) }
    const { claims, compared, verdict } = check({ ...receipt, content }, held && { request: held })
    assert.equal(compared.request, expected)
    assert.equal(verdict.met, expected !== 'different')
    assert.equal(claims.recorded.reason, expected === 'different' ? 'request-mismatch' : 'witnessed')
    // Bytes that came along are no bytes that the reader holds.
    if (verdict.met)
      assert.equal(claims.recorded.notShown.includes('that the request is the one you hold'), !held)
  }
  const { request: _, ...closed } = receipt.disclosures
  const undisclosed = check({ ...receipt, disclosures: closed, content: {} }, { request })
  assert.deepEqual(
    [undisclosed.claims.recorded.reason, undisclosed.compared.request, undisclosed.verdict.met],
    ['not-disclosed', 'not-disclosed', false],
  )
  // A stream that has only begun has no response to compare with.
  assert.deepEqual(recorded(world.begin().receipt, { response }), ['not-checked', 'not-disclosed'])
})

test('the length that was recorded is compared too', () => {
  const { request } = made
  const value = { sha256: suite.sha256Hex(request), length: request.length + 1 }
  const { receipt: of } = world.answer({ values: { request: value } })
  assert.deepEqual(recorded(of), ['fail', 'request-mismatch'])
})

test('a stream’s chunks must be those of its bytes', () => {
  const bytes = utf8('data: a\n\ndata: b\n\n')
  const value = { sha256: suite.sha256Hex(bytes), length: bytes.length }
  const good = JSON.parse(world.stream('end', { response: bytes }).receipt.disclosures.response!)[2].chunks
  const table: [unknown, string][] = [
    [good, 'witnessed'],
    [undefined, 'witnessed'],
    [{ ...good, count: 1 }, 'response-mismatch'],
    [{ ...good, count: 3 }, 'response-mismatch'],
    [{ ...good, count: 2 ** 40 }, 'response-mismatch'],
    [{ ...good, key: '00'.repeat(32) }, 'response-mismatch'],
    [{ ...good, root: '00'.repeat(32) }, 'response-mismatch'],
    [{}, 'response-mismatch'],
    [null, 'response-mismatch'],
  ]
  for (const [chunks, reason] of table) {
    const response = { ...value, ...(chunks !== undefined && { chunks }) } as never
    const { claims } = check(world.stream('end', { response: bytes, values: { response } }).receipt)
    assert.equal(claims.recorded.reason, reason, JSON.stringify(chunks))
  }
})

test('the work over a response of nothing but line ends has a bound', () => {
  let chunksHashed = 0
  const counting = {
    ...suite,
    hmacSha256: () => {
      chunksHashed++
      return new Uint8Array(32)
    },
  }
  const bytes = new Uint8Array(4 * 1024 * 1024).fill(10)
  const value = { sha256: suite.sha256Hex(bytes), length: bytes.length }
  for (const count of [5, bytes.length]) {
    const response = { ...value, chunks: { key: '00'.repeat(32), root: '00'.repeat(32), count } }
    const { receipt: of } = world.answer({ response: utf8('x'), values: { response } })
    verify({ ...of, content: { response: bytes } }, { suite: counting, trust: world.trust })
  }
  assert.ok(chunksHashed < 100_000, String(chunksHashed))
})

test('what a receipt says stands in quotation marks, and brings no controls along', () => {
  const texts = [
    'credit" answered, and 5 auditors recomputed it. The operator said "x',
    'a\u001b[2J\u001b[1;1Hrecorded pass',
    'a\u009b31mb',
    'a\u202egnp.exe',
    'line\nbreak\r\u2028and more',
    '“curly” «angle» ＂wide＂',
    'x'.repeat(20_000),
    '\u{1f600}'.repeat(100),
  ]
  for (const text of texts) {
    const { claims } = check(
      world.answer({
        values: {
          model: { name: text, manifest: { sha256: text }, runtime: { name: 'r' } },
          parties: { operator: text, deployer: text, declaredUse: text },
        },
      }).receipt,
    )
    const upstream = check(
      world.answer({ values: { model: { name: text, answered: text, runtime: { name: 'upstream' } } } })
        .receipt,
    )
    for (const [claim, quotations] of [
      [claims.model, 1],
      [claims.accountability, 3],
      [upstream.claims.model, 2],
    ] as const) {
      assert.match(claim.sentence, /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u)
      assert.equal(claim.sentence.split('"').length - 1, 2 * quotations, claim.sentence)
      assert.doesNotMatch(claim.sentence, /[“”«»＂]/)
      assert.ok(claim.sentence.isWellFormed() && claim.sentence.length < 600)
      assert.doesNotMatch(claim.sentence, /\(file/)
    }
  }
  // Names in what was refused reach a sentence too.
  const name = '\\u001b[2J\\u202e'.repeat(200)
  const twice = utf8(`{"${name}":1,"${name}":2}`)
  const { sentence } = check({ ...receipt, statement: twice }).claims.recorded
  assert.match(sentence, /^[^\p{Cc}\p{Cf}]{0,500}$/u)
  // And so does the origin of a log that nobody knows.
  for (const domain of ['x\u202e\u200bx', 'x\u009b31mx']) {
    const strange = new World({ domain })
    const { receipt: of } = strange.answer({ fields: { log: world.log.origin }, registry: false })
    const { reason, sentence: words } = check(of).claims.recorded
    assert.equal(reason, 'unknown-log')
    assert.match(words, /^[^\p{Cc}\p{Cf}]*$/u)
  }
})

test('nothing that a receipt can hold makes a check throw', () => {
  const junk = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom('', '\n\n', '\ud800', '[]', '{"a":1}', receipt.proof, receipt.disclosures.model!),
  )
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(receipt.statement, utf8('{}')))
  const proven = { statement: bytes, proof: junk }
  const any = fc.record(
    {
      ...proven,
      begin: fc.record(proven),
      disclosures: fc.dictionary(
        fc.constantFrom('request', 'response', 'model', 'sampling', 'parties'),
        junk,
      ),
      content: fc.record({ request: bytes, response: bytes }, { requiredKeys: [] }),
      documents: fc.dictionary(fc.constantFrom('__proto__', '11'.repeat(32), made.statement.node), bytes),
      registryCheckpoint: junk,
    },
    { requiredKeys: ['statement', 'proof', 'disclosures', 'content', 'documents'] },
  )
  const verifier = new Verifier(suite, world.trust)
  fc.assert(
    fc.property(any, fc.boolean(), (odd, mixed) => {
      const { statement, proof } = receipt
      const of = { ...odd, ...(mixed && { statement, proof }) } as Receipt
      const { claims } = verifier.verify(of)
      for (const name of CLAIMS) assert.ok(REASONS.includes(claims[name].reason))
      if (claims.recorded.result === 'pass') assert.ok(mixed)
    }),
    { numRuns: 1000, seed: 1 },
  )
})

test('a verifier that has judged many checkpoints judges as a new one does', () => {
  const verifier = new Verifier(suite, world.trust)
  const receipts = Array.from({ length: 300 }, (_, i) =>
    i % 3 === 0 ? world.answer({ cosigners: {} }).receipt : world.answer().receipt,
  )
  for (const each of [...receipts, ...receipts.reverse()]) {
    const { claims } = verifier.verify(each)
    assert.deepEqual([claims.recorded.result, claims.recorded.reason], recorded(each))
  }
})
