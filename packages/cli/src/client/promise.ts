/** The promise in a stream's head: the log's signed proof that it holds the stream's beginning. */

import { AnswerableError, equal, fromBase64Url, fromUtf8, type Suite } from '@answerable/core'
import { formatVkey } from '@answerable/core/note'
import type { Trust } from '@answerable/core/receipt'
import { evaluatePolicy, leafHash, parseTlogProof, rootFromInclusion } from '@answerable/core/tlog'
import { none, rejected } from './faults.ts'

export interface Promised {
  /** SHA-256 of the `begin` statement. */
  entry: Uint8Array
  origin: string
  index: number
  /** The tlog-proof, which with the missing record is a complaint. */
  text: string
}

const MOST = 64 * 1024

/** Throws `no-receipt` where there is no promise, and `receipt-rejected` for one that nobody trusted made. */
export function checkPromise(header: string | null, trust: Trust, suite: Suite): Promised {
  if (header === null || header === '') throw none('the stream came without a signed promise of its record')
  try {
    if (header.length > MOST) throw new AnswerableError('too-large', `it is over ${MOST} characters`)
    const text = fromUtf8(fromBase64Url(header))
    const { extra, index, hashes, checkpoint } = parseTlogProof(text)
    if (extra?.length !== 32) throw new AnswerableError('bad-proof', 'it does not name an entry')
    const { origin, size, root } = checkpointOf(checkpoint, trust, suite)
    const shown = rootFromInclusion({ index, size, leafHash: leafHash(extra, suite), proof: hashes }, suite)
    if (!equal(shown, root)) throw new AnswerableError('bad-proof', `the entry is not in ${origin}`)
    return { entry: extra, origin, index, text }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw rejected(`the stream’s promise does not hold: ${message}`, cause)
  }
}

/** What a trusted log signed. Unwitnessed by nature, so a key that was ever revoked counts for nothing here. */
function checkpointOf(note: string, { networks }: Trust, suite: Suite) {
  let found: { origin: string; size: number; root: Uint8Array } | undefined
  for (const { policy, revoked } of networks) {
    const result = evaluatePolicy(policy, note, suite)
    if (result.outcome === 'bad-signature') throw new AnswerableError('bad-signature', result.message)
    if (result.outcome === 'ok' && revoked?.[formatVkey(result.log)] === undefined) found = result.checkpoint
  }
  if (found === undefined) throw new AnswerableError('unsigned', 'no log that is trusted signed it')
  return found
}
