import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AnswerableError, errorCode } from '@answerable/core'
import {
  compareManifest,
  isSame,
  type Manifest,
  type PublisherKey,
  parsePublisherKey,
} from '@answerable/core/model'
import { nodeSuite } from '../log/suite.ts'
import { makeCertificate } from './certificate.fixture.ts'
import { readCertificates } from './certificate-chain.ts'
import { checkSignature, type SignerTrust } from './check-signature.ts'
import { digestModel, listModelFiles } from './model-files.ts'
import { signModel } from './sign.ts'

async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'answerable-model-'))
  after(() => rm(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

const FILES = { 'model.onnx': 'weights', 'model.json': '{}', 'sub/vocabulary.txt': 'a\nb\n' }
const publicKeyOf = (pem: string): PublisherKey => parsePublisherKey(pem, nodeSuite)
const pairOf = (kind: 'P-256' | 'P-384' | 'P-521' | 'Ed25519') => {
  const pair =
    kind === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: kind })
  return { ...pair, key: publicKeyOf(pair.publicKey.export({ type: 'spki', format: 'pem' }) as string) }
}

async function compare(path: string, manifest: Manifest, signature?: string) {
  const { ignorePaths: ignore } = manifest
  const files = await listModelFiles(path, { ...(signature && { signature }), ignore })
  return compareManifest(manifest, await digestModel(files))
}

