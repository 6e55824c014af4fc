import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnyJson, Gateway, lookAt, NOW, outcomes } from '../../../test/foreign.ts'
import { makeAuthority, makeNitro, NITRO_TIME, PCRS } from '../../../test/nitro.ts'
import { concat, fromBase64, fromHex, toBase64, toHex, utf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { DEFAULT_EVIDENCE_POLICY } from '../../evidence/index.ts'
import { portableSuite } from '../../portable.ts'
import { keccak256 } from '../hashes.ts'

const gateway = new Gateway()
const other = new Gateway()
const key = utf8(gateway.pem)
const MESSAGE = { role: 'assistant', content: 'Grüße 👋' }
const REQUEST = '{"messages":[{"role":"user","content":"hi"}],"model":"gpt-4.1","temperature":1,"top_p":0.5}'
const CANONICAL = '{"messages": [{"content": "hi", "role": "user"}], "model": "gpt-4.1", "temperature": 1.0}'
const body = (message: AnyJson = MESSAGE, finish_reason = 'stop') => ({
  choices: [{ index: 0, message, finish_reason }],
  usage: { total_tokens: 7 },
  opengradient: { cost_opg: '12' },
})
const good = () => gateway.response(CANONICAL, MESSAGE.content, body())
const look = (file: AnyJson, options: Parameters<typeof lookAt>[2] = {}) =>
  lookAt('opengradient', file, { key, request: utf8(REQUEST), ...options })

const SIGNED = {
  recorded: 'not-checked no-log',
  model: 'not-checked not-signed',
  place: 'not-checked no-evidence',
}
const NOT_SHOWN = { model: 'not-checked record-not-shown', place: 'not-checked record-not-shown' }

test('keccak256 is not SHA3-256', () => {
  assert.equal(toHex(keccak256(utf8(''))), 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470')
})

test('signed by the reader’s key: said so, and no policy of ours is met by it', () => {
  for (const own of [key, fromBase64(toBase64(gateway.spki))]) {
    const found = look(good(), { key: own })
    assert.deepEqual(outcomes(found), SIGNED)
    assert.match(
      found.claims.recorded.sentence,
      /signed the request and the response that you hold, at 2026-05-28T/,
    )
    assert.deepEqual(found.verdict, {
      met: false,
      unmet: ['recorded is required, and was not checked: no-log'],
    })
    assert.deepEqual(found.unsigned, [
      'response: id',
      'response: object',
      'response: created',
      'response: model',
      'response: usage',
      'response: opengradient',
      'response: choices[0].index',
      'response: choices[0].finish_reason',
      'response: choices[0].message.role',
      'request: top_p',
    ])
  }
})

/** Requests, with what the gateway makes of them, written down by hand. */
const REQUESTS: [name: string, request: string, canonical: string][] = [
  ['no temperature', '{"model":"m","messages":[]}', '{"messages": [], "model": "m", "temperature": 0.0}'],
  [
    'a float',
    '{"model":"m","messages":[],"temperature":1e-05,"max_tokens":100,"stop":["a"]}',
    '{"max_tokens": 100, "messages": [], "model": "m", "stop": ["a"], "temperature": 1e-05}',
  ],
  [
    'what is unset is left out',
    '{"model":"m","messages":[],"max_tokens":null,"stop":[],"tools":[],"response_format":null,"web_search":false}',
    '{"messages": [], "model": "m", "temperature": 0.0}',
  ],
  [
    'nothing but zero',
    '{"model":"m","messages":[],"max_tokens":0}',
    '{"max_tokens": 0, "messages": [], "model": "m", "temperature": 0.0}',
  ],
  [
    'tools and a format, as they are',
    '{"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":{"maximum":1.50}}}],"response_format":{"type":"json_object"}}',
    '{"messages": [], "model": "m", "response_format": {"type": "json_object"}, "temperature": 0.0, "tools": [{"function": {"name": "f", "parameters": {"maximum": 1.5}}, "type": "function"}]}',
  ],
  [
    'every role',
    '{"model":"m","messages":[{"role":"developer","content":"d","x":1},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","index":0,"function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"t","tool_call_id":"1"},{"role":"function","content":"g","name":"f"}]}',
    '{"messages": [{"content": "d", "role": "system"}, {"content": "", "role": "assistant", "tool_calls": [{"function": {"arguments": "{}", "name": "f"}, "id": "1", "type": "function"}]}, {"content": "t", "role": "tool", "tool_call_id": "1"}, {"content": "g", "name": "f", "role": "function"}], "model": "m", "temperature": 0.0}',
  ],
  [
    'attachments, by type and name',
    '{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"é"},{"type":"image_url","image_url":{"url":"data:x"}},{"type":"file","file":{"filename":"a.pdf","file_data":"x"}}]}]}',
    '{"messages": [{"content": [{"text": "\\u00e9", "type": "text"}, {"type": "image_url"}, {"filename": "a.pdf", "type": "file"}], "role": "user"}], "model": "m", "temperature": 0.0}',
  ],
  [
    'web search, where the gateway has it',
    '{"model":"m","messages":[],"web_search":true}',
    '{"messages": [], "model": "m", "temperature": 0.0, "web_search": true}',
  ],
  [
    'web search, where it has not',
    '{"model":"m","messages":[],"web_search":true}',
    '{"messages": [], "model": "m", "temperature": 0.0}',
  ],
]

for (const [name, request, canonical] of REQUESTS)
  test(`the request: ${name}`, () => {
    const file = gateway.response(canonical, MESSAGE.content, body())
    assert.deepEqual(outcomes(look(file, { request: utf8(request) })), SIGNED)
    const altered = gateway.response(canonical.replace('"m"', '"n"'), MESSAGE.content, body())
    assert.equal(outcomes(look(altered, { request: utf8(request) })).recorded, 'fail request-mismatch')
  })

test('an attachment is named as not signed, and may be another', () => {
  const [, request, canonical] = REQUESTS.find(([name]) => name.startsWith('attachments'))!
  const file = gateway.response(canonical, MESSAGE.content, body())
  const found = look(file, { request: utf8(request.replace('data:x', 'data:y')) })
  assert.deepEqual(outcomes(found), SIGNED)
  assert.ok(found.unsigned.includes('request: messages[0].content[1] (what is attached)'))
})

const CALLS = [{ id: '1', type: 'function', function: { name: 'f', arguments: '{"a": 1}' } }]
const CALLS_TEXT = '[{"function": {"arguments": "{\\"a\\": 1}", "name": "f"}, "id": "1", "type": "function"}]'

test('the response: calls of tools, text in parts, and what stands beside them unsigned', () => {
  const calls = gateway.response(
    CANONICAL,
    CALLS_TEXT,
    body({ role: 'assistant', content: 'x', tool_calls: CALLS }, 'tool_calls'),
  )
  const found = look(calls)
  assert.deepEqual(outcomes(found), SIGNED)
  assert.ok(found.unsigned.includes('response: choices[0].message.content'))
  const parts = [
    { type: 'text', text: 'Grüße ' },
    { type: 'text', text: '👋' },
  ]
  assert.deepEqual(outcomes(look(gateway.response(CANONICAL, 'Grüße 👋', body({ content: parts })))), SIGNED)
  assert.deepEqual(outcomes(look(gateway.response(CANONICAL, '', body({ content: null })))), SIGNED)
  // Calls put beside a text that was signed are not covered, and said not to be.
  const slipped = good()
  slipped.choices[0].message.tool_calls = CALLS
  assert.deepEqual(outcomes(look(slipped)), SIGNED)
  assert.ok(look(slipped).unsigned.includes('response: choices[0].message.tool_calls'))
  slipped.choices[0].finish_reason = 'tool_calls'
  assert.equal(outcomes(look(slipped)).recorded, 'fail response-mismatch')
})

const flip = (text: string) => `${text.slice(0, 8)}${text[8] === 'a' ? 'b' : 'a'}${text.slice(9)}`
const ALTERED: [field: string, change: (file: AnyJson) => void, recorded: string][] = [
  ['tee_signature', file => (file.tee_signature = flip(file.tee_signature)), 'fail bad-receipt-signature'],
  [
    'tee_signature, cut',
    file => (file.tee_signature = file.tee_signature.slice(0, -4)),
    'fail bad-receipt-signature',
  ],
  [
    'tee_request_hash',
    file => (file.tee_request_hash = flip(file.tee_request_hash)),
    'fail request-mismatch',
  ],
  ['tee_output_hash', file => (file.tee_output_hash = flip(file.tee_output_hash)), 'fail response-mismatch'],
  ['tee_timestamp', file => file.tee_timestamp++, 'fail bad-receipt-signature'],
  ['tee_id', file => (file.tee_id = flip(file.tee_id)), 'fail signer-mismatch'],
  ['content', file => (file.choices[0].message.content += ' '), 'fail response-mismatch'],
]
for (const [field, change, expected] of ALTERED)
  test(`altered: ${field}`, () => {
    const file = good()
    change(file)
    assert.deepEqual(outcomes(look(file)), { recorded: expected, ...NOT_SHOWN })
  })

test('what no signature covers may be altered, and is said not to be covered', () => {
  const changes: [string, (file: AnyJson) => void][] = [
    ['model', file => (file.model = 'another')],
    ['usage', file => (file.usage.total_tokens = 1)],
    ['opengradient', file => (file.opengradient.cost_opg = '0')],
    ['choices[0].finish_reason', file => (file.choices[0].finish_reason = 'length')],
    ['choices[1]', file => file.choices.push({ message: { content: 'another' } })],
    ['id', file => (file.id = 'x')],
    ['extra', file => (file.extra = 1)],
  ]
  for (const [field, change] of changes) {
    const file = good()
    change(file)
    const found = look(file)
    assert.deepEqual(outcomes(found), SIGNED, field)
    assert.ok(found.unsigned.includes(`response: ${field}`), field)
  }
})

test('without a key nothing is known of the signer; with another’s it fails', () => {
  const { request } = { request: utf8(REQUEST) }
  const unknown = lookAt('opengradient', good(), { request })
  assert.deepEqual(outcomes(unknown), { recorded: 'not-checked unknown-signer', ...NOT_SHOWN })
  assert.equal(outcomes(look(good(), { key: utf8(other.pem) })).recorded, 'fail signer-mismatch')
  const forged = other.response(CANONICAL, MESSAGE.content, body())
  forged.tee_id = gateway.teeId
  assert.equal(outcomes(look(forged)).recorded, 'fail bad-receipt-signature')
  const without = lookAt('opengradient', good(), { key })
  assert.match(without.claims.recorded.notShown, /that the request is the one you hold \(it was not given\)/)
})

test('what cannot be read', () => {
  const throws = (run: () => unknown, code: string) =>
    assert.throws(run, error => error instanceof AnswerableError && error.code === code)
  throws(() => look(good(), { key: utf8('no key') }), 'bad-key')
  throws(() => look(good(), { key: Uint8Array.of(0x30, 0x80) }), 'bad-key')
  throws(() => look(good(), { response: utf8('x') }), 'bad-request')
  throws(() => look(good(), { request: utf8('[]') }), 'bad-format')
  throws(() => look(good(), { request: utf8('{"model":"m","messages":[{"role":"x"}]}') }), 'bad-format')
  throws(() => look(good(), { request: utf8('{"model":"m","messages":[],"temperature":"1"}') }), 'bad-format')
  for (const change of [
    (file: AnyJson) => (file.choices = []),
    (file: AnyJson) => (file.tee_timestamp = -1),
    (file: AnyJson) => (file.tee_timestamp = 1e300),
    (file: AnyJson) => (file.tee_signature = '*'),
    (file: AnyJson) => (file.tee_id = '0x'),
  ]) {
    const file = good()
    change(file)
    throws(() => look(file), 'bad-format')
  }
})

// The gateway's enclave, and its evidence.
const authority = makeAuthority()
const evidencePolicy = {
  ...DEFAULT_EVIDENCE_POLICY,
  roots: { ...DEFAULT_EVIDENCE_POLICY.roots, nitro: [authority.root.fingerprint] },
}
const multihash = fromHex('1220')
const userData = (spki: Uint8Array) =>
  concat(multihash, new Uint8Array(32).fill(7), multihash, portableSuite.sha256(spki))
const SECONDS = NITRO_TIME / 1000
const attested = () => gateway.response(CANONICAL, MESSAGE.content, body(), SECONDS)

test('with evidence of the enclave: the key is one of a workload that was measured, and known', () => {
  const document = makeNitro(authority, { user_data: userData(gateway.spki) })
  const references = [
    {
      format: 'nitro',
      measurements: { pcr0: toHex(PCRS[0]!) },
      image: 'gateway 1',
      role: 'gateway',
    } as const,
  ]
  for (const attestation of [document, utf8(`${toBase64(document)}\n`)]) {
    const found = look(attested(), { attestation, evidencePolicy: { ...evidencePolicy, references } })
    assert.deepEqual(outcomes(found), { ...SIGNED, place: 'pass hardware-attested' })
    assert.equal(found.claims.place.basis, 'hardware')
    assert.match(found.claims.place.sentence, /Your policy names it: gateway 1\.$/)
    assert.equal(found.facts.pcrHash, `0x${toHex(keccak256(PCRS[0]!, PCRS[1]!, PCRS[2]!))}`)
    assert.ok(found.evidence?.checks.some(one => one.check === 'binding' && one.outcome === 'pass'))
    const unknown = look(attested(), { attestation, evidencePolicy })
    assert.deepEqual(outcomes(unknown), { ...SIGNED, place: 'not-checked measurement-not-approved' })
  }
})

test('evidence of another key, of another root, of another hour, or none at all', () => {
  const of = (attestation: Uint8Array, more = {}) =>
    outcomes(look(attested(), { attestation, evidencePolicy, ...more })).place
  const document = makeNitro(authority, { user_data: userData(gateway.spki) })
  assert.equal(of(makeNitro(authority, { user_data: userData(other.spki) })), 'fail evidence-not-bound')
  assert.equal(of(makeNitro(authority, { user_data: new Uint8Array(68) })), 'fail evidence-not-bound')
  assert.equal(of(makeNitro(authority)), 'fail evidence-not-bound')
  assert.equal(of(document, { evidencePolicy: DEFAULT_EVIDENCE_POLICY }), 'fail evidence-rejected')
  assert.equal(of(document, { asOf: NOW + 1e10 }), 'fail evidence-rejected')
  assert.equal(of(utf8('AAAA')), 'fail evidence-rejected')
  assert.equal(of(new Uint8Array(9)), 'fail evidence-rejected')
})
