/** How asking an operator for a record can end, and what there is to show for each. */
import type { JsonObject } from '@answerable/core'
import type {
  DisclosureAnswer,
  DisclosureRefusal,
  Ground,
  OpenedRecord,
  OpeningProblem,
} from '@answerable/core/audit'
import type { JWK } from 'jose'
import type { LogFault } from './operator-log.ts'

export interface Asked {
  log: string
  index: number
  ground: Ground
}

/** What there is to show of one attempt. Whoever keeps it keeps no more of the content than the outcome is about. */
export interface DisclosureEvidence extends Asked {
  operator: string
  /** By the clock here, Unix milliseconds. */
  time: number
  /** What the log holds at this index, in hex, and the log's own proof: an availability challenge rests on these. */
  entry?: string
  proof?: string
  /** The log's signed checkpoint, where it is the log that is at fault. */
  checkpoint?: string
  /** Envelopes, exact. */
  request?: Uint8Array
  answer?: Uint8Array
  refusal?: Uint8Array
  /** Of a wrong opening: what was sent, and the key that opens it, made for this request alone. */
  ciphertext?: string
  recipient?: JWK
}

/** Nothing came that could be used. */
export type Silence =
  | `log-${LogFault}`
  | 'unreachable'
  | 'timeout'
  | 'too-large'
  /** Something else than an answer: no such endpoint, an error of the server's. */
  | 'no-answer'
  /** An answer that this operator did not sign, or signed for another request. */
  | 'not-its-answer'
  /** The answer is the operator's, and what came with it is not what it signed for: who changed it nobody can tell. */
  | 'other-ciphertext'

export type WrongOpening =
  | OpeningProblem
  /** The signed answer is about another statement, or another record. */
  | 'other-record'
  | 'does-not-decrypt'
  | 'malformed'

/** `none`: the entry has no content, and looking at it is not recorded. */
export type AccessShown = 'shown' | 'not-shown' | 'none'

export type Disclosure =
  | {
      outcome: 'opened'
      opened: OpenedRecord
      answer: DisclosureAnswer
      /** Whether the operator showed that its log says so. */
      access: AccessShown
      evidence: DisclosureEvidence
    }
  | {
      outcome: 'refused'
      code: string
      message: string
      /** Where the operator signed it. */
      refusal?: DisclosureRefusal
      /** Of `erased`: the statement in the log that says so, where it was shown. */
      erasure?: { index: number; time: number }
      evidence: DisclosureEvidence
    }
  | { outcome: 'silent'; fault: Silence; detail: string; evidence: DisclosureEvidence }
  | { outcome: 'wrong-opening'; problem: WrongOpening; detail: string; evidence: DisclosureEvidence }

/**
 * What an availability challenge states: by the log's own proof of the record, or, where the log shows nothing, by the
 * record's place in what its operator anchored.
 */
export function challengeFrom({ log, index, entry, proof }: DisclosureEvidence): JsonObject {
  if (entry === undefined || proof === undefined) return { type: 'availability', log, index }
  return { type: 'availability', log, entry, proof }
}
