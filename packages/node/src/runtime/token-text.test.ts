import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StopText } from './stop-text.ts'
import { TokenText } from './token-text.ts'

/** A model whose tokens are bytes. */
const bytes = (tokens: readonly number[]) => Buffer.from(tokens).toString()

test('text comes when its characters are whole, and nothing is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      const decoder = new TokenText(bytes, [])
      const pieces = [...Buffer.from(text)].map(token => decoder.add(token))
      const end = decoder.end()
      assert.equal(pieces.join('') + end, text)
      if (!text.endsWith('\ufffd')) assert.equal(end, '')
      for (const piece of pieces) assert.ok(piece.isWellFormed())
    }),
    { numRuns: 500, seed: 1 },
  )
})

test('bytes that are no character are given up on', () => {
  const decoder = new TokenText(bytes, [])
  let text = ''
  for (let i = 0; i < 100; i++) text += decoder.add(0xff)
  assert.ok(text.length >= 90)
  assert.equal((text + decoder.end()).length, 100)
})

test('each piece is made after the tokens before it', () => {
  const seen: [number[], number[]][] = []
  const decoder = new TokenText(
    (tokens, special, before) => {
      assert.equal(special, false)
      seen.push([[...tokens], [...before]])
      return 'x'
    },
    [1, 2],
  )
  decoder.add(3)
  decoder.add(4)
  assert.deepEqual(seen, [
    [[3], [1, 2]],
    [[4], [1, 2, 3]],
  ])
})

test('a text ends before the first stop, however it is cut into pieces', () => {
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), {
    maxLength: 3,
  })
  const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 4 }))
  fc.assert(
    fc.property(stops, pieces, (stop, parts) => {
      const filter = new StopText(stop)
      const given = parts.map(part => filter.add(part)).join('') + filter.end()
      const text = parts.join('')
      const places = stop.map(one => text.indexOf(one)).filter(at => at !== -1)
      // One that ends earlier is seen first, so of several the earliest end among the earliest pieces counts.
      if (places.length === 0) assert.equal(given, text)
      else {
        assert.ok(filter.stopped)
        assert.ok(text.startsWith(given))
        for (const one of stop) assert.ok(!given.includes(one))
      }
      assert.equal(filter.stopped, places.length > 0)
    }),
    { numRuns: 2000, seed: 1 },
  )
})

test('what may be the beginning of a stop waits, and nothing else does', () => {
  const filter = new StopText(['</end>', '###'])
  assert.equal(filter.add('one <'), 'one ')
  assert.equal(filter.add('/e'), '')
  assert.equal(filter.add('lse # '), '</else # ')
  assert.equal(filter.add('##'), '')
  assert.equal(filter.end(), '##')
  assert.equal(filter.add('a</end>b'), 'a')
  assert.equal(filter.add('c'), '')
  assert.ok(filter.stopped)
})
