import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromUtf8, utf8 } from '@answerable/core'
import {
  type AnyFormat,
  check,
  DEFAULT_EVIDENCE_POLICY,
  DEFAULT_ROOTS,
  type Endorsement,
  type EvidenceItem,
  type EvidenceReason,
} from '@answerable/core/evidence'
import { readDer, TAG, within } from '@answerable/core/x509'
import { makeCertificate, makeCrl, octets, oid, sequence } from '../../../core/test/x509.ts'
import { EndorsementServices } from '../attester/config.ts'
import { nodeSuite } from '../log/suite.ts'
import { betterEndorsements } from './better.ts'
import { fitEndorsements } from './fit.ts'
import { gatherEndorsements } from './gather.ts'
import { ocspRequest } from './ocsp-request.ts'
import { ask } from './service.ts'

const VECTORS = new URL('../../../../../shared/vectors/', import.meta.url)
const services = EndorsementServices.parse({
  intel: 'https://pcs.test',
  amd: 'https://kds.test',
  nvidiaOcsp: 'https://ocsp.test',
  nvidiaRim: 'https://rim.test',
  nrasKeys: 'https://nras.test/keys',
})
const OPTIONS = { timeoutMs: 100, attempts: 3, pauseMs: 1 }

type Routes = Record<string, (request: Request) => Response | Promise<Response>>
function serve(routes: Routes) {
  const asked: string[] = []
  const send = (request: Request) => {
    asked.push(`${request.method} ${request.url}`)
    return (routes[request.url] ?? (() => new Response('no', { status: 404 })))(request)
  }
  return { asked, fetch: send }
}
const gather = (
  item: EvidenceItem,
  routes: Routes,
  known: readonly Endorsement[] = [],
  intelRoots = ROOTS,
) => {
  const { asked, fetch } = serve(routes)
  return gatherEndorsements(item, known, {
    services: { ...services, timeoutSeconds: 0.1, attempts: 2 },
    intelRoots,
    fetch,
    pauseMs: 1,
  }).then(found => ({ ...found, asked }))
}

test('a question is asked again only so often, and only where that may help', async () => {
  const cases: [string, Routes[string], number, RegExp][] = [
    ['down', () => Promise.reject(new Error('refused')), 3, /cannot be reached/],
    ['slow', () => new Promise(() => undefined), 3, /no answer within 0\.1 s/],
    ['busy', () => new Response('', { status: 503 }), 3, /status 503/],
    ['missing', () => new Response('', { status: 404 }), 1, /status 404/],
    ['endless', () => new Response(new Uint8Array(2000)), 1, /over 1000 bytes/],
    [
      'elsewhere',
      () => new Response(null, { status: 302, headers: { location: 'https://b.test/' } }),
      1,
      /another host/,
    ],
    ['round', () => new Response(null, { status: 302, headers: { location: '/' } }), 3, /on and on/],
  ]
  for (const [name, answer, times, message] of cases) {
    const { asked, fetch } = serve({ 'https://a.test/': answer! })
    const asking = ask({ url: 'https://a.test/', most: 1000 }, { ...OPTIONS, fetch })
    await assert.rejects(asking, { code: 'unavailable', message }, name)
    assert.equal(asked.length, times, name)
    assert.ok(asked.every(one => one.endsWith('https://a.test/')))
  }
})

test('an answer that comes at the second attempt is taken, as is a redirect on the same host', async () => {
  let times = 0
  const { fetch } = serve({
    'https://a.test/': () =>
      ++times === 1
        ? new Response('', { status: 500 })
        : new Response(null, { status: 307, headers: { location: '/x' } }),
    'https://a.test/x': () => new Response('yes'),
  })
  const { bytes } = await ask({ url: 'https://a.test/', most: 10 }, { ...OPTIONS, fetch })
  assert.equal(fromUtf8(bytes), 'yes')
})

