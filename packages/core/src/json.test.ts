import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from './bytes.ts'
import type { ErrorCode } from './error.ts'
import { parseJson } from './json.ts'
import { diagnose } from './json-diagnose.ts'
import { throwsCode } from './note/fixtures.test.ts'

test('values are what JSON.parse makes of them', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5, stringUnit: 'grapheme' }), text => {
      const value = parseJson(text)
      assert.deepEqual(value, JSON.parse(text))
      assert.deepEqual(parseJson(utf8(text)), value)
      assert.equal(diagnose(text), undefined)
    }),
  )
  assert.equal(parseJson('12345678901234567890'), 12345678901234567000)
  assert.equal(parseJson('1e999'), Number.POSITIVE_INFINITY)
  assert.equal(parseJson('"\\ud83d\\ude00"'), '😀')
})

const refused: [string, ErrorCode, RegExp][] = [
  ['{"a":1,"a":2}', 'duplicate-key', /member \/a /],
  ['{"a":1,"a":1}', 'duplicate-key', /member \/a /],
  ['{"a":1,"\\u0061":2}', 'duplicate-key', /member \/a /],
  ['{"x":[0,{"b":{"c":1,"d":[],"c":{}}}]}', 'duplicate-key', /member \/x\/1\/b\/c /],
  ['{"a/b~c":{"":1,"":2}}', 'duplicate-key', /member \/a~1b~0c\/ /],
  ['{"__proto__":1,"__proto__":2}', 'duplicate-key', /member \/__proto__ /],
  ['{"1":1,"a":2,"1":3}', 'duplicate-key', /member \/1 /],
  ['[{"a":1},{"a":1,"b":":","a":[]}]', 'duplicate-key', /member \/1\/a /],
  ['', 'bad-json', /unexpected end at 1:1/],
  ['{', 'bad-json', /unexpected end at 1:2/],
  ['{"a":1,}', 'bad-json', /unexpected "}" at 1:8/],
  ['[1,]', 'bad-json', /unexpected "]" at 1:4/],
  ['[1 2]', 'bad-json', /unexpected "2" at 1:4/],
  ['{\n  "a": 1,\n  b: 2\n}', 'bad-json', /unexpected "b" at 3:3/],
  ["{'a':1}", 'bad-json', /unexpected "'" at 1:2/],
  ['{"a" 1}', 'bad-json', /unexpected "1" at 1:6/],
  ['"abc', 'bad-json', /unexpected end at 1:5/],
  ['"a\nb"', 'bad-json', /unexpected "\\n" at 1:3/],
  ['"\\x"', 'bad-json', /unexpected "x" at 1:3/],
  ['"\\u12g4"', 'bad-json', /at 1:3/],
  ['01', 'bad-json', /unexpected "1" at 1:2/],
  ['+1', 'bad-json', /at 1:1/],
  ['.5', 'bad-json', /at 1:1/],
  ['NaN', 'bad-json', /at 1:1/],
  ['nul', 'bad-json', /at 1:1/],
  ['1 1', 'bad-json', /at 1:3/],
  ['{}}', 'bad-json', /at 1:3/],
  ['[}', 'bad-json', /at 1:2/],
  ['\ufeff{}', 'bad-json', /at 1:1/],
  ['\u00a0{}', 'bad-json', /at 1:1/],
  ['// c\n{}', 'bad-json', /at 1:1/],
  ['"\\ud83d"', 'bad-json', /lone surrogate/],
  ['{"a":["\\udE00"]}', 'bad-json', /lone surrogate/],
  ['{"\\ud800":1}', 'bad-json', /lone surrogate/],
]
test('refuses what two readers would understand differently, and says where', () => {
  for (const [text, code, message] of refused) {
    throwsCode(() => parseJson(text), code, text)
    throwsCode(() => parseJson(utf8(text)), code, text)
    assert.throws(() => parseJson(text), message)
  }
  throwsCode(() => parseJson('"\ud83d"'), 'not-utf8')
  throwsCode(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)), 'not-utf8')
})

