/**
 * The versions of the rules: for each, what kinds of statements there are. A version that was ever active stays, since
 * a log is replayed from its beginning.
 */
import { AnswerableError } from '../error.ts'
import type { Kind } from './kind.ts'
import { anchor } from './kinds/anchor.ts'
import { application } from './kinds/application.ts'
import { appraisal } from './kinds/appraisal.ts'
import { approval } from './kinds/approval.ts'
import { beaconCommitment } from './kinds/beacon-commitment.ts'
import { anchoredChallenge, challenge } from './kinds/challenge.ts'
import { challengeAnswer } from './kinds/challenge-answer.ts'
import { challengeVote } from './kinds/challenge-vote.ts'
import { charter } from './kinds/charter.ts'
import { comparison } from './kinds/comparison.ts'
import { dispute } from './kinds/dispute.ts'
import { disputeMove } from './kinds/dispute-move.ts'
import { disputeVote } from './kinds/dispute-vote.ts'
import { evidence } from './kinds/evidence.ts'
import { finding } from './kinds/finding.ts'
import { fork } from './kinds/fork.ts'
import { handIn } from './kinds/hand-in.ts'
import { hostMove } from './kinds/host-move.ts'
import { key } from './kinds/key.ts'
import { leave } from './kinds/leave.ts'
import { member } from './kinds/member.ts'
import { model } from './kinds/model.ts'
import { modelWithdrawal } from './kinds/model-withdrawal.ts'
import { node } from './kinds/node.ts'
import { auditProposal, evidenceProposal, proposal } from './kinds/proposal.ts'
import { referenceRevocation } from './kinds/reference-revocation.ts'
import { referenceValue } from './kinds/reference-value.ts'
import { reveal } from './kinds/reveal.ts'
import { revocation } from './kinds/revocation.ts'
import { stateDigest } from './kinds/state-digest.ts'
import { spacedTick, tick } from './kinds/tick.ts'

export type RuleBook = ReadonlyMap<string, Kind<unknown>>

const V1: Record<string, Kind<unknown>> = {
  charter,
  application,
  approval,
  member,
  leave,
  key,
  revocation,
  model,
  'model-withdrawal': modelWithdrawal,
  node,
  anchor,
  fork,
  tick,
  'state-digest': stateDigest,
  'beacon-commitment': beaconCommitment,
  reveal,
  'hand-in': handIn,
  'host-move': hostMove,
  proposal,
  challenge,
  'challenge-answer': challengeAnswer,
  'challenge-vote': challengeVote,
}

/** Version 2 voids ticks that come too close to their owner group's last: a chatty validator cannot fill the log. */
const V2: Record<string, Kind<unknown>> = { ...V1, tick: spacedTick }

/** Version 3 has audits: what records come to when they are run again, and disputes about it. */
const V3: Record<string, Kind<unknown>> = {
  ...V2,
  proposal: auditProposal,
  challenge: anchoredChallenge,
  finding,
  comparison,
  dispute,
  'dispute-move': disputeMove,
  'dispute-vote': disputeVote,
}

/** Version 4 has evidence of where nodes run, which images it may be of, and what others make of it. */
const V4: Record<string, Kind<unknown>> = {
  ...V3,
  proposal: evidenceProposal,
  evidence,
  appraisal,
  'reference-value': referenceValue,
  'reference-revocation': referenceRevocation,
}

const BOOKS = new Map<number, RuleBook>(
  [V1, V2, V3, V4].map((kinds, i) => [i + 1, new Map(Object.entries(kinds))]),
)

export const NEWEST_RULES = 4

/** The rules of a version. Throws `unknown-rules` for one that this software does not have. */
export function rulesOf(version: number): RuleBook {
  const book = BOOKS.get(version)
  if (book === undefined)
    throw new AnswerableError(
      'unknown-rules',
      `this network has moved on to rules version ${version}, and this software has ${NEWEST_RULES}; install a newer one`,
    )
  return book
}
