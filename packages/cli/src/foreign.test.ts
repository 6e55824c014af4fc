import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { EPOCH, World } from '../../core/test/fixture.ts'
import { type AnyJson, Gateway, hex, sha256, tdxMachine, Wallet } from '../../core/test/foreign.ts'
import { answerable, temporaryFolder } from './cli.fixture.ts'

const home = temporaryFolder()
const folder = temporaryFolder()

function save(name: string, content: AnyJson): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const REQUEST = '{"model":"m","messages":[{"role":"user","content":"hi"}],"n":1}'
const CANONICAL = '{"messages": [{"content": "hi", "role": "user"}], "model": "m", "temperature": 0.0}'
const gateway = new Gateway()
const body = {
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
}
const response = save('response.json', gateway.response(CANONICAL, 'hello', body))
const key = save('key.pem', gateway.pem)
const request = save('request.json', REQUEST)

test('OpenGradient: whose it is, six claims, what is not signed; exit 1, and a plain sentence why', async () => {
  const { status, out, err } = await answerable(['verify', response, '--key', key, '--request', request], {
    home,
  })
  assert.equal(status, 1, err)
  assert.match(out, /^A receipt of another system: OpenGradient’s TEE gateway\./)
  for (const row of [
    /^ {2}recorded +not checked +- +no-log$/m,
    /^ {2}model +not checked +- +not-signed$/m,
    /^ {2}place +not checked +- +no-evidence$/m,
    /^ {2}output +not checked +- +not-recomputed$/m,
    /^ {2}quality +not checked +- +no-evaluations$/m,
    /^ {2}accountability +not checked +- +nobody-answers$/m,
    /^Not signed\n {2}- response: id$/m,
    /^ {2}- request: n$/m,
    /^Policy not met: the default/m,
    /What is signed is shown\nall the same: see recorded, above\.$/m,
  ])
    assert.match(out, row)
})

test('a bad signature fails, and is not said to be shown', async () => {
  const other = save('other.pem', new Gateway().pem)
  const { status, out } = await answerable(['verify', response, '--key', other], { home })
  assert.equal(status, 1)
  assert.match(out, /^ {2}recorded +FAIL +signature +signer-mismatch$/m)
  assert.doesNotMatch(out, /all the same/)
})

test('--json is one object', async () => {
  const { status, out } = await answerable(['verify', response, '--key', key, '--json'], { home })
  assert.equal(status, 1)
  const result = JSON.parse(out)
  assert.deepEqual(Object.keys(result), [
    'receipt',
    'policy',
    'verdict',
    'claims',
    'system',
    'title',
    'unsigned',
    'facts',
  ])
  assert.equal(result.system, 'opengradient')
  assert.equal(result.claims.recorded.reason, 'no-log')
})

const wallet = new Wallet()
const text = `m:${sha256(REQUEST)}:${sha256('hello')}`
const near = { text, signature: wallet.sign(text), signing_address: wallet.address, signing_algo: 'ecdsa' }

test('NEAR AI, with evidence, collateral and a policy that names the software', async () => {
  const nonce = '05'.repeat(32)
  const { quote, trusting } = tdxMachine(
    Buffer.concat([Buffer.from(wallet.address.slice(2), 'hex'), Buffer.alloc(12), Buffer.from(nonce, 'hex')]),
  )
  const { signature: _, text: __, ...named } = near
  const attestation = save('report.json', { ...named, request_nonce: nonce, intel_quote: quote })
  const { roots, references } = trusting.evidencePolicy
  const policy = save('policy.json', { evidence: { roots: { intel: roots.intel }, references } })
  const collateral = trusting.endorsements['intel-collateral'].map((bytes, i) =>
    save(`collateral${i}.json`, Buffer.from(bytes).toString()),
  )
  const { status, out, err } = await answerable(
    [
      'verify',
      save('near.json', near),
      '--request',
      request,
      '--attestation',
      attestation,
      '--policy',
      policy,
      ...collateral.flatMap(path => ['--collateral', path]),
      '--as-of',
      new Date(trusting.asOf).toISOString(),
    ],
    { home },
  )
  assert.equal(status, 1, err)
  assert.match(out, /^ {2}recorded +not checked +- +no-log$/m)
  assert.match(out, /^ {2}model +said +assertion +signer-assertion$/m)
  assert.match(out, /^ {2}place +pass +hardware +hardware-attested$/m)
  assert.match(out, /^Evidence\n {2}platform +Intel TDX/m)
  assert.match(out, /^ {2}binding +pass +bound$/m)
})

test('unusable: options in the wrong place, and files that cannot be read', async () => {
  const ours = save('ours.json', Buffer.from(JSON.stringify({})).toString())
  const world = new World()
  assert.ok(EPOCH > 0)
  const { formatReceipt } = await import('@answerable/core/receipt')
  const receipt = save('receipt.json', formatReceipt(world.answer().receipt))
  for (const [args, words] of [
    [[receipt, '--key', key], /--key is for receipts of other systems, and this is none/],
    [[ours, '--nonce', 'x'], /--nonce is for receipts of other systems/],
    [[response, '--linked', receipt], /--linked: no receipt of this system/],
    [[response, '--response', request], /response itself/],
    [[response, '--key', request], /public key/],
    [[save('broken.json', { ...near, signing_algo: 'rsa' })], /broken.json: signing_algo/],
    [['-', '--key', '-'], /only one of the files/],
  ] as const) {
    const { status, words: said } = await answerable(['verify', ...args], { home })
    assert.equal(status, 2, said)
    assert.match(said, words)
  }
})

test('from standard input', async () => {
  const { status, out } = await answerable(['verify', '-', '--key', save('address', `${wallet.address}\n`)], {
    home,
    input: JSON.stringify(near),
  })
  assert.equal(status, 1)
  assert.match(out, /NEAR AI Cloud, the machine of a model/)
  assert.ok(out.includes(hex(Buffer.from(wallet.address.slice(2), 'hex'))))
})
