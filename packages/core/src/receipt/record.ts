/**
 * Is this statement in the log that it names, and who would have had to collude to put it there later? The answer
 * comes from the tlog-proof and the reader's trust alone.
 */

import { equal, toHex } from '../bytes.ts'
import { type Note, parseNote } from '../note/note.ts'
import { formatVkey, type VerifierKey } from '../note/vkey.ts'
import { type InferenceStatement, parseInference } from '../statement/inference.ts'
import type { Suite } from '../suite.ts'
import { type Checkpoint, parseCheckpoint } from '../tlog/checkpoint.ts'
import { leafHash, rootFromInclusion } from '../tlog/merkle.ts'
import type { Policy } from '../tlog/policy.ts'
import { parseTlogProof, type TlogProof } from '../tlog/proof.ts'
import { evaluatePolicy, type PolicyResult } from '../tlog/quorum.ts'
import type { Reason } from './claims.ts'
import type { ProvenStatement } from './receipt.ts'
import type { Trust, TrustedNetwork } from './trust.ts'
import { count, detailOf } from './words.ts'

export type CheckedPolicy = Extract<PolicyResult, { outcome: 'ok' }>

/** A checkpoint as the reader's networks see it. */
export type Judged =
  | { outcome: 'unknown-log'; checkpoint: Checkpoint }
  | Extract<PolicyResult, { outcome: 'bad-signature' }>
  | {
      outcome: 'ok'
      checkpoint: Checkpoint
      /** The network under whose policy the checkpoint stands best, and how. */
      network: TrustedNetwork
      result: CheckedPolicy
      /** Since when the log's key is revoked, POSIX seconds, whichever network says so. */
      revoked?: number
      /** Witnesses that would have made the quorum, had their keys not been revoked; by name in the policy. */
      missed?: readonly string[]
    }

export type RecordResult =
  | {
      outcome: 'included'
      statement: InferenceStatement
      /** SHA-256 of the statement, in hex. */
      digest: string
      index: number
      size: number
      network: TrustedNetwork
      judged: CheckedPolicy
    }
  | Stopped

/** Why the record is not shown. `detail` is fit for a sentence. */
export interface Stopped {
  outcome: 'stopped'
  result: 'fail' | 'not-checked'
  reason: Reason
  detail: string
}

/**
 * Where several networks name one log, all their quorums count: one that is not met decides, and of those that are met
 * the one with the most owners speaks. Otherwise trusting a second network, with a laxer quorum, would undo the first.
 */
function isStricter(a: CheckedPolicy, b: CheckedPolicy): boolean {
  if (a.quorum !== b.quorum) return !a.quorum
  return a.owners.length > b.owners.length
}

/**
 * Judges checkpoints, and remembers the last ones: under one checkpoint of a busy log stand thousands of receipts.
 * What is remembered is a pure function of the note and the trust.
 */
export class CheckpointJudge {
  readonly #trust: Trust
  readonly #suite: Suite
  readonly #known = new Map<string, Judged>()

  constructor(trust: Trust, suite: Suite) {
    this.#trust = trust
    this.#suite = suite
  }

  /** Throws for what is no signed checkpoint at all. */
  judge(note: string): Judged {
    let judged = this.#known.get(note)
    if (judged === undefined) {
      judged = this.#judge(note)
      if (this.#known.size >= MOST_REMEMBERED) this.#known.delete(this.#known.keys().next().value!)
      this.#known.set(note, judged)
    }
    return judged
  }

  #judge(text: string): Judged {
    const note = parseNote(text)
    const checkpoint = parseCheckpoint(note.text)
    let best: { network: TrustedNetwork; result: CheckedPolicy; missed?: readonly string[] } | undefined
    for (const network of this.#trust.networks) {
      const all = evaluatePolicy(network.policy, note, this.#suite)
      // A wrong signature of any key that the reader knows condemns the note, whatever another network makes of it.
      if (all.outcome === 'bad-signature') return all
      if (all.outcome === 'unknown-log') continue
      const judged = this.#withoutRevoked(network.policy, note, all)
      if (best === undefined || isStricter(judged.result, best.result)) best = { network, ...judged }
    }
    if (best === undefined) return { outcome: 'unknown-log', checkpoint }
    const revoked = this.#revoked(best.result.log)
    return { outcome: 'ok', checkpoint, ...best, ...(revoked !== undefined && { revoked }) }
  }

  /**
   * Who holds a witness's stolen key can date a cosignature as they like. So one of a revoked key counts only where a
   * whole quorum dates from before: then others saw the checkpoint by that time too, unless the quorum is that one alone.
   */
  #withoutRevoked(
    policy: Policy,
    note: Note,
    all: CheckedPolicy,
  ): { result: CheckedPolicy; missed?: readonly string[] } {
    const since = (key: VerifierKey) => this.#revoked(key) ?? Number.POSITIVE_INFINITY
    const suspects = all.witnesses.filter(({ key }) => since(key) < Number.POSITIVE_INFINITY)
    if (suspects.length === 0) return { result: all }
    const first = Math.min(...suspects.map(({ key }) => since(key)))
    const counting = (counts: (key: VerifierKey, time: number) => boolean) =>
      evaluatePolicy(policy, note, this.#suite, counts) as CheckedPolicy
    const before = counting(
      (key, time) => since(key) === Number.POSITIVE_INFINITY || (time > 0 && time < since(key)),
    )
    if (before.quorumTime !== undefined && before.quorumTime < first) return { result: before }
    const result = counting(key => since(key) === Number.POSITIVE_INFINITY)
    if (!all.quorum || result.quorum) return { result }
    return { result, missed: suspects.map(({ name }) => name) }
  }

  /** The earliest revocation that any network of the reader's knows of. */
  #revoked(key: VerifierKey): number | undefined {
    const vkey = formatVkey(key)
    const times = this.#trust.networks.flatMap(({ revoked }) => revoked?.[vkey] ?? [])
    return times.length === 0 ? undefined : Math.min(...times)
  }
}

