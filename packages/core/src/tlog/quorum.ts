/**
 * Judging a signed checkpoint by a policy: which log, which witnesses, whether they are a quorum, and since when.
 * A quorum counts owner groups: an owner's witnesses sit in that owner's group, and the quorum's own members are the
 * owners.
 */
import { AnswerableError } from '../error.ts'
import { asNote, checkSignatures, type Note } from '../note/note.ts'
import type { VerifierKey } from '../note/vkey.ts'
import type { Suite } from '../suite.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { checkCosignature } from './cosignature.ts'
import { openCheckpoint } from './open.ts'
import type { Policy, PolicyWitness } from './policy.ts'

/** A top-level member of the quorum. */
export interface OwnerGroup {
  readonly name: string
  /** All witnesses below it, however deep, in the policy's order. */
  readonly witnesses: readonly PolicyWitness[]
}

/** A witness of the policy that cosigned. */
export interface WitnessCosigned {
  /** Its name in the policy. */
  readonly name: string
  readonly key: VerifierKey
  /** POSIX seconds, as the witness states; 0 where it states none. */
  readonly timestamp: number
  /** The groups that it is in, outermost first. */
  readonly groups: readonly string[]
  /** The owner group that it counts for; absent where the quorum does not reach it. */
  readonly owner?: string
}

export interface OwnerResult extends OwnerGroup {
  /** Whether the group has witnessed the checkpoint. */
  readonly reached: boolean
  /** The earliest POSIX second by which it had; absent where not reached, or not by witnesses that state a time. */
  readonly time?: number
}

export type PolicyResult =
  | {
      /** No log key of the policy that has the origin's name signed it. Says nothing else of the checkpoint. */
      readonly outcome: 'unknown-log'
      readonly checkpoint: Checkpoint
    }
  | {
      /** A signature by the log or a witness of the policy is wrong, which condemns the whole note. */
      readonly outcome: 'bad-signature'
      readonly checkpoint: Checkpoint
      /** Whose signature is wrong. */
      readonly by: 'log' | 'witness'
      readonly message: string
    }
  | {
      readonly outcome: 'ok'
      readonly checkpoint: Checkpoint
      /** The first of the log's keys that signed. */
      readonly log: VerifierKey
      /** Those that cosigned, in the policy's order, also outside the quorum. */
      readonly witnesses: readonly WitnessCosigned[]
      /** Whether the quorum witnessed the checkpoint; true for `quorum none`. */
      readonly quorum: boolean
      /** The earliest POSIX second by which it had; absent as in {@link OwnerResult}, and for `quorum none`. */
      readonly quorumTime?: number
      readonly owners: readonly OwnerResult[]
    }

/** The members of the quorum, each with its witnesses; a quorum of one witness is its own owner. Empty for `none`. */
export function ownerGroups(policy: Policy): OwnerGroup[] {
  const parents = parentsOf(policy)
  return ownerNames(policy).map(name => ({
    name,
    witnesses: policy.witnesses.filter(
      witness => witness.name === name || chain(witness.name, parents).includes(name),
    ),
  }))
}

/**
 * Judges a checkpoint. Throws `bad-checkpoint`, and what `parseNote` throws, for what is no signed checkpoint at all;
 * every other outcome is a value. Cosignatures that `counts` turns down are as if they were not there, unless wrong.
 */
export function evaluatePolicy(
  policy: Policy,
  input: Note | Uint8Array | string,
  suite: Suite,
  counts: (key: VerifierKey, timestamp: number) => boolean = () => true,
): PolicyResult {
  const note = asNote(input)
  const checkpoint = parseCheckpoint(note.text)
  let by: 'log' | 'witness' = 'log'
  try {
    const logKeys = policy.logs.map(({ key }) => key)
    const log = openCheckpoint(note, logKeys, suite).logs[0]!
    by = 'witness'
    const times = cosignatureTimes(policy, note, suite)
    for (const { name, key } of policy.witnesses) {
      const time = times.get(name)
      if (time !== undefined && !counts(key, time)) times.delete(name)
    }
    return { outcome: 'ok', checkpoint, log, ...tally(policy, times) }
  } catch (error) {
    if (!(error instanceof AnswerableError)) throw error
    if (error.code === 'unsigned') return { outcome: 'unknown-log', checkpoint }
    if (error.code === 'bad-signature')
      return { outcome: 'bad-signature', checkpoint, by, message: error.message }
    throw error
  }
}

/** The time that each witness states, by its name in the policy. */
function cosignatureTimes(policy: Policy, note: Note, suite: Suite): Map<string, number> {
  const keys = policy.witnesses.map(({ key }) => key)
  const signers = checkSignatures(note, keys, (key, bytes) => checkCosignature(key, bytes, note.text, suite))
  const byKey = new Map(signers.map(({ key, result }) => [key, result]))
  const times = new Map<string, number>()
  for (const { name, key } of policy.witnesses) {
    const time = byKey.get(key)
    if (time !== undefined) times.set(name, time)
  }
  return times
}

/** Counts cosignatures, given as times by witness name. */
function tally(policy: Policy, times: ReadonlyMap<string, number>) {
  const parents = parentsOf(policy)
  const reached = reachedAt(policy, times)
  const owners = ownerGroups(policy).map(
    (group): OwnerResult => ({
      ...group,
      reached: reached.has(group.name),
      ...timeOf(reached.get(group.name)),
    }),
  )
  const witnesses = policy.witnesses
    .filter(({ name }) => times.has(name))
    .map(({ name, key }): WitnessCosigned => {
      const groups = chain(name, parents)
      const owner = owners.find(group => group.witnesses.some(witness => witness.name === name))
      return { name, key, timestamp: times.get(name)!, groups, ...(owner && { owner: owner.name }) }
    })
  const { time } = timeOf(reached.get(policy.quorum))
  return {
    witnesses,
    quorum: policy.quorum === 'none' || reached.has(policy.quorum),
    ...(time !== undefined && { quorumTime: time }),
    owners,
  }
}

/**
 * When each witness and group had witnessed the checkpoint; absent: not at all. A group had when its threshold-th
 * member had. A time of 0 is no statement about time (tlog-cosignature), so it sorts last, as Infinity: such a
 * cosignature counts, and never makes a quorum look older than it is.
 */
function reachedAt(policy: Policy, times: ReadonlyMap<string, number>): Map<string, number> {
  const reached = new Map<string, number>()
  for (const [name, time] of times) reached.set(name, time === 0 ? Number.POSITIVE_INFINITY : time)
  for (const { name, threshold, members } of policy.groups) {
    const sorted = members
      .flatMap(member => reached.get(member) ?? [])
      .sort((a, b) => (a < b ? -1 : Number(a > b)))
    const time = sorted[threshold - 1]
    if (time !== undefined) reached.set(name, time)
  }
  return reached
}

function timeOf(time: number | undefined): { time?: number } {
  return time === undefined || time === Number.POSITIVE_INFINITY ? {} : { time }
}

function ownerNames(policy: Policy): readonly string[] {
  if (policy.quorum === 'none') return []
  return policy.groups.find(({ name }) => name === policy.quorum)?.members ?? [policy.quorum]
}

/** The group of each member. */
function parentsOf(policy: Policy): ReadonlyMap<string, string> {
  return new Map(policy.groups.flatMap(({ name, members }) => members.map(member => [member, name] as const)))
}

/** The groups that a name is in, outermost first. */
function chain(name: string, parents: ReadonlyMap<string, string>): string[] {
  const groups: string[] = []
  for (let group = parents.get(name); group !== undefined; group = parents.get(group)) groups.unshift(group)
  return groups
}
