/** Receipts that link to opinions, with and without the linked ones, honest and not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, world } from '../../test/checking.ts'
import { type Made, suite, World } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'
import type { OpinionsOnRecord } from '../opinions/on-record.ts'
import type { JsonObject } from '../shape.ts'
import type { Receipt } from './receipt.ts'

const said = (approved: boolean) =>
  utf8(JSON.stringify({ outputs: [{ name: 'approved', data: [approved] }] }))
const YES = said(true)
const NO = said(false)

/** The record of what one said. */
const opinion = (response: Uint8Array) => world.answer({ response })

function route(
  opinions: readonly Made[],
  change: (record: OpinionsOnRecord) => unknown,
  response = YES,
): Receipt {
  const record: OpinionsOnRecord = {
    route: 'second-look',
    rule: { output: 'approved' },
    least: opinions.length,
    onDissent: 'attach',
    outcome: 'agreed',
    asked: opinions.map(({ statement, receipt }, i) => ({
      id: statement.id,
      statement: suite.sha256Hex(receipt.statement),
      model: `credit-${i}`,
      outcome: i === 0 ? 'answers' : 'agrees',
    })),
  }
  const opinionsValue = (change(record) ?? record) as JsonObject
  const runtime = { name: 'onnxruntime', version: '1.0.0' }
  return world.answer({
    response,
    values: {
      model: { name: 'credit', manifest: { sha256: 'ab'.repeat(32) }, runtime, opinions: opinionsValue },
    },
  }).receipt
}

const three = [opinion(YES), opinion(YES), opinion(NO)]
const dissenting = (record: OpinionsOnRecord) => {
  record.asked[2]!.outcome = 'dissents'
  record.outcome = 'attached'
}
const linked = three.map(({ receipt }) => receipt)

test('who agrees and who dissents is said, with what it does not show', () => {
  const { opinions } = check(route(three, dissenting))
  assert.match(
    opinions!.sentence,
    /^2 of 3 agree; "credit-2" dissents\. The route asks for 3 that agree; .*attached/,
  )
  assert.match(
    opinions!.notShown,
    /models share data, methods and mistakes, so their agreement raises no claim/,
  )
  assert.match(opinions!.notShown, /none of the 3 linked receipts are here/)
  assert.deepEqual(new Set(opinions!.links.map(({ state }) => state)), new Set(['not-given']))
  assert.equal(opinions!.contradicted, false)
})

test('no claim rises or falls by it', () => {
  const claims = (receipt: Receipt, more?: readonly Receipt[]) => {
    const { claims: all, verdict } = check(receipt, more ? { linked: more } : {})
    return [verdict, ...Object.values(all).map(({ result, basis, reason }) => [result, basis, reason])]
  }
  const plain = claims(world.answer().receipt)
  assert.deepEqual(
    claims(
      route(three.slice(0, 2), () => undefined),
      linked,
    ),
    plain,
  )
  assert.deepEqual(claims(route(three, dissenting), linked), plain)
  assert.deepEqual(
    claims(
      route(three, () => undefined),
      linked,
    ),
    plain,
  )
})

test('linked receipts are checked, and the answers compared again', () => {
  const { opinions } = check(route(three, dissenting), { linked })
  assert.deepEqual(
    opinions!.links,
    three.map(({ statement }) => ({ id: statement.id, state: 'shown' })),
  )
  assert.doesNotMatch(opinions!.notShown, /linked/)
  const one = check(route(three, dissenting), { linked: [linked[2]!] }).opinions!
  assert.deepEqual(
    one.links.map(({ state }) => state),
    ['not-given', 'not-given', 'shown'],
  )
  assert.match(one.notShown, /only 1 of the 3 linked receipts is here/)
  // A receipt of anything else is not one of these.
  const stranger = check(route(three, dissenting), { linked: [world.answer().receipt] }).opinions!
  assert.ok(stranger.links.every(({ state }) => state === 'not-given'))
  const without = { ...linked[2]!, content: {}, disclosures: {} }
  assert.equal(check(route(three, dissenting), { linked: [without] }).opinions!.links[2]!.state, 'shown')
})

