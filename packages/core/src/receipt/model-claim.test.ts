import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flipped, suite, World } from '../../test/fixture.ts'
import { newPublisher, type SignedAnswerOptions, signedAnswer } from '../../test/signed-model.ts'
import { utf8 } from '../bytes.ts'
import { parseAcceptancePolicy } from './acceptance.ts'
import { formatReceipt, parseReceipt, type Receipt } from './receipt.ts'
import { publishersFrom, type Trust } from './trust.ts'
import { verify } from './verify.ts'

const world = new World()
const trusting = (...publishers: NonNullable<Trust['publishers']>): Trust => ({ ...world.trust, publishers })
const check = (receipt: Receipt, trust: Trust) => verify(receipt, { suite, trust }).claims.model
const inShort = (receipt: Receipt, trust: Trust) => {
  const { result, basis, reason } = check(receipt, trust)
  return [result, basis, reason]
}
const ASSERTED = ['pass', 'assertion', 'operator-assertion']
const made = signedAnswer(world)

test('who signed counts only where the reader names the key', () => {
  const { receipt, publisher } = made
  assert.deepEqual(inShort(receipt, trusting(publisher)), ['pass', 'signature', 'signed-manifest'])
  assert.deepEqual(inShort(receipt, trusting(newPublisher(), publisher)), [
    'pass',
    'signature',
    'signed-manifest',
  ])
  assert.deepEqual(inShort(receipt, trusting(newPublisher())), ASSERTED)
  assert.deepEqual(inShort(receipt, world.trust), ASSERTED)
  const { sentence, notShown } = check(receipt, trusting(publisher))
  assert.match(sentence, /^"Example Publisher" signed the manifest [0-9a-f]{16}…, which names the file /)
  assert.match(notShown, /That these weights computed this answer: that is the word of the operator\./)
  assert.match(check(receipt, world.trust).sentence, /manifest [0-9a-f]{16}…, said to be signed by key/)
  assert.match(check(receipt, world.trust).notShown, /you trust nobody who signed/)
})

test('without the signature file it is the operator’s word, with the manifest named', () => {
  const { modelSignature: _, ...receipt } = made.receipt
  assert.deepEqual(inShort(receipt, trusting(made.publisher)), ASSERTED)
  assert.match(check(receipt, trusting(made.publisher)).notShown, /its signature did not come along/)
})

test('what the record says of the signature must be so', () => {
  const wrong: [SignedAnswerOptions, string][] = [
    [{ weights: utf8('other') }, 'manifest-mismatch'],
    [{ signed: { manifest: 'ab'.repeat(32) } }, 'manifest-mismatch'],
    [{ signed: { file: 'card.json' } }, 'manifest-mismatch'],
    [{ signed: { file: 'none.onnx' } }, 'manifest-mismatch'],
    [{ signed: { signature: 'ab'.repeat(32) } }, 'model-signature-mismatch'],
    [{ signed: { signer: { mode: 'sigstore', key: 'ab'.repeat(32) } } }, 'manifest-mismatch'],
    [{ forged: true }, 'bad-model-signature'],
  ]
  for (const [options, reason] of wrong) {
    const { receipt, publisher } = signedAnswer(world, options)
    assert.deepEqual(inShort(receipt, trusting(publisher)), ['fail', 'signature', reason], reason)
  }
  // To those who do not know the key, a forged signature is one of nobody's.
  assert.deepEqual(inShort(signedAnswer(world, { forged: true }).receipt, world.trust), ASSERTED)
})

test('every byte of the signature file, altered', () => {
  const { receipt, publisher } = made
  for (let at = 0; at < receipt.modelSignature!.length; at++) {
    const altered = { ...receipt, modelSignature: flipped(receipt.modelSignature!, at) }
    assert.deepEqual(inShort(altered, trusting(publisher)), ['fail', 'signature', 'model-signature-mismatch'])
  }
})

test('a receipt keeps its signature file, and a policy can bring publishers', () => {
  const again = parseReceipt(utf8(formatReceipt(made.receipt)))
  assert.deepEqual(again, parseReceipt(utf8(formatReceipt(again))))
  const { name, key } = made.publisher
  const policy = parseAcceptancePolicy(
    utf8(JSON.stringify({ require: { model: 'signature' }, publishers: [{ name, key: key.pem }] })),
  )
  const publishers = publishersFrom(policy.publishers!, suite)
  const verdict = (trust: Trust) => verify(again, { suite, trust, policy }).verdict.met
  assert.equal(verdict(trusting(...publishers)), true)
  assert.equal(verdict(world.trust), false)
})