/** A chain as in a quote, with what Intel's certificates say of a processor. */
function pckChain() {
  const point = utf8('https://crl.test/root.der')
  const name = Buffer.concat([Buffer.of(0x86, point.length), point])
  const wrapped = (tag: number, bytes: Buffer) => Buffer.concat([Buffer.of(tag, bytes.length), bytes])
  const points = sequence(sequence(wrapped(0xa0, wrapped(0xa0, name))))
  const root = makeCertificate({
    subject: 'Intel SGX Root CA',
    ca: true,
    extensions: [{ id: '2.5.29.31', value: points }],
  })
  const ca = makeCertificate({ subject: 'Intel SGX PCK Platform CA', ca: true, issuer: root })
  const sgx = sequence(
    sequence(oid('1.2.840.113741.1.13.1.1'), octets(Buffer.alloc(16))),
    sequence(oid('1.2.840.113741.1.13.1.4'), octets(Buffer.from('00906ea10000', 'hex'))),
  )
  const leaf = makeCertificate({
    subject: 'Intel SGX PCK Certificate',
    issuer: ca,
    extensions: [{ id: '1.2.840.113741.1.13.1', value: sgx }],
  })
  return { root, ca, leaf }
}
const PCK = pckChain()
const ROOTS = [PCK.root.fingerprint]
const QUOTE = Buffer.concat([
  Buffer.alloc(64, 0xfe),
  Buffer.from(PCK.leaf.pem + PCK.ca.pem + PCK.root.pem),
  Buffer.of(0),
])
const ROOT_CRL = makeCrl(PCK.root)
const PCK_CRL = makeCrl(PCK.ca)
const SIGNATURE = 'ab'.repeat(64)
const TCB_INFO = '{"id":"TDX","note":"a } in \\"text\\"","x":{"y":[{}]}}'
const chain = (name: string) => ({ headers: { [name]: encodeURIComponent(PCK.ca.pem + PCK.root.pem) } })
const INTEL: Routes = {
  'https://pcs.test/tdx/certification/v4/tcb?fmspc=00906ea10000': () =>
    new Response(`{"tcbInfo":${TCB_INFO},"signature":"${SIGNATURE}"}`, chain('TCB-Info-Issuer-Chain')),
  'https://pcs.test/tdx/certification/v4/qe/identity': () =>
    new Response(
      `{"signature": "${SIGNATURE}", "enclaveIdentity": {"id":"TD_QE"} }`,
      chain('SGX-Enclave-Identity-Issuer-Chain'),
    ),
  'https://pcs.test/sgx/certification/v4/pckcrl?ca=platform&encoding=der': () =>
    new Response(new Uint8Array(PCK_CRL), chain('SGX-PCK-CRL-Issuer-Chain')),
  'https://crl.test/root.der': () => new Response(new Uint8Array(ROOT_CRL)),
}

test('Intel’s collateral is asked for by what the quote says, and keeps the exact text that was signed', async () => {
  const { endorsements, problems, asked } = await gather({ format: 'tdx', bytes: QUOTE }, INTEL)
  assert.deepEqual(problems, [])
  const [{ kind, bytes } = assert.fail()] = endorsements
  assert.equal(kind, 'intel-collateral')
  const collateral = JSON.parse(fromUtf8(bytes))
  assert.equal(collateral.tcb_info, TCB_INFO)
  assert.equal(collateral.tcb_info_signature, SIGNATURE)
  assert.equal(collateral.qe_identity, '{"id":"TD_QE"}')
  assert.equal(collateral.root_ca_crl, Buffer.from(ROOT_CRL).toString('hex'))
  assert.equal(collateral.pck_crl, Buffer.from(PCK_CRL).toString('hex'))
  assert.equal(collateral.pck_crl_issuer_chain, PCK.ca.pem + PCK.root.pem)
  assert.equal(asked.length, 5)
})

