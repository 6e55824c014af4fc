/**
 * Where an approved image came from: the bundle that its reference value names by digest, where it came along, under the
 * trusted roots that the reader's policy names.
 */
import type { Suite } from '../suite.ts'
import { type Check, check } from './check.ts'
import type { Endorsements } from './endorsements.ts'
import type { Findings } from './format.ts'
import type { EvidencePolicy } from './policy.ts'
import type { ReferenceValue } from './reference.ts'
import { checkProvenance } from './sigstore/index.ts'

export interface ProvenanceContext {
  /** As of when, Unix milliseconds. */
  time: number
  policy: EvidencePolicy
  endorsements: Pick<Endorsements, 'sigstore-bundle' | 'sigstore-root'>
  suite: Suite
}

/** Undefined where the reference value names no bundle. Never throws. */
export function imageProvenance(
  { provenance }: ReferenceValue,
  { measurements }: Pick<Findings, 'measurements'>,
  { time, policy, endorsements, suite }: ProvenanceContext,
): Check | undefined {
  const digest = provenance?.bundle
  if (digest === undefined) return undefined
  const bundle = endorsements['sigstore-bundle'].find(bytes => suite.sha256Hex(bytes) === digest)
  if (bundle === undefined)
    return check(
      'provenance',
      'not-checked',
      'provenance-not-shown',
      'the bundle that would show it did not come along',
    )
  const roots = policy.roots.sigstore
  const trustedRoot = endorsements['sigstore-root'].find(bytes => roots.includes(suite.sha256Hex(bytes)))
  // Containers are measured by the digest that registries and build services call them by; other images by their approver's word.
  const imageDigest = /^sha256:([0-9a-f]{64})$/.exec(measurements.image_digest ?? '')?.[1]
  return checkProvenance({
    bundle,
    trustedRoot,
    roots,
    time,
    suite,
    ...(imageDigest !== undefined && { imageDigest }),
    ...(policy.identities.length > 0 && { identities: policy.identities }),
  }).check
}
