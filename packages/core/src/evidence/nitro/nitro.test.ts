import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  makeAuthority,
  makeCose,
  makeNitro,
  NITRO_TIME,
  nitroFields,
  Pairs,
  PCRS,
  payloadOf,
  pcrsOf,
  Raw,
  writeCbor,
} from '../../../test/nitro.ts'
import { alteredBytes, contextOf, recordedSuite, refusal } from '../../../test/tampering.ts'
import { keyPair, makeCertificate, makeCrl } from '../../../test/x509.ts'
import { concat, fromUtf8, toHex } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { portableSuite } from '../../portable.ts'
import { appraise } from '../appraise.ts'
import type { Check, CheckName } from '../check.ts'
import { endorsementsFrom } from '../endorsements.ts'
import { DEFAULT_EVIDENCE_POLICY } from '../policy.ts'
import { nitro } from './nitro.ts'
import { unwrapNitro } from './unwrap.ts'

const VECTORS = new URL('../../../../../../shared/vectors/nitro/', import.meta.url)

/** As SOURCES.md has them: good at that second, and two of them of enclaves that can be looked into. */
const TABLE = [
  { file: 'evervault_valid-attestation-doc-bytes.cbor', at: '2022-10-13T08:58:02Z', debug: false },
  { file: 'evervault_valid-attestation-doc-base64.txt', at: '2023-09-18T15:03:30Z', debug: true },
  { file: 'dstack_dstack-attest_tests_nitro_attestation.bin', at: '2025-12-25T16:04:19Z', debug: false },
  { file: 'dstack_dstack-attest_tests_nitro_attestation_dbg.bin', at: '2025-12-25T08:20:46Z', debug: true },
]

/** The document in a file, by itself. */
function vector(file: string): Uint8Array | undefined {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(readFileSync(new URL(file, VECTORS)))
  } catch {
    return undefined
  }
  return unwrapNitro(file.endsWith('.txt') ? new Uint8Array(Buffer.from(fromUtf8(bytes), 'base64')) : bytes)
}

const HERE = vector(TABLE[0]!.file) !== undefined
const skip = !HERE && 'shared/vectors is not here'

const AUTHORITY = makeAuthority()
const POLICY = {
  ...DEFAULT_EVIDENCE_POLICY,
  roots: { ...DEFAULT_EVIDENCE_POLICY.roots, nitro: [AUTHORITY.root.fingerprint] },
}
const CONTEXT = contextOf(NITRO_TIME, { policy: POLICY })

function find(checks: readonly Check[], name: CheckName): string | undefined {
  const found = checks.find(one => one.check === name)
  return found && `${found.outcome} ${found.reason}`
}

function checked(bytes: Uint8Array, context = CONTEXT) {
  return nitro.check(nitro.parse(bytes), context)
}

function codeOf(bytes: Uint8Array): string {
  try {
    nitro.parse(bytes)
  } catch (error) {
    assert.ok(error instanceof AnswerableError, `${error}`)
    return error.code
  }
  return 'read'
}

for (const { file, at, debug } of TABLE)
  test(`${file}: ${debug ? 'signed, and in debug mode' : 'good'} at its time, and out of it not`, {
    skip,
  }, () => {
    const parsed = nitro.parse(vector(file)!)
    const good = appraise(nitro, parsed, contextOf(at))
    assert.equal(find(good.checks, 'signature'), 'pass signed')
    assert.equal(find(good.checks, 'chain'), 'pass chained')
    assert.equal(find(good.checks, 'validity'), 'pass in-time')
    assert.equal(find(good.checks, 'debug'), debug ? 'fail debug-mode' : 'pass not-debug')
    assert.equal(good.verdict.met, !debug)
    assert.deepEqual(good.verdict.unmet, debug ? ['debug fails: debug-mode'] : [])
    assert.ok(good.window.from <= Date.parse(at) && Date.parse(at) <= good.window.until)
    // About three hours.
    assert.ok(good.window.until - good.window.from < 3.1 * 3_600_000)

    for (const [time, reason] of [
      [Date.parse('2026-11-01T00:00:00Z'), 'certificate-expired'],
      [good.window.until + 1, 'certificate-expired'],
      [good.window.from - 1, 'certificate-not-yet-valid'],
    ] as const) {
      const other = appraise(nitro, parsed, contextOf(time))
      assert.equal(find(other.checks, 'validity'), `fail ${reason}`)
      assert.equal(other.verdict.met, false)
    }
    const roots = { ...DEFAULT_EVIDENCE_POLICY.roots, nitro: ['00'.repeat(32)] }
    const distrusted = nitro.check(parsed, contextOf(at, { policy: { ...DEFAULT_EVIDENCE_POLICY, roots } }))
    assert.equal(find(distrusted.checks, 'chain'), 'fail root-not-trusted')
  })