test('a cache has the root’s revocations itself, in hex', async () => {
  const { endorsements } = await gather(
    { format: 'tdx', bytes: QUOTE },
    {
      ...INTEL,
      'https://pcs.test/sgx/certification/v4/rootcacrl': () =>
        new Response(Buffer.from(ROOT_CRL).toString('hex').toUpperCase()),
      'https://crl.test/root.der': () => assert.fail('asked elsewhere'),
    },
  )
  assert.equal(
    JSON.parse(fromUtf8(endorsements[0]!.bytes)).root_ca_crl,
    Buffer.from(ROOT_CRL).toString('hex'),
  )
})

test('an address in a certificate that nobody trusts is not asked', async () => {
  const { problems, asked } = await gather({ format: 'tdx', bytes: QUOTE }, INTEL, [], ['00'.repeat(32)])
  assert.match(problems.join(), /nobody has the list of revocations/)
  assert.ok(!asked.some(one => one.includes('crl.test')))
})

const INTEL_FAULTS: [string, Routes][] = [
  [
    'no chain in the header',
    {
      'https://pcs.test/tdx/certification/v4/qe/identity': () =>
        new Response(`{"enclaveIdentity":{},"signature":"${SIGNATURE}"}`),
    },
  ],
  ['no JSON', { 'https://pcs.test/tdx/certification/v4/qe/identity': () => new Response('<html>') }],
  [
    'no signature',
    {
      'https://pcs.test/tdx/certification/v4/qe/identity': () =>
        new Response('{"enclaveIdentity":{}}', chain('SGX-Enclave-Identity-Issuer-Chain')),
    },
  ],
  ['no list', { 'https://crl.test/root.der': () => new Response('nothing') }],
]
for (const [name, routes] of INTEL_FAULTS)
  test(`Intel’s service with ${name} leaves a gap that is named`, async () => {
    const { endorsements, problems } = await gather({ format: 'tdx', bytes: QUOTE }, { ...INTEL, ...routes })
    assert.equal(endorsements.length, 0)
    assert.equal(problems.length, 1)
    assert.match(problems[0]!, /^Intel: /)
  })

test('a quote without certificates, or with altered ones, asks nobody and throws nothing', async () => {
  for (let i = 64; i < QUOTE.length; i += 97) {
    const altered = Buffer.from(QUOTE)
    altered[i]! ^= 0x15
    const { endorsements, problems } = await gather({ format: 'tdx', bytes: altered }, {})
    assert.equal(endorsements.length, 0)
    assert.equal(problems.length, 1)
  }
})

test('the real collateral of a real quote comes out byte for byte, where it is here', async t => {
  if (!existsSync(VECTORS)) return t.skip('shared/vectors is not here')
  const quote = readFileSync(new URL('tdx/phala_tdx_quote', VECTORS))
  const real = JSON.parse(readFileSync(new URL('tdx/phala_tdx_quote_collateral.json', VECTORS), 'utf8'))
  const headers = (name: string, field: string) => ({ headers: { [name]: encodeURIComponent(real[field]) } })
  const { asked, fetch } = serve({})
  const answers = (request: Request): Response => {
    void fetch(request)
    const { pathname } = new URL(request.url)
    if (pathname.endsWith('/tcb'))
      return new Response(
        `{"tcbInfo":${real.tcb_info},"signature":"${real.tcb_info_signature}"}`,
        headers('TCB-Info-Issuer-Chain', 'tcb_info_issuer_chain'),
      )
    if (pathname.endsWith('/qe/identity'))
      return new Response(
        `{"enclaveIdentity":${real.qe_identity},"signature":"${real.qe_identity_signature}"}`,
        headers('SGX-Enclave-Identity-Issuer-Chain', 'qe_identity_issuer_chain'),
      )
    if (pathname.endsWith('/pckcrl'))
      return new Response(
        Buffer.from(real.pck_crl, 'hex'),
        headers('SGX-PCK-CRL-Issuer-Chain', 'pck_crl_issuer_chain'),
      )
    if (request.url === 'https://certificates.trustedservices.intel.com/IntelSGXRootCA.der')
      return new Response(Buffer.from(real.root_ca_crl, 'hex'))
    return new Response('', { status: 404 })
  }
  const { endorsements, problems } = await gatherEndorsements({ format: 'tdx', bytes: quote }, [], {
    services,
    intelRoots: DEFAULT_ROOTS.intel,
    fetch: answers,
    pauseMs: 1,
  })
  assert.deepEqual(problems, [])
  assert.deepEqual(JSON.parse(fromUtf8(endorsements[0]!.bytes)), real)
  assert.ok(asked.some(one => /tcb\?fmspc=[0-9a-f]{12}$/.test(one)))
})

