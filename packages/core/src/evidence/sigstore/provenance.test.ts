import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { opensslSuite } from '../../../test/openssl-suite.ts'
import {
  type BundleJson,
  type BundleOptions,
  emailName,
  IDENTITY,
  IMAGE,
  ISSUER,
  LOGGED,
  NOW,
  provenance,
  Sigstore,
  SLSA,
  uriName,
  utf8Der,
} from '../../../test/sigstore.ts'
import { makeCertificate, sequence, tagged, toPem } from '../../../test/x509.ts'
import { fromBase64, fromUtf8, toBase64, utf8 } from '../../bytes.ts'
import { nativeSuite } from '../../note/fixtures.test.ts'
import { portableSuite } from '../../portable.ts'
import { checkProvenance, PROVENANCE_REASONS, type Provenance, type ProvenanceOptions } from './index.ts'

/** The fast one: thousands of bundles are checked here. */
const suite = opensslSuite
const sigstore = new Sigstore()
const trustedRoot = sigstore.trustedRoot()
const identities = [{ identity: IDENTITY, issuer: ISSUER }]

function look(json: BundleJson, options: Partial<ProvenanceOptions> = {}): Provenance {
  const bundle = json instanceof Uint8Array ? json : utf8(JSON.stringify(json))
  return checkProvenance({
    bundle,
    trustedRoot,
    time: NOW,
    suite,
    imageDigest: IMAGE,
    identities,
    ...options,
  })
}

function reasons({ check, steps }: Provenance): string {
  const bad = steps.filter(({ outcome }) => outcome === 'fail').map(({ step, reason }) => `${step} ${reason}`)
  return `${check.outcome} ${check.reason}${bad.map(one => `, ${one}`).join('')}`
}

const GOOD: Record<string, BundleOptions> = {
  'version 0.3': {},
  'version 0.2': { version: '0.2' },
  'version 0.1, a promise alone': { version: '0.1', proof: false },
  'logged as intoto': { logAs: 'intoto' },
  'logged as hashedrekord': { logAs: 'hashedrekord' },
  'a message': { logAs: 'hashedrekord', content: 'message', statement: utf8('the image itself') },
  'a key on P-384': { kind: 'P-384' },
  'dated by another authority as well': { stamped: [LOGGED, LOGGED + 1000] },
  'Rekor’s second version': { logAs: 'dsse2', stamped: [LOGGED] },
  'a message in Rekor’s second version': {
    logAs: 'hashedrekord2',
    content: 'message',
    statement: utf8('the image itself'),
    stamped: [LOGGED],
    stampHash: 'sha256',
  },
  'the first of a log': { before: 0, after: 0 },
  'the last of a log': { before: 12, after: 0 },
}

test('a log can promise a time that no date has, and then nobody knows it', () => {
  const json = sigstore.bundle({ time: 9e18 / 1000 })
  assert.match(reasons(look(json)), /^fail bad-provenance, log unknown-log/)
})

for (const [name, options] of Object.entries(GOOD))
  test(`good: ${name}`, () => {
    const message = options.content === 'message'
    const digest = message ? nativeSuite.sha256Hex(options.statement as Uint8Array) : IMAGE
    for (const own of [suite, portableSuite]) {
      const found = look(sigstore.bundle(options), { suite: own, imageDigest: digest })
      assert.equal(reasons(found), 'pass provenance-shown')
      assert.deepEqual(found.signer, {
        identity: IDENTITY,
        kind: 'uri',
        issuer: ISSUER,
        build: { source: 'https://github.com/somebody/image' },
      })
      assert.equal(found.time, LOGGED)
      if (message) assert.equal(found.signed, undefined)
      else {
        assert.equal(found.signed?.predicateType, SLSA)
        assert.deepEqual(found.signed?.subjects[1], { name: 'image', digests: { sha256: IMAGE } })
      }
    }
  })

test('what the reader did not ask is said to be unasked, and is no pass of its own', () => {
  const { check, steps } = checkProvenance({
    bundle: utf8(JSON.stringify(sigstore.bundle())),
    trustedRoot,
    time: NOW,
    suite,
  })
  assert.match(check.detail, /of which image was not asked/)
  const open = steps.filter(({ outcome }) => outcome === 'not-checked').map(({ reason }) => reason)
  assert.deepEqual(open, ['no-timestamps', 'no-image-named', 'no-identity-named'])
})

