/** The digest by which appraisals name the policy that they were made under. */
import { utf8 } from '../bytes.ts'
import type { Suite } from '../suite.ts'
import type { EvidencePolicy } from './policy.ts'

/** SHA-256 of the whole policy as JSON without spaces, the names in each object sorted; in hex. */
export function policyDigest(policy: EvidencePolicy, suite: Suite): string {
  return suite.sha256Hex(utf8(JSON.stringify(sorted(policy))))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, one]) => [name, sorted(one)]))
}