/** A report that says whom to ask, and little else. */
function report({ version = 3, family = 0x19, model = 1, loaded = false, chip = 0xc1 } = {}): Uint8Array {
  const bytes = new Uint8Array(1184)
  bytes[0] = version
  bytes[0x0a] = 2
  bytes[0x34] = 1
  bytes[0x48] = loaded ? 4 : 0
  bytes.set([4, 1, 2, 3, 0, 0, 22, 213], 0x180)
  if (version > 2) bytes.set([family, model, 1], 0x188)
  bytes.fill(chip, 0x1a0, 0x1e0)
  return bytes
}
const ARK = makeCertificate({ subject: 'ARK-Milan', ca: true })
const ASK = makeCertificate({ subject: 'SEV-Milan', ca: true, issuer: ARK })
const VCEK = makeCertificate({ subject: 'SEV-VCEK', issuer: ASK })
const AMD_CRL = makeCrl(ARK)
const kds = (path: string): Routes => ({
  [`https://kds.test/${path}/cert_chain`]: () => new Response(ASK.pem + ARK.pem),
  [`https://kds.test/${path}/crl`]: () => new Response(new Uint8Array(AMD_CRL)),
})
const vcek = () => new Response(new Uint8Array(VCEK.der))

test('AMD’s service is asked for the key of this chip at this TCB, each generation in its own way', async () => {
  const chip = 'c1'.repeat(64)
  const cases: [string, Uint8Array, string][] = [
    ['Milan', report(), `${chip}?blSPL=4&teeSPL=1&snpSPL=22&ucodeSPL=213`],
    ['Genoa', report({ model: 0x11 }), `${chip}?blSPL=4&teeSPL=1&snpSPL=22&ucodeSPL=213`],
    [
      'Turin',
      report({ family: 0x1a, model: 2 }),
      `${'c1'.repeat(8)}?fmcSPL=4&blSPL=1&teeSPL=2&snpSPL=3&ucodeSPL=213`,
    ],
    // An older report does not say of which generation it is.
    ['Genoa', report({ version: 2 }), `${chip}?blSPL=4&teeSPL=1&snpSPL=22&ucodeSPL=213`],
  ]
  for (const [product, bytes, question] of cases) {
    const routes = { ...kds(`vcek/v1/${product}`), [`https://kds.test/vcek/v1/${product}/${question}`]: vcek }
    const { endorsements, problems } = await gather({ format: 'sev-snp', bytes }, routes)
    assert.deepEqual(problems, [], product)
    assert.deepEqual(
      endorsements.map(({ kind, bytes: found }) => [kind, Buffer.from(found).toString('hex')]),
      [
        ['certificate', VCEK.der],
        ['certificate', ASK.der],
        ['certificate', ARK.der],
        ['crl', AMD_CRL],
      ].map(([kind, found]) => [kind, Buffer.from(found as Uint8Array).toString('hex')]),
    )
  }
})

