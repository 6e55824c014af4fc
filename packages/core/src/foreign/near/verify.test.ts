import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { type AnyJson, hex, lookAt, outcomes, sha256, tdxMachine, Wallet } from '../../../test/foreign.ts'
import { concat, fromHex, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { portableSuite } from '../../portable.ts'
import { personalSigner } from '../hashes.ts'

const REQUEST = '{"model":"openai/gpt-oss-120b"}'
const RESPONSE = 'data: {}\n\ndata: [DONE]\n\n'
const HASHES = `${sha256(REQUEST)}:${sha256(RESPONSE)}`
const wallet = new Wallet()
const other = new Wallet()

function made(text: string, by = wallet): AnyJson {
  return { text, signature: by.sign(text), signing_address: by.address, signing_algo: 'ecdsa' }
}
const good = () => made(`openai/gpt-oss-120b:${HASHES}`)
const bodies = { request: utf8(REQUEST), response: utf8(RESPONSE) }
const key = utf8(`${wallet.address}\n`)
const look = (file: AnyJson, options: Parameters<typeof lookAt>[2] = {}) =>
  lookAt('near', file, { ...bodies, key, ...options })

const SIGNED = {
  recorded: 'not-checked no-log',
  model: 'pass signer-assertion',
  place: 'not-checked no-evidence',
}
const NOT_SHOWN = { model: 'not-checked record-not-shown', place: 'not-checked record-not-shown' }

test('the published example: the address that it names signed it', () => {
  // https://docs.near.ai/cloud/verification/chat
  const text =
    'Qwen/Qwen3.5-122B-A10B:2974f24b2a687856d2a0cf08d813902965c25e6552ba7062e4fa303432b6d2ad:8cb30eef9d133bdc6bfe812772dc4a62336d2827caea843546cbeff3f004c42c'
  const signature =
    'ed381e84d059198d1826e44dbbbac9501caaa8f79f913f27578acafa5be852e6103fe34fabd6446d7fde3f5250c0a16e109fe088a562bae08ac13d081a66d0761b'
  const address = '6525e128afcffebf7eed05d485d7be983cdae934'
  assert.equal(hex(personalSigner(text, fromHex(signature))!), address)
  const file = { text, signature: `0x${signature}`, signing_address: `0x${address}`, signing_algo: 'ecdsa' }
  const found = lookAt('near', file, {
    key: utf8(address),
    request: utf8(
      '{"messages":[{"content":"Respond with only two words.","role":"user"}],"stream":true,"model":"Qwen/Qwen3.5-122B-A10B","chat_template_kwargs":{"enable_thinking":false}}',
    ),
  })
  assert.deepEqual(outcomes(found), SIGNED)
})

test('a machine of a model, and the gateway: by the address that the reader knows', () => {
  const machine = look(good())
  assert.deepEqual(outcomes(machine), SIGNED)
  assert.match(machine.claims.model.sentence, /"openai\/gpt-oss-120b"/)
  assert.match(machine.title, /the machine of a model/)
  assert.ok(machine.unsigned.includes('when it was signed'))
  const gateway = look({ ...made(HASHES), signature_kind: 'gateway' })
  assert.deepEqual(outcomes(gateway), { ...SIGNED, model: 'not-checked not-signed' })
  assert.match(gateway.title, /gateway/)
  // A colon in the name of a model does not move the digests.
  assert.match(look(made(`a:b:${HASHES}`)).claims.model.sentence, /"a:b"/)
})

test('signed with Ed25519', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const address = hex(publicKey.export({ type: 'spki', format: 'der' }).subarray(12))
  const text = `m:${HASHES}`
  const file = {
    text,
    signature: hex(sign(null, utf8(text), privateKey)),
    signing_address: address,
    signing_algo: 'ed25519',
  }
  assert.deepEqual(outcomes(look(file, { key: utf8(address) })), SIGNED)
  assert.equal(
    outcomes(look({ ...file, text: `n:${HASHES}` }, { key: utf8(address) })).recorded,
    'fail bad-receipt-signature',
  )
})

test('an address that only the file names is nobody’s', () => {
  assert.deepEqual(outcomes(lookAt('near', good(), bodies)), {
    recorded: 'not-checked unknown-signer',
    ...NOT_SHOWN,
  })
})

