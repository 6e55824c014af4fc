/**
 * The seed of a sampled answer whose caller set none. It follows from the record that the answer begins with, which is
 * durable before the first token is drawn, and from a nonce of the caller's: once the record is there the operator
 * cannot try seeds until one gives the answer it likes, and anyone with the opened record computes the seed again.
 *
 * What it leaves open: an operator could make many beginnings and log the one whose seed it likes, since the salts in
 * it are the operator's own. That costs a run of the model for each try.
 */
import { concat, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import type { Suite } from '../suite.ts'

/** What the sampling disclosure of a `begin` record says of a seed that was derived. */
export const SEED_DERIVED = 'derived'
const PREFIX = utf8('answerable/seed/v1\n')
const ENTRY_BYTES = 32
/** llama.cpp takes this seed for "pick one at random". */
const RANDOM = 0xffffffff

/**
 * The seed, an unsigned 32-bit number: the first four bytes, big-endian, of SHA-256("answerable/seed/v1\n" || begin
 * || nonce); where these are all ones, the next four, and so on. `begin` is the log's entry of the begin record.
 */
export function deriveSeed(begin: Uint8Array, nonce: Uint8Array, suite: Suite): number {
  if (begin.length !== ENTRY_BYTES)
    throw new AnswerableError('bad-statement', `a log entry has ${ENTRY_BYTES} bytes, not ${begin.length}`)
  const digest = suite.sha256(concat(PREFIX, begin, nonce))
  const words = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)
  for (let at = 0; at < digest.length; at += 4) {
    const seed = words.getUint32(at)
    if (seed !== RANDOM) return seed
  }
  return 0
}
