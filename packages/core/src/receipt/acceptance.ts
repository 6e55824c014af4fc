/**
 * The reader's acceptance policy: which claims must pass, on at least which basis. It can also bring trust of its own,
 * as tlog-policy texts. `recorded` on basis `signature` is always required, since all else that a receipt says rests on
 * its record, and a claim that fails is never accepted.
 */
import { fromUtf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { type EvidencePolicy, evidencePolicyOf } from '../evidence/index.ts'
import { parseJson } from '../json.ts'
import { Shape } from '../shape.ts'
import { atLeast, BASES, type Basis, CLAIMS, type Claim, type ClaimName } from './claims.ts'

export interface AcceptancePolicy {
  /** Each required claim, with the weakest basis that will do; `recorded` is required also where it is left out. */
  require: Partial<Record<ClaimName, Basis>>
  /** tlog-policy texts to trust in place of the reader's store. */
  trust?: string[]
  /** Keys, in PEM, to trust for models in place of those of the reader's store. */
  publishers?: { name: string; key: string }[]
  /** What is asked of evidence of hardware, in place of what the network's charter asks. */
  evidence?: EvidencePolicy
}

export const DEFAULT_POLICY: AcceptancePolicy = { require: { recorded: 'signature' } }

export interface Verdict {
  met: boolean
  /** What stood in the way, a line each. */
  unmet: string[]
}

export function judge(claims: Record<ClaimName, Claim>, policy: AcceptancePolicy): Verdict {
  const unmet: string[] = []
  for (const name of CLAIMS) {
    const claim = claims[name]
    const required = policy.require[name] ?? DEFAULT_POLICY.require[name]
    if (claim.result === 'fail') unmet.push(`${name} fails: ${claim.reason}`)
    else if (required === undefined) continue
    else if (claim.result !== 'pass' || claim.basis === undefined)
      unmet.push(`${name} is required, and was not checked: ${claim.reason}`)
    else if (!atLeast(claim.basis, required))
      unmet.push(`${name} rests on ${claim.basis}; the policy requires ${required} or stronger`)
  }
  return { met: unmet.length === 0, unmet }
}

const shape = new Shape('bad-policy')

/**
 * Reads a policy file: JSON (`{"require": {"recorded": "signature"}, "trust": ["log ..."]}`), or a bare tlog-policy
 * text, which then is the trust under the default requirements, and is read by `trustFrom`. Throws `bad-policy`, and
 * what `parseJson` throws.
 */
export function parseAcceptancePolicy(bytes: Uint8Array): AcceptancePolicy {
  const text = fromUtf8(bytes)
  if (!/^\s*\{/.test(text)) return { ...DEFAULT_POLICY, trust: [text] }
  const root = shape.object(parseJson(text, { maxBytes: 1024 * 1024, maxDepth: 8 }), 'policy')
  for (const key of Object.keys(root))
    shape.literal(key, 'policy', ['require', 'trust', 'publishers', 'evidence'])
  const policy: AcceptancePolicy = { require: {} }
  for (const [name, basis] of Object.entries(
    shape.object(root.require ?? DEFAULT_POLICY.require, 'require'),
  )) {
    policy.require[shape.literal(name, 'require', CLAIMS)] = shape.literal(basis, `require.${name}`, BASES)
  }
  if (Object.keys(policy.require).length === 0) {
    throw new AnswerableError('bad-policy', 'require: a policy that requires nothing would accept anything')
  }
  for (const [name, least] of Object.entries(DEFAULT_POLICY.require) as [ClaimName, Basis][]) {
    const asked = policy.require[name]
    policy.require[name] = asked !== undefined && atLeast(asked, least) ? asked : least
  }
  if (root.trust !== undefined) {
    policy.trust = shape
      .array(root.trust, 'trust', 64)
      .map((item, i) => shape.string(item, `trust[${i}]`, 1024 * 1024))
  }
  if (root.evidence !== undefined) policy.evidence = evidencePolicyOf(root.evidence, undefined, 'evidence')
  if (root.publishers !== undefined) {
    policy.publishers = shape.array(root.publishers, 'publishers', 1024).map((item, i) => {
      const { name, key } = shape.object(item, `publishers[${i}]`)
      return {
        name: shape.string(name, `publishers[${i}].name`, 256),
        key: shape.string(key, `publishers[${i}].key`, 8192),
      }
    })
  }
  return policy
}
