/** The records that the registry's state is made of. */
import type { ComparedSide } from '../compare/index.ts'
import type { Game } from '../dispute/game.ts'
import type { ReferenceValue } from '../evidence/reference.ts'
import type { Terms } from './terms.ts'

export const ROLES = ['operator', 'publisher', 'validator', 'auditor', 'deployer'] as const
export type Role = (typeof ROLES)[number]

/**
 * What a key may sign. `member`: statements of its member. `recovery`: revocations and new keys, and no other key can
 * touch it. `validator`: ticks, digests, reveals, hand-ins, moves. `witness`: cosignatures. `log`: an inference log.
 * `host`: the registry's log. `model`: model manifests.
 */
export const PURPOSES = ['member', 'recovery', 'validator', 'witness', 'log', 'host', 'model'] as const
export type Purpose = (typeof PURPOSES)[number]

/** When something came to be: the entry's index, and registry time in Unix milliseconds (0 before the first ticks). */
export interface Moment {
  index: number
  time: number
}

export interface Member {
  id: string
  name: string
  /** Those under one owner's control share a group; quorums count groups. The member's own word. */
  ownerGroup: string
  roles: Role[]
  /** ISO 3166-1 alpha-2. */
  jurisdiction: string
  /** Who runs its machines: a provider's name, or `own`. */
  hosting: string
  /** Base of its services. */
  url: string | null
  /** Of a legal entity: what it is, and its digest. */
  evidence: { description: string; sha256: string } | null
  status: 'applying' | 'active' | 'suspended' | 'left'
  since: Moment
  /** When it was suspended or left. */
  ended: Moment | null
}

export interface RegisteredKey {
  member: string
  purpose: Purpose
  /** A vkey (C2SP signed-note); for models also `spki:` and base64 of a SubjectPublicKeyInfo. */
  key: string
  added: Moment
  /** Unix milliseconds; the key is of no use from then on. */
  until: number | null
  /** `since` is as stated, Unix milliseconds: what it signed from then on does not count. */
  revoked: (Moment & { since: number; reason: string }) | null
  /** The id of the key whose statement brought it; none where it came with an application or the charter. */
  by: string | null
}

export interface Host {
  origin: string
  vkey: string
  member: string
  url: string
  /** The size from which it holds the log. */
  from: number
}

/** A member's wish to join, or to change its roles or owner group. */
export interface Application {
  digest: string
  member: Omit<Member, 'status' | 'since' | 'ended'>
  keys: { purpose: Purpose; key: string; until: number | null }[]
  sponsor: string
  /** Owner groups that approved, by chamber. */
  approvals: Approvals
  status: 'open' | 'waiting' | 'active' | 'lapsed'
  /** Counted time when its present status ends. */
  due: number
}

export interface Approvals {
  providers: string[]
  watchers: string[]
}

export type Action =
  | { action: 'amend'; terms: Partial<Terms>; rules: number | null; at: number }
  | { action: 'remove' | 'reinstate'; member: string }

export interface Proposal {
  digest: string
  by: string
  action: Action
  approvals: Approvals
  status: 'open' | 'accepted' | 'lapsed'
  due: number
}

export interface ModelRecord {
  name: string
  version: string
  publisher: string
  /** SHA-256 of the manifest's statement. */
  manifest: string
  licence: string
  intendedUse: string
  limits: string
  format: string
  stated: Moment
  withdrawn: (Moment & { reason: string }) | null
}

export interface NodeRecord {
  id: string
  member: string
  url: string
  /** SHA-256 of the node's description. */
  descriptor: string
  /** Manifest digests of the models that it serves. */
  models: string[]
  stated: Moment
  /** Descriptors before this one, with the entry that replaced each. */
  before: { descriptor: string; models: string[]; stated: Moment; until: Moment }[]
}

export interface LogRecord {
  origin: string
  vkey: string
  node: string
  member: string
  stated: Moment
  anchor: { size: number; root: string; epoch: number; index: number } | null
  /** Two roots at one size were shown. */
  forked: Moment | null
  /** A challenge that met silence. */
  silent: (Moment & { challenge: string }) | null
  /** The newest dispute about a record of this log that its operator lost. */
  lost?: Moment & { dispute: string }
}

export interface HandIn {
  digest: string
  by: string
  index: number
  /** Counted time by which the statement is in the log. */
  due: number
  /** The entry that holds it. */
  done: number | null
  overdue: boolean
  /** Ids of the keys that had signed what was handed in, where the stamp says so. */
  signers: string[] | null
}

export interface Chain {
  member: string
  /** The next reveal's SHA-256. */
  tip: string
  left: number
  /** The first epoch that it counts in. */
  from: number
  /** Committed to replace this one. */
  next: { tip: string; left: number; from: number } | null
  missed: number
}