for (const { file, at } of TABLE)
  test(`${file}: not one altered byte is taken`, { skip }, () => {
    const bytes = vector(file)!
    const suite = recordedSuite(recording => {
      assert.equal(refusal(nitro, bytes, contextOf(at, { suite: recording })), undefined)
    })
    const context = contextOf(at, { suite })
    assert.equal(refusal(nitro, bytes, context), undefined)
    for (const { at: place, altered } of alteredBytes(bytes))
      assert.ok(refusal(nitro, altered, context) !== undefined, `byte ${place} of ${file}`)
  })

test('a real document by both suites, byte by byte of a sample', { skip }, () => {
  const { file, at } = TABLE[0]!
  const bytes = vector(file)!
  assert.equal(refusal(nitro, bytes, contextOf(at, { suite: portableSuite })), undefined)
  for (const { at: place, altered } of alteredBytes(bytes, [0x04], 61))
    assert.ok(refusal(nitro, altered, contextOf(at)) !== undefined, `byte ${place}`)
})

test('what a real document measures and binds', { skip }, () => {
  const findings = nitro.check(nitro.parse(vector(TABLE[2]!.file)!), contextOf(TABLE[2]!.at))
  assert.equal(findings.platform, 'AWS Nitro Enclaves')
  assert.deepEqual(Object.keys(findings.measurements), ['pcr0', 'pcr1', 'pcr2', 'pcr3', 'pcr4', 'pcr8'])
  assert.match(findings.measurements.pcr0!, /^eb7d0dab08ff4154[0-9a-f]{80}$/)
  assert.equal(findings.measurements.pcr3, '00'.repeat(48))
  assert.equal(findings.reportData?.length, 64)
  assert.equal(findings.nonce, undefined)
  assert.equal(findings.facts.module, 'i-0827e799ec9232d44-enc019b5640fdf630d6')
  assert.equal(findings.time, Date.parse('2025-12-25T16:04:19.346Z'))
})

test('wrappers: the document is where the table says, and parts of a wrapper hold none', { skip }, () => {
  const file = new Uint8Array(readFileSync(new URL(TABLE[2]!.file, VECTORS)))
  assert.deepEqual(unwrapNitro(file), file.subarray(4, 4530))
  const other = new Uint8Array(readFileSync(new URL(TABLE[3]!.file, VECTORS)))
  assert.deepEqual(unwrapNitro(other), other.subarray(4, 4533))
  for (const end of [0, 1, 3, 7, 8, 100, 4529]) assert.equal(unwrapNitro(file.subarray(0, end)), undefined)
})