const replace = (file: AnyJson, field: string, value: AnyJson) => ({ ...file, [field]: value })
const ALTERED: [name: string, file: () => AnyJson, recorded: string][] = [
  ['the model', () => replace(good(), 'text', `openai/gpt-4:${HASHES}`), 'fail bad-receipt-signature'],
  ['the model, left out', () => replace(good(), 'text', HASHES), 'fail bad-receipt-signature'],
  [
    'the request',
    () => replace(good(), 'text', good().text.replace(sha256(REQUEST), '0'.repeat(64))),
    'fail request-mismatch',
  ],
  [
    'the response',
    () => replace(good(), 'text', good().text.replace(sha256(RESPONSE), '0'.repeat(64))),
    'fail response-mismatch',
  ],
  ['the address', () => replace(good(), 'signing_address', other.address), 'fail bad-receipt-signature'],
  ['another signer', () => made(good().text, other), 'fail signer-mismatch'],
  ['the kind', () => replace(good(), 'signature_kind', 'gateway'), 'fail signer-mismatch'],
]
for (const [name, file, expected] of ALTERED)
  test(`altered: ${name}`, () =>
    assert.deepEqual(outcomes(look(file())), { recorded: expected, ...NOT_SHOWN }))

test('every byte of the signature, and its other spelling', () => {
  const file = good()
  const bytes = fromHex(file.signature.slice(2))
  for (let at = 0; at < bytes.length; at++) {
    const altered = Uint8Array.from(bytes)
    altered[at]! ^= 4
    const found = look(replace(file, 'signature', hex(altered)))
    assert.equal(outcomes(found).recorded, 'fail bad-receipt-signature', `byte ${at}`)
  }
  const s = BigInt(`0x${hex(bytes.subarray(32, 64))}`)
  const high = (secp256k1.Point.Fn.ORDER - s).toString(16).padStart(64, '0')
  const twin = `${hex(bytes.subarray(0, 32))}${high}${bytes[64] === 27 ? '1c' : '1b'}`
  assert.equal(outcomes(look(replace(file, 'signature', twin))).recorded, 'fail bad-receipt-signature')
})

test('what is not signed may be there, and is named', () => {
  const found = look({ ...good(), signature_kind: 'provider_tee', extra: { a: 1 } })
  assert.deepEqual(outcomes(found), SIGNED)
  assert.deepEqual(found.unsigned.slice(0, 2), ['"signature_kind"', '"extra"'])
})

test('evidence is not taken on its word', () => {
  const report = {
    signing_address: wallet.address,
    signing_algo: 'ecdsa',
    request_nonce: '00'.repeat(32),
    intel_quote: '00'.repeat(700),
  }
  for (const attestation of [report, { gateway_attestation: report }, { model_attestations: [report] }]) {
    const found = lookAt('near', good(), { ...bodies, attestation: utf8(JSON.stringify(attestation)) })
    assert.equal(outcomes(found).recorded, 'not-checked unknown-signer')
    assert.notEqual(found.claims.place.result, 'pass')
  }
})

test('with evidence that holds the address, of software that the reader knows', () => {
  const nonce = '07'.repeat(32)
  const tls = '09'.repeat(32)
  const address = fromHex(wallet.address.slice(2))
  const plain = concat(address, new Uint8Array(12), fromHex(nonce))
  const withTls = concat(portableSuite.sha256(concat(address, fromHex(tls))), fromHex(nonce))
  for (const [reportData, more] of [
    [plain, {}],
    [plain, { tls_cert_fingerprint: null }],
    [withTls, { tls_cert_fingerprint: tls }],
  ] as const) {
    const { quote, trusting, unknowing } = tdxMachine(reportData)
    const named = { signing_address: wallet.address, signing_algo: 'ecdsa', request_nonce: nonce }
    const attestation = utf8(JSON.stringify({ ...named, intel_quote: quote, ...more }))
    const look = (options: object) => outcomes(lookAt('near', good(), { ...bodies, attestation, ...options }))
    assert.deepEqual(look(trusting), { ...SIGNED, place: 'pass hardware-attested' })
    assert.deepEqual(look(unknowing).place, 'not-checked measurement-not-approved')
    assert.deepEqual(look(unknowing).recorded, 'not-checked unknown-signer')
    assert.deepEqual(look({ ...trusting, nonce: '08'.repeat(32) }).place, 'fail evidence-not-bound')
    // Another address in the report does not put it into the quote.
    const moved = JSON.stringify({ ...named, signing_address: other.address, intel_quote: quote, ...more })
    const forged = lookAt('near', made(good().text, other), {
      ...bodies,
      ...trusting,
      attestation: utf8(moved),
    })
    assert.deepEqual(outcomes(forged).recorded, 'not-checked unknown-signer')
    assert.deepEqual(outcomes(forged).place, 'fail evidence-not-bound')
  }
})

test('what cannot be read', () => {
  const throws = (file: AnyJson, options: Parameters<typeof lookAt>[2], code: string) =>
    assert.throws(
      () => look(file, options),
      error => error instanceof AnswerableError && error.code === code,
    )
  throws(replace(good(), 'text', 'hello'), {}, 'bad-format')
  throws(replace(good(), 'text', `m\n:${HASHES}`), {}, 'bad-format')
  throws(replace(good(), 'signature', '0x00'), {}, 'bad-format')
  throws(replace(good(), 'signing_algo', 'rsa'), {}, 'bad-format')
  throws(good(), { key: utf8('somebody') }, 'bad-key')
})
