import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../bytes.ts'
import { parseStatement } from '../statement/intoto.ts'
import {
  COMPARISON_TYPE,
  type ComparisonBody,
  type ComparisonFacts,
  comparisonBody,
  comparisonFields,
  formatComparison,
  MOST_COMPARISON_BYTES,
  parseComparison,
} from './comparison.ts'
import { EQUALITY_STATISTIC, EqualityTest } from './equality.ts'
import { Path } from './path.ts'
import { checkPrompts, NEUTRAL_PROMPTS } from './prompts.ts'
import { TOKEN_MATCH_STATISTIC, TokenMatchTest } from './token-match.ts'
import { comparisonWords, eWords, sideWords } from './words.ts'

const DIGEST = 'ab'.repeat(32)
const FACTS: ComparisonFacts = {
  statistic: EQUALITY_STATISTIC,
  a: { kind: 'endpoint', url: 'http://127.0.0.1:7070/v1', model: 'tiny' },
  b: { kind: 'file', sha256: DIGEST, runtime: 'node-llama-cpp 3' },
  prompts: { count: 12, sha256: DIGEST },
  parameters: { temperature: 1, topP: 1, maxTokens: 24, api: 'chat' },
  planned: 200,
  failed: { a: 0, b: 1 },
  ended: 'samples',
  transcript: DIGEST,
  from: Date.UTC(2026, 0, 31),
  to: Date.UTC(2026, 1, 1),
}

function different(): ComparisonBody {
  const test = new EqualityTest(0.01)
  while (test.path.crossing === undefined) test.add({ prompt: 'p', a: 'left', b: 'right' })
  return comparisonBody({ ...FACTS, ended: 'level' }, 0.01, test.path)
}

function notShown(count = 50): ComparisonBody {
  const test = new EqualityTest(0.01)
  for (let i = 0; i < count; i++) test.add({ prompt: 'p', a: 'same', b: 'same' })
  return comparisonBody(FACTS, 0.01, test.path)
}

function replayed(): ComparisonBody {
  const test = new TokenMatchTest(0.01, 0.05)
  for (let i = 0; i < 300; i++) test.add(i % 3 > 0)
  const { honest, matches } = test
  const facts = { ...FACTS, statistic: TOKEN_MATCH_STATISTIC, planned: 1000, honest, margin: 0.05, matches }
  return comparisonBody({ ...facts, ended: 'samples' }, 0.01, test.path)
}

test('a body is read back as it was written, and its statement is an in-toto one', () => {
  for (const body of [different(), notShown(), notShown(0), replayed()]) {
    const fields = comparisonFields(body)
    assert.deepEqual(parseComparison(JSON.parse(JSON.stringify(fields))), body)
    const statement = parseStatement(utf8(formatComparison(body)))
    assert.equal(statement.predicateType, COMPARISON_TYPE)
    assert.deepEqual(parseComparison(statement.predicate), body)
  }
  assert.equal(different().outcome, 'different')
  assert.equal(notShown().outcome, 'not-shown')
  assert.equal(replayed().outcome, 'different')
})

test('the longest body is small', () => {
  const path = new Path(1e-9)
  for (let i = 0; i < 20_000; i++) path.add(-300 + Math.sin(i))
  const url = `https://example.org/${'x'.repeat(480)}`
  const side = {
    kind: 'node' as const,
    node: `${'m'.repeat(60)}/${'n'.repeat(60)}`,
    url,
    model: '模'.repeat(256),
  }
  const body = comparisonBody({ ...FACTS, a: side, b: side, planned: 20_000 }, 1e-9, path)
  assert.ok(JSON.stringify(comparisonFields(body)).length < MOST_COMPARISON_BYTES / 2)
})

