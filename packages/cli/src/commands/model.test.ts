import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { buildDemoModels, CREDIT_FEATURES } from '@answerable/node/models'
import { startTestGateway } from '../../test/gateway.ts'
import { answerable, temporaryFolder } from '../cli.fixture.ts'

const folder = temporaryFolder()
const home = join(folder, 'home')
const model = join(folder, 'credit')
const key = join(folder, 'publisher.pem')
const run = (...args: string[]) => answerable(args, { home })

mkdirSync(model)
const [, demo] = await buildDemoModels(join(folder, 'demo'))
copyFileSync(demo!.file, join(model, 'credit.onnx'))
const CARD = {
  name: 'credit-int8',
  version: '1.0.0',
  licence: 'Apache-2.0',
  intendedUse: 'Demonstrations of receipts and appeals.',
  limits: ['No decision about a real person.', 'Amounts are in Deutsche Mark.'],
  publisher: 'Example Publisher',
  format: 'onnx',
}
writeFileSync(join(model, 'model.json'), JSON.stringify(CARD))
for (const name of ['publisher', 'stranger']) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  writeFileSync(join(folder, `${name}.pem`), publicKey.export({ type: 'spki', format: 'pem' }))
  writeFileSync(join(folder, `${name}-secret.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }))
}

test('signed, and checked: exit status 0, 1 and 2', async () => {
  const signed = await run('model', 'sign', model, '--key', join(folder, 'publisher-secret.pem'))
  assert.equal(signed.status, 0, signed.err)
  assert.match(signed.out, /Signed 2 files of credit\./)
  const good = await run('model', 'check', model, '--key', key)
  assert.equal(good.status, 0, good.err)
  assert.match(good.out, /The files are those that were signed\./)
  const single = await run(
    'model',
    'check',
    join(model, 'credit.onnx'),
    '--key',
    key,
    '--signature',
    join(model, 'model.sig'),
  )
  assert.equal(single.status, 0, single.out)
  const json = JSON.parse((await run('model', 'check', model, '--key', key, '--json')).out)
  assert.deepEqual([json.good, json.altered, json.signer.mode], [true, [], 'key'])

  const stranger = await run('model', 'check', model, '--key', join(folder, 'stranger.pem'))
  assert.equal(stranger.status, 1)
  assert.match(stranger.out, /FAIL .*not signed by .*\(bad-signature\)/s)
  const onnx = readFileSync(join(model, 'credit.onnx'))
  const altered = Buffer.from(onnx)
  altered[altered.length - 1]! ^= 1
  writeFileSync(join(model, 'credit.onnx'), altered)
  writeFileSync(join(model, 'extra.txt'), '')
  const wrong = await run('model', 'check', model, '--key', key)
  assert.equal(wrong.status, 1)
  assert.match(wrong.out, /- altered: credit\.onnx\n {2}- extra: extra\.txt/)
  writeFileSync(join(model, 'credit.onnx'), onnx)
  assert.equal((await run('model', 'check', model, '--key', key)).status, 1)
  assert.equal((await run('model', 'check', model, '--key', key, '--ignore-unsigned')).status, 0)
  const { rmSync } = await import('node:fs')
  rmSync(join(model, 'extra.txt'))

  for (const args of [
    ['model', 'check', model],
    ['model', 'check', join(folder, 'none'), '--key', key],
    ['model', 'check', model, '--key', model],
    ['model', 'check', model, '--key', key, '--root', key],
    ['model', 'check', model, '--key', key, '--signature', key],
    ['model', 'check', model, '--sigstore', key],
    ['model', 'sign', model],
    ['model', 'sign', model, '--key', key],
    ['model', 'show', 'nothing-of-that-name'],
    ['model', 'pull', 'http://127.0.0.1:9', '--key', key],
  ]) {
    const { status, words } = await run(...args)
    assert.equal(status, 2, args.join(' '))
    assert.match(words, /^error: /)
  }
})

test('shown: header, licence, use and limits', async () => {
  const { status, out } = await run('model', 'show', model)
  assert.equal(status, 0)
  for (const words of [
    /licence {5} ?Apache-2\.0/,
    /for +Demonstrations of receipts and appeals\./,
    /limits +- No decision about a real person\./,
    /ONNX, IR version 8; operators of ai\.onnx 17/,
    /checking_status: FLOAT/,
    /manifest {4} ?[0-9a-f]{64}/,
  ])
    assert.match(out, words)
  const json = JSON.parse((await run('model', 'show', model, '--json')).out)
  assert.deepEqual(json.card, CARD)
  assert.equal(json.headers[0].header.format, 'onnx')
  const none = await run('model', 'show', key)
  assert.equal(none.status, 0)
  assert.match(none.out, /neither an ONNX, a GGUF nor a safetensors/)
})

test('a real GGUF model is shown', async t => {
  const file = new URL('../../../../../shared/models/stories260K.gguf', import.meta.url).pathname
  if (!existsSync(file)) return t.skip('shared/models is not here')
  const { out } = await run('model', 'show', file)
  assert.match(out, /licence +mit/)
  assert.match(out, /quantised +F32/)
  assert.match(out, /47 tensors \(47 F32\), 260,032 weights/)
})

test('a publisher is trusted once, listed, and removed; another key is not covered by --yes', async () => {
  const own = join(folder, 'own')
  const trust = (...args: string[]) => answerable(['trust', 'publisher', ...args], { home: own })
  assert.equal((await trust(key, '--name', 'example')).status, 2)
  assert.equal((await trust(key, '--name', 'example', '--yes')).status, 0)
  assert.equal(statSync(join(own, 'publishers', 'example.json')).mode & 0o777, 0o600)
  assert.match((await trust(key, '--name', 'example')).out, /trusted already/)
  const changed = await trust(join(folder, 'stranger.pem'), '--name', 'example', '--yes')
  assert.equal(changed.status, 2)
  assert.match(changed.words, /the key of example has changed/)
  const list = await answerable(['trust', 'list', '--json'], { home: own })
  assert.equal(JSON.parse(list.out).publishers[0].name, 'example')
  const checked = await answerable(['model', 'check', model], { home: own })
  assert.equal(checked.status, 0, checked.err)
  assert.match(checked.out, /signed by +example/)
  assert.equal((await trust('--remove', '--name', 'example')).status, 0)
  assert.equal((await answerable(['model', 'check', model], { home: own })).status, 2)
})

test('served, shared, fetched by another, and a receipt that rests on the signature', async () => {
  const signature = { file: join(model, 'model.sig'), key }
  const gateway = await startTestGateway({
    localModels: [{ name: 'credit', file: join(model, 'credit.onnx'), signature, share: true }],
  })
  after(() => gateway.close())
  const store = join(folder, 'store')
  const refused = await run(
    'model',
    'pull',
    gateway.url,
    '--key',
    join(folder, 'stranger.pem'),
    '--store',
    store,
  )
  assert.equal(refused.status, 2)
  assert.match(refused.words, /bad-signature/)
  const pulled = await run('model', 'pull', gateway.url, 'credit', '--key', key, '--store', store)
  assert.equal(pulled.status, 0, pulled.err)
  const list = await run('model', 'list', '--store', store)
  assert.match(list.out, /credit +1 +\d+\.\d kB +[0-9a-f]{16}…\n +signed by key [0-9a-f]{16}…/)
  const [listed] = JSON.parse((await run('model', 'list', '--store', store, '--json')).out).models
  assert.ok(readFileSync(join(listed.path, 'credit.onnx')).equals(readFileSync(join(model, 'credit.onnx'))))
  assert.match(
    (await run('model', 'show', 'credit', '--store', store)).out,
    /No decision about a real person/,
  )
  assert.equal((await run('model', 'show', 'other', '--store', store)).status, 2)
  assert.match((await run('model', 'list', '--store', join(folder, 'empty'))).out, /No models in/)

  const answer = await fetch(`${gateway.url}/v2/models/credit/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      inputs: CREDIT_FEATURES.map(({ name, default: value }) => ({
        name,
        datatype: 'FP32',
        shape: [1, 1],
        data: [value],
      })),
    }),
  })
  assert.equal(answer.status, 200)
  await gateway.network.gateway.publisher.publishNow()
  await gateway.network.gateway.publisher.publishNow()
  const receipt = join(folder, 'receipt.json')
  const got = await run('receipt', 'get', answer.headers.get('answerable-receipt-url')!, '-o', receipt)
  assert.equal(got.status, 0, got.err)
  assert.equal((await run('trust', 'add', gateway.url, '--yes', '--name', 'test')).status, 0)
  const policy = join(folder, 'policy.json')
  writeFileSync(policy, JSON.stringify({ require: { model: 'signature' } }))
  const unsigned = await run('verify', receipt, '--policy', policy)
  assert.equal(unsigned.status, 1, unsigned.err)
  assert.match(unsigned.out, /operator-assertion/)
  assert.equal((await run('trust', 'publisher', key, '--name', 'example', '--yes')).status, 0)
  const trusted = await run('verify', receipt, '--policy', policy)
  assert.equal(trusted.status, 0, trusted.out)
  assert.match(trusted.out, /model +pass +signature +signed-manifest/)
  // What a policy brings takes the place of the store.
  const pem = readFileSync(join(folder, 'stranger.pem'), 'utf8')
  writeFileSync(
    policy,
    JSON.stringify({ require: { model: 'signature' }, publishers: [{ name: 'x', key: pem }] }),
  )
  assert.equal((await run('verify', receipt, '--policy', policy)).status, 1)
  // A copy that does not say which model does not bring its signature.
  const copy = join(folder, 'copy.json')
  assert.equal((await run('receipt', 'export', receipt, '--only', 'request', '-o', copy)).status, 0)
  assert.ok(!readFileSync(copy, 'utf8').includes('modelSignature'))
})
