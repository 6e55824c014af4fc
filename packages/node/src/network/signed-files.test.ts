import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { errorCode } from '@answerable/core'
import { parseReceipt, publishersFrom, trustFrom, Verifier } from '@answerable/core/receipt'
import { formatPolicy } from '@answerable/core/tlog'
import { check, post, start, temporaryFolder } from '../../test/network.ts'
import { loadConfig } from '../gateway/index.ts'
import { nodeSuite } from '../log/index.ts'
import { makeCertificate } from '../model-store/certificate.fixture.ts'
import { digestModel, listModelFiles, signModel } from '../model-store/index.ts'
import { buildDemoModels, CREDIT_FEATURES } from '../models/index.ts'

const REQUEST = {
  inputs: CREDIT_FEATURES.map(({ name, default: value }) => ({
    name,
    datatype: 'FP32',
    shape: [1, 1],
    data: [value],
  })),
}

/** A signed model in a folder of its own: an ONNX file, its card, its signature, and the key that signed. */
async function signedFolder(t: TestContext) {
  const folder = temporaryFolder(t)
  const [, { file }] = (await buildDemoModels(join(folder, 'demo'))) as [unknown, { file: string }]
  const model = join(folder, 'model')
  const { mkdirSync } = await import('node:fs')
  mkdirSync(model)
  copyFileSync(file, join(model, 'credit.onnx'))
  writeFileSync(join(model, 'model.json'), '{}')
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
  writeFileSync(join(folder, 'publisher.pem'), pem)
  const resources = await digestModel(await listModelFiles(model))
  const { bytes } = signModel({ name: 'credit', resources, privateKey })
  const signature = join(model, 'model.sig')
  writeFileSync(signature, bytes)
  return { folder, model, file: join(model, 'credit.onnx'), signature, pem, resources }
}

const local = (file: string, signature: Record<string, unknown>, more = {}) => ({
  localModels: [{ name: 'credit', file, signature, ...more }],
})

test('a signed model is served, and its receipt rests on the publisher’s signature', async t => {
  const { folder, file, signature, pem } = await signedFolder(t)
  const key = join(folder, 'publisher.pem')
  const network = await start(t, { demo: false, set: local(file, { file: signature, key }) })
  const answer = await post(`${network.url}/v2/models/credit/infer`, REQUEST)
  assert.equal(answer.status, 200, await answer.clone().text())
  const { verification, text } = await check(network, answer)
  assert.equal(verification.claims.model.reason, 'operator-assertion', 'the reader named no publisher')
  assert.match(verification.claims.model.sentence, /manifest [0-9a-f]{16}…/)
  const trust = {
    ...trustFrom([{ name: 'test', policy: formatPolicy(network.policy) }], nodeSuite),
    publishers: publishersFrom([{ name: 'Example Publisher', key: pem }], nodeSuite),
  }
  const { claims, disclosed } = new Verifier(nodeSuite, trust).verify(parseReceipt(Buffer.from(text)))
  assert.deepEqual(
    [claims.model.result, claims.model.basis, claims.model.reason],
    ['pass', 'signature', 'signed-manifest'],
  )
  assert.equal((disclosed.model!.signed as { file: string }).file, 'credit.onnx')
  // The public part says nothing of the model.
  const open = parseReceipt(
    Buffer.from(
      await (
        await fetch(new URL(answer.headers.get('answerable-receipt-url')!.split('#')[0]!))
      ).arrayBuffer(),
    ),
  )
  assert.equal(open.modelSignature, undefined)
})

test('an altered, missing or replaced file stops the start with its name', async t => {
  const { folder, model, file, signature } = await signedFolder(t)
  const key = join(folder, 'publisher.pem')
  const begin = () => start(t, { demo: false, set: local(file, { file: signature, key }) })
  for (const name of ['credit.onnx', 'model.json']) {
    const path = join(model, name)
    const before = readFileSync(path)
    for (const at of [0, Math.floor(before.length / 2), before.length - 1]) {
      const altered = Buffer.from(before)
      altered[at]! ^= 1
      writeFileSync(path, altered)
      await assert.rejects(begin(), error => {
        assert.equal(errorCode(error), 'model-altered')
        return (error as Error).message.includes(path)
      })
    }
    writeFileSync(path, before)
    renameSync(path, `${path}.away`)
    await assert.rejects(begin(), { code: 'model-altered' })
    renameSync(`${path}.away`, path)
  }
  copyFileSync(file, join(model, 'other.onnx'))
  const other = local(join(model, 'other.onnx'), { file: signature, key })
  await assert.rejects(start(t, { demo: false, set: other }), { code: 'model-altered' })
})

test('another key, no key, a signature that is none', async t => {
  const { folder, file, signature } = await signedFolder(t)
  const key = join(folder, 'publisher.pem')
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  writeFileSync(join(folder, 'stranger.pem'), stranger.export({ type: 'spki', format: 'pem' }))
  const wrong: [Record<string, unknown>, string][] = [
    [{ file: signature, key: join(folder, 'stranger.pem') }, 'bad-signature'],
    [{ file: signature, key: join(folder, 'none.pem') }, 'bad-config'],
    [{ file: signature, key: signature }, 'bad-config'],
    [{ file: key, key }, 'bad-json'],
    [{ file: join(folder, 'none.sig'), key }, 'bad-config'],
  ]
  for (const [config, code] of wrong)
    await assert.rejects(start(t, { demo: false, set: local(file, config) }), { code }, code)
  const load = (set: Record<string, unknown>) => loadConfig(undefined, {}, set)
  for (const set of [
    local(file, { file: signature }),
    local(file, { file: signature, key, roots: [key] }),
    { localModels: [{ name: 'a', file, share: true }] },
  ])
    assert.throws(() => load(set), { code: 'bad-config' })
})

test('signed with a certificate: roots, and a time', async t => {
  const { folder, file, signature, resources } = await signedFolder(t)
  const root = makeCertificate({ subject: 'root', ca: true })
  const leaf = makeCertificate({ subject: 'Example Publisher', issuer: root })
  const { bytes } = signModel({
    name: 'credit',
    resources,
    privateKey: leaf.privateKey,
    certificates: [leaf.certificate],
  })
  writeFileSync(signature, bytes)
  writeFileSync(join(folder, 'root.pem'), root.pem)
  const roots = [join(folder, 'root.pem')]
  const at = (asOf: string) => start(t, { demo: false, set: local(file, { file: signature, roots, asOf }) })
  await assert.rejects(at('2028-01-01T00:00:00Z'), { code: 'bad-certificate' })
  const network = await at('2026-06-01T00:00:00Z')
  const answer = await post(`${network.url}/v2/models/credit/infer`, REQUEST)
  const { verification } = await check(network, answer)
  assert.deepEqual(
    (verification.disclosed.model!.signed as { signer: { name: string } }).signer.name,
    '"CN=Example Publisher"',
  )
  rmSync(signature)
})

test('a GGUF file is compared before anything is loaded', async t => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'tiny.gguf')
  writeFileSync(file, 'GGUF as signed')
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = join(folder, 'publisher.pem')
  writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }))
  const { bytes } = signModel({
    name: 'tiny',
    resources: await digestModel(await listModelFiles(file)),
    privateKey,
  })
  writeFileSync(`${file}.sig`, bytes)
  writeFileSync(file, 'GGUF as altered')
  await assert.rejects(
    start(t, { demo: false, set: local(file, { file: `${file}.sig`, key }) }),
    error => errorCode(error) === 'model-altered' && (error as Error).message.includes('tiny.gguf'),
  )
})