test('wrappers: made here, of each kind', () => {
  const document = makeNitro(AUTHORITY)
  assert.equal(unwrapNitro(document), document)
  const tagged = makeNitro(AUTHORITY, {}, { tagged: true })
  assert.equal(unwrapNitro(tagged), tagged)
  const response = writeCbor(new Pairs([['Attestation', new Pairs([['document', document]])]]))
  assert.deepEqual(unwrapNitro(response), document)
  const two = document.length * 4 + 1
  const four = document.length * 4 + 2
  const scale = [
    Uint8Array.of(0, 2, two & 255, two >> 8),
    Uint8Array.of(0, 2, four & 255, (four >> 8) & 255, four >> 16, 0),
  ]
  for (const head of scale)
    assert.deepEqual(unwrapNitro(concat(head, document, new Uint8Array(70))), document)
  for (const none of [
    new Uint8Array(),
    new Uint8Array(64),
    Buffer.from('{"format":"nitro"}'),
    writeCbor(new Pairs([['Attestation', new Pairs([['document', new Uint8Array(9)]])]])),
    writeCbor(new Pairs([['Attestation', 1]])),
    writeCbor(new Pairs([['Error', 'InternalError']])),
    concat(Uint8Array.of(0, 1, two & 255, two >> 8), document),
    concat(Uint8Array.of(0, 2, 255, 255, 255, 255), document),
  ])
    assert.equal(unwrapNitro(none), undefined)
})

test('a document made here is good, tagged or not, its map open or not', () => {
  const fields = nitroFields(AUTHORITY)
  const open = makeCose(payloadOf(fields, true), AUTHORITY.leaf.privateKey)
  for (const bytes of [makeNitro(AUTHORITY), makeNitro(AUTHORITY, {}, { tagged: true }), open]) {
    const { checks, verdict } = appraise(nitro, nitro.parse(bytes), CONTEXT)
    assert.deepEqual(verdict.unmet, [])
    assert.equal(find(checks, 'revocation'), 'not-checked no-revocation-answer')
    assert.equal(find(checks, 'platform'), 'not-checked no-platform-status')
    assert.equal(find(checks, 'binding'), 'not-checked nothing-bound')
  }
  // What the enclave left out may also not be there at all.
  const without = makeNitro(AUTHORITY, { public_key: undefined, user_data: undefined, nonce: undefined })
  assert.equal(refusal(nitro, without, CONTEXT), undefined)
})

test('not one altered byte of a document made here is taken, and none that is cut or longer', () => {
  const bytes = makeNitro(AUTHORITY, { user_data: new Uint8Array(32), nonce: new Uint8Array(20) })
  const suite = recordedSuite(recording => {
    assert.equal(refusal(nitro, bytes, { ...CONTEXT, suite: recording }), undefined)
  })
  for (const { at, altered } of alteredBytes(bytes, [0x01, 0x02, 0x08, 0x20, 0x80]))
    assert.ok(refusal(nitro, altered, { ...CONTEXT, suite }) !== undefined, `byte ${at}`)
  for (const { at, altered } of alteredBytes(bytes, [0xff], 41))
    assert.ok(refusal(nitro, altered, CONTEXT) !== undefined, `byte ${at}`)
  for (let end = 0; end < bytes.length; end++) assert.equal(codeOf(bytes.subarray(0, end)), 'truncated')
  assert.equal(codeOf(concat(bytes, Uint8Array.of(0))), 'trailing-bytes')
})

