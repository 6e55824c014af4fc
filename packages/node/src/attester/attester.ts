/**
 * An attester (RFC 9334): whoever, on this machine, has its hardware sign something. It may be slow, broken or lying:
 * each is asked within a bounded time for a bounded document, and what it gives is appraised before it is used.
 */
import { AnswerableError } from '@answerable/core'
import { asReportData, type Endorsement, type Format } from '@answerable/core/evidence'

export interface Attester {
  /** As in the configuration. */
  readonly kind: string
  /** What hardware signs along: for a machine its binding, for a device its nonce, 32 bytes. */
  attest(data: Uint8Array, signal: AbortSignal): Promise<Attested>
}

export interface Attested {
  format: Format
  bytes: Uint8Array
  /** What came along with it and speaks for it: certificates. */
  endorsements: readonly Endorsement[]
}

export const MAX_EVIDENCE_BYTES = 192 * 1024
/** Formats whose field for this is 64 bytes long, and must be filled. */
const LONG: readonly Format[] = ['tdx', 'sgx', 'sev-snp', 'azure-sev-snp']
const REPORT_DATA_BYTES = 64

/** What is signed along, in the length that a format has for it. */
export function reportDataFor(format: Format, data: Uint8Array): Uint8Array {
  return LONG.includes(format) ? asReportData(data, REPORT_DATA_BYTES) : data
}

/** An attester that failed. The code is `unavailable`, the message says which and why. */
export function attesterError(kind: string, message: string, cause?: unknown): AnswerableError {
  return new AnswerableError('unavailable', `attester ${kind}: ${message}`, { cause })
}

/**
 * Work for at most so many milliseconds. Its signal tells it to end; it is not waited for where it does not, since a read
 * of a kernel's file cannot be cut short.
 */
export async function inTime<T>(
  kind: string,
  milliseconds: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const over = Promise.withResolvers<never>()
  const end = (message: string) => () => {
    over.reject(attesterError(kind, message))
    controller.abort()
  }
  const givenUp = end('given up')
  const timer = setTimeout(end(`no evidence within ${milliseconds / 1000} s`), milliseconds)
  outer?.addEventListener('abort', givenUp, { once: true })
  if (outer?.aborted) givenUp()
  try {
    return await Promise.race([work(controller.signal), over.promise])
  } finally {
    clearTimeout(timer)
    outer?.removeEventListener('abort', givenUp)
    over.promise.catch(() => undefined)
  }
}

/** A few words that came from elsewhere, for a message. */
export function fewWords(text: string): string {
  return text
    .slice(0, 300)
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
}
