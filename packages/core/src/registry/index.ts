/** The registry's rules: a pure, total fold from its entries to its state (docs/registry.md). */
export { draw, newestSeed, revealEpoch, seedOf } from './beacon.ts'
export { recordText } from './collection.ts'
export { findingId, sideOf } from './disputes.ts'
export * from './evidence.ts'
export { hostUrl } from './host-url.ts'
export { parseKeyText } from './key-text.ts'
export { MAX_ARCHIVE_BYTES, MAX_EVIDENCE_BYTES } from './kinds/evidence.ts'
export { referenceId } from './kinds/reference-value.ts'
export { judgeOfficial, policyFrom } from './policy.ts'
export * from './records.ts'
export { type Outcome, Registry, rootHex } from './registry.ts'
export { RULES, type Rule } from './rule.ts'
export { NEWEST_RULES } from './rules.ts'
export {
  CHAMBERS,
  type Chamber,
  COLLECTIONS,
  type CollectionName,
  digestText,
  type Outline,
  State,
} from './state.ts'
export * from './statement.ts'
export { successors } from './succession.ts'
export {
  type AuditTerms,
  DEFAULT_AUDIT,
  DEFAULT_TERMS,
  type EvidenceTerms,
  evidencePolicyUnder,
  parseTerms,
  quorumOf,
  type Terms,
} from './terms.ts'