test('what came with the report is not asked for again, and a loaded key’s certificate never', async () => {
  const known: Endorsement[] = [{ kind: 'certificate', bytes: VCEK.der }]
  const first = await gather({ format: 'sev-snp', bytes: report() }, kds('vcek/v1/Milan'), known)
  assert.deepEqual(first.problems, [])
  assert.equal(first.endorsements.length, 4)
  const loaded = report({ loaded: true })
  const second = await gather({ format: 'sev-snp', bytes: loaded }, kds('vlek/v1/Milan'), known)
  assert.deepEqual(second.problems, [])
  assert.ok(second.asked.every(one => one.includes('/vlek/v1/Milan/c')))
})

test('a report that names no chip, or an unknown one, is said to be that', async () => {
  for (const [bytes, words] of [
    [report({ chip: 0 }), /which chip/],
    [report({ family: 9 }), /family 9/],
    [report().subarray(0, 100), /1084 bytes missing/],
    [report({ version: 9 }), /version 9 is not known/],
  ] as const) {
    const { problems } = await gather({ format: 'sev-snp', bytes }, kds('vcek/v1/Milan'))
    assert.match(problems.join(), words)
  }
})

test('certificates stand without AMD’s list of revocations', async () => {
  const routes: Routes = {
    'https://kds.test/vcek/v1/Milan/cert_chain': () => new Response(ASK.pem + ARK.pem),
    [`https://kds.test/vcek/v1/Milan/${'c1'.repeat(64)}?blSPL=4&teeSPL=1&snpSPL=22&ucodeSPL=213`]: vcek,
  }
  const { endorsements } = await gather({ format: 'sev-snp', bytes: report() }, routes)
  assert.deepEqual(
    endorsements.map(({ kind }) => kind),
    ['certificate', 'certificate', 'certificate'],
  )
})

