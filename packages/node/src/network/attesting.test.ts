import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AnswerableError, toHex } from '@answerable/core'
import {
  DEFAULT_EVIDENCE_POLICY,
  DocumentAppraiser,
  deviceNonce,
  type EvidencePolicy,
  evidenceBinding,
  parseEndorsements,
  parseEvidenceDocument,
} from '@answerable/core/evidence'
import { makeAuthority, makeNitro } from '../../../core/test/nitro.ts'
import { Chip } from '../../../core/test/snp.ts'
import { makeCrl, toPem } from '../../../core/test/x509.ts'
import { type Attester, EndorsementServices } from '../attester/index.ts'
import { nodeSuite } from '../log/suite.ts'
import type { Fetch } from '../witness/exchange.ts'
import { Attesting } from './attesting.ts'

const LOG = { origin: 'a.example/inference-1-0', vkey: 'a.example/inference-1-0+00000000+AQ' }
const START = Date.parse('2026-06-01T12:00:00Z')
const MINUTE = 60_000

interface Setup {
  machine: Attester['attest']
  devices?: Attester['attest'][]
  policy?: EvidencePolicy
  fetch?: Fetch
  state?: () => Promise<void>
}

function setUp(t: TestContext, { machine, devices = [], policy = DEFAULT_EVIDENCE_POLICY, ...more }: Setup) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: START })
  const stated: { document: Uint8Array; archive: Uint8Array }[] = []
  const used: string[] = []
  const told: string[] = []
  const attesting = new Attesting({
    attesters: {
      machine: { kind: 'fake', attest: machine },
      devices: devices.map(attest => ({ kind: 'command', attest })),
    },
    services: EndorsementServices.parse({ amd: 'https://kds.test', intel: null, attempts: 1 }),
    log: LOG,
    policy: () => policy,
    async state({ document, archive }) {
      await more.state?.()
      stated.push({ document, archive })
    },
    use: digest => used.push(digest),
    ...(more.fetch && { fetch: more.fetch }),
    report: event => told.push(event),
  })
  t.after(() => attesting.close())
  /** Lets the time pass, and whatever falls due in it end. */
  const pass = async (milliseconds: number) => {
    t.mock.timers.tick(milliseconds)
    for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve))
  }
  const next = () => (Date.parse(attesting.status.next!) - Date.now()) / MINUTE
  return { attesting, stated, used, told, pass, next }
}

const AUTHORITY = makeAuthority()
const NITRO: EvidencePolicy = {
  ...DEFAULT_EVIDENCE_POLICY,
  roots: { ...DEFAULT_EVIDENCE_POLICY.roots, nitro: [AUTHORITY.root.fingerprint] },
}
const enclave = async (data: Uint8Array) => ({
  format: 'nitro' as const,
  bytes: makeNitro(AUTHORITY, { user_data: data, timestamp: Date.now() }),
  endorsements: [],
})

test('evidence that lasts three hours is asked for anew while it still counts', async t => {
  const { attesting, stated, used, pass, next } = setUp(t, { machine: enclave, policy: NITRO })
  await attesting.start()
  assert.equal(attesting.status.met, true)
  // A quarter of the time that is left.
  assert.equal(Math.round(next()), 135)
  await pass(134 * MINUTE)
  assert.equal(stated.length, 1)
  await pass(2 * MINUTE)
  assert.equal(stated.length, 2)
  assert.equal(new Set(used).size, 2)
  assert.notEqual(stated[0]!.document.toString(), stated[1]!.document.toString())
})

test('what fails is tried again, each time after twice as long, an hour at most', async t => {
  let works = false
  const { attesting, used, told, pass, next } = setUp(t, {
    policy: NITRO,
    async machine(data) {
      if (works) return enclave(data)
      throw new AnswerableError('unavailable', 'attester fake: broken')
    },
  })
  await attesting.start()
  assert.equal(attesting.status.error?.message, 'attester fake: broken')
  const pauses: number[] = []
  for (let i = 0; i < 8; i++) {
    pauses.push(next())
    await pass(next() * MINUTE)
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60])
  assert.equal(told.length, 8)
  works = true
  await pass(next() * MINUTE)
  assert.equal(used.length, 1)
  assert.equal(attesting.status.error, null)
})

test('while renewing fails, records go on naming the evidence that there is', async t => {
  let works = true
  const { attesting, stated, used, pass } = setUp(t, {
    policy: NITRO,
    async machine(data) {
      if (works) return enclave(data)
      throw new AnswerableError('unavailable', 'attester fake: broken')
    },
  })
  await attesting.start()
  works = false
  const { evidence } = attesting.status
  await pass(140 * MINUTE)
  assert.equal(attesting.status.evidence, evidence)
  assert.equal(attesting.status.error?.code, 'unavailable')
  assert.equal(stated.length, 1)
  assert.ok(used.every(one => one === evidence))
})

