import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { suite } from '../../test/fixture.ts'
import { toHex, utf8 } from '../bytes.ts'
import type { JsonObject } from '../shape.ts'
import {
  DISSENT_POLICIES,
  MOST_OPINIONS,
  OPINION_OUTCOMES,
  type OpinionsOnRecord,
  opinionSecret,
  opinionsIn,
  settle,
  tally,
} from './on-record.ts'

const ID = '019b7600-0000-7abc-8def-0123456789ab'
const RECORD: OpinionsOnRecord = {
  route: 'second-look',
  rule: { output: 'approved' },
  least: 2,
  onDissent: 'escalate',
  outcome: 'agreed',
  asked: [
    { id: ID, statement: 'ab'.repeat(32), model: 'a', outcome: 'answers' },
    { id: ID, statement: 'cd'.repeat(32), model: 'b', outcome: 'agrees' },
    {
      id: ID,
      statement: 'ef'.repeat(32),
      model: 'c',
      operator: 'https://other.example',
      outcome: 'abstains',
      reason: 'receipt-rejected',
      receipt: { id: ID, url: 'https://other.example/receipts/x', check: 'unchecked' },
    },
  ],
}

test('what a record says is read as it was written, and nothing is no opinion', () => {
  const opinions = JSON.parse(JSON.stringify(RECORD)) as JsonObject
  assert.deepEqual(opinionsIn({ name: 'a', opinions }), RECORD)
  assert.equal(opinionsIn({ name: 'a' }), undefined)
})

test('a record of another form is refused with what is wrong', () => {
  const [first, ...others] = RECORD.asked
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ ...RECORD, asked: [] }, /one that answers/],
    [{ ...RECORD, asked: [first] }, /one that answers/],
    [{ ...RECORD, asked: others }, /one that answers/],
    [{ ...RECORD, asked: [first, first] }, /one that answers/],
    [{ ...RECORD, asked: Array(MOST_OPINIONS + 1).fill(first) }, /at most 8/],
    [{ ...RECORD, asked: [{ ...first, id: 'x' }, others[0]] }, /UUIDv7/],
    [{ ...RECORD, asked: [{ ...first, statement: 'x' }, others[0]] }, /digest/],
    [{ ...RECORD, asked: [first, { ...others[0], outcome: 'shrugs' }] }, /outcome/],
    [{ ...RECORD, asked: [first, { ...others[1], reason: 'tired' }] }, /reason/],
    [{ ...RECORD, asked: [first, { ...others[1], receipt: { id: ID, url: 'x', check: 'sure' } }] }, /check/],
    [{ ...RECORD, outcome: 'fine' }, /outcome/],
    [{ ...RECORD, onDissent: 'ignore' }, /onDissent/],
    [{ ...RECORD, least: -1 }, /least/],
    [{ ...RECORD, rule: {} }, /rule/],
    [{ ...RECORD, decides: 'x'.repeat(257) }, /decides/],
  ]
  for (const [opinions, message] of wrong)
    assert.throws(() => opinionsIn({ opinions } as JsonObject), { code: 'bad-disclosure', message })
  for (const opinions of [null, [], 'x', 1])
    assert.throws(() => opinionsIn({ opinions } as JsonObject), { code: 'bad-disclosure' })
})

test('policy follows from how many agree, and from nothing else', () => {
  const outcomes = fc
    .array(fc.constantFrom(...OPINION_OUTCOMES.slice(1)), { minLength: 1, maxLength: 7 })
    .map(others => ['answers' as const, ...others])
  fc.assert(
    fc.property(
      outcomes,
      fc.integer({ min: 2, max: 8 }),
      fc.constantFrom(...DISSENT_POLICIES),
      (all, least, onDissent) => {
        const { asked, agree, dissent, abstain } = tally(all)
        assert.equal(asked, agree + dissent + abstain)
        const outcome = settle(all, { least, onDissent })
        const otherwise = { attach: 'attached', escalate: 'escalated', refuse: 'refused' }[onDissent]
        assert.equal(outcome, agree >= least ? 'agreed' : otherwise)
        // Nobody is outvoted: who agrees can be replaced by nobody else than one more who agrees.
        assert.equal(settle([...all, 'dissents', 'abstains'], { least, onDissent }), outcome)
      },
    ),
  )
})

test('secrets of opinions follow from the route’s, one by one, and do not lead back', () => {
  const secret = suite.sha256(utf8('secret'))
  const own = opinionSecret(secret, ID, suite)
  assert.equal(
    toHex(own),
    toHex(suite.sha256(new Uint8Array([...utf8('answerable/opinion/v1\n'), ...secret, ...utf8(ID)]))),
  )
  assert.notDeepEqual(own, opinionSecret(secret, ID.replace('abc', 'abd'), suite))
  assert.notDeepEqual(own, opinionSecret(own, ID, suite))
  for (const [wrong, id] of [
    [secret.subarray(1), ID],
    [secret, 'x'],
    [secret, `${ID}0`],
  ] as const)
    assert.throws(() => opinionSecret(wrong, id, suite), { code: 'bad-statement' })
})
