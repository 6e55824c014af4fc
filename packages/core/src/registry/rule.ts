/**
 * The names of the rules by which an entry is void. Stable: they stand in outcomes, answers and pages, and
 * docs/registry.md says what each means.
 */
export const RULES = [
  // reading the entry
  'malformed-envelope',
  'malformed-statement',
  'unknown-kind',
  'no-charter',
  'wrong-network',
  // who signed
  'unsigned',
  'bad-signature',
  'unknown-key',
  'unproven-key',
  'wrong-author',
  'wrong-purpose',
  'key-expired',
  'key-revoked',
  'member-not-active',
  'wrong-role',
  'quorum-not-met',
  // when, and how often
  'duplicate',
  'stale',
  'from-the-future',
  'rate-limit',
  // members and keys
  'charter-exists',
  'name-taken',
  'key-taken',
  'too-many',
  'not-yours',
  'not-found',
  'not-open',
  'given-before',
  'own-approval',
  'last-of-its-kind',
  // models, nodes, logs
  'no-such-log',
  'log-taken',
  'anchor-backwards',
  'anchor-given',
  'two-roots',
  'not-a-fork',
  // validators
  'tick-backwards',
  'tick-too-soon',
  'not-due',
  'wrong-digest',
  'two-digests',
  'out-of-turn',
  'wrong-link',
  'wrong-size',
  'wrong-root',
  'wrong-host',
  // charter
  'unknown-rules',
  'out-of-bounds',
  // challenges
  'bad-evidence',
  'not-drawn',
  // audits and disputes
  'not-anchored',
  'bad-move',
] as const

export type Rule = (typeof RULES)[number]
