import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { AnswerableError } from '../../error.ts'
import { floatText, readPythonJson, writePythonJson } from './python-json.ts'

const LIMITS = { maxBytes: 1024 * 1024 }
const python = (text: string) => writePythonJson(readPythonJson(text, LIMITS))

test('numbers, as Python writes them', () => {
  const table: [string, string][] = [
    ['0', '0'],
    ['-0', '0'],
    ['1', '1'],
    ['1.0', '1.0'],
    ['-0.0', '-0.0'],
    ['0.1', '0.1'],
    ['1e0', '1.0'],
    ['1E2', '100.0'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
    ['1.5e-7', '1.5e-07'],
    ['123456789012345680', '123456789012345680'],
    ['9007199254740993', '9007199254740993'],
    ['340282366920938463463374607431768211456', '340282366920938463463374607431768211456'],
    ['1e15', '1000000000000000.0'],
    ['1e16', '1e+16'],
    ['1234567890123456.0', '1234567890123456.0'],
    ['12345678901234567.0', '1.2345678901234568e+16'],
    ['1e100', '1e+100'],
    ['5e-324', '5e-324'],
    ['1e999', 'Infinity'],
    ['-1e999', '-Infinity'],
    ['0.30000000000000004', '0.30000000000000004'],
    ['100.25', '100.25'],
  ]
  for (const [read, written] of table) assert.equal(python(read), written)
  assert.equal(floatText(0), '0.0')
})

test('separators, order and escapes', () => {
  assert.equal(
    python('{ "b" : [ ] , "a" : { } , "c":[1,2.50,"x"] }'),
    '{"a": {}, "b": [], "c": [1, 2.5, "x"]}',
  )
  assert.equal(
    python('"\\u00e9\\ud83d\\ude00\\u007f\\"\\\\\\/\\n\\t\\b\\f\\r\\u0001"'),
    '"\\u00e9\\ud83d\\ude00\\u007f\\"\\\\/\\n\\t\\b\\f\\r\\u0001"',
  )
  // By code point: U+FF5E before U+1F600, which in UTF-16 stands after it.
  assert.equal(python('{"\u{1f600}":1,"\uff5e":2,"a":3}'), '{"a": 3, "\\uff5e": 2, "\\ud83d\\ude00": 1}')
  assert.equal(
    python('{"__proto__":1,"ab":true,"a":false,"":null}'),
    '{"": null, "__proto__": 1, "a": false, "ab": true}',
  )
})

test('what is not JSON, or reads in two ways, is refused', () => {
  const deep = `${'['.repeat(65)}${']'.repeat(65)}`
  for (const [text, code] of [
    ['{', 'bad-json'],
    ['NaN', 'bad-json'],
    ['01', 'bad-json'],
    ['{"a":1,"a":2}', 'duplicate-key'],
    ['"\\ud800"', 'bad-json'],
    [deep, 'too-deep'],
  ])
    assert.throws(
      () => python(text!),
      error => error instanceof AnswerableError && error.code === code,
    )
  assert.throws(
    () => python('9'.repeat(401)),
    error => error instanceof AnswerableError && error.code === 'bad-format',
  )
})

const PROGRAM = `
import json, sys
for line in sys.stdin:
    sys.stdout.write(json.dumps(json.loads(line), sort_keys=True) + "\\n")
`

test('as Python itself, over random values and numbers', t => {
  const found = spawnSync('python3', ['-c', 'import sys; print(sys.version_info[0])'], { encoding: 'utf8' })
  if (found.stdout?.trim() !== '3') return t.skip('python3 is not here')
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(one => JSON.stringify(one)),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(one => one.toExponential()),
    fc.double({ min: 1e-8, max: 1e18, noNaN: true }).map(one => one.toExponential()),
    fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map(String),
    fc.integer().map(one => `${one}.0`),
  )
  const lines = [
    ...fc.sample(number, { numRuns: 2000, seed: 1 }),
    ...fc.sample(
      fc.json({ stringUnit: 'binary' }).filter(text => !/\\u[dD][89a-fA-F]/.test(text)),
      { numRuns: 500, seed: 2 },
    ),
    ...fc
      .sample(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), {
        numRuns: 500,
        seed: 3,
      })
      .map(one => JSON.stringify(one)),
  ].filter(line => line.isWellFormed())
  const { stdout, status } = spawnSync('python3', ['-c', PROGRAM], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
  })
  assert.equal(status, 0)
  const theirs = stdout.trimEnd().split('\n')
  assert.equal(theirs.length, lines.length)
  for (const [i, line] of lines.entries()) assert.equal(python(line), theirs[i], line)
})
