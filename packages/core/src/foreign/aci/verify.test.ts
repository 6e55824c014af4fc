import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { type AnyJson, hex, lookAt, NOW, outcomes, sha256, tdxMachine } from '../../../test/foreign.ts'
import { concat, fromUtf8, toHex, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { portableSuite as suite } from '../../portable.ts'
import {
  aciDigest,
  aciReportData,
  aciSessionId,
  aciSigningInput,
  aciStatement,
  canonicalAci,
  readAciDocument,
} from './documents.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const REQUEST = '{"model":"m","messages":[]}'
const RESPONSE = '{"choices":[]}'
const KEYSET: AnyJson = {
  subject: null,
  not_after: 1_900_000_000,
  receipt_signing_keys: [
    {
      key_id: 'receipt-1',
      algo: 'ed25519',
      public_key: hex(publicKey.export({ type: 'spki', format: 'der' }).subarray(12)),
    },
  ],
  e2ee_public_keys: [],
  tls_public_keys: [],
}
const key = utf8(JSON.stringify(KEYSET))

function unsignedReceipt(): AnyJson {
  return {
    api_version: 'aci/1',
    receipt_id: 'rcpt-1',
    chat_id: null,
    model: 'm',
    workload_keyset_digest: aciDigest(KEYSET, suite),
    endpoint: '/v1/chat/completions',
    method: 'POST',
    served_at: 1_780_000_000,
    event_log: [
      { type: 'request.received', body_hash: `sha256:${sha256(REQUEST)}` },
      { type: 'request.forwarded', body_hash: `sha256:${sha256(REQUEST)}` },
      {
        type: 'upstream.verified',
        result: 'verified',
        required: true,
        model_id: 'vendor/m-70b',
        session_id: 'ab'.repeat(32),
      },
      { type: 'response.returned', body_hash: `sha256:${sha256(RESPONSE)}` },
    ],
    key_id: 'receipt-1',
  }
}

function signed(receipt: AnyJson): AnyJson {
  const { signature: _, ...rest } = receipt
  return { ...rest, signature: hex(sign(null, aciSigningInput(rest), privateKey)) }
}
const good = () => signed(unsignedReceipt())
const look = (file: AnyJson, options: Parameters<typeof lookAt>[2] = {}) =>
  lookAt('aci', file, { key, request: utf8(REQUEST), response: utf8(RESPONSE), ...options })

const SIGNED = {
  recorded: 'not-checked no-log',
  model: 'pass signer-assertion',
  place: 'not-checked no-evidence',
}
const NOT_SHOWN = { model: 'not-checked record-not-shown', place: 'not-checked record-not-shown' }

test('signed by a key of the reader’s keyset, however the file is laid out', () => {
  for (const file of [good(), utf8(JSON.stringify(good(), undefined, 2))]) {
    const found = look(file)
    assert.deepEqual(outcomes(found), SIGNED)
    assert.match(found.claims.recorded.sentence, /signed the request and the response that you hold/)
    assert.match(found.claims.model.sentence, /"vendor\/m-70b"/)
    assert.equal(found.claims.model.basis, 'assertion')
    assert.ok(found.unsigned.some(one => one.includes('ab'.repeat(32))))
    assert.ok(!/\bverified\b/.test(JSON.stringify(found)))
  }
})

test('every field is signed: none can be altered, and none added or left out', () => {
  const leaves = (value: AnyJson, path: (string | number)[] = []): (string | number)[][] =>
    value !== null && typeof value === 'object'
      ? Object.entries(value).flatMap(([name, one]) =>
          leaves(one, [...path, Array.isArray(value) ? Number(name) : name]),
        )
      : [path]
  let count = 0
  for (const path of leaves(good())) {
    for (const to of ['another', 1, null, undefined, `sha256:${'0'.repeat(64)}`, 'ab'.repeat(64)]) {
      const file = good()
      const holder = path.slice(0, -1).reduce((at, name) => at[name], file)
      if (holder[path.at(-1)!] === to) continue
      if (to === undefined) delete holder[path.at(-1)!]
      else holder[path.at(-1)!] = to
      count++
      let recorded: string
      try {
        recorded = outcomes(look(file)).recorded!
      } catch (error) {
        assert.ok(error instanceof AnswerableError && error.code === 'bad-format', String(error))
        continue
      }
      assert.match(recorded, /^fail /, `${path.join('.')} = ${to}`)
    }
  }
  assert.ok(count > 100)
  const more = { ...good(), extra: 1 }
  assert.deepEqual(outcomes(look(more)), { recorded: 'fail bad-receipt-signature', ...NOT_SHOWN })
})

test('request, response, keyset, key and time: each must be that of the receipt', () => {
  const recorded = (file: AnyJson, options = {}) => outcomes(look(file, options)).recorded
  assert.equal(recorded(good(), { request: utf8(`${REQUEST} `) }), 'fail request-mismatch')
  assert.equal(recorded(good(), { response: utf8(`${RESPONSE}\n`) }), 'fail response-mismatch')
  const keyset = (change: (keys: AnyJson) => void) => {
    const keys = structuredClone(KEYSET)
    change(keys)
    return { keys, key: utf8(JSON.stringify(keys)) }
  }
  assert.equal(
    recorded(
      good(),
      keyset(keys => keys.not_after++),
    ),
    'fail signer-mismatch',
  )
  for (const change of [
    (keys: AnyJson) => (keys.not_after = 1_780_000_000),
    (keys: AnyJson) => (keys.receipt_signing_keys[0].key_id = 'receipt-2'),
  ]) {
    const { keys, key: other } = keyset(change)
    const file = signed({ ...unsignedReceipt(), workload_keyset_digest: aciDigest(keys, suite) })
    assert.equal(recorded(file, { key: other }), 'fail signer-mismatch')
  }
  const { keys, key: strange } = keyset(one => (one.receipt_signing_keys[0].algo = 'ml-dsa-44'))
  const file = signed({ ...unsignedReceipt(), workload_keyset_digest: aciDigest(keys, suite) })
  assert.equal(recorded(file, { key: strange }), 'not-checked unknown-signer')
  assert.deepEqual(outcomes(lookAt('aci', good())), { recorded: 'not-checked unknown-signer', ...NOT_SHOWN })
})

test('a key on secp256k1, as drafts had it', () => {
  const secret = secp256k1.utils.randomSecretKey()
  const keys = structuredClone(KEYSET)
  Object.assign(keys.receipt_signing_keys[0], {
    algo: 'ecdsa-secp256k1',
    public_key: hex(secp256k1.getPublicKey(secret, false)),
  })
  const receipt = { ...unsignedReceipt(), workload_keyset_digest: aciDigest(keys, suite) }
  const signature = hex(secp256k1.sign(aciSigningInput(receipt), secret))
  const options = { key: utf8(JSON.stringify(keys)) }
  assert.deepEqual(outcomes(look({ ...receipt, signature }, options)), SIGNED)
  const other = signature.replace(/^../, digits => (digits === '00' ? '01' : '00'))
  assert.equal(
    outcomes(look({ ...receipt, signature: other }, options)).recorded,
    'fail bad-receipt-signature',
  )
})

test('a receipt that says nothing of an upstream says nothing of the model that answered', () => {
  const receipt = unsignedReceipt()
  receipt.event_log.splice(2, 1)
  assert.equal(outcomes(look(signed(receipt))).model, 'not-checked not-signed')
  const unsure = unsignedReceipt()
  Object.assign(unsure.event_log[2], { result: 'failed', required: false })
  assert.match(look(signed(unsure)).claims.model.sentence, /did not accept, and did not insist on/)
})

test('what reads in two ways, or has no canonical form, is refused', () => {
  const changes: ((receipt: AnyJson) => void)[] = [
    receipt => receipt.event_log.push(receipt.event_log[3]),
    receipt => receipt.event_log.reverse(),
    receipt => (receipt.served_at = 1.5),
    receipt => (receipt.event_log[1].ratio = 0.5),
    receipt => (receipt.api_version = 'aci/2'),
  ]
  for (const change of changes) {
    const receipt = unsignedReceipt()
    change(receipt)
    assert.throws(
      () => look({ ...receipt, signature: '00'.repeat(64) }),
      error => error instanceof AnswerableError && error.code === 'bad-format',
    )
  }
})

function report(quote: string): AnyJson {
  return {
    api_version: 'aci/1',
    workload_keyset_digest: aciDigest(KEYSET, suite),
    attestation: { tee_type: 'tdx', workload_keyset: KEYSET, report_data: '00', evidence: { quote } },
  }
}

test('a keyset in a report without evidence that holds is nobody’s, and no hardware is shown', () => {
  for (const quote of ['6163692d737475622d71756f7465', '']) {
    const attestation = utf8(JSON.stringify(report(quote)))
    const reported = lookAt('aci', good(), { attestation })
    assert.equal(outcomes(reported).recorded, 'not-checked unknown-signer')
    assert.notEqual(reported.claims.place.result, 'pass')
    // The reader's own keyset still is.
    const own = look(good(), { attestation })
    assert.equal(outcomes(own).recorded, 'not-checked no-log')
    assert.notEqual(own.claims.place.result, 'pass')
  }
  const another = report('00')
  another.attestation.workload_keyset = { ...KEYSET, not_after: 1_950_000_000 }
  const found = look(good(), { attestation: utf8(JSON.stringify(another)) })
  assert.equal(outcomes(found).place, 'fail evidence-not-bound')
})

test('a keyset in a report with evidence that holds, of software that the reader knows', () => {
  const nonce = '00112233445566778899aabbccddeeff'
  const binding = aciReportData(aciDigest(KEYSET, suite), nonce, suite)
  const { quote, trusting, unknowing } = tdxMachine(concat(binding, new Uint8Array(32)))
  const attestation = utf8(JSON.stringify(report(quote)))
  const found = lookAt('aci', good(), { attestation, nonce, ...trusting })
  assert.deepEqual(outcomes(found), { ...SIGNED, place: 'pass hardware-attested' })
  const rest = { model: 'not-checked record-not-shown' }
  const recorded = 'not-checked unknown-signer'
  assert.deepEqual(outcomes(lookAt('aci', good(), { attestation, nonce, ...unknowing })), {
    recorded,
    ...rest,
    place: 'not-checked measurement-not-approved',
  })
  const without = outcomes(lookAt('aci', good(), { attestation, ...trusting }))
  assert.deepEqual(without, { recorded, ...rest, place: 'not-checked evidence-incomplete' })
  const another = outcomes(lookAt('aci', good(), { attestation, ...trusting, nonce: `${nonce}0` }))
  assert.deepEqual(another, { recorded, ...rest, place: 'fail evidence-not-bound' })
  const late = outcomes(lookAt('aci', good(), { attestation, nonce, ...trusting, asOf: NOW + 3e11 }))
  assert.deepEqual(late, { recorded, ...rest, place: 'fail evidence-rejected' })
})

const VECTORS = new URL('../../../../../../shared/vectors/aci/', import.meta.url)

/** The blocks of a section, each as it stands there. */
function blocks(): Map<string, string[]> {
  const sections = JSON.parse(readFileSync(new URL('aci_vectors.json', VECTORS), 'utf8')) as {
    section: string
    blocks: string[]
  }[]
  return new Map(sections.map(({ section, blocks: own }) => [section.slice(0, 2), own]))
}

const lastValue = (block: string): string => block.slice(block.lastIndexOf('= ') + 2)

test('the published vectors: keyset, statement, session, receipt, byte for byte', t => {
  if (!existsSync(VECTORS)) return t.skip('shared/vectors is not here')
  const all = blocks()
  const read = (text: string) => readAciDocument(utf8(text), 'vector')
  const [keysetText, digestText] = all.get('1.')! as [string, string]
  assert.equal(canonicalAci(read(keysetText)), keysetText)
  const digest = aciDigest(read(keysetText), suite)
  assert.equal(digest, lastValue(digestText))
  const [withNonce, data, without, dataWithout, slot] = all.get('2.')! as [
    string,
    string,
    string,
    string,
    string,
  ]
  const { nonce } = JSON.parse(withNonce) as { nonce: string }
  assert.equal(aciStatement(digest, nonce), withNonce)
  assert.equal(aciStatement(digest, null), without)
  assert.equal(toHex(aciReportData(digest, nonce, suite)), lastValue(data))
  assert.equal(toHex(aciReportData(digest, null, suite)), lastValue(dataWithout))
  assert.equal(`${lastValue(data)}${'0'.repeat(64)}`, slot)
  const [evidenceText, sessionText, idText] = all.get('3.')! as [string, string, string]
  assert.equal(canonicalAci(read(sessionText)), sessionText)
  assert.equal(aciSessionId(read(sessionText), suite), lastValue(idText))
  const evidence = Buffer.from(/base64,(\S+)/.exec(evidenceText)![1]!, 'base64')
  assert.ok(evidenceText.includes(aciDigest(new Uint8Array(evidence), suite)))
  const [requestText, responseText, inputText, inputHash, signatureText, receiptText] = all.get('4.')! as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  assert.equal(fromUtf8(aciSigningInput(read(receiptText))), inputText)
  assert.equal(suite.sha256Hex(utf8(inputText)), lastValue(inputHash))
  assert.ok(receiptText.includes(lastValue(signatureText)))
  const [request, response] = [requestText, responseText].map(text => text.split('\n')[0]!) as [
    string,
    string,
  ]
  for (const text of [requestText, responseText])
    assert.equal(aciDigest(utf8(text.split('\n')[0]!), suite), lastValue(text))
  const options = { key: utf8(keysetText), request: utf8(request), response: utf8(response) }
  assert.deepEqual(outcomes(lookAt('aci', utf8(receiptText), options)), SIGNED)
  for (let at = 0; at < receiptText.length; at += 3) {
    const altered = utf8(receiptText)
    altered[at]! ^= 1
    try {
      assert.match(outcomes(lookAt('aci', altered, options)).recorded!, /^fail /, `byte ${at}`)
    } catch (error) {
      if (!(error instanceof AnswerableError)) throw error
    }
  }
})

test('the published reports: stub quotes, which are never hardware', t => {
  if (!existsSync(VECTORS)) return t.skip('shared/vectors is not here')
  for (const name of ['aci_report.json', 'aci_report_fixture.json']) {
    const attestation = readFileSync(new URL(name, VECTORS))
    const { attestation: fields, workload_keyset_digest: digest } = JSON.parse(
      attestation.toString(),
    ) as AnyJson
    assert.equal(aciDigest(fields.workload_keyset, suite), digest)
    const receipt = { ...unsignedReceipt(), workload_keyset_digest: digest, key_id: 'static-receipt-ed25519' }
    const found = lookAt('aci', signed(receipt), { attestation, now: NOW })
    assert.notEqual(found.claims.place.result, 'pass')
    assert.notEqual(found.claims.place.basis === 'hardware' && found.claims.place.result, 'pass')
    assert.notEqual(found.claims.recorded.reason, 'no-log')
  }
})
