/**
 * Whether a checkpoint that somebody brings shows that a log was rolled back or forked: that the log's own key signed a
 * tree which the log at hand does not continue. A witness's word alone shows nothing.
 */
import { AnswerableError, type Suite } from '@answerable/core'
import type { VerifierKey } from '@answerable/core/note'
import { type Checkpoint, openCheckpoint, verifyConsistency } from '@answerable/core/tlog'
import type { Log } from '../log/log.ts'

/** What publishing needs of a log. */
export type PublishedLog = Pick<
  Log,
  'origin' | 'signed' | 'published' | 'publish' | 'adopt' | 'consistencyProof' | 'halt' | 'halted'
>

export interface ForkEvidence {
  /** `ahead`: a larger tree than the log has, so that it was rolled back. `forked`: another tree. */
  readonly reason: 'ahead' | 'forked'
  /** Who brought it: a witness's name, or a file's. */
  readonly source: string
  /** Of the checkpoint in `note`. */
  readonly size: number
  /** Signed by the log's own key. */
  readonly note: string
}

/** The checkpoint of a note that one of the log's own keys signed; undefined for any other note. */
export function ownCheckpoint(
  log: Pick<PublishedLog, 'origin'>,
  key: VerifierKey,
  note: string,
  suite: Suite,
): Checkpoint | undefined {
  try {
    const { checkpoint } = openCheckpoint(note, [key], suite)
    return checkpoint.origin === log.origin ? checkpoint : undefined
  } catch (error) {
    if (error instanceof AnswerableError) return undefined
    throw error
  }
}

/** Where a checkpoint of the log's own stands to the log as it is now. Rejects where the log cannot be read. */
export async function relation(
  log: Pick<PublishedLog, 'signed' | 'consistencyProof'>,
  { size, root }: Pick<Checkpoint, 'size' | 'root'>,
  suite: Suite,
): Promise<'part' | 'ahead' | 'forked'> {
  const { size: newSize, root: newRoot } = log.signed
  if (size > newSize) return 'ahead'
  const proof = await log.consistencyProof(size, newSize)
  try {
    verifyConsistency({ oldSize: size, oldRoot: root, newSize, newRoot, proof }, suite)
    return 'part'
  } catch (error) {
    if (error instanceof AnswerableError) return 'forked'
    throw error
  }
}

/** Evidence where the note is the log's own and the log does not continue it; undefined otherwise. */
export async function findFork(
  log: PublishedLog,
  key: VerifierKey,
  source: string,
  note: string,
  suite: Suite,
): Promise<ForkEvidence | undefined> {
  const checkpoint = ownCheckpoint(log, key, note, suite)
  if (checkpoint === undefined) return undefined
  const reason = await relation(log, checkpoint, suite)
  return reason === 'part' ? undefined : { reason, source, size: checkpoint.size, note }
}

/** The error that halts a log. */
export function forkError(log: Pick<PublishedLog, 'origin'>, fork: ForkEvidence): AnswerableError {
  return fork.reason === 'ahead'
    ? new AnswerableError(
        'rolled-back',
        `${log.origin}: ${fork.source} has a checkpoint of ours with ${fork.size} entries; this log has fewer`,
      )
    : new AnswerableError(
        'conflict',
        `${log.origin}: ${fork.source} has a checkpoint of ours of another tree with ${fork.size} entries`,
      )
}