export interface EpochRecord {
  epoch: number
  seed: string
  /** Owner groups that revealed. */
  groups: string[]
  /** Validators that had a chain and did not reveal. */
  missed: string[]
  anchors: number
  /** Fewer than two owner groups revealed, so one owner could know the seed beforehand. */
  predictable: boolean
  /** What was anchored: samples are drawn from these parts of logs. From rules version 3 on. */
  drawnFrom?: { log: string; from: number; to: number; root: string }[]
}

export interface Challenge {
  digest: string
  type: 'consistency' | 'availability'
  log: string
  by: string
  /** The record it is about, and the log's own tree that holds it. */
  index: number
  size: number
  root: string
  /** The epoch in which it was brought. */
  epoch: number
  /** Validators who say whether it opens: availability alone, and drawn two epochs later. */
  panel: string[]
  votes: { member: string; opens: boolean }[]
  /** `undecided`: its panel had no majority. */
  status: 'open' | 'answered' | 'lost' | 'undecided'
  due: number
}

/** What running a record again came to. `not-rerun`: it could not be, and the report says why. */
export const FINDING_OUTCOMES = ['exact', 'consistent', 'inconsistent', 'not-rerun'] as const
export type FindingOutcome = (typeof FINDING_OUTCOMES)[number]

/** An auditor's word on one record. By `log index auditor`. */
export interface Finding {
  log: string
  index: number
  /** SHA-256 of the record's statement: the log's entry. */
  entry: string
  auditor: string
  /** Id of the key that signed it: one that was stolen by then is worth nothing. */
  key: string
  outcome: FindingOutcome
  /** SHA-256 of the model's file that was run, where one was. */
  model: string | null
  /** SHA-256 of the report, which is nobody's secret but holds no content either. */
  report: string
  /** The epoch in whose sample the record was due; null for one that somebody brought. */
  epoch: number | null
  stated: Moment
  /** The dispute that the auditor brought about it. */
  dispute: string | null
}

export type DisputeSide = 'challenger' | 'defender'

/** Two sides computed one record with different results. The challenger is an auditor, the defender the operator. */
export interface Dispute {
  digest: string
  log: string
  /** The record, and the log's own tree that holds it. */
  index: number
  entry: string
  size: number
  root: string
  auditor: string
  operator: string
  /** The game over the traces of a graph; null for a language model. */
  game: Game | null
  /** Of a language model: the first token, counted from 0, that it did not give. */
  token: number | null
  /** `moves`: a side's move is due. `panel`: whoever is drawn looks at where they part. */
  status: 'moves' | 'panel' | 'decided' | 'undecided'
  /** The epoch in which it was brought. */
  epoch: number
  panel: string[]
  votes: { member: string; wrong: DisputeVerdict; how: string; report: string }[]
  /** Who was wrong, once it is decided; and who bears the cost, in principle. */
  wrong: DisputeVerdict | null
  /** Counted time by which the next move, or the panel's majority, is there. */
  due: number
  decided: Moment | null
}

/** Two models compared by what they answered. The statement has all of it. */
export interface ComparisonRecord {
  digest: string
  by: string
  statistic: string
  a: ComparedSide
  b: ComparedSide
  outcome: 'different' | 'not-shown'
  /** The share of false alarms that was allowed. */
  level: number
  /** Pairs, or tokens, looked at. */
  seen: number
  /** The decimal logarithm of the e-value at the end. */
  logE: number
  stated: Moment
}

export const VERDICTS = ['challenger', 'defender', 'both', 'neither'] as const
export type DisputeVerdict = (typeof VERDICTS)[number]

/** A node's evidence of where it runs, by the SHA-256 of its document. */
export interface EvidenceRecord {
  digest: string
  member: string
  /** `member/name`. */
  node: string
  /** Origin of the log whose key it is bound to, if the document is what its operator says. */
  log: string
  /** The document's size. */
  bytes: number
  stated: Moment
  /** Archives of endorsements: the first, and the newest in the order in which they came. */
  endorsements: { digest: string; bytes: number; stated: Moment }[]
  appraisals: EvidenceAppraisal[]
}

/** One member's word on one document with one archive. */
export interface EvidenceAppraisal {
  by: string
  /** Id of the key that signed it. */
  key: string
  /** The archive's digest. */
  endorsements: string
  /** As of when it looked, Unix milliseconds. */
  asOf: number
  /** SHA-256 of the policy's text. */
  policy: string
  met: boolean
  /** Checks that failed or are missing, each with its reason: `platform:platform-out-of-date`. */
  reasons: string[]
  stated: Moment
}

/** A member's approval of an image. By `id member`. */
export interface ReferenceRecord {
  /** Of the image: SHA-256 over format and measurements. */
  id: string
  by: string
  reference: ReferenceValue
  stated: Moment
  /**
   * `since` is as stated, Unix milliseconds. `groups` are the owner groups whose validators revoked it together; null where
   * its author did.
   */
  revoked: (Moment & { since: number; reason: string; by: string; groups: string[] | null }) | null
}