test('NVIDIA is asked about each certificate that somebody in the chain issued, by POST', async () => {
  const questions: Buffer[] = []
  const evidence = JSON.stringify([
    { certificate: Buffer.from(VCEK.pem + ASK.pem + ARK.pem).toString('base64') },
  ])
  const { endorsements, problems } = await gather(
    { format: 'nvidia-gpu', bytes: utf8(evidence) },
    {
      'https://ocsp.test/': async request => {
        assert.equal(request.headers.get('content-type'), 'application/ocsp-request')
        questions.push(Buffer.from(await request.arrayBuffer()))
        return new Response(`answer ${questions.length}`)
      },
    },
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(
    endorsements.map(({ kind, bytes }) => [kind, fromUtf8(bytes)]),
    [
      ['ocsp', 'answer 1'],
      ['ocsp', 'answer 2'],
    ],
  )
  assert.deepEqual(questions, [
    Buffer.from(ocspRequest(VCEK.certificate, ASK.certificate, 'sha384')),
    Buffer.from(ocspRequest(ASK.certificate, ARK.certificate, 'sha384')),
  ])
})

test('a question names the issuer by digests of its name and key, and the certificate by its number', () => {
  for (const hash of ['sha1', 'sha384'] as const) {
    let at = readDer(ocspRequest(VCEK.certificate, ASK.certificate, hash))
    for (let i = 0; i < 3; i++) [at = assert.fail()] = within(at, TAG.sequence, 'request', 4)
    const [, name, key, serial] = within(within(at, TAG.sequence, 'id', 1)[0], TAG.sequence, 'id', 4)
    const length = hash === 'sha1' ? 20 : 48
    assert.equal(name!.content.length, length)
    assert.equal(key!.content.length, length)
    assert.equal(Buffer.from(serial!.content).toString('hex'), VCEK.certificate.serial)
  }
})

test('a key set that is none is not kept', async () => {
  const item: EvidenceItem = { format: 'nras', bytes: utf8('a.b.c') }
  const good = await gather(item, { 'https://nras.test/keys': () => new Response('{"keys":[]}') })
  assert.deepEqual(
    good.endorsements.map(({ kind }) => kind),
    ['jwks'],
  )
  for (const text of ['{}', '<html>', '{"keys":7}']) {
    const bad = await gather(item, { 'https://nras.test/keys': () => new Response(text) })
    assert.equal(bad.endorsements.length, 0)
    assert.match(bad.problems.join(), /not a key set/)
  }
})

test('what devices share is kept once, and where there is no room manifests are left out first', () => {
  const of = (kind: Endorsement['kind'], text: string): Endorsement => ({ kind, bytes: utf8(text) })
  const eight = Array.from({ length: 8 }, (_, i) => [
    of('rim', 'a'.repeat(300_000)),
    of('rim', 'b'.repeat(300_000)),
    of('rim', 'c'.repeat(300_000)),
    ...[1, 2, 3].map(n => of('ocsp', `${i} ${n}`)),
    of('ocsp', 'shared'),
  ]).flat()
  const { endorsements, left } = fitEndorsements(eight)
  assert.deepEqual(
    Object.entries(Object.groupBy(endorsements, ({ kind }) => kind)).map(([kind, list]) => [
      kind,
      list.length,
    ]),
    [
      ['ocsp', 25],
      ['rim', 2],
    ],
  )
  assert.equal(left, 8)
  // Whatever the order in which they came.
  assert.equal(fitEndorsements(eight.slice(0, 7).toReversed()).endorsements.length, 6)
})

/** Says of endorsements what their own bytes say: `reason from`. */
const saying: AnyFormat = {
  format: 'tdx',
  parse: bytes => bytes,
  check(_parsed, { endorsements }) {
    const [bytes] = endorsements['intel-collateral']
    const [reason = 'endorsement-missing', from = '0'] = bytes === undefined ? [] : fromUtf8(bytes).split(' ')
    return {
      format: 'tdx',
      platform: 'a test',
      measurements: {},
      facts: {},
      checks: [
        { ...check('platform', 'pass', 'platform-accepted', ''), reason: reason as EvidenceReason },
        reason === 'certificate-revoked'
          ? check('revocation', 'fail', 'certificate-revoked', '')
          : check('revocation', 'pass', 'not-revoked', ''),
      ],
      window: { from: Number(from), until: 1000 },
    }
  },
}

test('a service that lies, or lags, cannot take good endorsements away; what a vendor signed against a platform can', () => {
  const of = (text: string): Endorsement[] => [{ kind: 'intel-collateral', bytes: utf8(text) }]
  const cases: [string, Endorsement[], Endorsement[], 'kept' | 'fresh'][] = [
    ['newer', of('platform-accepted 1'), of('platform-accepted 2'), 'fresh'],
    ['older', of('platform-accepted 2'), of('platform-accepted 1'), 'kept'],
    ['none', of('platform-accepted 1'), [], 'kept'],
    ['forged', of('platform-accepted 1'), of('bad-endorsement-signature 5'), 'kept'],
    ['expired', of('platform-accepted 1'), of('endorsement-expired 5'), 'kept'],
    ['of another chip', of('platform-accepted 1'), of('bad-signature 5'), 'kept'],
    ['after expired ones', of('endorsement-expired 1'), of('platform-accepted 5'), 'fresh'],
    ['bad news', of('platform-accepted 1'), of('platform-out-of-date 5'), 'fresh'],
    ['revoked', of('platform-accepted 5'), of('certificate-revoked 1'), 'fresh'],
    ['revoked before', of('certificate-revoked 1'), of('platform-accepted 5'), 'kept'],
    ['the first', [], of('platform-accepted 5'), 'fresh'],
  ]
  for (const [name, kept, fresh, expected] of cases) {
    const chosen = betterEndorsements({ format: 'tdx', bytes: new Uint8Array(1) }, kept, fresh, {
      time: 10,
      policy: DEFAULT_EVIDENCE_POLICY,
      suite: nodeSuite,
      formats: [saying],
    })
    assert.equal(chosen, expected === 'kept' ? kept : fresh, name)
  }
})
