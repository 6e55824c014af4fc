/** Whom the reader trusts, and what their quorums make of a record. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, LAST, made, noneButFailures, receipt, recorded, world } from '../../test/checking.ts'
import { suite, World } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'
import { formatReceipt, parseReceipt } from './receipt.ts'
import { NO_TRUST, type Trust, trustFrom } from './trust.ts'

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
