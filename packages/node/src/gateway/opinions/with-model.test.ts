import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson } from '@answerable/core'
import fc from 'fast-check'
import { withModel } from './with-model.ts'

test('the model alone is another, whatever stands around it', () => {
  const body = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
  fc.assert(
    fc.property(
      body,
      fc.string(),
      fc.string(),
      fc.nat(4),
      fc.boolean(),
      (before, old, model, space, first) => {
        const { model: _, ...rest } = before
        const all = first ? { model: old, ...rest } : { ...rest, model: old }
        const text = JSON.stringify(all, null, space)
        const made = withModel(Buffer.from(text), model).toString()
        assert.deepEqual(JSON.parse(made), { ...JSON.parse(text), model })
        assert.equal(made.length - JSON.stringify(model).length, text.length - JSON.stringify(old).length)
      },
    ),
  )
})

test('numbers, escapes and the same word elsewhere stay as they are', () => {
  const text =
    '{"a":{"model":"x"},"b":["model"],"c":"model","n":1.0,"s":9007199254740993,"mo\\u0064el"\n:\t"a\\"b"}'
  assert.doesNotThrow(() => parseJson(text))
  assert.equal(withModel(Buffer.from(text), 'new').toString(), text.replace('"a\\"b"', '"new"'))
})
