import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../bytes.ts'
import { portableSuite } from '../portable.ts'
import { flips, nativeSuite, testSigner, throwsCode } from './fixtures.test.ts'
import * as n from './note.ts'
import { signerVkey, signNote } from './signer.ts'
import { isKeyName, parseVkey, SIG_COSIGNATURE_ED25519 } from './vkey.ts'

/** The example in the documentation of Go's golang.org/x/mod/sumdb/note. */
const NEUMANN = parseVkey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', portableSuite)
const NEUMANN_TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const NEUMANN_NOTE = `${NEUMANN_TEXT}
— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`

test('opens the published example, from text and from bytes, with either suite', () => {
  for (const suite of [portableSuite, nativeSuite])
    for (const input of [NEUMANN_NOTE, utf8(NEUMANN_NOTE)]) {
      const { text, signers } = n.openNote(input, [NEUMANN], suite)
      assert.equal(text, NEUMANN_TEXT)
      assert.deepEqual(
        signers.map(({ key }) => key),
        [NEUMANN],
      )
    }
  assert.equal(n.formatNote(n.parseNote(NEUMANN_NOTE)), NEUMANN_NOTE)
})

test('parses the example of the specification, whose text has a blank line', () => {
  const note = n.parseNote(`Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
`)
  assert.ok(note.text.endsWith('ed è subito sera.\n'))
  assert.equal(note.signatures[0]!.keyId, 0x367ba04b)
  assert.equal(note.signatures[0]!.signature.length, 64)
})

test('every flipped byte of a signed note is noticed', () => {
  for (const bytes of flips(utf8(NEUMANN_NOTE)))
    assert.throws(
      () => n.openNote(bytes, [NEUMANN], nativeSuite),
      error =>
        ['bad-note', 'not-utf8', 'bad-signature', 'unsigned'].includes((error as { code: string }).code),
    )
})

const alice = testSigner('alice.example')
const bob = testSigner('bob.example')
const signed = signNote('text\n', [alice, bob])
const [aliceLine, bobLine] = n.parseNote(signed).signatures.map(n.signatureLine) as [string, string]
const wrong = n.signatureLine({ ...n.parseNote(signed).signatures[0]!, signature: new Uint8Array(64) })

test('signers: unknown keys are ignored, known ones must be right', () => {
  const open = (note: string, ...signers: (typeof alice)[]) =>
    n
      .openNote(
        note,
        signers.map(({ key }) => key),
        nativeSuite,
      )
      .signers.map(({ key }) => key.name)
  assert.deepEqual(open(signed, alice, bob), ['alice.example', 'bob.example'])
  assert.deepEqual(open(signed, bob, alice, bob), ['alice.example', 'bob.example'])
  assert.deepEqual(open(signed, bob), ['bob.example'])
  assert.deepEqual(open(`text\n\n${wrong}${bobLine}`, bob), ['bob.example'])
  assert.deepEqual(open(`text\n\n${aliceLine}${wrong}`, alice), ['alice.example'], 'a second line of one key')
  throwsCode(() => open(`text\n\n${wrong}${bobLine}`, alice, bob), 'bad-signature')
  throwsCode(() => open(`text\n\n${wrong}${aliceLine}`, alice), 'bad-signature', 'the first line decides')
  throwsCode(() => open(signed), 'unsigned')
  throwsCode(() => open(signed, testSigner('carol.example')), 'unsigned')
  throwsCode(() => open(signed, testSigner('alice.example', 1, 'another seed')), 'unsigned', 'another ID')
  throwsCode(() => open(signed, testSigner('alice', 1, 'alice.example')), 'unsigned', 'names match whole')
})

test('a key with a known name and ID, and another public key, is an error', () => {
  const twin = { ...bob.key, name: alice.key.name, keyId: alice.key.keyId }
  throwsCode(() => n.openNote(signed, [alice.key, twin], nativeSuite), 'bad-vkey')
  throwsCode(() => n.openNote(signed, [twin], nativeSuite), 'bad-signature')
})

test('plain notes are neither signed nor opened with cosignature keys', () => {
  const witness = testSigner('w', SIG_COSIGNATURE_ED25519)
  throwsCode(() => signNote('text\n', [witness]), 'bad-vkey')
  throwsCode(() => n.openNote(signed, [alice.key, witness.key], nativeSuite), 'bad-vkey')
})

