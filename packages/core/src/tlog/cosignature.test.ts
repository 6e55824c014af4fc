import assert from 'node:assert/strict'
import * as crypto from 'node:crypto'
import { test } from 'node:test'
import { concat, toHex, utf8 } from '../bytes.ts'
import { flips, nativeSuite, testSigner, throwsCode } from '../note/fixtures.test.ts'
import { formatNote, parseNote } from '../note/note.ts'
import { signNote } from '../note/signer.ts'
import { SIG_COSIGNATURE_ED25519, SIG_COSIGNATURE_MLDSA44 } from '../note/vkey.ts'
import { portableSuite } from '../portable.ts'
import * as c from './cosignature.ts'

const TEXT = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
`
const EXAMPLE = `${TEXT}
— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`
const TIME = 1679315147
const ed = testSigner('witness.example.com/w1', SIG_COSIGNATURE_ED25519)
const ml = testSigner('witness.example.com/w1', SIG_COSIGNATURE_MLDSA44)

test('the example of the specification holds the time that its message shows', () => {
  const [, line] = parseNote(EXAMPLE).signatures
  const stamped = c.parseTimestampedSignature(SIG_COSIGNATURE_ED25519, line!.signature)!
  assert.equal(stamped.timestamp, TIME)
  assert.equal(stamped.signature.length, 64)
  assert.deepEqual(c.cosignatureMessage(ed.key, TIME, TEXT), utf8(`cosignature/v1\ntime 1679315147\n${TEXT}`))
})

test('the ML-DSA-44 message is the cosigned_message structure', () => {
  assert.equal(
    toHex(c.cosignatureMessage(ml.key, TIME, TEXT)),
    [
      '737562747265652f76310a00', // subtree/v1, newline, NUL
      `16${Buffer.from('witness.example.com/w1').toString('hex')}`,
      '00000000641850cb',
      `1b${Buffer.from('example.com/behind-the-sofa').toString('hex')}`,
      '0000000000000000',
      '00000000013e2dc3',
      '0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62',
    ].join(''),
  )
  const extended = c.cosignatureMessage(ml.key, TIME, `${TEXT}extension\n`)
  assert.deepEqual(extended, c.cosignatureMessage(ml.key, TIME, TEXT), 'extension lines are not signed')
  throwsCode(() => c.cosignatureMessage(ml.key, TIME, `${'x'.repeat(256)}${TEXT}`), 'bad-checkpoint')
})

for (const signer of [ed, ml]) {
  const note = { text: TEXT, signatures: [c.cosign(TEXT, signer, TIME)] }
  test(`cosignatures of type ${signer.key.type}`, () => {
    for (const suite of [nativeSuite, portableSuite])
      assert.deepEqual(c.verifyCosignature(formatNote(note), signer.key, suite), { timestamp: TIME })
    const zero = { text: TEXT, signatures: [c.cosign(TEXT, signer, 0)] }
    assert.deepEqual(c.verifyCosignature(zero, signer.key, nativeSuite), { timestamp: 0 })
    const other = testSigner('another.example', signer.key.type)
    throwsCode(() => c.verifyCosignature(note, other.key, nativeSuite), 'unsigned')
  })

  test(`changes to a cosignature of type ${signer.key.type} are noticed`, () => {
    const [good] = note.signatures as [(typeof note.signatures)[number]]
    const refused = (signature: Uint8Array, what: string, text = TEXT) =>
      throwsCode(
        () => c.verifyCosignature({ text, signatures: [{ ...good, signature }] }, signer.key, nativeSuite),
        'bad-signature',
        what,
      )
    // ML-DSA checks take milliseconds: all of the time's bytes and a sample of the rest.
    let at = 0
    for (const changed of flips(good.signature)) {
      if (at < 8 || signer === ed || at % 200 === 0) refused(changed, `byte ${at}`)
      at++
    }
    refused(good.signature.subarray(0, -1), 'a byte short')
    refused(concat(good.signature, Uint8Array.of(0)), 'a byte long')
    refused(good.signature.subarray(0, 8), 'a time alone')
    refused(good.signature, 'another size', TEXT.replace('163', '164'))
    refused(good.signature, 'another origin', TEXT.replace('example', 'exomple'))
    refused(good.signature, 'another root', TEXT.replace('CsU', 'CsV'))
    refused(concat(new Uint8Array(8).fill(0x7f), good.signature.subarray(8)), 'a time over 2^53')
  })
}

test('a cosignature of a name does not pass for another name', () => {
  const other = testSigner('witness.example.com/w2', SIG_COSIGNATURE_MLDSA44, 'witness.example.com/w1')
  assert.deepEqual(other.key.publicKey, ml.key.publicKey)
  const { signature } = c.cosign(TEXT, ml, TIME)
  const note = { text: TEXT, signatures: [{ ...other.key, signature }] }
  throwsCode(() => c.verifyCosignature(note, other.key, nativeSuite), 'bad-signature')
})

test('only checkpoints are cosigned, at whole seconds, with cosignature keys', () => {
  const plain = testSigner('example.com/log')
  throwsCode(() => c.cosign(TEXT, plain, TIME), 'bad-vkey')
  throwsCode(() => c.verifyCosignature(EXAMPLE, plain.key, nativeSuite), 'bad-vkey')
  throwsCode(() => c.cosign('text\n', ed, TIME), 'bad-checkpoint')
  throwsCode(() => c.verifyCosignature(signNote('text\n', [plain]), ed.key, nativeSuite), 'bad-checkpoint')
  for (const time of [-1, 0.5, 2 ** 53, Number.NaN]) throwsCode(() => c.cosign(TEXT, ed, time), 'bad-format')
  assert.equal(c.parseTimestampedSignature(1, new Uint8Array(72)), undefined)
})

test('OpenSSL’s ML-DSA-44 checks what the portable library signs', { skip: !hasMlDsa() }, () => {
  const message = c.cosignatureMessage(ml.key, TIME, TEXT)
  const { signature } = c.parseTimestampedSignature(
    SIG_COSIGNATURE_MLDSA44,
    c.cosign(TEXT, ml, TIME).signature,
  )!
  // SubjectPublicKeyInfo of id-ml-dsa-44 (2.16.840.1.101.3.4.3.17).
  const prefix = Buffer.from('30820532300b06096086480165030403110382052100', 'hex')
  const spki = Buffer.concat([prefix, ml.key.publicKey])
  const key = crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' })
  assert.ok(crypto.verify(null, message, key, signature))
})

function hasMlDsa(): boolean {
  try {
    crypto.generateKeyPairSync('ml-dsa-44' as 'ed25519')
    return true
  } catch {
    return false
  }
}