test('a registry that does not take it leaves the records as they were', async t => {
  const { attesting, used, next } = setUp(t, {
    policy: NITRO,
    machine: enclave,
    state: () => Promise.reject(new AnswerableError('rule-forbids', 'no-such-log')),
  })
  await assert.rejects(attesting.attest(), { code: 'rule-forbids' })
  assert.deepEqual(used, [])
  assert.equal(next(), 1)
})

test('one at a time: who asks meanwhile hears how that one ends', async t => {
  let asked = 0
  const { attesting, stated } = setUp(t, {
    policy: NITRO,
    machine: data => {
      asked++
      return enclave(data)
    },
  })
  await Promise.all([attesting.attest(), attesting.attest(), attesting.refresh()])
  assert.equal(asked, 1)
  assert.equal(stated.length, 1)
})

test('nothing is refreshed before there is any', async t => {
  const { attesting } = setUp(t, { machine: enclave, policy: NITRO })
  await assert.rejects(attesting.refresh(), { code: 'conflict' })
})

const CHIP = new Chip()
const CRL = makeCrl(CHIP.ark, [], { from: '2026-05-01T00:00:00Z', to: '2026-12-01T00:00:00Z' })
const kds = (up: { chain: boolean; crl: boolean }): Fetch => {
  return request => {
    const { pathname } = new URL(request.url)
    if (up.chain && pathname.endsWith('/cert_chain'))
      return new Response(toPem('CERTIFICATE', CHIP.ask.der) + toPem('CERTIFICATE', CHIP.ark.der))
    if (up.crl && pathname.endsWith('/crl')) return new Response(new Uint8Array(CRL))
    if (up.chain && pathname.endsWith(`/${'ab'.repeat(64)}`))
      return new Response(new Uint8Array(CHIP.key.der))
    return new Response('', { status: 404 })
  }
}
const chip = async (data: Uint8Array) => ({
  format: 'sev-snp' as const,
  bytes: CHIP.report({ reportData: Buffer.concat([data, Buffer.alloc(64 - data.length)]) }),
  endorsements: [],
})

test('a vendor that is down leaves a gap that is named; a refresh fills it, for the same evidence', async t => {
  const up = { chain: false, crl: false }
  const { attesting, stated } = setUp(t, { machine: chip, policy: CHIP.policy(), fetch: kds(up) })
  await attesting.attest()
  const { evidence, problems, met } = attesting.status
  assert.match(problems.join(), /^AMD: kds\.test/)
  assert.equal(met, false)
  up.chain = up.crl = true
  await attesting.refresh()
  assert.equal(attesting.status.evidence, evidence)
  assert.equal(attesting.status.met, true, attesting.status.unmet.join())
  assert.equal(stated.length, 2)
  assert.equal(stated[0]!.document.toString(), stated[1]!.document.toString())
  assert.deepEqual(
    parseEndorsements(stated[1]!.archive).map(({ kind }) => kind),
    ['certificate', 'certificate', 'certificate', 'crl'],
  )
  // Down again, it takes nothing away.
  up.chain = up.crl = false
  await attesting.refresh()
  assert.equal(attesting.status.met, true)
  assert.equal(stated.length, 2)
})

test('devices are asked first, with the nonce of the log, and the machine has their evidence signed along', async t => {
  const nonces: string[] = []
  const order: string[] = []
  const device = (text: string) => async (data: Uint8Array) => {
    nonces.push(toHex(data))
    order.push(text)
    return { format: 'nras' as const, bytes: Buffer.from(text), endorsements: [] }
  }
  let bound = ''
  const { attesting } = setUp(t, {
    policy: NITRO,
    devices: [device('one'), device('two')],
    machine: data => {
      order.push('machine')
      bound = toHex(data)
      return enclave(data)
    },
    fetch: () => new Response('', { status: 404 }),
  })
  // These devices' evidence cannot be read, so the node states none of it.
  await assert.rejects(attesting.attest(), { code: 'bad-evidence', message: /device 1/ })
  assert.deepEqual(order, ['one', 'two', 'machine'])
  assert.deepEqual(new Set(nonces), new Set([toHex(deviceNonce(LOG.vkey, nodeSuite))]))
  const bytes = [Buffer.from('one'), Buffer.from('two')]
  assert.equal(bound, toHex(evidenceBinding(LOG.vkey, bytes, nodeSuite)))
})

test('what is stated is what a reader finds: the document under its archive meets the same policy', async t => {
  const { attesting, stated } = setUp(t, {
    machine: chip,
    policy: CHIP.policy(),
    fetch: kds({ chain: true, crl: true }),
  })
  await attesting.attest()
  const [{ document, archive } = assert.fail()] = stated
  const appraiser = new DocumentAppraiser(parseEvidenceDocument(document), {
    log: LOG.vkey,
    policy: CHIP.policy(),
    archives: [parseEndorsements(archive)],
    suite: nodeSuite,
  })
  assert.ok(appraiser.at(START).verdict.met)
  const other = new DocumentAppraiser(parseEvidenceDocument(document), {
    log: `${LOG.vkey}x`,
    policy: CHIP.policy(),
    archives: [parseEndorsements(archive)],
    suite: nodeSuite,
  })
  assert.ok(!other.at(START).verdict.met)
})