const malformed: [string, string][] = [
  ['nothing', ''],
  ['no signature block', 'text\n'],
  ['an empty signature block', 'text\n\n'],
  ['no blank line', `text\n${aliceLine}`],
  ['no final newline', signed.slice(0, -1)],
  ['a blank line after the signatures', `${signed}\n`],
  ['text after the signatures', `${signed}text\n`],
  ['a carriage return', signed.replace('text\n', 'text\r\n')],
  ['a tab', signed.replace('text', 'te\txt')],
  ['a NUL', signed.replace('text', 'te\0xt')],
  ['a hyphen for the dash', signed.replace('— ', '- ')],
  ['no space after the dash', signed.replace('— ', '—')],
  ['two spaces after the name', signed.replace('.example ', '.example  ')],
  ['no name', 'text\n\n—  AAAAAAE=\n'],
  ['a name with a space', 'text\n\n— a b AAAAAAE=\n'],
  ['a name with a plus', 'text\n\n— a+b AAAAAAE=\n'],
  ['a name with a no-break space', 'text\n\n— a\u00a0b AAAAAAE=\n'],
  ['no signature', 'text\n\n— a \n'],
  ['only a key ID', 'text\n\n— a AAAAAA==\n'],
  ['base64 without padding', 'text\n\n— a AAAAAAE\n'],
  ['base64 with bits left over', 'text\n\n— a AAAAAAF=\n'],
  ['a trailing space', 'text\n\n— a AAAAAAE= \n'],
  ['101 signatures', `text\n\n${'— a AAAAAAE=\n'.repeat(101)}`],
]
test('refuses what is no note', () => {
  for (const [what, note] of malformed) throwsCode(() => n.parseNote(note), 'bad-note', what)
  throwsCode(() => n.parseNote(utf8(signed).subarray(0, -1).fill(0xff, 1, 2)), 'not-utf8')
  throwsCode(() => n.parseNote(`\ud800${signed}`), 'not-utf8')
})

test('limits: 100 signatures, 1 MiB, and post-quantum signatures well within both', () => {
  assert.equal(n.parseNote(`text\n\n${'— a AAAAAAE=\n'.repeat(100)}`).signatures.length, 100)
  const large = { name: 'a', keyId: 1, signature: new Uint8Array(5000) }
  const note = n.formatNote({ text: 'text\n', signatures: Array(100).fill(large) })
  assert.equal(n.parseNote(note).signatures.length, 100)
  const padded = `${'x'.repeat(n.MAX_NOTE_BYTES - utf8(signed).length)}${signed}`
  assert.equal(n.parseNote(padded).signatures.length, 2)
  for (const input of [`x${padded}`, utf8(`x${padded}`), '€'.repeat(n.MAX_NOTE_BYTES / 2)])
    throwsCode(() => n.parseNote(input), 'too-large')
})

test('refuses to write what it would not read', () => {
  const [signature] = n.parseNote(signed).signatures as [n.NoteSignature]
  for (const text of ['', 'text', 'a\tb\n', '\ud800\n']) {
    throwsCode(() => n.formatNote({ text, signatures: [signature] }), 'bad-note', JSON.stringify(text))
    throwsCode(() => signNote(text, [alice]), 'bad-note', JSON.stringify(text))
  }
  throwsCode(() => n.formatNote({ text: 'text\n', signatures: [] }), 'bad-note')
  throwsCode(() => n.formatNote({ text: 'text\n', signatures: Array(101).fill(signature) }), 'bad-note')
  throwsCode(() => n.signatureLine({ ...signature, name: 'a b' }), 'bad-note')
  throwsCode(() => n.signatureLine({ ...signature, signature: new Uint8Array(0) }), 'bad-note')
})

test('added signatures replace those of the same name and ID', () => {
  const note = n.parseNote(`text\n\n${wrong}${bobLine}`)
  const right = n.parseNote(signed).signatures[0]!
  const merged = n.withSignatures(note, [right])
  assert.equal(n.formatNote(merged), `text\n\n${bobLine}${aliceLine}`)
})

test('a signer publishes the key that opens its notes', () => {
  const key = parseVkey(signerVkey(alice), nativeSuite)
  assert.equal(n.openNote(signed, [key], nativeSuite).signers.length, 1)
})

function withoutControls(text: string): string {
  return [...text].filter(char => char === '\n' || char.charCodeAt(0) >= 0x20).join('')
}
const anyText = fc.string({ unit: 'grapheme', maxLength: 40 }).map(text => `${withoutControls(text)}\n`)
const anySignature = fc.record({
  name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter(isKeyName),
  keyId: fc.nat(0xffffffff),
  signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
})
test('notes round-trip', () => {
  fc.assert(
    fc.property(anyText, fc.array(anySignature, { minLength: 1, maxLength: 5 }), (text, signatures) => {
      const note = {
        text,
        signatures: signatures.map(s => ({ ...s, signature: new Uint8Array(s.signature) })),
      }
      const parsed = n.parseNote(n.formatNote(note))
      assert.equal(parsed.text, text)
      assert.deepEqual(
        parsed.signatures.map(s => ({ ...s, signature: new Uint8Array(s.signature) })),
        note.signatures,
      )
      assert.deepEqual(n.parseNote(utf8(n.formatNote(note))), parsed)
    }),
  )
})

test('what parses is written again byte for byte', () => {
  const pieces = fc.constantFrom(
    'text',
    '\n',
    '\n\n',
    '— ',
    'a ',
    'AAAAAAE=',
    '— a AAAAAAE=\n',
    ' ',
    '\t',
    '+',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 10 }), parts => {
      const text = parts.join('')
      let note: n.Note
      try {
        note = n.parseNote(text)
      } catch (error) {
        assert.equal((error as { code: string }).code, 'bad-note')
        return
      }
      assert.equal(n.formatNote(note), text)
    }),
    { numRuns: 2000 },
  )
})
