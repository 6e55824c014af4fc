/**
 * What the reader's own copy of a network's registry says of a record: who operates the log and the node, and whether
 * that held throughout the record's interval. The registry is replayed by the reader; nothing here comes from the
 * receipt but names to look up.
 */
import type { LogRecord, Member, ModelRecord, NodeRecord } from '../registry/records.ts'
import type { State } from '../registry/state.ts'
import type { CheckedRecord } from './receipt-record.ts'

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
}

/** Undefined where the reader has no copy of the registry, or it does not know the log. */
export function registeredFor(record: CheckedRecord, manifest: string | undefined): Registered | undefined {
  const { registry } = record.network
  const log = registry?.logs.get(record.statement.log)
  if (registry === undefined || log === undefined) return undefined
  const member = registry.members.get(log.member)!
  const node = registry.nodes.get(log.node)
  const until = record.judged.quorumTime === undefined ? undefined : record.judged.quorumTime * 1000
  const found = manifest === undefined ? undefined : modelOf(registry, manifest, until)
  return {
    network: registry.name,
    log,
    member,
    node,
    description: descriptionOf(record, node),
    standing: standingOf(member, until),
    ...(found && { model: found }),
  }
}

function descriptionOf(
  { statement, judged }: CheckedRecord,
  node: NodeRecord | undefined,
): Registered['description'] {
  const versions = node === undefined ? [] : [...node.before, node]
  const version = versions.findLast(({ descriptor }) => descriptor === statement.node)
  if (version === undefined) return 'not-stated'
  // By the registry's size that the record names, or else by the clock of the quorum that saw the record.
  const before =
    statement.registry !== undefined
      ? version.stated.index < statement.registry.size
      : judged.quorumTime !== undefined && version.stated.time <= judged.quorumTime * 1000
  return before ? 'stated' : 'stated-later'
}

function standingOf({ status, ended }: Member, until: number | undefined): Member['status'] {
  if (status === 'active' || ended === null) return status
  return until !== undefined && ended.time > until ? 'active' : status
}

/** A model by its manifest, if it was not withdrawn by the end of the interval. */
function modelOf(registry: State, manifest: string, until: number | undefined): Registered['model'] {
  for (const record of registry.models.values()) {
    if (record.manifest !== manifest) continue
    const { withdrawn } = record
    if (withdrawn !== null && (until === undefined || withdrawn.time <= until)) continue
    return { record, publisher: registry.members.get(record.publisher)! }
  }
  return undefined
}
