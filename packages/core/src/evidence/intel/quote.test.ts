import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flipped } from '../../../test/fixture.ts'
import {
  appraiseMade,
  appraiseQuote,
  makeSgxQuote,
  makeTdxQuote,
  QUOTE_TIME,
  rememberingSuite,
} from '../../../test/quote.ts'
import { concat } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { MAX_QUOTE_BYTES, parseQuote } from './quote.ts'

const MADE = {
  'TDX 4': makeTdxQuote(),
  'TDX 5': makeTdxQuote({ version: 5 }),
  'SGX 3': makeSgxQuote(),
  'SGX 5': makeSgxQuote({ version: 5 }),
}

/** A copy with bytes at a place. */
function withBytes(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = concat(bytes)
  copy.set(values, at)
  return copy
}

function codeOf(bytes: Uint8Array): string {
  try {
    parseQuote(bytes)
    return 'read'
  } catch (error) {
    assert.ok(error instanceof AnswerableError, String(error))
    return error.code
  }
}

for (const [name, { quote }] of Object.entries(MADE))
  test(`${name}: cut off anywhere`, () => {
    for (let length = 0; length < quote.length; length++)
      assert.equal(codeOf(quote.subarray(0, length)), 'truncated', `${length} bytes`)
    assert.equal(codeOf(quote), 'read')
  })

test('headers that are none of a quote', () => {
  const { quote } = MADE['TDX 4']
  assert.equal(codeOf(withBytes(quote, 0, 2)), 'unknown-version')
  assert.equal(codeOf(withBytes(quote, 0, 6)), 'unknown-version')
  assert.equal(codeOf(withBytes(quote, 0, 3)), 'bad-evidence')
  assert.equal(codeOf(withBytes(quote, 2, 3)), 'unknown-algorithm')
  assert.equal(codeOf(withBytes(quote, 4, 0x82)), 'bad-evidence')
  assert.equal(codeOf(withBytes(quote, 12, 0)), 'bad-evidence')
  assert.equal(codeOf(concat(quote, new Uint8Array(MAX_QUOTE_BYTES))), 'too-large')
})

test('a body in version 5 of another type or size than its own', () => {
  for (const made of [MADE['TDX 5'], MADE['SGX 5']])
    for (const [at, value] of [
      [48, 2],
      [48, 4],
      [50, 1],
      [53, 1],
    ] as const)
      assert.equal(codeOf(withBytes(made.quote, at, value)), 'bad-evidence')
})

test('lengths that do not come out', () => {
  const { quote } = MADE['TDX 4']
  const padded = concat(quote, new Uint8Array(64))
  const view = new DataView(padded.buffer)
  // Signature data, the certification data in it, the quoting enclave's own, the certificates.
  const authData = 632 + 4 + 128 + 6 + 384 + 64
  for (const [at, size] of [
    [632, 4],
    [632 + 4 + 128 + 2, 4],
    [authData, 2],
    [authData + 2 + 32 + 2, 4],
  ] as const) {
    const value = size === 2 ? view.getUint16(at, true) : view.getUint32(at, true)
    for (const other of [value - 1, value + 1, value + 8, 0, 0xffff]) {
      const copy = concat(padded)
      const into = new DataView(copy.buffer)
      if (size === 2) into.setUint16(at, other, true)
      else into.setUint32(at, other, true)
      assert.notEqual(codeOf(copy), 'read', `${other} at ${at}`)
    }
  }
})

test('certification data within certification data, or of a type that is none', () => {
  const { quote } = MADE['TDX 4']
  const outer = 632 + 4 + 128
  for (const type of [0, 1, 5, 7]) assert.equal(codeOf(withBytes(quote, outer, type)), 'bad-evidence')
  const inner = outer + 6 + 384 + 64 + 2 + 32
  for (const type of [0, 1, 2, 3, 6, 7]) assert.equal(codeOf(withBytes(quote, inner, type)), 'bad-evidence')
})

test('zeros after the end are no part of it, anything else is', () => {
  const made = MADE['TDX 4']
  for (const zeros of [1, 70, 3000]) {
    const { unsigned } = parseQuote(concat(made.quote, new Uint8Array(zeros)))
    assert.equal(unsigned, 0)
  }
  const padded = concat(made.quote, new Uint8Array(16))
  for (let at = made.quote.length; at < padded.length; at++)
    assert.equal(parseQuote(flipped(padded, at)).unsigned, 16)
})

const places = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 6 })

function altered(bytes: Uint8Array, changes: readonly (readonly [number, number])[]): Uint8Array {
  return changes.reduce((copy, [at, mask]) => flipped(copy, at % copy.length, mask), bytes)
}

test('anything at all: read or refused by name, and checks never throw', () => {
  const suite = rememberingSuite()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), bytes => {
      codeOf(bytes)
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(MADE)), places, fc.nat(9000), (made, changes, end) => {
      const quote = altered(made.quote, changes).subarray(0, Math.max(600, end))
      if (codeOf(quote) !== 'read') return
      const { checks } = appraiseQuote(quote, {
        time: QUOTE_TIME,
        endorsements: made.endorsements,
        suite,
      })
      assert.equal(new Set(checks.map(({ check }) => check)).size >= 7, true)
    }),
    { numRuns: 400 },
  )
})

test('collateral altered anywhere: never better than without', () => {
  const suite = rememberingSuite()
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(MADE)), places, (made, changes) => {
      const endorsements = made.endorsements.map(({ kind, bytes }) => ({
        kind,
        bytes: altered(bytes, changes),
      }))
      const { facts, verdict } = appraiseMade(made, { endorsements, suite })
      // Only framing can be changed and nothing of it show: then it is as it was.
      if (verdict.met) assert.equal(facts.tcbStatus, 'UpToDate')
    }),
    { numRuns: 400 },
  )
})
