import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Pairs, Raw, type Written, writeCbor } from '../../../test/nitro.ts'
import { AnswerableError, type ErrorCode } from '../../error.ts'
import { type Cbor, cborHead, readCbor } from './cbor.ts'

const LIMITS = { maxBytes: 4096, maxDepth: 4, maxItems: 64 }

function codeOf(hex: string, limits = {}): ErrorCode | undefined {
  try {
    readCbor(Buffer.from(hex, 'hex'), { ...LIMITS, ...limits })
    return undefined
  } catch (error) {
    assert.ok(error instanceof AnswerableError, `${hex}: ${error}`)
    return error.code
  }
}

/** RFC 8949, appendix A: those of its examples that are taken, and what they are. */
const TAKEN: [string, Cbor][] = [
  ['00', 0],
  ['17', 23],
  ['1818', 24],
  ['1903e8', 1000],
  ['1a000f4240', 1_000_000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['20', -1],
  ['3863', -100],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['4401020304', Uint8Array.of(1, 2, 3, 4)],
  ['60', ''],
  ['62c3bc', 'ü'],
  ['80', []],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['a201020304', new Map([[1, 2], [3, 4]])], // biome-ignore format: a map by rows
  ['a26161016162820203', new Map<string, Cbor>([['a', 1], ['b', [2, 3]]])], // biome-ignore format: a map by rows
]

test('what is taken, by the examples of RFC 8949', () => {
  for (const [hex, value] of TAKEN)
    assert.deepEqual(readCbor(new Uint8Array(Buffer.from(hex, 'hex')), LIMITS), value, hex)
})

test('what is not, each with its own code', () => {
  const rows: [string, ErrorCode, object?][] = [
    ['', 'truncated'],
    ['18', 'truncated'],
    ['1b0000', 'truncated'],
    ['4401', 'truncated'],
    ['5bffffffffffffffff', 'bad-evidence'],
    ['5a7fffffff00', 'truncated'],
    ['8201', 'truncated'],
    ['9a7fffffff', 'truncated'],
    ['a101', 'truncated'],
    ['0000', 'trailing-bytes'],
    ['a0ff', 'trailing-bytes'],
    ['5f4101ff', 'indefinite-length'],
    ['7f6161ff', 'indefinite-length'],
    ['9fff', 'indefinite-length'],
    ['bfff', 'indefinite-length'],
    ['819fff', 'indefinite-length', { openMap: true }],
    ['bf61619fffff', 'indefinite-length', { openMap: true }],
    ['bf6161bfffff', 'indefinite-length', { openMap: true }],
    ['bf6161', 'truncated', { openMap: true }],
    ['bf6161ff', 'bad-evidence', { openMap: true }],
    ['a201020103', 'duplicate-key'],
    ['a2616101616102', 'duplicate-key'],
    ['bf616101616102ff', 'duplicate-key', { openMap: true }],
    ['8181818180', 'too-deep'],
    ['81'.repeat(2000), 'too-deep'],
    ['a101'.repeat(1000), 'too-deep'],
    [`9841${'00'.repeat(65)}`, 'too-large'],
    ['00'.repeat(4097), 'too-large'],
    ['ff', 'bad-evidence'],
    // Not in the shortest form.
    ['1817', 'bad-evidence'],
    ['1900ff', 'bad-evidence'],
    ['1a0000ffff', 'bad-evidence'],
    ['1b00000000ffffffff', 'bad-evidence'],
    ['580101', 'bad-evidence'],
    ['1b0020000000000000', 'bad-evidence'],
    ['3b001fffffffffffff', 'bad-evidence'],
    // Kinds that no document has.
    ['c000', 'bad-evidence'],
    ['d90102f6', 'bad-evidence'],
    ['f7', 'bad-evidence'],
    ['f820', 'bad-evidence'],
    ['f93c00', 'bad-evidence'],
    ['fb3ff0000000000000', 'bad-evidence'],
    ['1c', 'bad-evidence'],
    ['1f', 'bad-evidence'],
    ['df', 'bad-evidence'],
    ['61ff', 'bad-evidence'],
    ['a1410100', 'bad-evidence'],
    ['a18000', 'bad-evidence'],
  ]
  for (const [hex, code, limits] of rows) assert.equal(codeOf(hex, limits), code, hex.slice(0, 40))
})

test('an open map is the outermost item alone', () => {
  const value = readCbor(Buffer.from('bf616101616202ff', 'hex'), { ...LIMITS, openMap: true })
  assert.deepEqual(value, new Map([['a', 1], ['b', 2]])) // biome-ignore format: a map by rows
})

const leaf = fc.oneof(
  fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }),
)
const written = fc.letrec<{ value: Written }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    leaf as fc.Arbitrary<Written>,
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(fc.oneof(fc.nat(), fc.string({ maxLength: 8 })), tie('value')), {
        maxLength: 5,
        selector: ([key]) => key,
      })
      .map(list => new Pairs(list)),
  ),
})).value

function plain(value: Written): Cbor {
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Pairs)
    return new Map(value.list.map(([key, one]) => [key as number | string, plain(one)]))
  assert.ok(!(value instanceof Raw))
  return value
}

test('whatever is written comes back, and no shorter part of it is an item', () => {
  const limits = { maxBytes: 65_536, maxDepth: 8, maxItems: 4096 }
  fc.assert(
    fc.property(written, value => {
      const bytes = writeCbor(value)
      assert.deepEqual(readCbor(bytes, limits), plain(value))
      for (let end = 0; end < bytes.length; end++)
        assert.equal(codeOf(Buffer.from(bytes.subarray(0, end)).toString('hex'), limits), 'truncated')
    }),
    { numRuns: 60 },
  )
})

test('no bytes make it throw anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.boolean(), (bytes, openMap) => {
      codeOf(Buffer.from(bytes).toString('hex'), { openMap })
    }),
    { numRuns: 2000 },
  )
})

test('heads are those that a reader takes', () => {
  for (const length of [0, 23, 24, 255, 256, 65_535, 65_536, 70_000]) {
    const whole = Buffer.concat([cborHead('bytes', length), Buffer.alloc(length)])
    const value = readCbor(whole, { maxBytes: 100_000 })
    assert.equal((value as Uint8Array).length, length)
  }
})
