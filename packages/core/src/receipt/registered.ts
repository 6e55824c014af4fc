/**
 * What the reader's own copy of a network's registry says of a record: who operates the log and the node, and whether
 * that held throughout the record's interval. The registry is replayed by the reader; nothing here comes from the
 * receipt but names to look up.
 */
import { AnswerableError } from '../error.ts'
import { checkEvidence, type RegistryEvidence } from '../registry/evidence.ts'
import type {
  Dispute,
  EvidenceRecord,
  Finding,
  LogRecord,
  Member,
  ModelRecord,
  NodeRecord,
  ReferenceRecord,
  RegisteredKey,
} from '../registry/records.ts'
import type { JsonObject } from '../shape.ts'
import type { Suite } from '../suite.ts'
import { type Audited, auditsOf } from './audited.ts'
import { bothKnown, type KnownEvidence, knownEvidence, standingOf } from './known-evidence.ts'
import type { CheckedRecord } from './receipt-record.ts'

/** What is looked up: in the reader's own copy, or in records that came along and are proven. */
export interface RegistryView {
  readonly name: string
  /** Records that came along: who chose them may have left some out. */
  readonly partial?: true
  readonly members: { get(id: string): Member | undefined }
  readonly keys: { get(id: string): RegisteredKey | undefined }
  readonly nodes: { get(id: string): NodeRecord | undefined }
  readonly logs: { get(origin: string): LogRecord | undefined }
  readonly models: { values(): Iterable<ModelRecord> }
  readonly disputes: { get(digest: string): Dispute | undefined }
  /** By the SHA-256 of its document. */
  readonly evidence: { get(digest: string): EvidenceRecord | undefined }
  /** Approved images; of records that came along, those that came. */
  readonly references: { values(): Iterable<ReferenceRecord> }
  /** What auditors found of one entry of a log. */
  findingsOf(log: string, index: number): Iterable<Finding>
}

export interface Registered {
  network: string
  log: LogRecord
  member: Member
  node: NodeRecord | undefined
  /** Whether the node's description that the record names is one that its operator stated, and before the record. */
  description: 'stated' | 'stated-later' | 'not-stated'
  /** The member's standing at the end of the interval, or now where the record has no end. */
  standing: Member['status']
  /** A model that the registry holds by this manifest, where the record opens one. */
  model?: { record: ModelRecord; publisher: Member }
  /** What auditors found of this very record; in `partial` records, what of it came along. */
  audits: Audited[]
  partial: boolean
  /** What it says of the evidence that the record names, and of images. */
  evidence: KnownEvidence
}

/**
 * What is known of a record: by the reader's own copy, or else by evidence that came along and that validators signed
 * whom the reader knows. `false` for evidence that cannot be right.
 */
export function lookUp(
  record: CheckedRecord,
  /** SHA-256 of the record's statement: the log's entry. */
  entry: string,
  manifest: string | undefined,
  evidence: RegistryEvidence | undefined,
  suite: Suite,
): Registered | undefined | false {
  const { registry } = record.network
  const own = registeredFor(record, entry, manifest, registry)
  if (evidence === undefined || registry === undefined) return own
  try {
    const records = checkEvidence(evidence, registry, suite)
    const proven = records && registeredFor(record, entry, manifest, viewOf(registry.name, records))
    if (proven === undefined) return own
    if (own === undefined) return withOwn(proven, record, registry)
    return evidence.outline.time > registry.time ? withLater(own, proven) : own
  } catch (error) {
    if (error instanceof AnswerableError) return false
    throw error
  }
}

/**
 * The reader's own copy, and beside it what came along of a later time. Who chose that may have left out what they like: so
 * of what auditors found, what the own copy has is known as well, and how a dispute ended that the other does not show.
 */