/** An error's code where it is one of ours; anything else is a fault. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    assert.ok(error instanceof AnswerableError, String(error))
    return errorCode(error)
  }
}

for (const kind of ['P-256', 'P-384', 'P-521', 'Ed25519'] as const) {
  test(`signed with a key, checked, compared: ${kind}`, async () => {
    const folder = await folderWith({ ...FILES, '.git/config': 'x' })
    const signature = join(folder, 'model.sig')
    const { name, files } = await listModelFiles(folder, { signature })
    const { privateKey, key } = pairOf(kind)
    const { bytes } = signModel({ name, resources: await digestModel({ files }), privateKey })
    writeFileSync(signature, bytes)
    const checked = await checkSignature(bytes, { mode: 'key', keys: [pairOf(kind).key, key] })
    assert.deepEqual(checked.signer, { mode: 'key', name: `key ${key.id}`, key: key.id })
    assert.deepEqual(
      checked.manifest.resources.map(resource => resource.name),
      ['model.json', 'model.onnx', 'sub/vocabulary.txt'],
    )
    assert.ok(isSame(await compare(folder, checked.manifest, signature)))
    assert.equal(
      await codeOf(checkSignature(bytes, { mode: 'key', keys: [pairOf(kind).key] })),
      'bad-signature',
    )
    assert.equal(await codeOf(checkSignature(bytes, { mode: 'key', keys: [] })), 'bad-signature')
    for (const file of Object.keys(FILES)) {
      const path = join(folder, file)
      const before = readFileSync(path)
      for (let at = 0; at < before.length; at++) {
        const altered = Buffer.from(before)
        altered[at]! ^= 1
        writeFileSync(path, altered)
        assert.deepEqual((await compare(folder, checked.manifest, signature)).altered, [file])
      }
      await rm(path)
      assert.deepEqual((await compare(folder, checked.manifest, signature)).missing, [file])
      writeFileSync(path, before)
    }
    writeFileSync(join(folder, 'extra'), '')
    assert.deepEqual((await compare(folder, checked.manifest, signature)).extra, ['extra'])
  })
}

test('signed with a certificate, checked against roots as of a time', async () => {
  const folder = await folderWith(FILES)
  const root = makeCertificate({ subject: 'root', ca: true })
  const leaf = makeCertificate({ subject: 'Example Publisher', issuer: root, curve: 'P-384' })
  const resources = await digestModel(await listModelFiles(folder))
  const { bytes, key } = signModel({
    name: 'm',
    resources,
    privateKey: leaf.privateKey,
    certificates: [leaf.certificate, root.certificate],
  })
  const time = Date.parse('2026-06-01')
  const roots = [root.certificate]
  const { signer } = await checkSignature(bytes, { mode: 'certificate', roots, time })
  assert.deepEqual(signer, { mode: 'certificate', name: '"CN=Example Publisher"', key: key.id })
  assert.ok(await checkSignature(bytes, { mode: 'key', keys: [key] }), 'a reader may name the key itself')
  const others = [makeCertificate({ subject: 'root', ca: true }).certificate]
  assert.equal(
    await codeOf(checkSignature(bytes, { mode: 'certificate', roots: others, time })),
    'bad-certificate',
  )
  const late = Date.parse('2028-01-01')
  assert.equal(
    await codeOf(checkSignature(bytes, { mode: 'certificate', roots, time: late })),
    'bad-certificate',
  )
  assert.equal(
    await codeOf(
      checkSignature(bytes, { mode: 'sigstore', trustedRoot: Buffer.from('{}'), identity: '', issuer: '' }),
    ),
    'bad-signature',
  )
  const options = { name: 'm', resources, certificates: [leaf.certificate] }
  assert.throws(() => signModel({ ...options, privateKey: root.privateKey }), /not for this key/)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  assert.throws(() => signModel({ name: 'm', resources, privateKey: rsa }), { code: 'bad-key' })
})

test('a certificate that fits the chain and did not sign', async () => {
  const root = makeCertificate({ subject: 'root', ca: true })
  const leaf = makeCertificate({ subject: 'leaf', issuer: root })
  const other = makeCertificate({ subject: 'leaf', issuer: root })
  const resources = [{ name: 'm', sha256: 'ab'.repeat(32) }]
  const { bytes } = signModel({
    name: 'm',
    resources,
    privateKey: leaf.privateKey,
    certificates: [leaf.certificate],
  })
  const text = Buffer.from(bytes).toString()
  const swapped = text.replace(
    leaf.certificate.raw.toString('base64'),
    other.certificate.raw.toString('base64'),
  )
  const trust: SignerTrust = {
    mode: 'certificate',
    roots: [root.certificate],
    time: Date.parse('2026-06-01'),
  }
  assert.equal(await codeOf(checkSignature(Buffer.from(swapped), trust)), 'bad-signature')
})

test('a model of one file; links, and folders without files', async t => {
  const folder = await folderWith(FILES)
  const one = await listModelFiles(join(folder, 'model.onnx'))
  assert.deepEqual(
    one.files.map(({ name, size }) => [name, size]),
    [['model.onnx', 7]],
  )
  const empty = await folderWith({ '.gitignore': '' })
  assert.equal(await codeOf(listModelFiles(empty)), 'bad-model')
  assert.equal(await codeOf(listModelFiles(join(folder, 'none'))), 'not-found')
  assert.deepEqual(
    (await listModelFiles(folder, { ignore: ['sub', 'model.json'] })).files.map(({ name }) => name),
    ['model.onnx'],
  )
  if (process.platform === 'win32') return t.skip('links and odd names are made differently there')
  symlinkSync('model.onnx', join(folder, 'link'))
  assert.equal(await codeOf(listModelFiles(folder)), 'bad-model')
  await rm(join(folder, 'link'))
  writeFileSync(join(folder, 'a\nb'), '')
  assert.equal(await codeOf(listModelFiles(folder)), 'bad-model')
})

const SHARED = fileURLToPath(new URL('../../../../../shared/vectors/', import.meta.url))
const oms = (path: string) => join(SHARED, 'oms', path)
const AT = Date.parse('2025-06-01T00:00:00Z')

function vectorTrust(folder: string): SignerTrust {
  if (folder.endsWith('elliptic-key'))
    return { mode: 'key', keys: [publicKeyOf(readFileSync(oms('keys/signing-key-pub.pem'), 'utf8'))] }
  if (folder.endsWith('certificate'))
    return {
      mode: 'certificate',
      roots: readCertificates(readFileSync(oms('keys/ca-cert.pem'), 'utf8')),
      time: AT,
    }
  return {
    mode: 'sigstore',
    trustedRoot: readFileSync(join(SHARED, 'sigstore', 'trusted_root_public-good.json')),
    identity: 'stefanb@us.ibm.com',
    issuer: 'https://sigstore.verify.ibm.com/oauth2',
  }
}

const VECTORS = ['v1.0.0-elliptic-key', 'v1.0.0-certificate', 'v1.0.0-sigstore', 'v0.3.1-sigstore']

for (const folder of VECTORS) {
  test(`the reference implementation’s ${folder}: good, and every alteration noticed`, async t => {
    if (!existsSync(SHARED)) return t.skip('shared/vectors is not here')
    const bytes = readFileSync(oms(`${folder}/model.sig`))
    const trust = vectorTrust(folder)
    const { manifest, signer } = await checkSignature(bytes, trust)
    assert.equal(signer.mode, trust.mode)
    // The one of a single file was made of that file, and calls it ".".
    const path = folder.endsWith('key') ? oms(`${folder}/signme-1`) : oms(folder)
    assert.ok(isSame(await compare(path, manifest, oms(`${folder}/model.sig`))))
    const names = folder.endsWith('key') ? ['signme-1'] : ['signme-1', 'signme-2']
    for (const name of names) {
      const file = readFileSync(oms(`${folder}/${name}`))
      for (let at = 0; at < file.length; at++) {
        const altered = Buffer.from(file)
        altered[at]! ^= 0x20
        const copies = Object.fromEntries(
          names.map(one => [
            one,
            one === name ? altered.toString() : readFileSync(oms(`${folder}/${one}`), 'utf8'),
          ]),
        )
        const copy = await folderWith(copies)
        const difference = await compare(folder.endsWith('key') ? join(copy, name) : copy, manifest)
        assert.deepEqual(difference.altered, [name])
      }
    }
    // What was signed, and what shows by whom and when.
    const text = bytes.toString()
    for (const field of [
      'payload"',
      'sig"',
      'rawBytes"',
      'signedEntryTimestamp"',
      'integratedTime"',
      'canonicalizedBody"',
      'mediaType"',
      'payloadType"',
    ]) {
      const start = text.indexOf(`"${field}`)
      if (start === -1 || (field === 'rawBytes"' && trust.mode === 'key')) continue
      const from = text.indexOf('"', start + field.length + 2) + 1
      const to = text.indexOf('"', from)
      const step = Math.max(1, Math.floor((to - from) / 40))
      for (let at = from; at < to; at += step) {
        const altered = Buffer.from(bytes)
        altered[at] = altered[at] === 0x41 ? 0x42 : 0x41
        assert.notEqual(await codeOf(checkSignature(altered, trust)), 'none', `${field} at ${at - from}`)
      }
    }
  })
}

test('the vectors under other keys, roots, times and identities', async t => {
  if (!existsSync(SHARED)) return t.skip('shared/vectors is not here')
  const read = (folder: string) => readFileSync(oms(`${folder}/model.sig`))
  const certificate = vectorTrust('v1.0.0-certificate')
  const sigstore = vectorTrust('v1.0.0-sigstore')
  assert.ok(certificate.mode === 'certificate' && sigstore.mode === 'sigstore')
  const wrong: [string, SignerTrust, string][] = [
    ['v1.0.0-elliptic-key', { mode: 'key', keys: [pairOf('P-384').key] }, 'bad-signature'],
    ['v1.0.0-elliptic-key', certificate, 'bad-signature'],
    ['v1.0.0-elliptic-key', sigstore, 'bad-signature'],
    ['v1.0.0-certificate', { ...certificate, roots: [] }, 'bad-certificate'],
    ['v1.0.0-certificate', { ...certificate, time: Date.parse('2025-05-01') }, 'bad-certificate'],
    ['v1.0.0-certificate', { ...certificate, time: Date.parse('2035-05-01') }, 'bad-certificate'],
    ['v1.0.0-certificate', sigstore, 'bad-signature'],
    ['v1.0.0-sigstore', { ...sigstore, identity: 'stefanb@us.ibm.co' }, 'bad-signature'],
    ['v1.0.0-sigstore', { ...sigstore, identity: '.*' }, 'bad-signature'],
    ['v1.0.0-sigstore', { ...sigstore, issuer: 'https://accounts.google.com' }, 'bad-signature'],
    ['v1.0.0-sigstore', { ...sigstore, trustedRoot: Buffer.from('[]') }, 'bad-config'],
    ['v0.3.1-sigstore', certificate, 'bad-signature'],
  ]
  for (const [folder, trust, code] of wrong)
    assert.equal(await codeOf(checkSignature(read(folder), trust)), code, folder)
})
