/** The report: whole for every course of a comparison, and no way in for what somebody else wrote. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ComparisonBody,
  type ComparisonFacts,
  comparisonBody,
  EQUALITY_STATISTIC,
  EqualityTest,
  TOKEN_MATCH_STATISTIC,
  TokenMatchTest,
} from '@answerable/core/compare'
import { comparisonLines, sparkline } from '../output/comparison.ts'
import { columns } from '../output/text.ts'
import { pageOf } from './page.ts'

const DIGEST = '0f'.repeat(32)
const FACTS: ComparisonFacts = {
  statistic: EQUALITY_STATISTIC,
  a: { kind: 'endpoint', url: 'http://127.0.0.1/v1', model: '</title><script>"\'&</script>' },
  b: { kind: 'node', node: 'ada.example/gateway', url: 'https://ada.example/v1', model: 'm' },
  prompts: { count: 1, sha256: DIGEST },
  parameters: { temperature: 1, topP: 1, maxTokens: 24, api: 'chat' },
  planned: 300,
  failed: { a: 1, b: 0 },
  ended: 'samples',
  transcript: DIGEST,
  from: 0,
  to: 1000,
}

function equality(pairs: number, b: (i: number) => string, level = 0.01): ComparisonBody {
  const one = new EqualityTest(level)
  for (let i = 0; i < pairs; i++) one.add({ prompt: 'p', a: i % 3 ? 'left' : 'right', b: b(i) })
  return comparisonBody(FACTS, level, one.path)
}

function tokens(count: number): ComparisonBody {
  const one = new TokenMatchTest(1e-9, 0.01)
  for (let i = 0; i < count; i++) one.add(i % 2 === 0)
  const more = { honest: 0.01, margin: 0.05, matches: one.matches, planned: 1000 }
  return comparisonBody({ ...FACTS, statistic: TOKEN_MATCH_STATISTIC, ...more }, 1e-9, one.path)
}

const BODIES: Record<string, ComparisonBody> = {
  nothing: equality(0, () => ''),
  'one pair': equality(1, () => 'x'),
  'far above': equality(300, () => 'x'),
  below: equality(300, i => (i % 2 ? 'left' : 'right'), 1e-9),
  tokens: tokens(700),
}

for (const [name, body] of Object.entries(BODIES))
  test(`a course: ${name}`, () => {
    const page = pageOf(body)
    assert.doesNotMatch(page, /<script|NaN|Infinity|undefined|\bverified\b/)
    assert.match(page, /&lt;\/title&gt;&lt;script&gt;&quot;&#39;&amp;/)
    const svg = page.slice(page.indexOf('<svg'), page.indexOf('</svg>'))
    for (const [, axis, value] of svg.matchAll(/\b(x|y|x1|x2|y1|y2|cx|cy)="([^"]+)"/g)) {
      const most = axis!.includes('x') ? 720 : 320
      assert.ok(Number(value) >= 0 && Number(value) <= most, `${axis} ${value}`)
    }
    const points = svg
      .match(/<path d="([^"]+)"/)![1]!
      .split(/[ML]/)
      .slice(1)
    assert.equal(points.length, body.path.length)
    assert.equal(svg.includes('<circle'), body.outcome === 'different')
    // What is opened is closed, in the same order.
    const open: string[] = []
    for (const [, close, tag, end] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/g)) {
      if (end === '/' || ['meta', 'br'].includes(tag!)) continue
      if (close === '/') assert.equal(open.pop(), tag)
      else open.push(tag!)
    }
    assert.deepEqual(open, [])
    for (const line of comparisonLines(body, { a: 'no answer '.repeat(30) }))
      assert.ok(columns(line) <= 80 || /[0-9a-f]{32}/.test(line), line)
    assert.match(sparkline(body), /^[▁▂▃▄▅▆▇█]{1,48}$/)
  })

test('the bars reach the top where the level is reached, and not before', () => {
  assert.ok(sparkline(BODIES['far above']!).endsWith('█'))
  assert.ok(!sparkline(BODIES.below!).includes('█'))
})
