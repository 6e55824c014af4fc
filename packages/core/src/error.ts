/**
 * The one error class of Answerable: a stable `code` for programs, a message for people that says what was
 * wrong and where, and the `cause` where there was one.
 */

/** Stable codes. A code is never renamed; new ones are added at the end of their group. */
export type ErrorCode =
  // reading input
  | 'too-large'
  | 'not-utf8'
  | 'bad-encoding'
  | 'bad-json'
  | 'duplicate-key'
  | 'too-deep'
  | 'bad-shape'
  | 'bad-format'
  // notes, logs and proofs
  | 'bad-note'
  | 'bad-vkey'
  | 'bad-signature'
  | 'unsigned'
  | 'bad-checkpoint'
  | 'bad-proof'
  | 'bad-tile'
  | 'bad-policy'
  // statements and receipts
  | 'bad-statement'
  | 'bad-envelope'
  | 'bad-disclosure'
  | 'unknown-rules'
  | 'rule-forbids'
  | 'wrong-host'
  | 'not-a-member'
  | 'bad-receipt'
  | 'content-mismatch'
  // evidence, certificates and their like
  | 'unknown-format'
  | 'unknown-version'
  | 'unknown-algorithm'
  | 'truncated'
  | 'trailing-bytes'
  | 'indefinite-length'
  | 'bad-evidence'
  | 'bad-endorsement'
  // models
  | 'bad-manifest'
  | 'bad-signature-file'
  | 'bad-key'
  | 'bad-certificate'
  | 'bad-model'
  | 'bad-model-card'
  | 'model-altered'
  // storage and processes
  | 'corrupt'
  | 'locked'
  | 'not-writable'
  | 'rolled-back'
  | 'not-found'
  | 'bad-config'
  | 'port-taken'
  // service
  | 'unknown-model'
  | 'bad-request'
  | 'unauthorized'
  | 'forbidden'
  | 'conflict'
  | 'too-many-requests'
  | 'upstream-unreachable'
  | 'upstream-timeout'
  | 'upstream-broken'
  | 'no-receipt'
  | 'receipt-rejected'
  | 'erasure-refused'
  | 'erased'
  | 'unavailable'
  | 'internal'
  | 'method-not-allowed'
  | 'request-timeout'
  | 'not-agreed'
  // opening records for auditors
  | 'not-entitled'
  | 'out-of-time'
  | 'replayed'

export class AnswerableError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'AnswerableError'
    this.code = code
  }
}

/** The code of an error of ours, or `internal` for anything else. */
export function errorCode(error: unknown): ErrorCode {
  return error instanceof AnswerableError ? error.code : 'internal'
}

/** What an error of ours says; anything else is a fault in the code, and is thrown on. */
export function messageOf(error: unknown): string {
  if (error instanceof AnswerableError) return error.message
  throw error
}