test('what a document must be to be read, each fault with its code', () => {
  const fields = nitroFields(AUTHORITY)
  const key = AUTHORITY.leaf.privateKey
  const pairs = Object.entries(fields) as [string, Uint8Array][]
  const twice = writeCbor(new Pairs([...pairs, ['digest', 'SHA384']]))
  const rows: [string, Uint8Array, string][] = [
    ['nothing', new Uint8Array(), 'truncated'],
    ['too long', new Uint8Array(20_000), 'too-large'],
    ['a key twice', makeCose(twice, key), 'duplicate-key'],
    ['a register twice', makeNitro(AUTHORITY, { pcrs: new Pairs([...pcrsOf(PCRS).list, [0, new Uint8Array(48)]]) }), 'duplicate-key'], // biome-ignore format: a row
    ['registers left open', makeNitro(AUTHORITY, { pcrs: new Pairs(pcrsOf(PCRS).list, true) }), 'indefinite-length'], // biome-ignore format: a row
    ['bundle left open', makeNitro(AUTHORITY, { cabundle: new Raw('9fff') }), 'indefinite-length'],
    ['bytes left open', makeNitro(AUTHORITY, { user_data: new Raw('5f4100ff') }), 'indefinite-length'],
    ['array left open', concat(Uint8Array.of(0x9f), makeNitro(AUTHORITY).subarray(1), Uint8Array.of(0xff)), 'indefinite-length'], // biome-ignore format: a row
    ['deep', makeNitro(AUTHORITY, { user_data: new Raw('81'.repeat(5000)) }), 'too-deep'],
    ['deep outside', Buffer.alloc(9000, 0x81), 'too-deep'],
    ['payload cut', makeCose(payloadOf(fields).subarray(0, 500), key), 'truncated'],
    ['payload longer', makeCose(concat(payloadOf(fields), Uint8Array.of(0)), key), 'trailing-bytes'],
    ['ES512', makeNitro(AUTHORITY, {}, { algorithm: -36 }), 'unknown-algorithm'],
    ['RS256', makeNitro(AUTHORITY, {}, { algorithm: -257 }), 'unknown-algorithm'],
    ['ES256', makeNitro(AUTHORITY, {}, { algorithm: -7, signature: new Uint8Array(64) }), 'unknown-algorithm'], // biome-ignore format: a row
    ['no algorithm', makeNitro(AUTHORITY, {}, { header: Buffer.from('a0', 'hex') }), 'unknown-algorithm'],
    ['critical header', makeNitro(AUTHORITY, {}, { header: Buffer.from('a201382202811863', 'hex') }), 'bad-evidence'], // biome-ignore format: a row
    ['unprotected header', makeNitro(AUTHORITY, {}, { unprotected: new Pairs([[4, 1]]) }), 'bad-evidence'],
    ['short signature', makeNitro(AUTHORITY, {}, { signature: new Uint8Array(64) }), 'bad-evidence'],
    ['another tag', concat(Uint8Array.of(0xd1), makeNitro(AUTHORITY)), 'bad-evidence'],
    ['two tags', concat(Uint8Array.of(0xd2, 0xd2), makeNitro(AUTHORITY)), 'bad-evidence'],
    ['an array of three', writeCbor([new Uint8Array(1), new Pairs([]), new Uint8Array(1)]), 'bad-evidence'],
    ['payload null', writeCbor([Buffer.from('a1013822', 'hex'), new Pairs([]), null, new Uint8Array(96)]), 'bad-evidence'], // biome-ignore format: a row
    ['no module', makeNitro(AUTHORITY, { module_id: undefined }), 'bad-evidence'],
    ['empty module', makeNitro(AUTHORITY, { module_id: '' }), 'bad-evidence'],
    ['SHA512', makeNitro(AUTHORITY, { digest: 'SHA512' }), 'bad-evidence'],
    ['timestamp 0', makeNitro(AUTHORITY, { timestamp: 0 }), 'bad-evidence'],
    ['negative timestamp', makeNitro(AUTHORITY, { timestamp: -5 }), 'bad-evidence'],
    ['timestamp past all dates', makeNitro(AUTHORITY, { timestamp: 9e15 }), 'bad-evidence'],
    ['no registers', makeNitro(AUTHORITY, { pcrs: new Pairs([]) }), 'bad-evidence'],
    ['register 32', makeNitro(AUTHORITY, { pcrs: pcrsOf({ 32: new Uint8Array(48) }) }), 'bad-evidence'],
    ['register by name', makeNitro(AUTHORITY, { pcrs: new Pairs([['0', new Uint8Array(48)]]) }), 'bad-evidence'], // biome-ignore format: a row
    ['register of 47 bytes', makeNitro(AUTHORITY, { pcrs: pcrsOf({ 0: new Uint8Array(47) }) }), 'bad-evidence'], // biome-ignore format: a row
    ['empty bundle', makeNitro(AUTHORITY, { cabundle: [] }), 'bad-evidence'],
    ['certificate of 1,025 bytes', makeNitro(AUTHORITY, { certificate: new Uint8Array(1025) }), 'bad-evidence'], // biome-ignore format: a row
    ['user data of 513 bytes', makeNitro(AUTHORITY, { user_data: new Uint8Array(513) }), 'bad-evidence'],
    ['nonce of 513 bytes', makeNitro(AUTHORITY, { nonce: new Uint8Array(513) }), 'bad-evidence'],
    ['key of 1,025 bytes', makeNitro(AUTHORITY, { public_key: new Uint8Array(1025) }), 'bad-evidence'],
    ['a field of nobody', makeNitro(AUTHORITY, { more: 1 }), 'bad-evidence'],
    ['text for bytes', makeNitro(AUTHORITY, { nonce: 'nonce' }), 'bad-evidence'],
  ]
  for (const [what, bytes, code] of rows) assert.equal(codeOf(bytes), code, what)
})

