import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { World } from '../../test/fixture.ts'
import { toBase64, utf8 } from '../bytes.ts'
import { AnswerableError, type ErrorCode } from '../error.ts'
import { throwsCode } from '../note/fixtures.test.ts'
import { DISCLOSURES } from '../statement/index.ts'
import { formatReceipt, parseReceipt, RECEIPT_TYPE, type Receipt, statementText } from './receipt.ts'

const world = new World()
const stream = world.stream().receipt
const text = formatReceipt(stream)
type Fields = Record<string, unknown>
const fields = (): Fields => JSON.parse(text)
const read = (value: unknown) => parseReceipt(utf8(typeof value === 'string' ? value : JSON.stringify(value)))

test('receipts of every kind round-trip, whole and pared down', () => {
  const all: Receipt[] = [world.answer(), world.begin(), world.stream(), world.stream('interrupted')].map(
    ({ receipt }) => receipt,
  )
  const { begin: _, registryCheckpoint: __, ...bare } = stream
  all.push({ ...bare, disclosures: {}, content: {}, documents: {} })
  for (const receipt of all) assert.deepEqual(parseReceipt(utf8(formatReceipt(receipt))), receipt)
  assert.equal(statementText(stream), Buffer.from(stream.statement).toString())
})

test('any receipt round-trips', () => {
  const bytes = fc.uint8Array({ maxLength: 100 })
  const words = fc.string({ unit: 'grapheme', maxLength: 40 })
  const proven = { statement: bytes, proof: words }
  const digest = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map(each => Buffer.from(each).toString('hex'))
  const any = fc.record(
    {
      ...proven,
      begin: fc.record(proven, { noNullPrototype: true }),
      disclosures: fc.dictionary(fc.constantFrom(...DISCLOSURES), words, { noNullPrototype: true }),
      content: fc.record({ request: bytes, response: bytes }, { requiredKeys: [], noNullPrototype: true }),
      documents: fc.dictionary(digest, bytes, { maxKeys: 5, noNullPrototype: true }),
      registryCheckpoint: words,
    },
    { requiredKeys: ['statement', 'proof', 'disclosures', 'content', 'documents'], noNullPrototype: true },
  )
  fc.assert(
    fc.property(any, receipt => {
      assert.deepEqual(parseReceipt(utf8(formatReceipt(receipt as Receipt))), receipt)
    }),
  )
})

test('the spelling of the JSON around does not matter, and unknown fields are passed over', () => {
  assert.deepEqual(read({ ...fields(), comment: { any: ['thing'] } }), stream)
  assert.deepEqual(
    read(`\n\t${JSON.stringify(fields(), Object.keys(fields()).sort().reverse())}`).proof,
    stream.proof,
  )
  assert.deepEqual(read(text.replaceAll('/', '\\/').replace('"proof"', '"\\u0070roof"')), stream)
  for (const name of ['disclosures', 'content', 'documents']) {
    assert.deepEqual(read({ ...fields(), [name]: {} })[name as 'content'], {})
    assert.deepEqual(read({ ...fields(), [name]: null })[name as 'content'], {})
  }
})

test('what is no receipt is refused, by a code', () => {
  const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  const long = 'A'.repeat(2 ** 21)
  const digest = '11'.repeat(32)
  const table: [unknown, ErrorCode][] = [
    ['', 'bad-json'],
    ['null', 'bad-receipt'],
    ['[]', 'bad-receipt'],
    ['{}', 'bad-receipt'],
    ['"x"', 'bad-receipt'],
    ['1e999', 'bad-receipt'],
    [`\ufeff${text}`, 'bad-json'],
    [`${text}x`, 'bad-json'],
    [`{"type":"${RECEIPT_TYPE}","type":"${RECEIPT_TYPE}"}`, 'duplicate-key'],
    [text.replace('"proof"', '"statement"'), 'duplicate-key'],
    [text.replace('"begin"', '"pr\\u006fof"'), 'duplicate-key'],
    [text.replace('"proof"', '"__proto__"'), 'bad-receipt'],
    [text.replace('"disclosures": {', '"disclosures": {"__proto__": "x",'), 'bad-receipt'],
    [text.replace('"documents": {', '"documents": {"__proto__": "AA==",'), 'bad-receipt'],
    [text.replace('"content": {', '"content": {"constructor": "AA==",'), 'bad-receipt'],
    [text.replace('"proof": "', '"proof": "\\ud800'), 'bad-json'],
    [{ ...fields(), x: JSON.parse(deep(5)) }, 'ok' as ErrorCode],
    [deep(13), 'too-deep'],
    [deep(1_000_000), 'too-deep'],
    ['{"a":'.repeat(100_000), 'too-deep'],
    [{ ...fields(), x: Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [i, 0])) }, 'too-large'],
    [{ ...fields(), type: 'https://answerable.dev/receipt/v2' }, 'bad-receipt'],
    [{ ...fields(), statement: long }, 'bad-receipt'],
    [{ ...fields(), statement: 'AA=' }, 'bad-receipt'],
    [{ ...fields(), statement: 'AB==' }, 'bad-receipt'],
    [{ ...fields(), statement: ' AA==' }, 'bad-receipt'],
    [{ ...fields(), proof: long }, 'bad-receipt'],
    [{ ...fields(), begin: null }, 'bad-receipt'],
    [{ ...fields(), begin: {} }, 'bad-receipt'],
    [{ ...fields(), disclosures: { other: 'x' } }, 'bad-receipt'],
    [{ ...fields(), disclosures: { model: long } }, 'bad-receipt'],
    [{ ...fields(), content: { other: 'AA==' } }, 'bad-receipt'],
    [{ ...fields(), content: { request: 'AA' } }, 'bad-receipt'],
    [{ ...fields(), documents: { [digest.toUpperCase().replaceAll('1', 'A')]: 'AA==' } }, 'bad-receipt'],
    [{ ...fields(), documents: { [digest]: long } }, 'bad-receipt'],
    [
      {
        ...fields(),
        documents: Object.fromEntries(
          Array.from({ length: 17 }, (_, i) => [`${digest.slice(2)}${10 + i}`, '']),
        ),
      },
      'bad-receipt',
    ],
    [{ ...fields(), registryCheckpoint: null }, 'bad-receipt'],
  ]
  for (const [value, code] of table) {
    if ((code as string) === 'ok') read(value)
    else throwsCode(() => read(value), code, JSON.stringify(value).slice(0, 80))
  }
  throwsCode(() => parseReceipt(Uint8Array.of(0x7b, 0xc0, 0x80, 0x7d)), 'not-utf8')
  throwsCode(() => parseReceipt(new Uint8Array(96 * 1024 * 1024 + 1)), 'too-large')
})

