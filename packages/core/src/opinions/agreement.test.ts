import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../bytes.ts'
import { type AgreementRule, compareAnswers, type Likeness, parseRule, TEXT_RULES } from './agreement.ts'

const json = (value: unknown) => utf8(JSON.stringify(value))
const outputs = (fields: Record<string, unknown>) =>
  json({ outputs: Object.entries(fields).map(([name, data]) => ({ name, data })) })
const chat = (content: unknown) => json({ choices: [{ message: { role: 'assistant', content } }] })

const approved = { output: 'approved' }
const near = { within: { output: 'p', by: 0.05 } }

test('named outputs, numbers apart, and texts', () => {
  const cases: [string, AgreementRule, Uint8Array, Uint8Array, Likeness][] = [
    ['equal', approved, outputs({ approved: [true] }), outputs({ approved: [true], p: [1] }), 'same'],
    ['other', approved, outputs({ approved: [true] }), outputs({ approved: [false] }), 'different'],
    ['a boolean as a number', approved, outputs({ approved: [true] }), outputs({ approved: [1] }), 'same'],
    [
      'nested',
      approved,
      outputs({ approved: [[true], [false]] }),
      outputs({ approved: [true, false] }),
      'same',
    ],
    ['fewer rows', approved, outputs({ approved: [true, true] }), outputs({ approved: [true] }), 'different'],
    ['a text as a number', approved, outputs({ approved: ['1'] }), outputs({ approved: [1] }), 'different'],
    ['no such output', approved, outputs({ approved: [true] }), outputs({ p: [1] }), 'not-comparable'],
    [
      'no value of a tensor',
      approved,
      outputs({ approved: [{}] }),
      outputs({ approved: [{}] }),
      'not-comparable',
    ],
    ['nothing', approved, outputs({ approved: [null] }), outputs({ approved: [null] }), 'not-comparable'],
    ['no values', approved, outputs({ approved: [] }), outputs({ approved: [] }), 'not-comparable'],
    ['near', near, outputs({ p: [0.5, 0.1] }), outputs({ p: [0.54, 0.06] }), 'same'],
    ['far', near, outputs({ p: [0.5, 0.1] }), outputs({ p: [0.5, 0.2] }), 'different'],
    ['no number', near, outputs({ p: [0.5] }), outputs({ p: ['0.5'] }), 'not-comparable'],
    ['null', near, outputs({ p: [null] }), outputs({ p: [null] }), 'not-comparable'],
    [
      'too large to be one',
      near,
      utf8('{"outputs":[{"name":"p","data":[1e999]}]}'),
      outputs({ p: [1] }),
      'not-comparable',
    ],
    ['exact', { text: 'exact' }, chat('Yes'), chat('Yes'), 'same'],
    ['not exact', { text: 'exact' }, chat('Yes'), chat('yes'), 'different'],
    ['words', { text: 'words' }, chat(' Yes,  do. '), chat('yes, do'), 'same'],
    ['a sign is no white space', { text: 'words' }, chat('-5'), chat('5'), 'different'],
    ['json', { text: 'json' }, chat('{"a":1,"b":[2]}'), chat('{ "b": [2], "a": 1.0 }'), 'same'],
    ['other json', { text: 'json' }, chat('{"a":1}'), chat('{"a":1,"b":null}'), 'different'],
    ['a list is no object', { text: 'json' }, chat('[]'), chat('{}'), 'different'],
    ['text that is no JSON', { text: 'json' }, chat('{}'), chat('Sure: {}'), 'not-comparable'],
    ['a completion', { text: 'exact' }, json({ choices: [{ text: 'a' }] }), chat('a'), 'same'],
    [
      'a response',
      { text: 'exact' },
      json({ output: [{ type: 'reasoning' }, { content: [{ type: 'output_text', text: 'a' }] }] }),
      chat('a'),
      'same',
    ],
    ['a tool call', { text: 'exact' }, chat('a'), chat(null), 'not-comparable'],
    ['an error', { text: 'exact' }, chat('a'), json({ error: { message: 'no' } }), 'not-comparable'],
    ['an array', approved, outputs({ approved: [1] }), utf8('[]'), 'not-comparable'],
    ['not JSON', approved, outputs({ approved: [1] }), utf8('<html>'), 'not-comparable'],
    ['not UTF-8', approved, outputs({ approved: [1] }), Uint8Array.of(0xff), 'not-comparable'],
    [
      'a key twice',
      approved,
      outputs({ approved: [1] }),
      utf8('{"outputs":[],"outputs":[]}'),
      'not-comparable',
    ],
    ['too deep', approved, outputs({ approved: [1] }), utf8(`${'['.repeat(100)}`), 'not-comparable'],
    ['prototypes', { text: 'json' }, chat('{"__proto__":1}'), chat('{"x":1}'), 'different'],
  ]
  for (const [name, rule, a, b, likeness] of cases) {
    assert.equal(compareAnswers(rule, a, b), likeness, name)
    assert.equal(compareAnswers(rule, b, a), likeness, `${name}, the other way round`)
  }
})

test('whatever bytes come, comparing them is symmetric and throws nothing', () => {
  const rule = fc.constantFrom<AgreementRule>(approved, near, ...TEXT_RULES.map(text => ({ text })))
  const value = fc.jsonValue({ maxDepth: 4 })
  const answer = fc.oneof(
    fc.uint8Array(),
    value.map(json),
    value.map(data => outputs({ approved: data, p: data })),
    value.map(content => chat(content)),
    value.map(content => chat(JSON.stringify(content))),
  )
  fc.assert(
    fc.property(rule, answer, answer, (one, a, b) => {
      assert.equal(compareAnswers(one, a, b), compareAnswers(one, b, a))
      assert.notEqual(compareAnswers(one, a, a), 'different')
    }),
    { numRuns: 500 },
  )
})

test('a rule is one of three', () => {
  for (const rule of [approved, near, { text: 'json' }]) assert.deepEqual(parseRule(rule, 'rule'), rule)
  for (const wrong of [null, {}, { text: 'close' }, { output: 1 }, { ...approved, ...near }, { within: {} }])
    assert.throws(() => parseRule(wrong, 'rule'), { code: 'bad-disclosure' }, JSON.stringify(wrong))
  for (const by of [-1, '1', null, Number.NaN])
    assert.throws(() => parseRule({ within: { output: 'p', by } }, 'rule'), { code: 'bad-disclosure' })
})
