/**
 * Asking the witnesses at start whether a log is the one that they know. A folder restored from a snapshot is whole and
 * consistent in itself; only those who saw what came after can tell.
 */
import type { Suite } from '@answerable/core'
import type { VerifierKey } from '@answerable/core/note'
import { nodeSuite } from '../log/suite.ts'
import type { LatestResult, WitnessClient, WitnessFault } from './client.ts'
import { type ForkEvidence, findFork, ownCheckpoint, type PublishedLog } from './fork.ts'

export interface StartCheckOptions {
  /** The log's own key. */
  key: VerifierKey
  /** For all witnesses together. */
  timeoutMs?: number
  suite?: Suite
}

export interface UnansweredWitness {
  readonly name: string
  /** `not-ours`: it answered with a checkpoint that the log's key did not sign, which says nothing of the log. */
  readonly code: WitnessFault | 'not-ours'
  readonly message: string
}

interface Asked {
  /** Names of those whose answer was of use: a checkpoint of ours, or that they have none. */
  readonly answered: readonly string[]
  readonly unanswered: readonly UnansweredWitness[]
}

export type StartCheck =
  /** Nobody who answered has anything that the log does not continue. With no witnesses, nobody answered. */
  | (Asked & { readonly outcome: 'ok' })
  /** There are witnesses, and none answered: the log may be an old copy. */
  | (Asked & { readonly outcome: 'unreachable' })
  /** One witness is enough, since what it holds is signed by the log's own key. */
  | (Asked & { readonly outcome: 'rolled-back'; readonly fork: ForkEvidence })

/** Rejects only where the log itself cannot be read. */
export async function checkStart(
  log: PublishedLog,
  witnesses: readonly WitnessClient[],
  { key, timeoutMs = 5000, suite = nodeSuite }: StartCheckOptions,
): Promise<StartCheck> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), timeoutMs)
  const answers = await Promise.all(
    witnesses.map(async client => ({
      name: client.name,
      answer: await client.latest(log.origin, abort.signal),
    })),
  ).finally(() => clearTimeout(timer))
  const answered: string[] = []
  const unanswered: UnansweredWitness[] = []
  let fork: ForkEvidence | undefined
  for (const { name, answer } of answers) {
    const problem = problemOf(log, key, answer, suite)
    if (problem !== undefined) {
      unanswered.push({ name, ...problem })
      continue
    }
    answered.push(name)
    if (answer.outcome !== 'found') continue
    const found = await findFork(log, key, name, answer.note, suite)
    if (found !== undefined && found.size > (fork?.size ?? -1)) fork = found
  }
  if (fork !== undefined) return { outcome: 'rolled-back', fork, answered, unanswered }
  const silent = answered.length === 0 && witnesses.length > 0
  return { outcome: silent ? 'unreachable' : 'ok', answered, unanswered }
}

function problemOf(
  log: PublishedLog,
  key: VerifierKey,
  answer: LatestResult,
  suite: Suite,
): Omit<UnansweredWitness, 'name'> | undefined {
  if (answer.outcome === 'failed') return { code: answer.code, message: answer.message }
  if (answer.outcome === 'none' || ownCheckpoint(log, key, answer.note, suite) !== undefined) return undefined
  return { code: 'not-ours', message: 'its checkpoint is not signed by this log’s key' }
}