const MOST_REMEMBERED = 256

/** Checks one statement's record as of `asOf` (POSIX seconds). Never throws for bad input: that is an outcome. */
export function checkRecord(
  proven: ProvenStatement,
  judge: CheckpointJudge,
  asOf: number | undefined,
  suite: Suite,
): RecordResult {
  let statement: InferenceStatement
  try {
    statement = parseInference(proven.statement)
  } catch (error) {
    return stopped('fail', 'malformed-statement', messageOf(error))
  }
  let proof: TlogProof
  let judged: Judged
  try {
    proof = parseTlogProof(proven.proof)
    judged = judge.judge(proof.checkpoint)
  } catch (error) {
    return stopped('fail', 'malformed-proof', messageOf(error))
  }
  const { origin, size, root } = judged.checkpoint
  if (judged.outcome === 'unknown-log')
    return stopped('not-checked', 'unknown-log', `no trusted network has the log ${origin} with this key`)
  if (judged.outcome === 'bad-signature')
    return stopped('fail', judged.by === 'log' ? 'bad-log-signature' : 'bad-cosignature', judged.message)
  const digest = suite.sha256(proven.statement)
  const { index, hashes } = proof
  if (!isIncluded(digest, index, hashes, size, root, suite))
    return stopped('fail', 'not-included', `the statement is not entry ${index} of ${origin}`)
  if (origin !== statement.log)
    return stopped('fail', 'wrong-log', `the statement names the log ${statement.log}, its proof ${origin}`)
  const { network, result } = judged
  return (
    standing(judged, asOf) ?? {
      outcome: 'included',
      statement,
      digest: toHex(digest),
      index,
      size,
      network,
      judged: result,
    }
  )
}

function isIncluded(
  entry: Uint8Array,
  index: number,
  proof: readonly Uint8Array[],
  size: number,
  root: Uint8Array,
  suite: Suite,
): boolean {
  try {
    return equal(rootFromInclusion({ index, size, leafHash: leafHash(entry, suite), proof }, suite), root)
  } catch {
    // An index outside the tree, or a path of another length: no such entry is in it.
    return false
  }
}

/** What is in the way of relying on a checkpoint that a trusted log signed: a revoked key, too few witnesses, its time. */
export function standing(
  { network, result, revoked, missed }: Extract<Judged, { outcome: 'ok' }>,
  asOf: number | undefined,
): Stopped | undefined {
  const { quorum, quorumTime, owners, witnesses } = result
  if (revoked !== undefined && !(quorumTime !== undefined && quorumTime < revoked))
    return stopped('fail', 'key-revoked', 'the log key was revoked, and no quorum saw the record before that')
  if (missed !== undefined) {
    const one = missed.length === 1
    const whose = one ? `the key of the witness ${missed[0]} was` : `the keys of ${missed.join(', ')} were`
    return stopped(
      'not-checked',
      'key-revoked',
      `${whose} revoked, and without ${one ? 'it' : 'them'} too few are left for the quorum`,
    )
  }
  if (!quorum) {
    const seen = witnesses.filter(({ owner }) => owner !== undefined).length
    const reached = owners.filter(owner => owner.reached).length
    return stopped(
      'not-checked',
      'quorum-not-met',
      `${count(seen, 'witness', 'witnesses')} cosigned, which makes ${reached} of ${count(owners.length, 'owner', 'owners')}; the policy "${network.name}" asks for more`,
    )
  }
  // A policy that asks for no witness has no times to compare with.
  if (asOf === undefined || owners.length === 0) return undefined
  if (quorumTime === undefined)
    return stopped('not-checked', 'cosigned-undated', 'the quorum does not state when it cosigned')
  // So written, a time that is no number is never reached.
  if (!(quorumTime <= asOf))
    return stopped('not-checked', 'cosigned-in-future', 'the quorum cosigned only after the time asked about')
  return undefined
}

function stopped(result: 'fail' | 'not-checked', reason: Reason, detail: string): Stopped {
  return { outcome: 'stopped', result, reason, detail: detailOf(detail) }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
