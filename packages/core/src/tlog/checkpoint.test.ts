import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toBase64 } from '../bytes.ts'
import { flips, nativeSuite, testSigner, throwsCode } from '../note/fixtures.test.ts'
import { parseNote } from '../note/note.ts'
import { signNote } from '../note/signer.ts'
import { SIG_COSIGNATURE_ED25519, SIG_COSIGNATURE_MLDSA44 } from '../note/vkey.ts'
import * as c from './checkpoint.ts'
import { cosign } from './cosignature.ts'
import { EMPTY_ROOT } from './merkle.ts'
import { openCheckpoint } from './open.ts'

const EXAMPLE = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
`

test('the example of the specification', () => {
  const checkpoint = c.parseCheckpoint(EXAMPLE)
  assert.equal(checkpoint.origin, 'example.com/behind-the-sofa')
  assert.equal(checkpoint.size, 20852163)
  assert.equal(checkpoint.root.length, 32)
  assert.deepEqual(checkpoint.extensions, [])
  assert.equal(c.formatCheckpoint(checkpoint), EXAMPLE)
})

const ROOT = toBase64(new Uint8Array(32).fill(9))
const malformed: [string, string][] = [
  ['nothing', ''],
  ['a blank line', '\n'],
  ['two lines', `o\n1\n`],
  ['no final newline', `o\n1\n${ROOT}`],
  ['an empty origin', `\n1\n${ROOT}\n`],
  ['an empty extension', `o\n1\n${ROOT}\n\n`],
  ['an empty line between', `o\n\n1\n${ROOT}\n`],
  ['a size with a leading zero', `o\n01\n${ROOT}\n`],
  ['a size with a sign', `o\n+1\n${ROOT}\n`],
  ['a negative size', `o\n-1\n${ROOT}\n`],
  ['a size with an exponent', `o\n1e3\n${ROOT}\n`],
  ['a size in hexadecimal', `o\n0x1\n${ROOT}\n`],
  ['a size with a space', `o\n 1\n${ROOT}\n`],
  ['a size in other digits', `o\n١\n${ROOT}\n`],
  ['a size of 2^53', `o\n9007199254740992\n${ROOT}\n`],
  ['a size of 2^64', `o\n18446744073709551616\n${ROOT}\n`],
  ['an empty size', `o\n \n${ROOT}\n`],
  ['a root of 31 bytes', `o\n1\n${toBase64(new Uint8Array(31))}\n`],
  ['a root of 33 bytes', `o\n1\n${toBase64(new Uint8Array(33))}\n`],
  ['a root without padding', `o\n1\n${ROOT.slice(0, -1)}\n`],
  ['a root with bits left over', `o\n1\n${ROOT.slice(0, -2)}l=\n`],
  ['a root in hexadecimal', `o\n1\n${'ab'.repeat(32)}\n`],
  ['a carriage return', `o\r\n1\n${ROOT}\n`],
  ['a tab in an extension', `o\n1\n${ROOT}\na\tb\n`],
  ['the empty tree with another root', `o\n0\n${ROOT}\n`],
]
test('refuses what is no checkpoint', () => {
  for (const [what, text] of malformed) throwsCode(() => c.parseCheckpoint(text), 'bad-checkpoint', what)
})

test('refuses to write what it would not read', () => {
  const good = { origin: 'o', size: 1, root: new Uint8Array(32), extensions: [] }
  c.formatCheckpoint(good)
  const bad: Partial<c.Checkpoint>[] = [
    { origin: '' },
    { origin: 'a\nb' },
    { origin: 'a\tb' },
    { origin: '\ud800' },
    { size: -1 },
    { size: 0.5 },
    { size: 2 ** 53 },
    { size: Number.NaN },
    { size: 0 },
    { root: new Uint8Array(31) },
    { extensions: [''] },
    { extensions: ['a\nb'] },
  ]
  for (const change of bad)
    throwsCode(() => c.formatCheckpoint({ ...good, ...change }), 'bad-checkpoint', JSON.stringify(change))
  assert.match(c.formatCheckpoint({ ...good, size: 0, root: EMPTY_ROOT }), /^o\n0\n/)
})

test('checkpoints round-trip', () => {
  const line = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter(text => !/\p{Cc}/u.test(text))
  fc.assert(
    fc.property(
      line,
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.array(line, { maxLength: 3 }),
      (origin, size, root, extensions) => {
        const checkpoint = { origin, size, root: new Uint8Array(root), extensions }
        assert.deepEqual(c.parseCheckpoint(c.formatCheckpoint(checkpoint)), checkpoint)
      },
    ),
  )
})

const log = testSigner('example.com/behind-the-sofa')
test('opens with the keys of the origin alone', () => {
  const signed = signNote(EXAMPLE, [log])
  const opened = openCheckpoint(signed, [testSigner('other.example').key, log.key], nativeSuite)
  assert.deepEqual(opened.logs, [log.key])
  assert.equal(opened.checkpoint.size, 20852163)
  const other = testSigner('other.example')
  throwsCode(() => openCheckpoint(signNote(EXAMPLE, [other]), [other.key], nativeSuite), 'unsigned')
  throwsCode(() => openCheckpoint(signed, [], nativeSuite), 'unsigned')
  throwsCode(() => openCheckpoint(signNote('text\n', [log]), [log.key], nativeSuite), 'bad-checkpoint')
  const witness = testSigner(log.key.name, SIG_COSIGNATURE_ED25519)
  throwsCode(() => openCheckpoint(signed, [log.key, witness.key], nativeSuite), 'bad-vkey')
})

test('every flipped byte of a log’s signature and of the text is noticed', () => {
  const note = parseNote(signNote(EXAMPLE, [log]))
  for (const signature of flips(note.signatures[0]!.signature)) {
    const changed = { ...note, signatures: [{ ...note.signatures[0]!, signature }] }
    throwsCode(() => openCheckpoint(changed, [log.key], nativeSuite), 'bad-signature')
  }
  const changed = { ...note, text: note.text.replace('20852163', '20852164') }
  throwsCode(() => openCheckpoint(changed, [log.key], nativeSuite), 'bad-signature')
})

test('opens a checkpoint that the log signs with ML-DSA-44', () => {
  const quantum = testSigner(log.key.name, SIG_COSIGNATURE_MLDSA44)
  const note = { text: EXAMPLE, signatures: [cosign(EXAMPLE, quantum, 0)] }
  assert.deepEqual(openCheckpoint(note, [log.key, quantum.key], nativeSuite).logs, [quantum.key])
})
