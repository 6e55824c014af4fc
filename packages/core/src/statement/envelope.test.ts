import assert from 'node:assert/strict'
import * as crypto from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromUtf8, utf8 } from '../bytes.ts'
import { AnswerableError, type ErrorCode } from '../error.ts'
import { flips, throwsCode } from '../note/fixtures.test.ts'
import {
  type Envelope,
  formatEnvelope,
  MAX_ENVELOPE_BYTES,
  parseEnvelope,
  preAuthEncoding,
} from './envelope.ts'

/** The example of DSSE's protocol.md, section "Test Vectors". */
const VECTOR = `{"payload": "aGVsbG8gd29ybGQ=",
 "payloadType": "http://example.com/HelloWorld",
 "signatures": [{"sig": "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}`
const coordinate = (decimal: bigint) =>
  Buffer.from(decimal.toString(16).padStart(64, '0'), 'hex').toString('base64url')
const VECTOR_KEY = crypto.createPublicKey({
  format: 'jwk',
  key: {
    kty: 'EC',
    crv: 'P-256',
    x: coordinate(46950820868899156662930047687818585632848591499744589407958293238635476079160n),
    y: coordinate(5640078356564379163099075877009565129882514886557779369047442380624545832820n),
  },
})
const signs = (encoded: Uint8Array, signature: Uint8Array) =>
  crypto.verify('sha256', encoded, { key: VECTOR_KEY, dsaEncoding: 'ieee-p1363' }, signature)

test('the published example: encoding and signature', () => {
  const { payloadType, payload, signatures } = parseEnvelope(utf8(VECTOR))
  assert.equal(fromUtf8(payload), 'hello world')
  const encoded = preAuthEncoding(payloadType, payload)
  assert.equal(fromUtf8(encoded), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world')
  assert.equal(signatures[0]!.keyid, '')
  assert.ok(signs(encoded, signatures[0]!.sig))
  for (const altered of flips(encoded)) assert.ok(!signs(altered, signatures[0]!.sig))
})

test('lengths are of bytes, and no two pairs of type and payload have the same encoding', () => {
  assert.equal(fromUtf8(preAuthEncoding('é', utf8('ü'))), 'DSSEv1 2 é 2 ü')
  assert.equal(fromUtf8(preAuthEncoding('', new Uint8Array(0))), 'DSSEv1 0  0 ')
  const part = fc.string({ unit: fc.constantFrom(' ', '0', '1', 'a'), maxLength: 6 })
  fc.assert(
    fc.property(part, part, part, part, (a, b, c, d) => {
      const same = fromUtf8(preAuthEncoding(a, utf8(b))) === fromUtf8(preAuthEncoding(c, utf8(d)))
      assert.equal(same, a === c && b === d)
    }),
  )
})

const bytes = fc.uint8Array({ maxLength: 60 })
const anyEnvelope: fc.Arbitrary<Envelope> = fc.record(
  {
    payloadType: fc.string({ unit: 'grapheme', maxLength: 40 }),
    payload: bytes,
    signatures: fc.array(
      fc.record(
        { keyid: fc.string({ unit: 'grapheme', maxLength: 20 }), sig: bytes },
        { noNullPrototype: true },
      ),
      { minLength: 1, maxLength: 16 },
    ),
  },
  { noNullPrototype: true },
)

test('envelopes round-trip, in both alphabets of base64', () => {
  fc.assert(
    fc.property(anyEnvelope, envelope => {
      const text = formatEnvelope(envelope)
      assert.deepEqual(parseEnvelope(utf8(text)), envelope)
      const { payloadType, signatures } = JSON.parse(text)
      for (const pad of [true, false]) {
        const spell = (each: Uint8Array) => {
          const url = Buffer.from(each).toString('base64url')
          // Without its padding it is told from the standard form by its alphabet alone.
          return pad || !/[-_]/.test(url) ? url.padEnd(Math.ceil(url.length / 4) * 4, '=') : url
        }
        const other = {
          payload: spell(envelope.payload),
          payloadType,
          signatures: signatures.map(({ keyid }: { keyid: string }, i: number) => ({
            keyid,
            sig: spell(envelope.signatures[i]!.sig),
            unknown: 1,
          })),
          unknown: [],
        }
        assert.deepEqual(parseEnvelope(utf8(JSON.stringify(other))), envelope)
      }
    }),
  )
})

test('what is no envelope is refused, by a code', () => {
  const good = JSON.parse(VECTOR)
  const [signature] = good.signatures
  const table: [unknown, ErrorCode][] = [
    [null, 'bad-envelope'],
    [{}, 'bad-envelope'],
    [{ ...good, payload: undefined }, 'bad-envelope'],
    [{ ...good, payload: 'aGVsbG8gd29ybGQ' }, 'bad-envelope'],
    [{ ...good, payload: '-+==' }, 'bad-envelope'],
    [{ ...good, payload: ' aGVsbG8gd29ybGQ=' }, 'bad-envelope'],
    [{ ...good, payloadType: 1 }, 'bad-envelope'],
    [{ ...good, payloadType: 'x'.repeat(257) }, 'bad-envelope'],
    [{ ...good, signatures: undefined }, 'bad-envelope'],
    [{ ...good, signatures: [] }, 'bad-envelope'],
    [{ ...good, signatures: {} }, 'bad-envelope'],
    [{ ...good, signatures: [null] }, 'bad-envelope'],
    [{ ...good, signatures: [{ keyid: 'a' }] }, 'bad-envelope'],
    [{ ...good, signatures: [{ ...signature, keyid: 1 }] }, 'bad-envelope'],
    [{ ...good, signatures: Array.from({ length: 65 }, () => signature) }, 'bad-envelope'],
    [{ ...good, payload: 'A'.repeat(MAX_ENVELOPE_BYTES) }, 'too-large'],
  ]
  for (const [value, code] of table)
    throwsCode(() => parseEnvelope(utf8(JSON.stringify(value))), code, JSON.stringify(value).slice(0, 80))
  throwsCode(() => parseEnvelope(utf8(VECTOR.replace('"payload"', '"payloadType"'))), 'duplicate-key')
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.json().map(utf8)), input => {
      try {
        parseEnvelope(input)
      } catch (error) {
        assert.ok(error instanceof AnswerableError)
      }
    }),
  )
})