test('`__proto__` is an ordinary member', () => {
  const value = parseJson('{"__proto__":{"polluted":true},"constructor":1,"toString":2}') as Record<
    string,
    unknown
  >
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor', 'toString'])
  assert.equal(value.polluted, undefined)
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('limits of size, depth and members', () => {
  assert.deepEqual(parseJson('[[1]]', { maxDepth: 2 }), [[1]])
  throwsCode(() => parseJson('[[1]]', { maxDepth: 1 }), 'too-deep')
  throwsCode(() => parseJson('{"a":{}}', { maxDepth: 1 }), 'too-deep')
  assert.deepEqual(parseJson('["[[[[{{{{"]', { maxDepth: 1 }), ['[[[[{{{{'])
  assert.deepEqual(parseJson('["\\"[[",[],"\\\\",[]]', { maxDepth: 2 }), ['"[[', [], '\\', []])
  assert.deepEqual(parseJson('[[],[],[]]', { maxDepth: 2 }), [[], [], []])
  throwsCode(() => parseJson('['.repeat(500_000)), 'too-deep')
  throwsCode(() => parseJson('{"a":'.repeat(100_000)), 'too-deep')
  assert.equal(parseJson('"é"', { maxBytes: 4 }), 'é')
  throwsCode(() => parseJson('"é"', { maxBytes: 3 }), 'too-large')
  throwsCode(() => parseJson(utf8('"é"'), { maxBytes: 3 }), 'too-large')
  assert.deepEqual(parseJson('[{"a":1},{"b":2}]', { maxKeys: 2 }), [{ a: 1 }, { b: 2 }])
  throwsCode(() => parseJson('[{"a":1},{"b":2}]', { maxKeys: 1 }), 'too-large')
})

/** JSON texts with one edit, which leaves some of them valid and gives some a repeated member. */
const edited = fc
  .tuple(
    fc.oneof(
      fc.json({ maxDepth: 3, stringUnit: fc.constantFrom('a', 'b', '"', '\\', ':', '{', 'é', '\u0001') }),
      fc.constantFrom('{"a":1,"b":[{"a":2}]}', '{"b":{},"a":[0]}', '[{"a":"","":"a"}]'),
    ),
    fc.nat(),
    fc.nat(2),
    fc.constantFrom(
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      'a',
      '0',
      '-',
      '.',
      'e',
      ' ',
      '\n',
      '\u0001',
      'true',
      '"a":1,',
    ),
  )
  .map(([text, at, cut, put]) => {
    const place = at % (text.length + 1)
    return text.slice(0, place) + put + text.slice(place + cut)
  })
/** A reader that keeps all members, by which repeated names are seen without the code under test. */
function hasRepeated(text: string): boolean {
  let members = 0
  let kept = 0
  const count = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    if (!Array.isArray(value)) kept += Object.keys(value).length
    Object.values(value).forEach(count)
  }
  count(JSON.parse(text))
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"|:/g)) if (token[0] === ':') members++
  return members !== kept
}
test('agrees with JSON.parse on what is JSON, and finds each repeated member', () => {
  const seen = { valid: 0, invalid: 0, repeated: 0 }
  fc.assert(
    fc.property(edited, text => {
      let valid = true
      try {
        JSON.parse(text)
      } catch {
        valid = false
      }
      if (!valid) {
        seen.invalid++
        assert.match(diagnose(text) ?? '', /^unexpected|twice$/)
        throwsCode(() => parseJson(text), 'bad-json', text)
      } else if (hasRepeated(text)) {
        seen.repeated++
        assert.match(diagnose(text) ?? '', /twice$/, text)
        throwsCode(() => parseJson(text), 'duplicate-key', text)
      } else {
        seen.valid++
        assert.equal(diagnose(text), undefined, text)
        assert.deepEqual(parseJson(text), JSON.parse(text))
      }
    }),
    { numRuns: 4000, seed: 1 },
  )
  assert.ok(Math.min(...Object.values(seen)) > 5, JSON.stringify(seen))
})

test('a member repeated anywhere in a document is found', () => {
  const names = fc.constantFrom('a', 'b', 'c', '__proto__', '0')
  const { tree } = fc.letrec(tie => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('1', 'null', '":"', '"{\\""'),
      fc.array(tie('tree') as fc.Arbitrary<string>, { maxLength: 3 }).map(items => `[${items.join()}]`),
      fc
        .array(fc.tuple(names, tie('tree') as fc.Arbitrary<string>), { maxLength: 3 })
        .map(members => `{${members.map(([name, value]) => `"${name}" : ${value}`).join()}}`),
    ) as fc.Arbitrary<string>,
  }))
  let repeated = 0
  fc.assert(
    fc.property(tree, text => {
      if (!hasRepeated(text)) {
        assert.deepEqual(parseJson(text), JSON.parse(text))
        return
      }
      repeated++
      throwsCode(() => parseJson(text), 'duplicate-key', text)
    }),
    { numRuns: 2000, seed: 1 },
  )
  assert.ok(repeated > 50, `${repeated} had a repeated member`)
})
