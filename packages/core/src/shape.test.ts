import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { throwsCode } from './note/fixtures.test.ts'
import { Shape } from './shape.ts'

const shape = new Shape('bad-format')
const refused = (run: () => unknown, message?: string) => throwsCode(run, 'bad-format', message)

test('each reader takes its own kind alone', () => {
  const kinds: [string, (value: unknown) => unknown, unknown[]][] = [
    ['object', value => shape.object(value, 'x'), [{}, { a: 1 }]],
    ['array', value => shape.array(value, 'x', 2), [[], [1, 2]]],
    ['string', value => shape.string(value, 'x', 3), ['', 'abc']],
    ['literal', value => shape.literal(value, 'x', ['one', 'two']), ['one', 'two']],
    ['count', value => shape.count(value, 'x'), [0, 1, Number.MAX_SAFE_INTEGER]],
    ['digest', value => shape.digest(value, 'x'), ['0f'.repeat(32)]],
    ['origin', value => shape.origin(value, 'x'), ['abc', 'two', 'example.com/log', 'é']],
    ['time', value => shape.time(value, 'x'), ['2024-02-29T23:59:59.999Z']],
  ]
  const values = [
    ...kinds.flatMap(([, , good]) => good),
    ...[undefined, null, true, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, [1, 2, 3], 'abcd'],
    ...['0F'.repeat(32), `${'0f'.repeat(32)}\n`, 'a b', '\u0000', 'x'.repeat(256), new String('one')],
  ]
  for (const [name, read, good] of kinds) {
    for (const value of values) {
      const fits =
        good.includes(value) ||
        (name === 'object' && value instanceof String) ||
        (name === 'string' && typeof value === 'string' && value.length <= 3) ||
        (name === 'origin' && typeof value === 'string' && /^[^\s\p{Cc}]{1,255}$/u.test(value))
      if (fits) assert.doesNotThrow(() => read(value), `${name} ${String(value)}`)
      else refused(() => read(value), `${name} ${String(value)}`)
    }
  }
  assert.throws(() => shape.count(-1, 'a.b'), { message: 'a.b: expected a non-negative integer' })
})

test('a time is one that exists, in its one spelling', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.parse('9999-12-31T23:59:59.999Z') }), time => {
      assert.equal(shape.time(new Date(time).toISOString(), 'x'), time)
    }),
  )
  for (const text of [
    '2026-02-29T00:00:00.000Z',
    '2026-04-31T00:00:00.000Z',
    '2026-13-01T00:00:00.000Z',
    '2026-00-01T00:00:00.000Z',
    '2026-01-00T00:00:00.000Z',
    '2026-01-01T24:00:00.000Z',
    '2026-01-01T00:60:00.000Z',
    '2026-01-01T23:59:60.000Z',
    '2026-01-01t00:00:00.000z',
    '2026-01-01 00:00:00.000Z',
    '2026-01-01T00:00:00.000+00:00',
    '+02026-01-01T00:00:00.000Z',
    '2026-01-01T00:00:00.000Z\n',
    '2026-01-01T00:00:00.00Z',
  ])
    refused(() => shape.time(text, 'x'), text)
  const any = fc.tuple(...[4, 2, 2, 2, 2, 2, 3].map(digits => fc.nat(10 ** digits - 1)))
  fc.assert(
    fc.property(any, parts => {
      const pad = parts.map((part, i) => String(part).padStart([4, 2, 2, 2, 2, 2, 3][i]!, '0'))
      const text = `${pad[0]}-${pad[1]}-${pad[2]}T${pad[3]}:${pad[4]}:${pad[5]}.${pad[6]}Z`
      const date = new Date(text)
      if (!Number.isNaN(date.getTime()) && date.toISOString() === text)
        assert.equal(shape.time(text, 'x'), date.getTime())
      else refused(() => shape.time(text, 'x'), text)
    }),
    { numRuns: 2000 },
  )
})
