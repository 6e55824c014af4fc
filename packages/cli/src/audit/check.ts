/** A full audit of one log: signature, tree, history, and in a gateway's own folder its records. */
import { equal } from '@answerable/core'
import type { Checkpoint } from '@answerable/core/tlog'
import { Progress } from '../output/progress.ts'
import { keepEvidence } from './evidence.ts'
import { FolderSource } from './folder-source.ts'
import { LastSeen, openSeen, type SeenCheckpoint } from './last-seen.ts'
import { type Judged, type KnownLog, knowLog, openKnown } from './log-key.ts'
import { auditRecords, type RecordsAudit } from './records.ts'
import type { LogSource } from './source.ts'
import { auditTree, type Fault, type TreeAudit } from './tree.ts'

export interface CheckOptions {
  vkey?: string
  /** A checkpoint from elsewhere that the log must continue. */
  from?: { note: Uint8Array; where: string }
  /** The key in a folder of our own. */
  ownKey?: KnownLog['key']
}

export interface LogCheck {
  where: string
  checkpoint: Checkpoint
  keyFrom: string
  judged?: Judged
  tree: TreeAudit
  /** Earlier checkpoints that it was held against. */
  held: SeenCheckpoint[]
  records?: RecordsAudit
  faults: Fault[]
  /** The file with both notes, where it forked or went back. */
  evidence?: string
}

/** Throws only where the log cannot be looked at; what is wrong with it is in `faults`. */
export async function checkLog(source: LogSource, options: CheckOptions = {}): Promise<LogCheck> {
  const note = await source.checkpoint()
  const log = knowLog(note, options.vkey, options.ownKey)
  const { checkpoint, judged } = openKnown(note, log)
  const lastSeen = new LastSeen(log.key)
  const held = [
    lastSeen.get(),
    options.from && openSeen(options.from.note, log.key, options.from.where),
  ].filter(seen => seen !== undefined)
  const roots = new Map<number, Uint8Array>()
  const progress = new Progress(checkpoint.size, 'entries')
  const tree = await auditTree(source, checkpoint, {
    rootsAt: new Set(held.map(({ checkpoint: { size } }) => size)),
    onRoot: (size, root) => roots.set(size, root),
    onProgress: done => progress.update(done),
  }).finally(() => progress.end())
  const check: LogCheck = {
    where: source.where,
    checkpoint,
    keyFrom: log.from,
    ...(judged && { judged }),
    tree,
    held,
    faults: [...tree.faults],
  }
  for (const seen of held) {
    const fault = historyFault(checkpoint, seen, roots)
    // A tree that is not the signed one proves nothing about the history of the signed one.
    if (
      fault === undefined ||
      (tree.faults.length > 0 && fault.kind === 'forked' && seen.checkpoint.size !== checkpoint.size)
    )
      continue
    check.faults.push(fault)
    check.evidence ??= keepEvidence(checkpoint.origin, fault.message, [
      { what: `seen before (${seen.where})`, note: seen.note },
      { what: `published at ${source.where}`, note: Buffer.from(note).toString() },
    ])
  }
  if (source instanceof FolderSource && !source.isRegistry) {
    const records = await auditRecords(source, checkpoint)
    check.records = records
    check.faults.push(...records.faults)
  }
  if (check.faults.length === 0) lastSeen.put(Buffer.from(note).toString())
  return check
}

function historyFault(
  { size, root }: Checkpoint,
  { checkpoint: seen, where }: SeenCheckpoint,
  roots: ReadonlyMap<number, Uint8Array>,
): Fault | undefined {
  if (seen.size > size)
    return {
      kind: 'rolled-back',
      message: `it has ${size} entries; it signed a checkpoint of ${seen.size} before (${where})`,
    }
  const now = seen.size === size ? root : roots.get(seen.size)
  if (seen.size === 0 || (now !== undefined && equal(now, seen.root))) return undefined
  return {
    kind: 'forked',
    message: `it does not continue the ${seen.size} entries that it signed before (${where})`,
  }
}
