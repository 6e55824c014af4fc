import assert from 'node:assert/strict'
import { generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { concat, fromUtf8, toBase64, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { nativeSuite } from '../note/fixtures.test.ts'
import { portableSuite } from '../portable.ts'
import { formatManifest, manifestDigest, parseManifest } from './manifest.ts'
import { isSignedBy, type PublisherKey, parsePublisherKey } from './publisher-key.ts'
import { formatModelSignature, parseModelSignature, signedBytes } from './signature.ts'

const PAYLOAD = formatManifest(
  { name: 'm', resources: [{ name: 'm.onnx', sha256: 'ab'.repeat(32) }] },
  portableSuite,
)
const KINDS = {
  'P-256': ['sha256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  'P-384': ['sha384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  'P-521': ['sha512', () => generateKeyPairSync('ec', { namedCurve: 'P-521' })],
  Ed25519: [null, () => generateKeyPairSync('ed25519')],
} as const

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }) as string
}

function signed(kind: keyof typeof KINDS): { file: Uint8Array; key: PublisherKey } {
  const [digest, generate] = KINDS[kind]
  const { publicKey, privateKey } = generate()
  const key = parsePublisherKey(pem(publicKey), portableSuite)
  const sig = sign(digest, signedBytes(PAYLOAD), privateKey)
  return { key, file: formatModelSignature({ payload: PAYLOAD, sig, signer: { mode: 'key', hint: key.id } }) }
}

for (const kind of Object.keys(KINDS) as (keyof typeof KINDS)[]) {
  test(`${kind}: the key that signed, and no other`, () => {
    const { file, key } = signed(kind)
    const other = signed(kind)
    assert.equal(key.algorithm, kind)
    // The hint is the reference implementation's: SHA-256 of the PEM as OpenSSL writes it.
    assert.equal(key.id, hash('sha256', key.pem))
    for (const suite of [portableSuite, nativeSuite]) {
      const signature = parseModelSignature(file)
      assert.ok(isSignedBy(signature, key, suite))
      assert.ok(!isSignedBy(signature, other.key, suite))
      assert.ok(!isSignedBy({ ...signature, signer: { mode: 'key' } }, other.key, suite))
      assert.ok(!isSignedBy({ ...signature, signer: { mode: 'key', hint: other.key.id } }, key, suite))
      assert.ok(!isSignedBy({ ...signature, payload: utf8('{}') }, key, suite))
    }
  })
}

test('a flip of any byte of the file is refused, or changes nothing that was signed', () => {
  const { file, key } = signed('P-256')
  const { payload } = parseModelSignature(file)
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = concat(file)
      changed[at]! ^= mask
      try {
        const signature = parseModelSignature(changed)
        if (isSignedBy(signature, key, nativeSuite)) assert.deepEqual(signature.payload, payload)
      } catch (error) {
        assert.ok(error instanceof AnswerableError, String(error))
      }
    }),
    { numRuns: 2000 },
  )
})

test('every field of the file', () => {
  const { file } = signed('P-256')
  const wrong: [string, (value: ReturnType<typeof JSON.parse>) => void][] = [
    ['mediaType', value => (value.mediaType = 'application/vnd.dev.sigstore.bundle.v0.2+json')],
    ['payloadType', value => (value.dsseEnvelope.payloadType = 'application/json')],
    ['payload', value => (value.dsseEnvelope.payload = '*')],
    ['signatures', value => (value.dsseEnvelope.signatures = [])],
    ['signatures', value => value.dsseEnvelope.signatures.push(value.dsseEnvelope.signatures[0])],
    ['verificationMaterial', value => (value.verificationMaterial = {})],
    ['verificationMaterial', value => (value.verificationMaterial.certificate = { rawBytes: 'AAAA' })],
    ['hint', value => (value.verificationMaterial.publicKey.hint = 7)],
    ['rawBytes', value => (value.verificationMaterial.publicKey.rawBytes = '/w==')],
    ['tlogEntries', value => (value.verificationMaterial = { certificate: { rawBytes: 'AAAA' } })],
    ['certificates', value => (value.verificationMaterial = { x509CertificateChain: { certificates: [] } })],
  ]
  for (const [message, change] of wrong) {
    const value = JSON.parse(fromUtf8(file))
    change(value)
    assert.throws(
      () => parseModelSignature(utf8(JSON.stringify(value))),
      error =>
        error instanceof AnswerableError &&
        error.code === 'bad-signature-file' &&
        error.message.includes(message),
      message,
    )
  }
})

test('keys: PEM among other text, and nothing but the four kinds', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const text = pem(publicKey)
  const key = parsePublisherKey(`Key of somebody\n\n${text.replaceAll('\n', '\r\n')}`, portableSuite)
  assert.equal(key.pem, text)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  const point = publicKey.export({ type: 'spki', format: 'der' }) as Buffer
  point[point.length - 97] = 2
  const compressed = `-----BEGIN PUBLIC KEY-----\n${toBase64(point)}\n-----END PUBLIC KEY-----\n`
  for (const wrong of ['', text.slice(0, 90), pem(rsa), compressed, text.replace('MHYw', 'MHYx')])
    assert.throws(
      () => parsePublisherKey(wrong, portableSuite),
      error => error instanceof AnswerableError && error.code === 'bad-key',
    )
})

const VECTORS = new URL('../../../../../shared/vectors/oms/', import.meta.url)

test('the reference implementation’s key signature of v1.0.0', t => {
  if (!existsSync(VECTORS)) return t.skip('shared/vectors is not here')
  const read = (path: string) => readFileSync(new URL(path, VECTORS))
  const key = parsePublisherKey(read('keys/signing-key-pub.pem').toString(), portableSuite)
  const signature = parseModelSignature(read('v1.0.0-elliptic-key/model.sig'))
  assert.equal(signature.signer.mode, 'key')
  for (const suite of [portableSuite, nativeSuite]) assert.ok(isSignedBy(signature, key, suite))
  const manifest = parseManifest(signature.payload, portableSuite)
  assert.deepEqual(manifest.resources, [
    { name: '.', sha256: hash('sha256', read('v1.0.0-elliptic-key/signme-1')) },
  ])
  assert.equal(manifestDigest(signature.payload, portableSuite), hash('sha256', signature.payload))
  for (const folder of ['v1.0.0-certificate', 'v1.0.0-sigstore', 'v0.3.1-sigstore']) {
    const other = parseModelSignature(read(`${folder}/model.sig`))
    assert.equal(parseManifest(other.payload, portableSuite).resources.length, 2, folder)
    assert.equal(isSignedBy(other, key, portableSuite), folder === 'v1.0.0-certificate', folder)
  }
})
