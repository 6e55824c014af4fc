import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { suite, World } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'
import { AnswerableError, type ErrorCode } from '../error.ts'
import { throwsCode } from '../note/fixtures.test.ts'
import type { DisclosureName } from './disclosure.ts'
import {
  EVENT_DISCLOSURES,
  EVENTS,
  entryOf,
  formatInference,
  holderDigest,
  type InferenceStatement,
  inferenceContext,
  parseInference,
  statementBytes,
} from './inference.ts'
import { MAX_STATEMENT_BYTES, parseStatement } from './intoto.ts'

const hex = (digits: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits })
const digest = hex(64)
const origin = fc.oneof(
  fc.domain(),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter(text => /^[^\s\p{Cc}]+$/u.test(text)),
)
const uuid = fc
  .tuple(hex(8), hex(4), hex(3), fc.constantFrom('8', '9', 'a', 'b'), hex(3), hex(12))
  .map(([a, b, c, variant, d, e]) => `${a}-${b}-7${c}-${variant}${d}-${e}`)
const registry = fc.record({ origin, size: fc.maxSafeNat(), root: digest }, { noNullPrototype: true })
const anyStatement: fc.Arbitrary<InferenceStatement> = fc.constantFrom(...EVENTS).chain(event =>
  fc
    .record(
      {
        id: uuid,
        event: fc.constant(event),
        time: fc.integer({ min: 0, max: Date.parse('9999-12-31T23:59:59.999Z') }),
        log: origin,
        node: digest,
        charter: digest,
        terms: digest,
        holder: digest,
        evidence: digest,
        registry,
        disclosures: fc
          .tuple(...EVENT_DISCLOSURES[event].map(() => digest))
          .map(digests => Object.fromEntries(EVENT_DISCLOSURES[event].map((name, i) => [name, digests[i]!]))),
        ...(event === 'end' || event === 'interrupted' ? { begin: digest } : {}),
      },
      {
        requiredKeys: [
          'id',
          'event',
          'time',
          'log',
          'node',
          'charter',
          'terms',
          'holder',
          'disclosures',
          ...(event === 'end' || event === 'interrupted' ? (['begin'] as never[]) : []),
        ],
        noNullPrototype: true,
      },
    )
    .map(fields => fields as InferenceStatement),
)

test('statements round-trip', () => {
  fc.assert(
    fc.property(anyStatement, fields => {
      const text = formatInference(fields, inferenceContext(fields))
      assert.deepEqual(parseInference(statementBytes(text)), fields)
      // It is the JSON that it would be if it had been serialised as a whole.
      assert.equal(JSON.stringify(JSON.parse(text)), text)
    }),
    { numRuns: 500 },
  )
})

const world = new World()
const { statement, secret, receipt } = world.answer({ evidence: '22'.repeat(32) })
const text = formatInference(statement, inferenceContext(statement))

test('an entry and a holder are SHA-256', () => {
  assert.equal(Buffer.from(receipt.statement).toString(), text)
  assert.deepEqual(entryOf(receipt.statement, suite), suite.sha256(utf8(text)))
  assert.equal(holderDigest(secret, suite), statement.holder)
})

type Fields = { [key: string]: never }
/** The statement with its predicate changed. */
const predicate = (change: object) => {
  const root = JSON.parse(text) as { predicate: object }
  return JSON.stringify({ ...root, predicate: { ...root.predicate, ...change } })
}
const root = (change: object) => JSON.stringify({ ...(JSON.parse(text) as object), ...change })
const subject = (change: (subject: { name: string; digest: Fields }[]) => unknown) => {
  const fields = JSON.parse(text) as { subject: { name: string; digest: Fields }[] }
  return JSON.stringify({ ...fields, subject: change(fields.subject) })
}

