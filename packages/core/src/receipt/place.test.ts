/** The claim `place`, over each way in which evidence can be wrong, late, lacking or somebody else's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type AttestedOptions,
  attested,
  BROKEN,
  chip,
  IMAGE,
  LOG_VKEY,
  MEASUREMENT,
  NONCE,
  trusting,
} from '../../test/attested.ts'
import { check, LAST, world } from '../../test/checking.ts'
import { EPOCH, suite } from '../../test/fixture.ts'
import { makeAuthority, makeNitro } from '../../test/nitro.ts'
import { DEVICE_TIME, devicePolicy, makeGpuEvidence } from '../../test/nvidia.ts'
import { Owner, RegistryWorld } from '../../test/registry.ts'
import { IDENTITY, ISSUER, LOGGED, Sigstore } from '../../test/sigstore.ts'
import { Chip } from '../../test/snp.ts'
import { makeCrl } from '../../test/x509.ts'
import { fromUtf8, utf8 } from '../bytes.ts'
import {
  appraise,
  type Endorsement,
  type EvidencePolicy,
  endorsementsFrom,
  formatEvidenceDocument,
  nvidiaGpu,
} from '../evidence/index.ts'
import { type Approval, standingApprovals } from './known-evidence.ts'
import type { Trust } from './trust.ts'

const place = (options: AttestedOptions = {}, trust: Trust = trusting()) =>
  check(attested(options), {}, trust).claims.place
const reason = (options: AttestedOptions = {}, trust: Trust = trusting()) => place(options, trust).reason
const iso = (second: number) => new Date(second * 1000).toISOString().replace('.000', '')

test('evidence that holds over the record’s interval passes on basis hardware, and says what it does not show', () => {
  const { result, basis, reason, sentence, notShown } = place()
  assert.deepEqual([result, basis, reason], ['pass', 'hardware', 'hardware-attested'])
  for (const part of ['SEV-SNP', MEASUREMENT.slice(0, 16), '"model server 1.2"', iso(EPOCH), iso(LAST - 1)])
    assert.ok(sentence.includes(part), `${part}: ${sentence}`)
  assert.match(notShown, /broke this hardware/)
  const gateway = place({}, trusting([{ ...IMAGE, role: 'gateway' }]))
  assert.equal(gateway.result, 'pass')
  assert.match(gateway.notShown, /model behind it/)
})

test('each thing that can be wrong has its reason', () => {
  const later = new Chip({ from: '2026-01-01T00:00:05Z' })
  const ended = new Chip({ from: '2025-12-01T00:00:00Z', to: '2026-01-01T00:00:10Z' })
  const under = (other: Chip) => trusting([IMAGE], { roots: other.policy().roots })
  const other = LOG_VKEY.replace(/^./, 'x')
  const crl = (time: string) => ({
    kind: 'crl' as const,
    bytes: makeCrl(chip.ark, [{ certificate: chip.ask.certificate, time }], { from: '2025-12-01T00:00:00Z' }),
  })
  const table = {
    'no evidence': check(world.answer().receipt, {}, trusting()).claims.place.reason,
    'not brought': reason({ brought: false }),
    'not a document': reason({ document: BROKEN }),
    'not of that format': reason({
      document: formatEvidenceDocument({
        log: LOG_VKEY,
        items: [{ format: 'sev-snp', bytes: new Uint8Array(9) }],
      }),
    }),
    'no quorum with a time': reason({
      record: { cosigners: Object.fromEntries(world.witnesses.map(({ name }) => [name, 0])) },
    }),
    'bound to another log': reason({ bound: other }),
    'named for another log': reason({ log: other }),
    'in debug mode': reason({ report: { policy: 0xb0000n } }),
    'under another root': reason({}, trusting([IMAGE], { roots: new Chip().policy().roots })),
    'without certificates': reason({ endorsements: [] }),
    'without an archive': reason({ endorsements: null }),
    'certificate of later': reason({ by: later }, under(later)),
    'certificate that ended in between': reason({ by: ended }, under(ended)),
    'revoked before': reason({ endorsements: [...chip.endorsements, crl('2025-12-31T00:00:00Z')] }),
    'revoked after': reason({ endorsements: [...chip.endorsements, crl('2026-01-02T00:00:00Z')] }),
    'image that nobody names': reason({}, trusting([])),
    'another image than named': reason({ report: { measurement: new Uint8Array(48).fill(0x23) } }),
    'older than the policy has it': reason(
      {},
      trusting([IMAGE], { snp: { vmpl: 0, minimum: { milan: { snp: 99 } } } }),
    ),
  }
  assert.deepEqual(table, {
    'no evidence': 'no-evidence',
    'not brought': 'evidence-missing',
    'not a document': 'evidence-rejected',
    'not of that format': 'evidence-rejected',
    'no quorum with a time': 'evidence-undated',
    'bound to another log': 'evidence-not-bound',
    'named for another log': 'evidence-not-bound',
    'in debug mode': 'evidence-rejected',
    'under another root': 'evidence-rejected',
    'without certificates': 'evidence-incomplete',
    'without an archive': 'evidence-incomplete',
    'certificate of later': 'evidence-out-of-time',
    'certificate that ended in between': 'evidence-out-of-time',
    'revoked before': 'evidence-rejected',
    'revoked after': 'hardware-attested',
    'image that nobody names': 'measurement-not-approved',
    'another image than named': 'measurement-not-approved',
    'older than the policy has it': 'evidence-rejected',
  })
})

test('a policy may let debug mode in, and then it says so', () => {
  const open = trusting([IMAGE], { debug: 'accept' })
  const receipt = attested({ report: { policy: 0xb0000n } })
  const { claims, evidence } = check(receipt, {}, open)
  assert.equal(claims.place.result, 'pass')
  const { checks } = evidence!.parts[0]!
  assert.equal(checks.find(one => one.check === 'debug')!.outcome, 'fail')
})

test('of several archives the newest in its time speaks, and a revocation before all', () => {
  const list = (from: string, revoked: boolean) => ({
    kind: 'crl' as const,
    bytes: makeCrl(
      chip.ark,
      revoked ? [{ certificate: chip.ask.certificate, time: '2025-12-20T00:00:00Z' }] : [],
      { from, to: '2026-06-01T00:00:00Z' },
    ),
  })
  const receipt = attested({ endorsements: [...chip.endorsements, list('2025-12-10T00:00:00Z', false)] })
  const archives = [[...chip.endorsements, list('2025-12-25T00:00:00Z', true)]]
  assert.equal(check(receipt, {}, trusting()).claims.place.reason, 'hardware-attested')
  // The reader's own say so, whatever came along says.
  assert.equal(check(receipt, { archives }, trusting()).claims.place.reason, 'evidence-rejected')
})

test('an archive of more than anybody needs is refused, and stops nobody from looking at the rest', () => {
  const many = Array.from({ length: 33 }, () => chip.endorsements[0]!)
  assert.equal(reason({ endorsements: many }), 'evidence-rejected')
  const list = Array.from({ length: 3 }, () => ({ kind: 'rim' as const, bytes: new Uint8Array(300_000) }))
  assert.equal(reason({ endorsements: list }), 'evidence-rejected')
})

/** A registry in which bo runs the world's node, and this is stated. */
function registered(then: (registry: RegistryWorld, owners: Record<string, Owner>) => void): Trust {
  const founders = [
    new Owner('ada', ['validator', 'operator']),
    new Owner('bo'),
    new Owner('cy', ['validator', 'publisher']),
    new Owner('bob', ['publisher'], 'bo'),
  ]
  const registry = new RegistryWorld(founders, {}, 4)
  registry.tick(60, founders.slice(0, 3))
  const bo = founders[1]!
  const body = {
    name: 'one',
    url: 'https://bo.example',
    descriptor: suite.sha256Hex(world.documents.node),
    log: LOG_VKEY,
    models: [],
  }
  const { sign, key } = world.log.signer
  registry.append(
    registry.entry('node', body, bo, bo.signer('member'), {
      keyid: Buffer.from(key.publicKey).toString('hex'),
      sign,
    }),
  )
  assert.equal(registry.outcomes.at(-1)!.rule, undefined)
  then(registry, Object.fromEntries(founders.map(one => [one.id, one])))
  return trusting(
    [],
    {},
    {
      networks: world.trust.networks.map(network => ({ ...network, registry: registry.state })),
    },
  )
}