test('certificates: each fault with its reason', () => {
  const other = makeAuthority()
  const ca = { usage: ['digital-signature', 'certificate-sign'] as const, ca: true }
  const rows: [string, Uint8Array, string][] = [
    ['another root', makeNitro(other), 'fail root-not-trusted'],
    ['no root in the bundle', makeNitro(AUTHORITY, { cabundle: AUTHORITY.intermediates.map(({ der }) => der) }), 'fail chain-incomplete'], // biome-ignore format: a row
    ['no intermediates', makeNitro(AUTHORITY, { cabundle: [AUTHORITY.root.der] }), 'fail chain-incomplete'],
    ['garbage', makeNitro(AUTHORITY, { certificate: new Uint8Array(300) }), 'fail bad-certificate'],
    [
      'garbage in the bundle',
      makeNitro(AUTHORITY, { cabundle: [new Uint8Array(9)] }),
      'fail bad-certificate',
    ],
    ['forged', makeNitro(reissued({ signWith: other.intermediates[1]! })), 'fail bad-certificate-signature'],
    ['not for signing', makeNitro(reissued({ usage: ['key-agreement'] })), 'fail certificate-misused'],
    ['for whatever', makeNitro(reissued({ usage: null })), 'fail certificate-misused'],
    ['one that may issue', makeNitro(reissued(ca)), 'fail certificate-misused'],
  ]
  for (const [what, bytes, expected] of rows) {
    const { checks } = checked(bytes)
    assert.equal(find(checks, 'chain'), expected, what)
    assert.equal(appraise(nitro, nitro.parse(bytes), CONTEXT).verdict.met, false, what)
  }
})

/** The authority with another leaf. */
function reissued(options: Parameters<typeof makeAuthority>[0]): typeof AUTHORITY {
  const issuer = AUTHORITY.intermediates[1]!
  const times = { from: '2026-06-01T11:59:57Z', to: '2026-06-01T15:00:00Z' }
  return { ...AUTHORITY, leaf: makeCertificate({ subject: 'enclave', issuer, ...times, ...options }) }
}

test('signatures: by another key, of another curve, over another context', () => {
  const stranger = keyPair('P-384').privateKey
  const forged = makeCose(payloadOf(nitroFields(AUTHORITY)), stranger)
  assert.equal(find(checked(forged).checks, 'signature'), 'fail bad-signature')
  assert.equal(find(checked(forged).checks, 'chain'), 'pass chained')
  const small = reissued({ kind: 'P-256' })
  const curve = makeNitro(small, {}, { signature: new Uint8Array(96).fill(1) })
  assert.equal(find(checked(curve).checks, 'signature'), 'fail unknown-algorithm')
  const rsa = reissued({ kind: 'RSA-PKCS1', usage: ['digital-signature'] })
  const wrong = makeNitro(rsa, {}, { signature: new Uint8Array(96).fill(1) })
  assert.equal(find(checked(wrong).checks, 'signature'), 'fail unknown-algorithm')
  for (const fill of [0, 255]) {
    const bytes = makeNitro(AUTHORITY, {}, { signature: new Uint8Array(96).fill(fill) })
    assert.equal(find(checked(bytes).checks, 'signature'), 'fail bad-signature')
  }
})