function withLater(own: Registered, later: Registered): Registered {
  const audits = new Map(own.audits.map(one => [one.finding.auditor, one]))
  for (const one of later.audits) {
    const { auditor } = one.finding
    if (one.dispute !== undefined || audits.get(auditor)?.dispute === undefined) audits.set(auditor, one)
  }
  const { lost } = later.log
  return {
    ...own,
    ...(lost !== undefined && { log: { ...own.log, lost } }),
    evidence: bothKnown(own.evidence, later.evidence),
    audits: [...audits.values()],
    partial: true,
  }
}

/**
 * The own copy does not know the log, as of every new boot of a node; of images it may know more than came along, since who
 * chose that may have left a revocation out.
 */
function withOwn(proven: Registered, record: CheckedRecord, registry: RegistryView): Registered {
  const own = knownEvidence(registry, record.statement.evidence, proven.member, endOf(record))
  return { ...proven, evidence: bothKnown(own, proven.evidence) }
}

/** The end of its interval, Unix milliseconds. */
function endOf({ until }: CheckedRecord): number | undefined {
  return until === undefined ? undefined : until * 1000
}

/** Undefined where there is nothing to look it up in, or the log is not known there. */
function registeredFor(
  record: CheckedRecord,
  entry: string,
  manifest: string | undefined,
  registry: RegistryView | undefined,
): Registered | undefined {
  const log = registry?.logs.get(record.statement.log)
  if (registry === undefined || log === undefined) return undefined
  const member = registry.members.get(log.member)
  if (member === undefined) return undefined
  const node = registry.nodes.get(log.node)
  const until = endOf(record)
  const found = manifest === undefined ? undefined : modelOf(registry, manifest, until)
  return {
    network: registry.name,
    log,
    member,
    node,
    description: descriptionOf(record, node),
    standing: standingOf(member, until),
    ...(found && { model: found }),
    audits: auditsOf(registry, { log: log.origin, index: record.index, entry }, member),
    partial: registry.partial === true,
    evidence: knownEvidence(registry, record.statement.evidence, member, until),
  }
}

function descriptionOf(
  { statement, until }: CheckedRecord,
  node: NodeRecord | undefined,
): Registered['description'] {
  const versions = node === undefined ? [] : [...node.before, node]
  const version = versions.findLast(({ descriptor }) => descriptor === statement.node)
  if (version === undefined) return 'not-stated'
  // By the registry's size that the record names, or else by the clock of the quorum that saw the record.
  const before =
    statement.registry !== undefined
      ? version.stated.index < statement.registry.size
      : until !== undefined && version.stated.time <= until * 1000
  return before ? 'stated' : 'stated-later'
}

/** A model by its manifest, if it was not withdrawn by the end of the interval. */
function modelOf(registry: RegistryView, manifest: string, until: number | undefined): Registered['model'] {
  for (const record of registry.models.values()) {
    if (record.manifest !== manifest) continue
    const { withdrawn } = record
    if (withdrawn !== null && (until === undefined || withdrawn.time <= until)) continue
    const publisher = registry.members.get(record.publisher)
    if (publisher !== undefined) return { record, publisher }
  }
  return undefined
}

/** Proven records as a view. */
export function viewOf(name: string, proven: ReadonlyMap<string, JsonObject>): RegistryView {
  const get = <T>(collection: string) => ({
    get: (id: string) => proven.get(`${collection}/${id}`) as unknown as T | undefined,
  })
  const all = <T>(collection: string) => ({
    *values() {
      for (const [id, value] of proven) if (id.startsWith(`${collection}/`)) yield value as unknown as T
    },
  })
  return {
    name,
    partial: true,
    members: get<Member>('members'),
    keys: get<RegisteredKey>('keys'),
    nodes: get<NodeRecord>('nodes'),
    logs: get<LogRecord>('logs'),
    models: all<ModelRecord>('models'),
    disputes: get<Dispute>('disputes'),
    evidence: get<EvidenceRecord>('evidence'),
    references: all<ReferenceRecord>('references'),
    *findingsOf(log, index) {
      const prefix = `findings/${log} ${index} `
      for (const [id, value] of proven) if (id.startsWith(prefix)) yield value as unknown as Finding
    },
  }
}
