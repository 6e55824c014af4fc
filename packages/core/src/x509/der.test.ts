/** DER: what X.690 allows, and each way of writing it otherwise. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { integer, oid as oidOf, sequence, tagged } from '../../test/x509.ts'
import { AnswerableError } from '../error.ts'
import { children, readBoolean, readDer, readOid, readSmall, readTime, readUnsigned, TAG } from './der.ts'

const bytes = (...list: number[]) => Uint8Array.from(list)
const code = (wanted: string) => (error: unknown) => error instanceof AnswerableError && error.code === wanted

test('lengths are definite, minimal and within what they are in', () => {
  const cases: [string, Uint8Array][] = [
    ['truncated', bytes()],
    ['truncated', bytes(0x30)],
    ['truncated', bytes(0x30, 0x01)],
    ['truncated', bytes(0x30, 0x82, 0x01)],
    ['indefinite-length', bytes(0x30, 0x80, 0x00, 0x00)],
    ['trailing-bytes', bytes(0x30, 0x00, 0x00)],
    ['bad-encoding', bytes(0x30, 0x81, 0x00)],
    ['bad-encoding', Uint8Array.from([0x30, 0x82, 0x00, 0x80, ...new Array(128).fill(0)])],
    ['too-large', bytes(0x30, 0x85, 1, 0, 0, 0, 0)],
    ['bad-encoding', bytes(0x3f, 0x01, 0x00)],
  ]
  for (const [wanted, input] of cases) assert.throws(() => readDer(input), code(wanted), wanted)
  assert.throws(() => children(readDer(bytes(0x30, 0x02, 0x04, 0x05))), code('truncated'))
  assert.throws(() => children(readDer(sequence(integer(1), integer(2))), 1), code('too-large'))
})

test('integers, booleans and times have one spelling each', () => {
  assert.equal(readSmall(readDer(integer(65_537))), 65_537)
  for (const wrong of [bytes(2, 0), bytes(2, 1, 0x80), bytes(2, 2, 0, 1), bytes(1, 1, 0)])
    assert.throws(() => readUnsigned(readDer(wrong)), code('bad-encoding'))
  assert.equal(readBoolean(readDer(bytes(1, 1, 255))), true)
  assert.throws(() => readBoolean(readDer(bytes(1, 1, 1))), code('bad-encoding'))
  const time = (tag: number, text: string) => readTime(readDer(tagged(tag, Buffer.from(text))))
  assert.equal(time(TAG.utcTime, '491231235959Z'), Date.parse('2049-12-31T23:59:59Z'))
  assert.equal(time(TAG.utcTime, '500101000000Z'), Date.parse('1950-01-01T00:00:00Z'))
  assert.equal(time(TAG.generalizedTime, '99991231235959Z'), Date.parse('9999-12-31T23:59:59Z'))
  for (const [tag, text] of [
    [TAG.utcTime, '230229000000Z'],
    [TAG.utcTime, '2301010000Z'],
    [TAG.utcTime, '230101000000+0100'],
    [TAG.utcTime, '20230101000000Z'],
    [TAG.generalizedTime, '230101000000Z'],
    [TAG.generalizedTime, '20230101240000Z'],
    [TAG.integer, '20230101000000Z'],
  ] as const)
    assert.throws(() => time(tag, text), code('bad-encoding'), text)
})

test('object identifiers come back as they were written', () => {
  const arc = fc.nat({ max: 2 ** 31 })
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1 }),
      fc.nat({ max: 39 }),
      fc.array(arc, { maxLength: 8 }),
      (a, b, rest) => {
        const text = [a, b, ...rest].join('.')
        assert.equal(readOid(readDer(oidOf(text))), text)
      },
    ),
  )
  for (const wrong of [bytes(6, 0), bytes(6, 1, 0x80), bytes(6, 2, 0x2a, 0x80), bytes(6, 3, 0x2a, 0x80, 1)])
    assert.throws(() => readOid(readDer(wrong)), code('bad-encoding'))
})

test('no bytes at all make it fail otherwise', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), input => {
      try {
        const open = [readDer(input)]
        for (let left = 1000; open.length > 0 && left > 0; left--) {
          const next = open.pop()!
          if ((next.tag & 0x20) !== 0) open.push(...children(next))
        }
      } catch (error) {
        assert.ok(error instanceof AnswerableError)
      }
    }),
    { numRuns: 2000 },
  )
})
