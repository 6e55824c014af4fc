import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../bytes.ts'
import { throwsCode } from '../note/fixtures.test.ts'
import { ACCESS_REASONS, type AccessStatement, formatAccess, parseAccess } from './access.ts'
import {
  formatLifecycle,
  LIFECYCLE_ACTIONS,
  type LifecycleStatement,
  parseLifecycle,
  REASONS,
} from './lifecycle.ts'
import { formatSuccessor, parseSuccessor, type SuccessorStatement } from './successor.ts'

const time = fc.integer({ min: 0, max: Date.parse('9999-12-31T23:59:59.999Z') })
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(each => Buffer.from(each).toString('hex'))

const anyLifecycle: fc.Arbitrary<LifecycleStatement> = fc.record(
  {
    action: fc.constantFrom(...LIFECYCLE_ACTIONS),
    time,
    log: fc.domain(),
    first: fc.nat(),
    end: fc.nat(),
    reason: fc.constantFrom(...REASONS),
  },
  { noNullPrototype: true },
)
const anySuccessor: fc.Arbitrary<SuccessorStatement> = fc.record(
  {
    time,
    log: fc.domain(),
    predecessor: fc.record(
      { origin: fc.domain(), size: fc.maxSafeNat(), root: digest },
      { noNullPrototype: true },
    ),
  },
  { noNullPrototype: true },
)

test('lifecycle statements round-trip where they mean at least one record', () => {
  fc.assert(
    fc.property(anyLifecycle, statement => {
      const bytes = utf8(formatLifecycle(statement))
      if (statement.first < statement.end) assert.deepEqual(parseLifecycle(bytes), statement)
      else throwsCode(() => parseLifecycle(bytes), 'bad-statement')
      throwsCode(() => parseSuccessor(bytes), 'bad-statement')
    }),
  )
})

test('successor statements round-trip', () => {
  fc.assert(
    fc.property(anySuccessor, statement => {
      const bytes = utf8(formatSuccessor(statement))
      assert.deepEqual(parseSuccessor(bytes), statement)
      throwsCode(() => parseLifecycle(bytes), 'bad-statement')
    }),
  )
})

test('access statements round-trip, and are of no other kind', () => {
  const ground = fc.oneof(
    fc.record({ reason: fc.constant('sample' as const), ground: fc.maxSafeNat() }, { noNullPrototype: true }),
    fc.record(
      { reason: fc.constantFrom(...ACCESS_REASONS.filter(one => one !== 'sample')), ground: digest },
      { noNullPrototype: true },
    ),
  )
  const anyAccess: fc.Arbitrary<AccessStatement> = fc
    .tuple(
      fc.record(
        {
          time,
          log: fc.domain(),
          index: fc.maxSafeNat(),
          other: fc.option(fc.maxSafeNat()),
          by: fc.stringMatching(/^[a-z]{1,64}$/),
          request: digest,
          answer: digest,
        },
        { noNullPrototype: true },
      ),
      ground,
    )
    .map(([rest, one]) => ({ ...rest, ...one }))
  fc.assert(
    fc.property(anyAccess, statement => {
      const bytes = utf8(formatAccess(statement))
      assert.deepEqual(parseAccess(bytes), statement)
      throwsCode(() => parseLifecycle(bytes), 'bad-statement')
      const ground = typeof statement.ground === 'number' ? 'ab'.repeat(32) : 1
      throwsCode(() => parseAccess(utf8(formatAccess({ ...statement, ground }))), 'bad-statement')
    }),
  )
})

test('a log is named by one word', () => {
  for (const log of ['', 'a b', 'a\nb', 'a\u009bb', 'x'.repeat(256)]) {
    const lifecycle = { action: 'erase', time: 0, log, first: 0, end: 1, reason: 'legal' } as const
    throwsCode(() => parseLifecycle(utf8(formatLifecycle(lifecycle))), 'bad-statement', log)
    const predecessor = { origin: 'a', size: 1, root: '00'.repeat(32) }
    throwsCode(
      () => parseSuccessor(utf8(formatSuccessor({ time: 0, log, predecessor }))),
      'bad-statement',
      log,
    )
    const other = { time: 0, log: 'a', predecessor: { ...predecessor, origin: log } }
    throwsCode(() => parseSuccessor(utf8(formatSuccessor(other))), 'bad-statement', log)
  }
})
