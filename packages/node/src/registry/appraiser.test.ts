import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '@answerable/core'
import {
  DEFAULT_EVIDENCE_POLICY,
  type EvidencePolicy,
  evidenceBinding,
  formatEndorsements,
  formatEvidenceDocument,
  policyDigest,
} from '@answerable/core/evidence'
import { makeAuthority, makeNitro, NITRO_TIME } from '../../../core/test/nitro.ts'
import { nodeSuite } from '../log/suite.ts'
import { Appraiser, type AppraiserOptions, appraiseEvidence } from './appraiser.ts'

const LOG = 'ops.example/log+00000000+AQ=='
const authority = makeAuthority()
const roots = { ...DEFAULT_EVIDENCE_POLICY.roots, nitro: [nodeSuite.sha256Hex(authority.root.der)] }
const POLICY: EvidencePolicy = { ...DEFAULT_EVIDENCE_POLICY, roots }
const ARCHIVE = formatEndorsements([{ kind: 'jwks', bytes: utf8('{}') }])

function evidence(log = LOG, more: Parameters<typeof makeNitro>[1] = {}) {
  const binding = evidenceBinding(log, [], nodeSuite)
  const items = [{ format: 'nitro' as const, bytes: makeNitro(authority, { user_data: binding, ...more }) }]
  return {
    document: formatEvidenceDocument({ log, items }),
    archive: ARCHIVE,
    log: LOG,
    policy: POLICY,
    time: NITRO_TIME,
  }
}

test('good evidence of the log’s own node meets the policy, and what does not says why', () => {
  assert.deepEqual(appraiseEvidence(evidence(), nodeSuite), { met: true, reasons: [] })
  const cases: [Partial<ReturnType<typeof evidence>>, string][] = [
    [{ policy: DEFAULT_EVIDENCE_POLICY }, 'chain:root-not-trusted'],
    [{ time: NITRO_TIME + 86_400_000 }, 'validity:certificate-expired'],
    [evidence('ops.example/other+00000000+AQ=='), 'binding:wrong-binding'],
    [{ policy: { ...POLICY, require: { every: ['provenance'] } } }, 'provenance:'],
    [{ document: utf8('{}') }, 'document:bad-evidence'],
    [{ document: utf8('[') }, 'document:bad-json'],
    [{ archive: utf8('no archive') }, 'document:bad-json'],
  ]
  for (const [other, reason] of cases) {
    const { met, reasons } = appraiseEvidence({ ...evidence(), ...other }, nodeSuite)
    assert.equal(met, false)
    assert.ok(
      reasons.some(one => one.startsWith(reason)),
      `${reason}: ${reasons.join()}`,
    )
    // As the rules take them.
    for (const one of reasons) assert.match(one, /^[a-z][a-z-]{0,31}:[a-z][a-z-]{0,63}$/)
  }
})

test('a policy has one digest, in whatever order it was written', () => {
  const { roots: own, ...rest } = POLICY
  assert.equal(policyDigest({ roots: own, ...rest }, nodeSuite), policyDigest(POLICY, nodeSuite))
  assert.notEqual(policyDigest({ ...POLICY, debug: 'accept' }, nodeSuite), policyDigest(POLICY, nodeSuite))
  const one = { ...POLICY, tcb: { ...POLICY.tcb, tdx: ['UpToDate' as const] } }
  assert.notEqual(policyDigest(one, nodeSuite), policyDigest(POLICY, nodeSuite))
})

test('a document over which a fault of ours shows is told of, and does not keep a member from the others', async () => {
  const stated = { index: 1, time: NITRO_TIME }
  const records = ['bad', 'good'].map(digest => ({
    digest,
    member: 'ops',
    log: LOG,
    bytes: 1,
    endorsements: [{ digest: 'a', bytes: 1, stated }],
    appraisals: [],
  }))
  const members = new Map([
    ['ada', { status: 'active', ownerGroup: 'ada', roles: ['validator'] }],
    ['ops', { status: 'active', ownerGroup: 'ops', roles: ['operator'] }],
  ])
  const evidence = { values: () => records, get: (id: string) => records.find(one => one.digest === id) }
  const logs = new Map([[LOG, { vkey: LOG }]])
  const said: unknown[] = []
  const told: string[] = []
  const appraiser = new Appraiser({
    book: {
      noted: 2,
      state: { members, evidence, logs, terms: {}, time: NITRO_TIME },
      ofKind: (_: string, from: number) => (from === 0 ? [{ effective: true }] : []),
    },
    documents: { has: () => true, get: async (digest: string) => utf8(digest) },
    submitter: { state: async (_: string, { evidence }: { evidence: unknown }) => said.push(evidence) },
    keyring: { member: 'ada', statements: () => undefined },
    appraise: ({ document }: { document: Uint8Array }) => {
      if (document.length === 3) throw new TypeError('a fault of ours')
      return { met: true, reasons: [] }
    },
    report: (event: string) => told.push(event),
  } as unknown as AppraiserOptions)
  await appraiser.perform()
  await appraiser.perform()
  assert.deepEqual([said, told], [['good'], ['evidence bad could not be appraised']])
})
