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
import { appraiseEvidence } from './appraiser.ts'

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