test('a record that says otherwise than the linked ones is found out', () => {
  const hidden = check(
    route(three, () => undefined),
    { linked },
  ).opinions!
  assert.equal(hidden.contradicted, true)
  assert.equal(hidden.links[2]!.state, 'contradicts')
  assert.match(hidden.sentence, /says that "credit-2" agrees, and by the same rule .* are different/)
  const invented = check(
    route(three.slice(0, 2), record => {
      record.asked[1]!.outcome = 'dissents'
      record.outcome = 'attached'
    }),
    { linked },
  ).opinions!
  assert.equal(invented.links[1]!.state, 'contradicts')
  const swapped = check(
    route(three.slice(0, 2), () => undefined, NO),
    { linked },
  ).opinions!
  assert.equal(swapped.links[0]!.state, 'contradicts')
  assert.match(swapped.sentence, /went out is not what the first one said/)
  // What a route refuses is another answer by design, and who abstains is not compared.
  const refused = check(
    route(
      three,
      record => {
        record.asked[2]!.outcome = 'abstains'
        record.asked[2]!.reason = 'timeout'
        record.onDissent = 'refuse'
        record.outcome = 'refused'
      },
      utf8('{"error":"not-agreed"}'),
    ),
    { linked },
  ).opinions!
  assert.equal(refused.contradicted, false)
  assert.match(refused.sentence, /"credit-2" \(timeout\) abstains.*so no answer went out/)
})

test('a record whose outcome does not follow from its own policy is said so', () => {
  const { opinions } = check(
    route(three, record => {
      record.asked[2]!.outcome = 'dissents'
    }),
  )
  assert.equal(opinions!.contradicted, true)
  assert.match(opinions!.sentence, /By the route’s own policy it is to be attached, and was agreed/)
})

test('a linked record that no trusted log holds is said so', () => {
  const elsewhere = new World({ domain: 'other.example', seed: 'other' }).answer({ response: YES })
  const { opinions } = check(
    route([three[0]!, elsewhere], () => undefined),
    {
      linked: [linked[0]!, elsewhere.receipt],
    },
  )
  assert.equal(opinions!.links[1]!.state, 'not-shown')
  assert.match(opinions!.notShown, /That the record \S+ exists: no trusted network has the log/)
})

test('who decides, and another operator’s unchecked receipt, are named', () => {
  const { opinions } = check(
    route(three, record => {
      dissenting(record)
      record.onDissent = 'escalate'
      record.outcome = 'escalated'
      record.decides = 'the loan officer'
      Object.assign(record.asked[1]!, {
        operator: 'https://bo.example',
        receipt: { id: three[1]!.statement.id, url: 'https://bo.example/receipts/1', check: 'unchecked' },
      })
    }),
  )
  assert.match(opinions!.sentence, /pending a person’s decision, which is "the loan officer"’s/)
  assert.match(
    opinions!.notShown,
    /That "credit-1" at "https:\/\/bo.example" has a receipt that holds: nobody checked it/,
  )
})

test('what cannot be read is said so, and texts of others bring nothing along', () => {
  const strange = check(route(three, () => ({ route: 'x' }))).opinions!
  assert.match(strange.sentence, /cannot be read/)
  assert.deepEqual([strange.record, strange.links], [undefined, []])
  const evil = check(
    route(three, record => {
      dissenting(record)
      record.asked[2]!.model = 'x" agrees\u001b[2J\u202e'
    }),
  ).opinions!
  assert.match(evil.sentence, /^[^\p{Cc}\p{Cf}]*$/u)
  assert.match(evil.sentence, /; "x' agrees \[2J" dissents/)
})

test('where the record or its model does not open, nothing is said', () => {
  const receipt = route(three, dissenting)
  assert.equal(check({ ...receipt, disclosures: {} }).opinions, undefined)
  assert.equal(check(receipt, {}, { networks: [] }).opinions, undefined)
  assert.equal(check(world.answer().receipt).opinions, undefined)
})
