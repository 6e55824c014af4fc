import { utf8 } from '../bytes.ts'
import type { Suite } from '../suite.ts'

/**
 * The key of all traces of a record, 32 bytes: from the text of its request's disclosure, whose salt nobody can guess.
 * Whoever has the record opened has it, and nobody else can confirm a guess about what a trace commits to.
 */
export function traceKey(requestDisclosure: string, suite: Suite): Uint8Array {
  return suite.sha256(utf8(`answerable-trace-key/v1\n${requestDisclosure}`))
}
