/** What `recorded` takes, and what it is told of a call. */
import type { ErrorCode, Suite } from '@answerable/core'
import type { AcceptancePolicy, Receipt, Trust } from '@answerable/core/receipt'
import type { RecordedCall } from './call.ts'

export type Fetch = typeof globalThis.fetch

/** A tlog-policy text (C2SP), and what the reader calls it. A gateway offers one at `/trust`. */
export interface NamedPolicy {
  name: string
  policy: string
}

/** Whom the reader trusts: what core made of policies, or the policy texts themselves. Never taken from an answer. */
export type TrustSource = Trust | string | NamedPolicy | readonly (string | NamedPolicy)[]

/** A call that was refused, with all that a complaint needs: bytes, promise, and the receipt where one came. */
export interface Refused {
  code: ErrorCode
  /** What was wrong, in plain words. */
  reason: string
  method: string
  url: string
  /** The exact bytes sent, after content-decoding. */
  request: Uint8Array
  status: number
  /** The exact bytes received, as far as they came. */
  response: Uint8Array
  /** The record's id and address (holder secret in the fragment), where the answer named them. */
  id?: string
  receiptUrl?: string
  /** The signed promise of a stream, a tlog-proof, where the head brought one. */
  promise?: string
  /** What came as a receipt, as it came. */
  receipt?: Uint8Array
}

export interface RecordedOptions {
  trust: TrustSource
  /** Which claims must pass; by default `recorded`, on basis `signature`. A `trust` in it replaces the one above. */
  policy?: AcceptancePolicy
  /**
   * Keeps a receipt that passed. Called once when the answer was checked, and again when witnesses have cosigned its
   * record (`call.state` tells which). What it throws fails the call: an answer whose receipt is lost is no better
   * than one without.
   */
  keep?: (receipt: Receipt, call: RecordedCall) => unknown
  /**
   * Node, Deno and Bun: a folder, made where missing, which keeps each receipt as `<id>.json`, its address with the
   * holder secret as `<id>.url`, and what was refused under `refused/`; readable by the owner alone.
   */
  folder?: string
  /** Told of each answer that passed, before it is handed on. */
  onReceipt?: (call: RecordedCall) => unknown
  /** Told of each answer that was refused. Awaited, so that the bytes are kept before the error is seen. */
  onRefused?: (refused: Refused) => unknown
  /**
   * How long an answer may wait for its witnesses, in milliseconds. By default 0: a fresh record is only committed,
   * so the check made before an answer is handed on asks for the log's signature and no quorum.
   */
  waitForWitnesses?: number
  /**
   * Whether to go back for the witnesses' cosignatures in the background, and keep the receipt again with them. By
   * default where `keep` or `folder` is given.
   */
  followWitnesses?: boolean
  /**
   * What is held until its receipt is checked: `answers` (all but streams, of which only the last event is),
   * `everything`, or `nothing` (bytes pass as they come, and the body errors at its end).
   */
  hold?: 'answers' | 'everything' | 'nothing'
  /** Which requests must have a receipt; by default every one whose method is not GET, HEAD or OPTIONS. */
  required?: (request: { method: string; url: string }) => boolean
  /** Origins besides the request's own that a receipt may be fetched from. */
  origins?: readonly string[]
  /** The cryptography; by default the portable suite, which runs anywhere. */
  suite?: Suite
  /** The most milliseconds for fetching one receipt; 30,000 by default. */
  timeoutMs?: number
  /** The most milliseconds without a byte of an answer's body; 300,000 by default. */
  idleMs?: number
  /** The most bytes of a request and of an answer; 64 MiB by default. */
  maxBytes?: number
}