test('what is no inference statement is refused, by a code', () => {
  const bad = '0'.repeat(63)
  const table: [string, string, ErrorCode?][] = [
    ['another kind', root({ predicateType: 'https://answerable.dev/lifecycle/v1' })],
    ['another frame', root({ _type: 'https://in-toto.io/Statement/v0.1' })],
    ['no predicate', root({ predicate: undefined })],
    ['an array', '[]'],
    ['nothing', '', 'bad-json'],
    ['a byte order mark', `\ufeff${text}`, 'bad-json'],
    ['a field twice', text.replace('"event":', '"id":"x","event":'), 'duplicate-key'],
    ['a field twice, spelt otherwise', text.replace('"event":', '"\\u0069d":"x","event":'), 'duplicate-key'],
    ['too deep', predicate({ x: JSON.parse(`${'['.repeat(15)}${']'.repeat(15)}`) }), 'too-deep'],
    ['too large', predicate({ x: 'x'.repeat(MAX_STATEMENT_BYTES) }), 'too-large'],
    ['a lone surrogate', predicate({ x: 0 }).replace('"x":0', '"x":"\\ud800"'), 'bad-json'],
    ['unknown event', predicate({ event: 'other' })],
    ['event of an object', predicate({ event: { toString: 'answer' } })],
    ['UUID of version 4', predicate({ id: statement.id.replace('-7', '-4') })],
    ['UUID in capitals', predicate({ id: statement.id.replace('0', 'A') })],
    ['UUID with a newline', predicate({ id: `${statement.id}\n` })],
    ['time without milliseconds', predicate({ time: '2026-01-01T00:00:00Z' })],
    ['time with an offset', predicate({ time: '2026-01-01T00:00:00.00+01' })],
    ['30 February', predicate({ time: '2026-02-30T00:00:00.000Z' })],
    ['hour 24', predicate({ time: '2026-01-01T24:00:00.000Z' })],
    ['leap second', predicate({ time: '2016-12-31T23:59:60.000Z' })],
    ['time as a number', predicate({ time: 0 })],
    ['log with a space', predicate({ log: 'a b' })],
    ['log with a control', predicate({ log: 'a\u009bb' })],
    ['log of two lines', predicate({ log: 'a\nb' })],
    ['empty log', predicate({ log: '' })],
    ['long log', predicate({ log: 'x'.repeat(256) })],
    ['short digest', predicate({ node: bad })],
    ['digest in capitals', predicate({ node: `${bad}A` })],
    ['digest with a newline', predicate({ node: `${bad}0\n` })],
    ['null evidence', predicate({ evidence: null })],
    ['registry without root', predicate({ registry: { origin: 'x', size: 1 } })],
    ['negative size', predicate({ registry: { origin: 'x', size: -1, root: statement.node } })],
    ['broken size', predicate({ registry: { origin: 'x', size: 1.5, root: statement.node } })],
    ['huge size', predicate({ registry: { origin: 'x', size: 2 ** 53, root: statement.node } })],
    ['size as text', predicate({ registry: { origin: 'x', size: '1', root: statement.node } })],
    ['a beginning of an answer', predicate({ begin: statement.node })],
    ['an end without a beginning', predicate({ event: 'end' })],
    ['no subject', root({ subject: undefined })],
    ['one subject too few', subject(list => list.slice(1))],
    ['one too many', subject(list => [...list, { name: 'other', digest: list[0]!.digest }])],
    ['one twice', subject(list => [...list, list[0]])],
    ['one without digest', subject(([first, ...rest]) => [{ ...first, digest: {} }, ...rest])],
    ['a name of a prototype', subject(([first, ...rest]) => [{ ...first, name: '__proto__' }, ...rest])],
    [
      'a hundred',
      subject(() =>
        Array.from({ length: 100 }, (_, i) => ({ name: String(i), digest: { sha256: statement.node } })),
      ),
    ],
  ]
  for (const [name, wrong, code] of table) {
    assert.notEqual(wrong, text, name)
    throwsCode(() => parseInference(utf8(wrong)), code ?? 'bad-statement', name)
  }
  throwsCode(() => parseInference(Uint8Array.of(0xff)), 'not-utf8')
})

test('unknown fields and digests of other kinds are passed over', () => {
  const more = JSON.parse(predicate({ future: [1], prototype: {} })) as { subject: { digest: object }[] }
  Object.assign(more.subject[0]!.digest, { sha512: 'x' })
  assert.deepEqual(parseInference(utf8(JSON.stringify({ ...more, more: 1 }))), statement)
  const polluted = predicate({ x: 0 }).replace('"x":0', '"__proto__":{"evidence":"x"},"constructor":1')
  assert.deepEqual(parseInference(utf8(polluted)), statement)
  assert.equal(({} as { evidence?: string }).evidence, undefined)
})

test('a wrong type anywhere is an error of ours', () => {
  const wrong = [null, true, 0, -1, 1e300, '', 'x', [], {}, [[]], { sha256: 1 }]
  const walk = (value: unknown): unknown[] => {
    const out: unknown[] = [...wrong]
    if (value === null || typeof value !== 'object') return out
    const entries = Object.entries(value)
    for (const [key, child] of entries)
      for (const each of walk(child))
        out.push(Array.isArray(value) ? Object.values({ ...value, [key]: each }) : { ...value, [key]: each })
    return out
  }
  for (const each of walk(JSON.parse(text))) {
    try {
      parseInference(utf8(JSON.stringify(each)))
    } catch (error) {
      assert.ok(error instanceof AnswerableError && error.code === 'bad-statement', String(error))
    }
  }
})

test('each event commits to its own disclosures, and a stream’s two to all', () => {
  const names = (events: readonly (typeof EVENTS)[number][]) =>
    events.flatMap(event => EVENT_DISCLOSURES[event]).sort()
  const all: DisclosureName[] = ['model', 'parties', 'request', 'response', 'sampling']
  assert.deepEqual(names(['answer']), all)
  assert.deepEqual(names(['begin', 'end']), all)
  assert.deepEqual(names(['begin', 'interrupted']), all)
})

test('a statement of another kind has the same frame', () => {
  const other = root({ predicateType: 'https://example.com/other/v1', subject: [] })
  assert.deepEqual(parseStatement(utf8(other)).subject, [])
})
