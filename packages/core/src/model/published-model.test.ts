import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { parseModelCard, parsePublishedModel } from './published-model.ts'

const CARD = {
  name: 'credit-int8',
  version: '1.0.0',
  licence: 'Apache-2.0',
  intendedUse: 'Demonstrations.',
  limits: ['No decision about a real person.'],
  publisher: 'Example Publisher',
  format: 'onnx',
  parameters: 1234,
}
const MANIFEST = 'ab'.repeat(32)

test('a card, and a description with its manifest', () => {
  assert.deepEqual(parseModelCard(utf8(JSON.stringify({ ...CARD, more: 1 }))), CARD)
  const { parameters: _, ...rest } = CARD
  assert.deepEqual(parsePublishedModel(utf8(JSON.stringify({ ...rest, manifest: MANIFEST }))), {
    ...rest,
    manifest: MANIFEST,
  })
})

test('every field has a form', () => {
  const wrong: [string, unknown][] = [
    ['name', ''],
    ['name', 'two words'],
    ['version', '1/2'],
    ['name', 'ends-in-'],
    ['licence', 'x'.repeat(129)],
    ['licence', ' '],
    ['licence', undefined],
    ['intendedUse', 'a\u001b[2Jb'],
    ['limits', 'none'],
    ['limits', ['']],
    ['publisher', 7],
    ['format', 'ONNX!'],
    ['parameters', -1],
    ['manifest', 'AB'.repeat(32)],
    ['manifest', undefined],
  ]
  for (const [field, value] of wrong)
    assert.throws(
      () => parsePublishedModel(utf8(JSON.stringify({ ...CARD, manifest: MANIFEST, [field]: value }))),
      error =>
        error instanceof AnswerableError &&
        error.code === 'bad-model-card' &&
        error.message.startsWith(field),
      field,
    )
})