test('whom it names: addresses, URIs, names; never two, never hidden', () => {
  const bundle = (...names: Uint8Array[]) => look(sigstore.bundle({ names }), { identities: [] })
  assert.equal(bundle(emailName('a@b.test')).signer?.identity, 'a@b.test')
  const other = tagged(
    0xa0,
    Buffer.concat([
      Buffer.from('060a2b0601040183bf300107', 'hex'),
      tagged(0xa0, utf8Der('somebody!example.test')),
    ]),
  )
  assert.deepEqual(
    { kind: bundle(other).signer?.kind, identity: bundle(other).signer?.identity },
    { kind: 'name', identity: 'somebody!example.test' },
  )
  for (const names of [
    [],
    [uriName('a:b'), uriName('c:d')],
    [uriName('a\u0000b')],
    [uriName('')],
    [uriName('a\u202eb')],
    [tagged(0x82, utf8('dns.test'))],
    [tagged(0xa0, sequence(utf8Der('x')))],
  ])
    assert.equal(reasons(bundle(...names)), 'fail bad-provenance, certificate bad-certificate')
})

type Case = [name: string, reasons: string, () => Provenance]
const bad = (name: string, options: BundleOptions, expected: string): Case => [
  name,
  expected,
  () => look(sigstore.bundle(options)),
]
const changed = (name: string, change: (bundle: BundleJson) => void, expected: string): Case => [
  name,
  expected,
  () => {
    const bundle = sigstore.bundle()
    change(bundle)
    return look(bundle)
  },
]
const rooted = (name: string, change: (root: BundleJson) => void, expected: string): Case => [
  name,
  expected,
  () => look(sigstore.bundle(), { trustedRoot: sigstore.trustedRoot(change) }),
]
const entryOf = (bundle: BundleJson) => bundle.verificationMaterial.tlogEntries[0]
const other = new Sigstore()

