/**
 * Is this statement in the log that it names, and who would have had to collude to put it there later? The answer
 * comes from the tlog-proof and the reader's trust alone.
 */

import { equal } from '../bytes.ts'
import { AnswerableError, errorCode } from '../error.ts'
import { formatVkey } from '../note/vkey.ts'
import { type InferenceStatement, parseInference } from '../statement/inference.ts'
import type { Suite } from '../suite.ts'
import { leafHash, rootFromInclusion } from '../tlog/merkle.ts'
import { parseTlogProof } from '../tlog/proof.ts'
import { evaluatePolicy, type PolicyResult } from '../tlog/quorum.ts'
import type { Reason } from './claims.ts'
import type { ProvenStatement } from './receipt.ts'
import type { Trust, TrustedNetwork } from './trust.ts'

export type CheckedPolicy = Extract<PolicyResult, { outcome: 'ok' }>

/** A checkpoint as one trusted network's policy sees it. */
export interface JudgedCheckpoint {
  network: TrustedNetwork
  result: PolicyResult
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
  | { outcome: 'stopped'; result: 'fail' | 'not-checked'; reason: Reason; detail: string; origin?: string }

/**
 * Judges checkpoints, and remembers the last ones: under one checkpoint of a busy log stand thousands of receipts.
 * What is remembered is a pure function of the note and the trust.
 */
export class CheckpointJudge {
  readonly #trust: Trust
  readonly #suite: Suite
  readonly #known = new Map<string, JudgedCheckpoint | undefined>()

  constructor(trust: Trust, suite: Suite) {
    this.#trust = trust
    this.#suite = suite
  }

  /**
   * The network under whose policy the checkpoint stands best, or undefined where nobody trusted has such a log.
   * Throws for what is no signed checkpoint at all.
   */
  judge(note: string): JudgedCheckpoint | undefined {
    if (this.#known.has(note)) return this.#known.get(note)
    const judged = this.#judge(note)
    if (this.#known.size >= MOST_REMEMBERED) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(note, judged)
    return judged
  }

  #judge(note: string): JudgedCheckpoint | undefined {
    let best: JudgedCheckpoint | undefined
    for (const network of this.#trust.networks) {
      const result = evaluatePolicy(network.policy, note, this.#suite)
      // A wrong signature of any key that the reader knows condemns the note, whatever another network makes of it.
      if (result.outcome === 'bad-signature') return { network, result }
      if (result.outcome === 'ok' && (best === undefined || (!hasQuorum(best) && result.quorum)))
        best = { network, result }
    }
    return best
  }
}

const MOST_REMEMBERED = 256

function hasQuorum({ result }: JudgedCheckpoint): boolean {
  return result.outcome === 'ok' && result.quorum
}

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
  const digest = suite.sha256(proven.statement)
  let index: number
  let size: number
  let judged: JudgedCheckpoint | undefined
  try {
    const proof = parseTlogProof(proven.proof)
    index = proof.index
    judged = judge.judge(proof.checkpoint)
    if (judged === undefined) {
      return stopped(
        'not-checked',
        'unknown-log',
        `no trusted network has the log ${statement.log}`,
        statement.log,
      )
    }
    const { result } = judged
    if (result.outcome === 'unknown-log') throw new AnswerableError('internal', 'an unknown log was judged')
    if (result.outcome === 'bad-signature') {
      const reason = result.message.includes(`${result.checkpoint.origin}+`)
        ? 'bad-log-signature'
        : 'bad-cosignature'
      return stopped('fail', reason, result.message, result.checkpoint.origin)
    }
    size = result.checkpoint.size
    const leaf = leafHash(digest, suite)
    const root = rootFromInclusion({ index, size, leafHash: leaf, proof: proof.hashes }, suite)
    if (!equal(root, result.checkpoint.root))
      return stopped(
        'fail',
        'not-included',
        `the statement is not entry ${index} of ${result.checkpoint.origin}`,
      )
    if (result.checkpoint.origin !== statement.log)
      return stopped(
        'fail',
        'wrong-log',
        `the statement names the log ${statement.log}, its proof ${result.checkpoint.origin}`,
      )
    const stop = checkQuorum(judged.network, result, asOf)
    if (stop !== undefined) return stop
    const hex = suite.sha256Hex(proven.statement)
    return {
      outcome: 'included',
      statement,
      digest: hex,
      index,
      size,
      network: judged.network,
      judged: result,
    }
  } catch (error) {
    return stopped(
      'fail',
      errorCode(error) === 'bad-proof' ? 'not-included' : 'malformed-proof',
      messageOf(error),
    )
  }
}

function checkQuorum(
  network: TrustedNetwork,
  judged: CheckedPolicy,
  asOf: number | undefined,
): RecordResult | undefined {
  const revoked = network.revoked?.[formatVkey(judged.log)]
  if (revoked !== undefined && !(judged.quorumTime !== undefined && judged.quorumTime < revoked))
    return stopped('fail', 'key-revoked', 'the log key was revoked, and no quorum saw the record before that')
  if (!judged.quorum) {
    const owners = judged.owners.filter(({ reached }) => reached).length
    return stopped(
      'not-checked',
      'quorum-not-met',
      `${count(judged.witnesses.length, 'witness', 'witnesses')} and ${owners} of ${judged.owners.length} owners cosigned; the policy "${network.name}" asks for more`,
    )
  }
  if (asOf !== undefined && judged.quorumTime !== undefined && judged.quorumTime > asOf)
    return stopped('not-checked', 'cosigned-in-future', 'the quorum cosigned only after the time asked about')
  return undefined
}

export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}

function stopped(
  result: 'fail' | 'not-checked',
  reason: Reason,
  detail: string,
  origin?: string,
): Extract<RecordResult, { outcome: 'stopped' }> {
  return { outcome: 'stopped', result, reason, detail, ...(origin !== undefined && { origin }) }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
