import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flipped, type Made, suite, World } from '../../test/fixture.ts'
import { utf8 } from '../bytes.ts'
import { throwsCode } from '../note/fixtures.test.ts'
import { formatLifecycle } from '../statement/index.ts'
import { parseTlogProof } from '../tlog/index.ts'
import {
  type DisclosedRecord,
  formatDisclosedRecord,
  type OpenedRecord,
  openDisclosedRecord,
  parseDisclosedRecord,
} from './disclosed-record.ts'

const world = new World()
const log = world.log.origin

interface Case {
  record: DisclosedRecord
  index: number
  entries: Map<number, Uint8Array>
}

function caseOf({ receipt }: Made, asked: 'first' | 'last' = 'last'): Case {
  const parts = [receipt.begin, receipt]
    .filter(one => one !== undefined)
    .map(({ statement, proof }) => ({ index: parseTlogProof(proof).index, statement }))
  return {
    record: { log, parts, disclosures: receipt.disclosures, content: receipt.content },
    index: (asked === 'first' ? parts[0] : parts.at(-1))!.index,
    entries: new Map(parts.map(({ index, statement }) => [index, suite.sha256(statement)])),
  }
}

const CASES = {
  answer: caseOf(world.answer()),
  end: caseOf(world.stream()),
  begin: caseOf(world.stream('interrupted'), 'first'),
  'begin alone': caseOf(world.begin()),
}

const open = (record: DisclosedRecord, { index, entries }: Case) =>
  openDisclosedRecord(record, { log, index }, entries, suite)
const opens = (found: ReturnType<typeof open>): found is OpenedRecord => !('problem' in found)
const problem = (record: DisclosedRecord, one: Case) => {
  const found = open(record, one)
  return opens(found) ? 'opens' : found.problem
}

for (const [name, one] of Object.entries(CASES)) {
  test(`a record opens as it was recorded: ${name}`, () => {
    const record = parseDisclosedRecord(formatDisclosedRecord(one.record))
    assert.deepEqual(record, one.record)
    const found = open(record, one)
    assert.ok(opens(found))
    assert.equal(found.statements.length, one.record.parts.length)
    assert.deepEqual(Object.keys(found.values).sort(), Object.keys(one.record.disclosures).sort())
  })

  test(`nothing of it can be changed or left out: ${name}`, () => {
    const { record } = one
    for (const [at, part] of record.parts.entries()) {
      for (let byte = 0; byte < part.statement.length; byte += 7) {
        const parts = record.parts.with(at, { ...part, statement: flipped(part.statement, byte) })
        assert.equal(problem({ ...record, parts }, one), 'other-statement')
      }
      const moved = record.parts.with(at, { ...part, index: part.index + 1 })
      assert.notEqual(problem({ ...record, parts: moved }, one), 'opens')
    }
    for (const [name, text] of Object.entries(record.disclosures)) {
      const { [name as 'model']: _, ...rest } = record.disclosures
      assert.equal(problem({ ...record, disclosures: rest }, one), 'disclosure-missing')
      for (let byte = 0; byte < text.length; byte += 5) {
        const altered = Buffer.from(flipped(utf8(text), byte)).toString()
        const disclosures = { ...record.disclosures, [name]: altered }
        assert.equal(problem({ ...record, disclosures }, one), 'disclosure-altered')
      }
    }
    for (const [name, bytes] of Object.entries(record.content)) {
      const { [name as 'request']: _, ...rest } = record.content
      assert.equal(problem({ ...record, content: rest }, one), 'content-missing')
      for (const changed of [flipped(bytes, 3), bytes.subarray(1), utf8('')])
        assert.equal(
          problem({ ...record, content: { ...record.content, [name]: changed } }, one),
          'content-altered',
        )
    }
    assert.equal(problem({ ...record, log: 'other.example/log' }, one), 'other-statement')
    assert.equal(problem(record, { ...one, entries: new Map() }), 'unproven-statement')
    assert.equal(problem(record, { ...one, index: 10_000 }), 'other-statement')
  })
}

test('nothing may come along that was not recorded', () => {
  const one = CASES['begin alone']
  const { disclosures, content } = CASES.end.record
  assert.equal(
    problem({ ...one.record, content: { ...one.record.content, response: content.response! } }, one),
    'more-than-recorded',
  )
  const more = { ...one.record.disclosures, response: disclosures.response! }
  assert.equal(problem({ ...one.record, disclosures: more }, one), 'more-than-recorded')
})

test('halves that are not of one stream do not open', () => {
  const { record, index, entries } = CASES.end
  const [first, last] = record.parts as [DisclosedRecord['parts'][0], DisclosedRecord['parts'][0]]
  assert.equal(problem({ ...record, parts: [last] }, CASES.end), 'begin-missing')
  const other = CASES.answer.record.parts[0]!
  const all = new Map([...entries, [other.index, suite.sha256(other.statement)]])
  const mixed = { index, entries: all, record }
  for (const parts of [
    [other, last],
    [last, first],
    [last, other],
  ])
    assert.notEqual(problem({ ...record, parts }, mixed), 'opens')
  const stolen = caseOf(world.stream())
  const both = new Map([...entries, ...stolen.entries])
  const crossed = [first, stolen.record.parts[1]!]
  const asked = { index: stolen.record.parts[1]!.index, entries: both, record }
  assert.equal(problem({ ...stolen.record, parts: crossed }, asked), 'not-a-stream')
})

test('a statement that names another log is nobody’s record here', () => {
  const one = caseOf(world.answer({ fields: { log: 'other.example/log' } }))
  assert.equal(problem(one.record, one), 'other-log')
})

test('an entry without content is shown as it is, and with nothing beside it', () => {
  const statement = utf8(
    formatLifecycle({ action: 'erase', time: 0, log, first: 0, end: 1, reason: 'request' }),
  )
  for (const bytes of [statement, utf8('no statement at all')]) {
    const bare: DisclosedRecord = {
      log,
      parts: [{ index: 4, statement: bytes }],
      disclosures: {},
      content: {},
    }
    const one = { record: bare, index: 4, entries: new Map([[4, suite.sha256(bytes)]]) }
    const found = open(bare, one)
    assert.ok(opens(found))
    assert.deepEqual(found.statements, [])
    assert.equal(problem({ ...bare, content: { request: utf8('x') } }, one), 'more-than-recorded')
  }
})

test('what is no record is refused, and nothing throws another error', () => {
  const bytes = formatDisclosedRecord(CASES.end.record)
  throwsCode(() => parseDisclosedRecord(bytes, 100), 'too-large')
  const json = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>
  for (const field of Object.keys(json)) {
    const { [field]: _, ...rest } = json
    throwsCode(() => parseDisclosedRecord(utf8(JSON.stringify(rest))), 'bad-format')
    for (const wrong of [null, 1, 'x y', [1], { more: 1 }])
      throwsCode(() => parseDisclosedRecord(utf8(JSON.stringify({ ...json, [field]: wrong }))), 'bad-format')
  }
  throwsCode(() => parseDisclosedRecord(utf8(JSON.stringify({ ...json, more: 1 }))), 'bad-format')
  throwsCode(() => parseDisclosedRecord(utf8(JSON.stringify({ ...json, parts: [] }))), 'bad-format')
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      try {
        const record = parseDisclosedRecord(flipped(bytes, at, mask))
        // Where it still reads, it opens only if it says the same.
        if (opens(open(record, CASES.end))) assert.deepEqual(record, CASES.end.record)
      } catch (error) {
        assert.equal((error as Error).name, 'AnswerableError')
      }
    }),
    { numRuns: 1000 },
  )
})