const CASES: Case[] = [
  [
    'another image',
    'fail provenance-of-another, subject about-another',
    () => look(sigstore.bundle(), { imageDigest: 'cd'.repeat(32) }),
  ],
  [
    'another identity',
    'fail provenance-by-another, identity identity-not-accepted',
    () => look(sigstore.bundle(), { identities: [{ identity: `${IDENTITY}x`, issuer: ISSUER }] }),
  ],
  [
    'the identity by the word of another',
    'fail provenance-by-another, identity identity-not-accepted',
    () => look(sigstore.bundle(), { identities: [{ identity: IDENTITY, issuer: `${ISSUER}/` }] }),
  ],
  [
    'nobody may sign',
    'fail provenance-by-another, identity identity-not-accepted',
    () => look(sigstore.bundle(), { identities: [] }),
  ],
  [
    'a trusted root that the policy does not name',
    'fail root-not-trusted, trusted-root root-not-trusted',
    () => look(sigstore.bundle(), { roots: ['00'.repeat(32)] }),
  ],
  [
    'no trusted root',
    'not-checked provenance-not-shown',
    () => look(sigstore.bundle(), { trustedRoot: undefined }),
  ],
  [
    'a trusted root that is none',
    'fail bad-provenance, trusted-root bad-trusted-root',
    () => look(sigstore.bundle(), { trustedRoot: utf8('{}') }),
  ],
  [
    'of the future',
    'fail bad-provenance, time not-yet-logged',
    () => look(sigstore.bundle(), { time: LOGGED - 1 }),
  ],
  ['of another Sigstore', 'fail bad-provenance, log unknown-log', () => look(other.bundle())],
  ['not JSON', 'fail bad-provenance, bundle bad-bundle', () => look(utf8('{'))],
  ['too long', 'fail bad-provenance, bundle bad-bundle', () => look(new Uint8Array(1024 * 1024 + 1))],
  // the certificate
  bad(
    'certified before the log',
    { to: '2026-03-01T11:59:59Z' },
    'fail bad-provenance, certificate certificate-out-of-time',
  ),
  bad(
    'certified after the log',
    { from: '2026-03-01T12:00:01Z' },
    'fail bad-provenance, certificate certificate-out-of-time',
  ),
  bad(
    'not for signing code',
    { purposes: ['1.3.6.1.5.5.7.3.1'] },
    'fail bad-provenance, certificate certificate-misused',
  ),
  bad('an authority itself', { ca: true }, 'fail bad-provenance, certificate certificate-misused'),
  bad(
    'a forged certificate',
    { signWith: other.intermediate },
    'fail bad-provenance, certificate bad-certificate-signature',
  ),
  bad(
    'issuers that differ',
    { olderIssuer: 'https://another.test' },
    'fail bad-provenance, certificate bad-certificate',
  ),
  bad(
    'a critical extension that is not known',
    { extra: [{ id: '1.2.3.4', critical: true, value: utf8Der('x') }] },
    'fail bad-provenance, certificate certificate-misused',
  ),
  // the log of certificates
  bad(
    'no certificate timestamp',
    { timestamps: 0 },
    'fail bad-provenance, certificate-log no-certificate-timestamp',
  ),
  bad(
    'one timestamp twice',
    { timestamps: 2 },
    'fail bad-provenance, certificate-log bad-certificate-timestamp',
  ),
  bad(
    'a timestamp from before the log',
    { timestampTime: 0 },
    'fail bad-provenance, certificate-log unknown-log',
  ),
  [
    'a certificate logged by another',
    'fail bad-provenance, certificate-log bad-certificate-timestamp',
    () =>
      look(sigstore.bundle(), {
        trustedRoot: sigstore.trustedRoot(root => {
          root.ctlogs[0].publicKey.rawBytes = toBase64(other.certificateLog.spki)
        }),
      }),
  ],
  // the log
  bad(
    'neither promise nor proof',
    { promise: false, proof: false },
    'fail bad-provenance, bundle bad-bundle',
  ),
  bad('a proof alone has no time', { promise: false }, 'not-checked provenance-not-shown'),
  bad(
    'version 0.1 without a promise',
    { version: '0.1', promise: false },
    'fail bad-provenance, bundle bad-bundle',
  ),
  bad('version 0.3 without a proof', { proof: false }, 'fail bad-provenance, bundle bad-bundle'),
  changed(
    'no entry',
    b => (b.verificationMaterial.tlogEntries = []),
    'fail bad-provenance, log no-log-entry',
  ),
  changed(
    'an entry twice',
    b => b.verificationMaterial.tlogEntries.push(entryOf(b)),
    'fail bad-provenance, log bad-promise',
  ),
  changed(
    'another time',
    b => (entryOf(b).integratedTime = String(LOGGED / 1000 + 1)),
    'fail bad-provenance, log bad-promise',
  ),
  changed('another index', b => (entryOf(b).logIndex = '7'), 'fail bad-provenance, log bad-promise'),
  changed(
    'another place in the tree',
    b => (entryOf(b).inclusionProof.logIndex = '4'),
    'fail bad-provenance, log bad-inclusion-proof',
  ),
  changed(
    'another size',
    b => (entryOf(b).inclusionProof.treeSize = '10'),
    'fail bad-provenance, log bad-checkpoint',
  ),
  changed(
    'a hash too few',
    b => entryOf(b).inclusionProof.hashes.pop(),
    'fail bad-provenance, log bad-inclusion-proof',
  ),
  changed(
    'a checkpoint of another log',
    b => {
      entryOf(b).inclusionProof.checkpoint = entryOf(other.bundle()).inclusionProof.checkpoint
    },
    'fail bad-provenance, log bad-checkpoint',
  ),
  [
    'the entry of another signature',
    'fail bad-provenance, entry entry-of-another',
    () => {
      const bundle = sigstore.bundle()
      bundle.verificationMaterial.tlogEntries = sigstore.bundle().verificationMaterial.tlogEntries
      return look(bundle)
    },
  ],
  changed(
    'an entry of another kind',
    b => (entryOf(b).kindVersion.kind = 'intoto'),
    'not-checked provenance-not-shown',
  ),
  [
    'an entry that is not what the log has',
    'fail bad-provenance, entry entry-of-another',
    () => {
      const bundle = sigstore.bundle({ logAs: 'dsse' })
      entryOf(bundle).kindVersion = { kind: 'hashedrekord', version: '0.0.1' }
      return look(bundle)
    },
  ],
  // the trusted root
  rooted(
    'the authority ended',
    root =>
      (root.certificateAuthorities[0].validFor = {
        start: '2025-06-01T00:00:00Z',
        end: '2026-02-01T00:00:00Z',
      }),
    'fail bad-provenance, certificate unknown-authority',
  ),
  rooted(
    'the log ended',
    root => (root.tlogs[0].publicKey.validFor.end = '2026-02-01T00:00:00Z'),
    'fail bad-provenance, log unknown-log',
  ),
  rooted(
    'another log of that name',
    root => (root.tlogs[0].publicKey.rawBytes = toBase64(other.rekor.spki)),
    'fail bad-provenance, log bad-promise',
  ),
  rooted(
    'the log under another name',
    root => (root.tlogs[0].baseUrl = 'https://evil.test/rekor.test'),
    'fail bad-provenance, log bad-checkpoint',
  ),
  rooted(
    'an authority of another root',
    root => (root.certificateAuthorities = JSON.parse(fromUtf8(other.trustedRoot())).certificateAuthorities),
    'fail bad-provenance, certificate bad-certificate-signature',
  ),
  rooted(
    'a key that cannot be read',
    root => (root.tlogs[0].publicKey.rawBytes = 'AAAA'),
    'fail bad-provenance, log bad-promise',
  ),
  rooted(
    'an authority that cannot be read',
    root => (root.certificateAuthorities[0].certChain.certificates[0].rawBytes = 'AAAA'),
    'fail bad-provenance, certificate unknown-authority',
  ),
  rooted(
    'a time that is none',
    root => (root.tlogs[0].publicKey.validFor.start = 'once'),
    'fail bad-provenance, trusted-root bad-trusted-root',
  ),
  rooted(
    'another version',
    root => (root.mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=9'),
    'fail bad-provenance, trusted-root bad-trusted-root',
  ),
  // timestamps
  bad('Rekor’s second version without a time', { logAs: 'dsse2' }, 'not-checked provenance-not-shown'),
  bad(
    'a timestamp of another signature',
    { stamped: [LOGGED], stampOf: utf8('another') },
    'fail bad-provenance, timestamps bad-timestamp',
  ),
  bad(
    'a timestamp after the certificate',
    { logAs: 'dsse2', stamped: [LOGGED + 3_600_000] },
    'fail bad-provenance, certificate certificate-out-of-time',
  ),
  bad('a timestamp twice', { stamped: [LOGGED, LOGGED] }, 'fail bad-provenance, timestamps bad-timestamp'),
  bad(
    'a timestamp by another authority',
    { stamped: [LOGGED], stampBy: other.stamper },
    'fail bad-provenance, timestamps bad-timestamp',
  ),
  bad(
    'a timestamp by a key of that name',
    { stamped: [LOGGED], stampBy: { ...sigstore.stamper, privateKey: other.stamper.privateKey } },
    'fail bad-provenance, timestamps bad-timestamp',
  ),
  changed(
    'a timestamp that cannot be read',
    b =>
      (b.verificationMaterial.timestampVerificationData = {
        rfc3161Timestamps: [{ signedTimestamp: 'AAAA' }],
      }),
    'fail bad-provenance, timestamps bad-timestamp',
  ),
  rooted('no authority for timestamps', root => (root.timestampAuthorities = []), 'pass provenance-shown'),
  [
    'an authority that is for something else',
    'fail bad-provenance, timestamps bad-timestamp',
    () => {
      const own = new Sigstore()
      Object.assign(own, { stamper: own.stamp({ purposes: ['1.3.6.1.5.5.7.3.3'] }) })
      return look(own.bundle({ stamped: [LOGGED] }), { trustedRoot: own.trustedRoot() })
    },
  ],
  // the bundle
  changed(
    'another payload type',
    b => (b.dsseEnvelope.payloadType = 'text/plain'),
    'fail bad-provenance, signature bad-signature, subject about-another',
  ),
  changed(
    'two signatures',
    b => b.dsseEnvelope.signatures.push(b.dsseEnvelope.signatures[0]),
    'fail bad-provenance, bundle bad-bundle',
  ),
  changed('two contents', b => (b.messageSignature = {}), 'fail bad-provenance, bundle bad-bundle'),
  changed(
    'a key in place of a certificate',
    b => (b.verificationMaterial = { publicKey: { hint: 'x' }, tlogEntries: [] }),
    'fail bad-provenance, bundle bad-bundle',
  ),
  changed(
    'two certificates',
    b => (b.verificationMaterial.x509CertificateChain = { certificates: [] }),
    'fail bad-provenance, bundle bad-bundle',
  ),
  changed(
    'another version',
    b => (b.mediaType = 'application/vnd.dev.sigstore.bundle.v0.4+json'),
    'fail bad-provenance, bundle bad-bundle',
  ),
  bad('no statement', { statement: { hello: 1 } }, 'fail bad-provenance, subject bad-statement'),
  bad(
    'a subject in capitals',
    { statement: provenance(IMAGE.toUpperCase()) },
    'fail provenance-of-another, subject about-another',
  ),
  bad(
    'a payload of another type',
    { payloadType: 'text/plain' },
    'fail provenance-of-another, subject about-another',
  ),
]

for (const [name, expected, run] of CASES) test(`bad: ${name}`, () => assert.equal(reasons(run()), expected))

test('an intermediate for something else passes nothing on', () => {
  const own = new Sigstore()
  Object.assign(own, {
    intermediate: makeCertificate({
      subject: 'Test Sigstore intermediate',
      issuer: own.root,
      ca: true,
      purposes: ['1.3.6.1.5.5.7.3.1'],
    }),
  })
  assert.equal(
    reasons(look(own.bundle(), { trustedRoot: own.trustedRoot() })),
    'fail bad-provenance, certificate certificate-misused',
  )
})

test('a certificate of the same name and key by another authority is not what the log has', () => {
  const bundle = sigstore.bundle()
  const { kind, certificate } = { kind: 'dsse', certificate: sigstore.leaf() }
  const entry = JSON.parse(fromUtf8(fromBase64(entryOf(bundle).canonicalizedBody)))
  entry.spec.signatures[0].verifier = toBase64(utf8(toPem('CERTIFICATE', certificate.der)))
  const body = utf8(JSON.stringify(entry))
  bundle.verificationMaterial.tlogEntries = [sigstore.entry(body, { kind, apiVersion: '0.0.1' }, LOGGED)]
  assert.equal(reasons(look(bundle)), 'fail bad-provenance, entry entry-of-another')
})

/** Where bytes or text of a bundle stand: how to read and to write them. */
type Part = { name: string; get(b: BundleJson): Uint8Array; set(b: BundleJson, bytes: Uint8Array): void }
const part = (name: string, holder: (b: BundleJson) => BundleJson, key: string, text = false): Part => ({
  name,
  get: b => (text ? utf8(holder(b)[key]) : fromBase64(holder(b)[key])),
  set(b, bytes) {
    holder(b)[key] = text ? Buffer.from(bytes).toString() : toBase64(bytes)
  },
})
const proofOf = (b: BundleJson) => entryOf(b).inclusionProof
const PARTS: Part[] = [
  part('payload', b => b.dsseEnvelope, 'payload'),
  part('signature', b => b.dsseEnvelope.signatures[0], 'sig'),
  part('payload type', b => b.dsseEnvelope, 'payloadType', true),
  part('certificate', b => b.verificationMaterial.certificate, 'rawBytes'),
  part('body', entryOf, 'canonicalizedBody'),
  part('log', b => entryOf(b).logId, 'keyId'),
  part('promise', b => entryOf(b).inclusionPromise, 'signedEntryTimestamp'),
  part('root', proofOf, 'rootHash'),
  part('hash', b => proofOf(b).hashes, '0'),
  part('last hash', b => proofOf(b).hashes, '3'),
  part('checkpoint', b => proofOf(b).checkpoint, 'envelope', true),
  part('kind', b => entryOf(b).kindVersion, 'kind', true),
  part('version', b => entryOf(b).kindVersion, 'version', true),
  part('time', entryOf, 'integratedTime', true),
  part('index', entryOf, 'logIndex', true),
  part('media type', b => b, 'mediaType', true),
]

test('every byte of every part: none can be altered', () => {
  const text = JSON.stringify(sigstore.bundle())
  for (const { name, get, set } of PARTS) {
    const bytes = get(JSON.parse(text))
    const same = JSON.parse(text)
    set(same, bytes)
    assert.equal(look(same).check.outcome, 'pass', name)
    for (let at = 0; at < bytes.length; at++) {
      const altered = Uint8Array.from(bytes)
      altered[at]! ^= 1 << (at % 8)
      const bundle = JSON.parse(text)
      set(bundle, altered)
      assert.notEqual(look(bundle).check.outcome, 'pass', `${name}, byte ${at}`)
    }
  }
})

test('every byte of a timestamp, and of what a log of the second version took: none can be altered', () => {
  const text = JSON.stringify(sigstore.bundle({ logAs: 'dsse2', stamped: [LOGGED] }))
  const passed: number[] = []
  const parts = [
    part(
      'timestamp',
      b => b.verificationMaterial.timestampVerificationData.rfc3161Timestamps[0],
      'signedTimestamp',
    ),
    part('body', entryOf, 'canonicalizedBody'),
    part('log', b => entryOf(b).logId, 'keyId'),
    part('checkpoint', b => proofOf(b).checkpoint, 'envelope', true),
  ]
  for (const { name, get, set } of parts) {
    const bytes = get(JSON.parse(text))
    for (let at = 0; at < bytes.length; at++) {
      const altered = Uint8Array.from(bytes)
      altered[at]! ^= 1 << (at % 8)
      const bundle = JSON.parse(text)
      set(bundle, altered)
      const { check } = look(bundle)
      // What is not signed of a timestamp says nothing: its status, versions, and lists of algorithms.
      if (name !== 'timestamp') assert.notEqual(check.outcome, 'pass', `${name}, byte ${at}`)
      else if (check.outcome === 'pass') passed.push(at)
    }
  }
  assert.ok(passed.length < 24, `${passed}`)
})

test('what is not signed may be otherwise, and changes nothing', () => {
  const changes: ((b: BundleJson) => void)[] = [
    b => (b.dsseEnvelope.signatures[0].keyid = 'another'),
    b => delete b.verificationMaterial.timestampVerificationData,
    b => (b.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.3'),
    b => (b.somethingNew = { a: 1 }),
    b => (entryOf(b).integratedTime = Number(entryOf(b).integratedTime)),
  ]
  for (const change of changes) {
    const bundle = sigstore.bundle()
    change(bundle)
    assert.equal(reasons(look(bundle)), 'pass provenance-shown')
  }
})

test('random and mutated bytes are never believed, and never throw', () => {
  const good = utf8(JSON.stringify(sigstore.bundle()))
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.uint8Array({ maxLength: 8 }), (at, bytes) => {
      const bundle = Uint8Array.from(good)
      bundle.set(bytes.subarray(0, good.length - at), at)
      const { check } = look(bundle)
      if (check.outcome === 'pass')
        assert.deepEqual(
          JSON.parse(fromUtf8(bundle)).dsseEnvelope.payload,
          JSON.parse(fromUtf8(good)).dsseEnvelope.payload,
        )
    }),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      assert.equal(look(bytes).check.outcome, 'fail')
      assert.equal(look(sigstore.bundle(), { trustedRoot: bytes }).check.outcome, 'fail')
    }),
    { numRuns: 100 },
  )
})

