import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toBase64Url, utf8 } from '../bytes.ts'
import type { ErrorCode } from '../error.ts'
import { nativeSuite as suite, throwsCode } from '../note/fixtures.test.ts'
import {
  DISCLOSURES,
  disclosureDigest,
  disclosureText,
  MAX_DISCLOSURE_BYTES,
  parseDisclosure,
} from './disclosure.ts'

const SALT = toBase64Url(new Uint8Array(32).fill(7))

test('disclosures round-trip', () => {
  const salts = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toBase64Url)
  const values = fc.dictionary(
    fc.string({ unit: 'grapheme' }),
    fc.jsonValue({ noUnicodeString: false } as never),
    {
      maxKeys: 5,
      noNullPrototype: true,
    },
  )
  fc.assert(
    fc.property(salts, fc.constantFrom(...DISCLOSURES), values, (salt, name, value) => {
      const json = JSON.stringify(value)
      const text = disclosureText(salt, name, json)
      let read: ReturnType<typeof parseDisclosure>
      try {
        read = parseDisclosure(text)
      } catch (error) {
        // What fast-check calls JSON may hold a lone surrogate, which has no UTF-8.
        assert.ok(!json.isWellFormed() || /\\ud[89a-f]/i.test(json), String(error))
        return
      }
      assert.deepEqual(read, { text, name, value: JSON.parse(json) })
    }),
  )
})

test('the digest is SHA-256 of the text, as SD-JWT hashes the disclosure that it is given', () => {
  const text = disclosureText(SALT, 'model', '{"name":"é"}')
  assert.equal(text, `["${SALT}","model",{"name":"é"}]`)
  assert.equal(disclosureDigest(text, suite), suite.sha256Hex(utf8(text)))
})

test('what is no disclosure is refused, by a code', () => {
  const table: [string, ErrorCode][] = [
    ['', 'bad-json'],
    ['{}', 'bad-disclosure'],
    ['[]', 'bad-disclosure'],
    [`["${SALT}","model"]`, 'bad-disclosure'],
    [`["${SALT}","model",{},1]`, 'bad-disclosure'],
    [`["${SALT}","model",[]]`, 'bad-disclosure'],
    [`["${SALT}","model",null]`, 'bad-disclosure'],
    [`["${SALT}","other",{}]`, 'bad-disclosure'],
    [`["${SALT}",["model"],{}]`, 'bad-disclosure'],
    [`["${SALT}=","model",{}]`, 'bad-disclosure'],
    [`["${SALT.slice(1)}","model",{}]`, 'bad-disclosure'],
    [`["${SALT.slice(0, -1)}d","model",{}]`, 'bad-disclosure'],
    [`[7,"model",{}]`, 'bad-disclosure'],
    [`["${SALT}","model",{"a":1,"a":2}]`, 'duplicate-key'],
    [`["${SALT}","model",{"a":"\ud800"}]`, 'not-utf8'],
    [`["${SALT}","model",{"a":${'['.repeat(20)}${']'.repeat(20)}}]`, 'too-deep'],
    [`["${SALT}","model",{"a":"${'x'.repeat(MAX_DISCLOSURE_BYTES)}"}]`, 'too-large'],
  ]
  for (const [text, code] of table) throwsCode(() => parseDisclosure(text), code, text.slice(0, 80))
})