test('time: certificates, and a document from later', () => {
  const parsed = nitro.parse(makeNitro(AUTHORITY))
  const at = (time: string): string | undefined =>
    find(nitro.check(parsed, { ...CONTEXT, time: Date.parse(time) }).checks, 'validity')
  assert.equal(at('2026-06-01T11:59:56.999Z'), 'fail certificate-not-yet-valid')
  assert.equal(at('2026-06-01T11:59:57Z'), 'pass in-time')
  assert.equal(at('2026-06-01T15:00:00.999Z'), 'pass in-time')
  assert.equal(at('2026-06-01T15:00:01Z'), 'fail certificate-expired')
  const late = (ms: number): string | undefined =>
    find(checked(makeNitro(AUTHORITY, { timestamp: NITRO_TIME + ms })).checks, 'validity')
  assert.equal(late(60_000), 'pass in-time')
  assert.equal(late(60_001), 'fail evidence-not-yet-made')
  const { window } = nitro.check(parsed, CONTEXT)
  assert.deepEqual(window, {
    from: Date.parse('2026-06-01T11:59:57Z'),
    until: Date.parse('2026-06-01T15:00:00.999Z'),
  })
})

test('debug mode: zeros in the first three registers, and a policy that takes them', () => {
  const zero = new Uint8Array(48)
  const debug = makeNitro(AUTHORITY, { pcrs: pcrsOf({ ...PCRS, 0: zero, 1: zero, 2: zero }) })
  const judged = appraise(nitro, nitro.parse(debug), CONTEXT)
  assert.deepEqual(judged.verdict.unmet, ['debug fails: debug-mode'])
  assert.equal(judged.measurements.pcr0, '00'.repeat(48))
  const lenient = { ...CONTEXT, policy: { ...POLICY, debug: 'accept' as const } }
  assert.equal(appraise(nitro, nitro.parse(debug), lenient).verdict.met, true)
  const silent = makeNitro(AUTHORITY, { pcrs: pcrsOf({ 0: PCRS[0]!, 1: PCRS[1]! }) })
  assert.equal(find(checked(silent).checks, 'debug'), 'not-checked debug-not-stated')
  assert.equal(appraise(nitro, nitro.parse(silent), CONTEXT).verdict.met, false)
})

test('binding, nonce and reference values', () => {
  const binding = new Uint8Array(32).fill(7)
  const bytes = makeNitro(AUTHORITY, { user_data: binding, nonce: new Uint8Array(16).fill(9) })
  const parsed = nitro.parse(bytes)
  const measurements = { pcr0: toHex(PCRS[0]!), pcr2: toHex(PCRS[2]!) }
  const reference = { format: 'nitro' as const, measurements, image: 'ours', role: 'gateway' as const }
  const also = ['nonce', 'binding', 'measurement'] as const
  const judge = (more: object, values: (typeof reference)[] = [reference]) =>
    appraise(nitro, parsed, { ...CONTEXT, policy: { ...POLICY, references: values }, also, ...more }).verdict
  const nonce = new Uint8Array(16).fill(9)
  assert.deepEqual(judge({ binding, nonce }).unmet, [])
  assert.deepEqual(judge({ binding: new Uint8Array(32), nonce }).unmet, ['binding fails: wrong-binding'])
  assert.deepEqual(judge({ binding, nonce: new Uint8Array(16) }).unmet, ['nonce fails: wrong-nonce'])
  const others = [{ ...reference, measurements: { ...measurements, pcr2: '00'.repeat(48) } }]
  assert.deepEqual(judge({ binding, nonce }, others).unmet, ['measurement fails: measurement-not-approved'])
  const empty = appraise(nitro, nitro.parse(makeNitro(AUTHORITY, { user_data: new Uint8Array() })), {
    ...CONTEXT,
    binding,
  })
  assert.equal(find(empty.checks, 'binding'), 'fail wrong-binding')
})