test('messages of what was refused are short, and bring no controls along', () => {
  const name = '\\u001b[2J\\u202e'.repeat(1000)
  assert.throws(
    () => read(`{"${name}":1,"${name}":2}`),
    (error: unknown) => error instanceof AnswerableError && /^[^\p{Cc}\p{Cf}]{0,1000}$/u.test(error.message),
  )
  assert.throws(
    () => read('{\u009b'),
    (error: unknown) => error instanceof AnswerableError && /^[^\p{Cc}\p{Cf}]{0,100}$/u.test(error.message),
  )
})

/** Every path of a JSON value: the steps from its root. */
function* paths(value: unknown, path: string[] = []): Generator<string[]> {
  yield path
  if (value === null || typeof value !== 'object') return
  for (const [key, child] of Object.entries(value)) yield* paths(child, [...path, key])
}

function replaced(value: unknown, [step, ...rest]: string[], by: unknown): unknown {
  if (step === undefined) return by
  const copy: Fields = { ...(value as Fields) }
  copy[step] = replaced(copy[step], rest, by)
  return copy
}

const WRONG: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  1.5,
  '',
  'x',
  '\u0000',
  [],
  [[]],
  {},
  { length: 1 },
  { toString: 'x' },
  'A'.repeat(100_001),
]

test('a wrong type at any place is refused, or reads as a receipt all the same', () => {
  for (const path of paths(fields())) {
    for (const wrong of WRONG) {
      try {
        const receipt = read(replaced(fields(), path, wrong))
        assert.deepEqual(parseReceipt(utf8(formatReceipt(receipt))), receipt)
      } catch (error) {
        assert.ok(error instanceof AnswerableError, `${path.join('.')}: ${error}`)
      }
    }
  }
})

test('random bytes and mutated receipts: only errors of ours', () => {
  const source = utf8(text)
  const mutated = fc
    .array(fc.tuple(fc.nat(source.length - 1), fc.nat(30), fc.uint8Array({ maxLength: 30 })), {
      maxLength: 4,
    })
    .map(edits => {
      let out = Buffer.from(source)
      for (const [at, cut, put] of edits)
        out = Buffer.concat([out.subarray(0, at), put, out.subarray(at + cut)])
      return new Uint8Array(out)
    })
  const tokens = fc
    .array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '\\',
        '"type"',
        `"${RECEIPT_TYPE}"`,
        '"proof"',
        '1e9',
        'null',
        '"__proto__"',
      ),
      { maxLength: 60 },
    )
    .map(parts => utf8(parts.join('')))
  const any = fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated, tokens, fc.json().map(utf8))
  fc.assert(
    fc.property(any, bytes => {
      try {
        parseReceipt(bytes)
      } catch (error) {
        assert.ok(error instanceof AnswerableError && error.code !== 'internal', String(error))
      }
    }),
    { numRuns: 5000, seed: 1 },
  )
})

test('a receipt holds its bytes as base64, whatever they are', () => {
  const receipt: Receipt = { ...stream, content: { response: new Uint8Array([0xff, 0xfe, 0]) } }
  assert.match(formatReceipt(receipt), new RegExp(toBase64(receipt.content.response!)))
})
