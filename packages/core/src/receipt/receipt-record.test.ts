/** The record of a whole receipt: its interval, and the two statements of a stream. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, receipt, recorded, world } from '../../test/checking.ts'
import { EPOCH, type RecordOptions, suite, TestLog, World } from '../../test/fixture.ts'
import { toHex } from '../bytes.ts'
import type { InferenceStatement } from '../statement/index.ts'
import type { Receipt } from './receipt.ts'
import { trustFrom } from './trust.ts'

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