test('revocation lists, where somebody brings them', () => {
  const { root, intermediates, leaf } = AUTHORITY
  const [zone, instance] = intermediates as [typeof root, typeof root]
  const parsed = nitro.parse(makeNitro(AUTHORITY))
  const state = (...lists: Uint8Array[]) => {
    const endorsements = endorsementsFrom(lists.map(bytes => ({ kind: 'crl', bytes })))
    return nitro.check(parsed, { ...CONTEXT, endorsements })
  }
  const good = [makeCrl(root), makeCrl(zone), makeCrl(instance)]
  const all = state(...good)
  assert.equal(find(all.checks, 'revocation'), 'pass not-revoked')
  assert.equal(all.window.from, Date.parse('2026-06-01T11:59:57Z'))
  assert.equal(find(state(good[0]!, good[1]!).checks, 'revocation'), 'not-checked no-revocation-answer')
  const revoked = makeCrl(zone, [{ certificate: instance.certificate }])
  assert.equal(find(state(good[0]!, revoked).checks, 'revocation'), 'fail certificate-revoked')
  const last = makeCrl(instance, [{ certificate: leaf.certificate }])
  assert.equal(find(state(good[0]!, good[1]!, last).checks, 'revocation'), 'fail certificate-revoked')
  const forged = makeCrl(zone, [], { signWith: root })
  assert.equal(find(state(good[0]!, forged).checks, 'revocation'), 'fail bad-revocation-answer')
  const old = makeCrl(instance, [], { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' })
  assert.equal(find(state(good[0]!, good[1]!, old).checks, 'revocation'), 'not-checked revocation-answer-out-of-date') // biome-ignore format: a row
  assert.equal(find(state(...good, new Uint8Array(8)).checks, 'revocation'), 'pass not-revoked')
  // Of several that are open, an answer that is too old says more than none.
  assert.equal(find(state(old).checks, 'revocation'), 'not-checked revocation-answer-out-of-date')
  const endorsements = endorsementsFrom(good.map(bytes => ({ kind: 'crl', bytes })))
  const distrusted = nitro.check(parsed, contextOf(NITRO_TIME, { endorsements }))
  assert.equal(find(distrusted.checks, 'revocation'), 'not-checked no-revocation-answer')
})

test('text that a terminal would obey goes', () => {
  const { facts } = checked(makeNitro(AUTHORITY, { module_id: `i-\u001b[31m\u202e${'x'.repeat(240)}` }))
  assert.doesNotMatch(facts.module as string, /[\p{Cc}\p{Cf}]/u)
  assert.equal(find(checked(makeNitro(AUTHORITY, { module_id: 'x'.repeat(256) })).checks, 'signature'), 'pass signed') // biome-ignore format: a row
})

test('whatever is done to a document, nothing is thrown but what may be', () => {
  const bytes = makeNitro(AUTHORITY, { user_data: new Uint8Array(32) })
  const suite = recordedSuite(recording => {
    checked(bytes, { ...CONTEXT, suite: recording })
  })
  const edit = fc.record({
    at: fc.nat(bytes.length - 1),
    remove: fc.nat(40),
    insert: fc.uint8Array({ maxLength: 40 }),
  })
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), edits => {
      let altered: Uint8Array = bytes
      for (const { at, remove, insert } of edits)
        altered = concat(altered.subarray(0, at), insert, altered.subarray(at + remove))
      const refused = refusal(nitro, altered, { ...CONTEXT, suite })
      if (toHex(altered) !== toHex(bytes)) assert.ok(refused !== undefined)
    }),
    { numRuns: 3000 },
  )
})