test('docs/evidence.md has every step with its reasons, in their order', () => {
  const page = readFileSync(new URL('../../../../../docs/evidence.md', import.meta.url), 'utf8')
  const rows = page
    .slice(page.indexOf('## Where an image came from'))
    .split('\n')
    .map(line => line.split('|').map(cell => cell.trim()))
    .filter(cells => Object.hasOwn(PROVENANCE_REASONS, cells[1] ?? ''))
    .map(([, name, ...outcomes]) => [
      name,
      outcomes.slice(0, 3).map(cell => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, reason]) => reason)),
    ])
  const expected = Object.entries(PROVENANCE_REASONS).map(([name, row]) => [
    name,
    [row.pass, row.fail, row['not-checked']],
  ])
  assert.deepEqual(rows, expected)
})

const VECTORS = new URL('../../../../../../shared/vectors/', import.meta.url)

test('the reference implementation’s signatures by Sigstore, under its public trusted root', t => {
  if (!existsSync(VECTORS)) return t.skip('shared/vectors is not here')
  const publicGood = readFileSync(new URL('sigstore/trusted_root_public-good.json', VECTORS))
  const stefan = { identity: 'stefanb@us.ibm.com', issuer: 'https://sigstore.verify.ibm.com/oauth2' }
  const options = { trustedRoot: publicGood, time: Date.parse('2026-01-01T00:00:00Z'), identities: [stefan] }
  for (const version of ['v1.0.0-sigstore', 'v0.3.1-sigstore']) {
    const bundle = readFileSync(new URL(`oms/${version}/model.sig`, VECTORS))
    const imageDigest = '61d4849d9d90076d6215f4d525f13d6574af8e3f67aef3e6f36fc40a14fdd226'
    const roots = [portableSuite.sha256Hex(publicGood)]
    for (const own of [suite, portableSuite]) {
      const found = look(bundle, { ...options, imageDigest, roots, suite: own })
      assert.equal(reasons(found), 'pass provenance-shown')
      assert.deepEqual({ ...found.signer }, { ...stefan, kind: 'email', build: {} })
      assert.equal(found.signed?.predicateType, 'https://model_signing/signature/v1.0')
    }
    assert.equal(reasons(look(bundle, { ...options, trustedRoot })).split(',')[0], 'fail bad-provenance')
  }
})