test('an image counts by the word of another owner, as of the record’s time', () => {
  const state = (registry: RegistryWorld, kind: string, body: object, by: Owner): string => {
    const { rule } = registry.state_(kind, body as never, by)
    assert.equal(rule, undefined, kind)
    return [...registry.state.references.values()].at(-1)!.id
  }
  const approve = (registry: RegistryWorld, by: Owner) =>
    state(registry, 'reference-value', { reference: IMAGE }, by)
  const revoke = (registry: RegistryWorld, id: string, by: Owner, since: string) =>
    state(registry, 'reference-revocation', { id, since, reason: 'it leaks' }, by)
  const before = '2025-12-31T00:00:00.000Z'
  const after = '2026-01-01T00:00:59.000Z'
  const table = {
    nobody: reason(
      {},
      registered(() => undefined),
    ),
    'the operator itself': reason(
      {},
      registered((registry, { bo }) => void approve(registry, bo!)),
    ),
    'its owner by another name': reason(
      {},
      registered((registry, { bob }) => void approve(registry, bob!)),
    ),
    another: reason(
      {},
      registered((registry, { cy }) => void approve(registry, cy!)),
    ),
    'another, who took it back before': reason(
      {},
      registered((registry, { cy }) => void revoke(registry, approve(registry, cy!), cy!, before)),
    ),
    'another, who took it back after': reason(
      {},
      registered((registry, { cy }) => void revoke(registry, approve(registry, cy!), cy!, after)),
    ),
  }
  assert.deepEqual(table, {
    nobody: 'measurement-not-approved',
    'the operator itself': 'measurement-not-approved',
    'its owner by another name': 'measurement-not-approved',
    another: 'hardware-attested',
    'another, who took it back before': 'measurement-revoked',
    'another, who took it back after': 'hardware-attested',
  })
})

