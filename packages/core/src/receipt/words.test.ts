/** What a receipt says, in the sentences about it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, receipt, world } from '../../test/checking.ts'
import { World } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'

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