test('a body that does not agree with itself, or is out of bounds, is refused', () => {
  const fields = () => comparisonFields(different()) as Record<string, never>
  const last = different().seen
  const changes: [string, object][] = [
    ['outcome', { outcome: 'not-shown' }],
    ['level', { level: 1e-9 }],
    ['level that is none', { level: 0 }],
    ['peak', { peak: [last, 99] }],
    ['seen', { seen: last + 1 }],
    ['end', { logE: 7 }],
    [
      'path out of order',
      {
        path: [
          [0, 0],
          [5, 1],
          [3, 2.5],
        ],
      },
    ],
    ['no path', { path: [] }],
    ['a path that is too long', { path: Array.from({ length: 65 }, (_, i) => [i, 0]) }],
    ['statistic', { statistic: 'other' }],
    ['url with a key in it', { a: { kind: 'endpoint', url: 'http://h/v1?key=1', model: 'm' } }],
    ['url with a user', { a: { kind: 'endpoint', url: 'http://me@h/v1', model: 'm' } }],
    ['model over two lines', { a: { kind: 'endpoint', url: 'http://h/v1', model: 'm\nn' } }],
    ['kind of side', { b: { kind: 'person' } }],
    ['temperature', { parameters: { ...FACTS.parameters, temperature: 3 } }],
    ['digest', { transcript: 'x' }],
    ['times', { from: '2026-01-31T00:00:00.000Z', to: '2026-01-30T00:00:00.000Z' }],
    ['NaN', { logE: Number.NaN }],
    ['counts', { failed: { a: -1, b: 0 } }],
    ['size', { path: [[0, 0]], padding: 'x'.repeat(9000) }],
  ]
  parseComparison(fields())
  for (const [name, change] of changes)
    assert.throws(() => parseComparison({ ...fields(), ...change }), { code: 'bad-statement' }, name)
  for (const name of Object.keys(fields())) {
    const { [name]: _, ...rest } = fields()
    assert.throws(() => parseComparison(rest), { code: 'bad-statement' }, `without ${name}`)
  }
  assert.throws(() => parseComparison({ ...comparisonFields(notShown()), ended: 'level' }), {
    code: 'bad-statement',
  })
})

test('the words say what is not shown, and convict nobody', () => {
  for (const body of [different(), notShown(), replayed()]) {
    const { found, error, notShown: not } = comparisonWords(body)
    const all = [found, error, ...not].join(' ')
    assert.match(all, /nobody is convicted/)
    assert.doesNotMatch(all, /\bverified\b|undefined|NaN/i)
    assert.ok(not.length >= 3)
  }
  assert.match(comparisonWords(different()).found, /answer differently: \d+ pairs/)
  assert.match(comparisonWords(notShown()).notShown[0]!, /^that A and B are the same/)
  assert.deepEqual([0, 2, 2.5, 9, -2, -9].map(eWords), ['1.0', '100', '316', '10^9.0', '0.010', '10^-9.0'])
  assert.match(sideWords(FACTS.b), /^file abab/)
})

test('a path is kept in little room, with its start, crossing, peak and end', () => {
  const path = new Path(0.01)
  for (let i = 1; i <= 5000; i++) path.add(i <= 1234 ? i / 100 : 12.34 - i / 1000)
  assert.deepEqual(path.peak, { at: 1234, logE: 12.34 / Math.LN10 })
  assert.equal(path.crossing?.at, 461)
  for (const most of [4, 10, 64, 256]) {
    const points = path.thinned(most)
    assert.ok(points.length <= most && points.length >= Math.min(most, 4), `${points.length} of ${most}`)
    for (const at of [0, 461, 1234, 5000]) assert.ok(points.some(point => point.at === at))
    assert.deepEqual(
      [...points].sort((a, b) => a.at - b.at),
      points,
    )
  }
})

test('the prompts of the project can be asked', () => {
  assert.equal(checkPrompts(NEUTRAL_PROMPTS), NEUTRAL_PROMPTS)
  for (const bad of [
    [],
    [''],
    ['a', 'a'],
    ['x'.repeat(20_000)],
    [1 as never],
    Array.from({ length: 1001 }, String),
  ])
    assert.throws(() => checkPrompts(bad), { code: 'bad-request' })
})