test('what a quorum took back, no other approval upholds but the reader’s own', () => {
  const one = (extra: Partial<Approval>): Approval => ({
    reference: IMAGE,
    independent: true,
    by: { id: 'a' } as never,
    ...extra,
  })
  const revoked = { since: 5, reason: 'x', quorum: true }
  assert.equal(standingApprovals([one({ revoked }), one({})], 6).standing.length, 0)
  assert.equal(standingApprovals([one({ revoked }), one({})], 4).standing.length, 2)
  const { by: _, ...own } = one({})
  assert.deepEqual(standingApprovals([one({ revoked }), own], 6).standing, [own])
  assert.equal(
    standingApprovals([one({ revoked: { ...revoked, quorum: false } }), one({})], 6).standing.length,
    1,
  )
})

const AT_DEVICES = {
  registryTime: DEVICE_TIME / 1000,
  cosigners: world.cosigners(DEVICE_TIME / 1000),
}

test('devices belong to the machine that had them signed along, asked with its log’s nonce', () => {
  const gpu = makeGpuEvidence({ nonce: NONCE })
  const { nvidia, 'nvidia-rim': rim } = devicePolicy().roots
  const roots = { ...chip.policy().roots, nvidia, 'nvidia-rim': rim }
  const trust = trusting([IMAGE], { roots })
  const item = (bytes: Uint8Array) => ({ format: 'nvidia-gpu' as const, bytes })
  // As of when its answers about revocation are.
  const record = AT_DEVICES
  const endorsements = [...chip.endorsements, ...gpu.endorsements]
  const good = { record, endorsements, devices: [item(gpu.document)] }
  const passed = place(good, trust)
  assert.equal(passed.reason, 'hardware-attested', passed.sentence)
  assert.match(passed.sentence, /1 device bound to it/)
  const other = makeGpuEvidence({ nonce: new Uint8Array(32).fill(7) })
  // Of the node's own operator, and asked with the nonce of its log.
  const authority = makeAuthority({ from: '2026-06-14T23:59:00Z', to: '2026-06-15T03:00:00Z' })
  roots.nitro = [authority.root.fingerprint]
  const enclave = {
    format: 'nitro' as const,
    bytes: makeNitro(authority, { nonce: NONCE, timestamp: DEVICE_TIME - 1000 }),
  }
  const spaced = utf8(JSON.stringify(JSON.parse(fromUtf8(gpu.document)), null, 1))
  const table = {
    'asked with another nonce': reason({ ...good, devices: [item(other.document)] }, trust),
    'another machine as one': reason({ ...good, devices: [enclave] }, trust),
    twice: reason({ ...good, devices: [item(gpu.document), item(gpu.document)] }, trust),
    'twice in other words': reason({ ...good, devices: [item(gpu.document), item(spaced)] }, trust),
    'added to the document later': reason({ ...good, signedDevices: [] }, trust),
    'taken from the document': reason({ ...good, devices: [], signedDevices: good.devices }, trust),
    'without answers about revocation': reason({ ...good, endorsements: chip.endorsements }, trust),
    'no machine beside it': reason({
      document: formatEvidenceDocument({ log: LOG_VKEY, items: [item(gpu.document)] }),
    }),
  }
  assert.deepEqual(table, {
    'asked with another nonce': 'device-not-bound',
    'another machine as one': 'evidence-rejected',
    twice: 'evidence-rejected',
    'twice in other words': 'evidence-rejected',
    'added to the document later': 'evidence-not-bound',
    'taken from the document': 'evidence-not-bound',
    'without answers about revocation': 'evidence-incomplete',
    'no machine beside it': 'device-not-bound',
  })
})

test('a device counts by the manifests of its maker, or by the word of another owner', () => {
  const gpu = makeGpuEvidence({ nonce: NONCE })
  const { nvidia } = devicePolicy().roots
  const measurements = appraise(nvidiaGpu, nvidiaGpu.parse(gpu.document), {
    time: DEVICE_TIME,
    policy: devicePolicy(),
    endorsements: endorsementsFrom(gpu.endorsements),
    suite,
  }).measurements
  const [name, value] = Object.entries(measurements)[0]!
  const reference = {
    format: 'nvidia-gpu',
    measurements: { [name]: value },
    image: 'driver 590',
    role: 'model',
  }
  const options = {
    record: AT_DEVICES,
    endorsements: [...chip.endorsements, ...gpu.answers],
    devices: [{ format: 'nvidia-gpu' as const, bytes: gpu.document }],
  }
  const reader = (by: string | undefined) => {
    const { networks } = registered((registry, owners) => {
      if (by === undefined) return
      const { rule } = registry.state_('reference-value', { reference }, owners[by]!)
      assert.equal(rule, undefined)
    })
    return { ...trusting([IMAGE], { roots: { ...chip.policy().roots, nvidia } }), networks }
  }
  assert.equal(reason(options, reader(undefined)), 'evidence-incomplete')
  assert.equal(reason(options, reader('bob')), 'evidence-incomplete')
  assert.equal(reason(options, reader('cy')), 'hardware-attested')
})

test('where an image came from is held against the bundle that its approval names', () => {
  const sigstore = new Sigstore()
  const bundle = utf8(JSON.stringify(sigstore.bundle()))
  const root = sigstore.trustedRoot()
  const digest = (bytes: Uint8Array) => suite.sha256Hex(bytes)
  const reference = { ...IMAGE, provenance: { bundle: digest(bundle) } }
  const { networks } = registered((registry, { cy }) => {
    assert.equal(registry.state_('reference-value', { reference } as never, cy!).rule, undefined)
  })
  const reader = (changes: Partial<EvidencePolicy> = {}) => ({
    ...trusting([], { roots: { ...chip.policy().roots, sigstore: [digest(root)] }, ...changes }),
    networks,
  })
  const along = (...more: Endorsement[]) =>
    attested({
      // Later than the bundle was logged.
      record: { registryTime: LOGGED / 1000 + 30, cosigners: world.cosigners(LOGGED / 1000 + 60) },
      endorsements: [...chip.endorsements, ...more],
    })
  const both: Endorsement[] = [
    { kind: 'sigstore-bundle', bytes: bundle },
    { kind: 'sigstore-root', bytes: root },
  ]
  const require = { every: ['signature', 'chain', 'provenance'] as const }
  const claim = (more: Endorsement[], trust: Trust) => check(along(...more), {}, trust).claims.place
  const good = claim(both, reader({ require }))
  assert.equal(good.reason, 'hardware-attested', good.sentence)
  assert.ok(good.sentence.includes(IDENTITY), good.sentence)
  const table = {
    'not along, not asked for': claim([], reader()).reason,
    'not along, asked for': claim([], reader({ require })).reason,
    'by somebody else': claim(both, reader({ identities: [{ identity: 'x', issuer: ISSUER }] })).reason,
    'by whom the policy names': claim(both, reader({ identities: [{ identity: IDENTITY, issuer: ISSUER }] }))
      .reason,
    'a root of nobody': claim(both, reader({ roots: { ...chip.policy().roots, sigstore: [] }, require }))
      .reason,
  }
  assert.deepEqual(table, {
    'not along, not asked for': 'hardware-attested',
    'not along, asked for': 'measurement-not-approved',
    'by somebody else': 'measurement-not-approved',
    'by whom the policy names': 'hardware-attested',
    'a root of nobody': 'measurement-not-approved',
  })
})
