/** A stream's promise: the log's signed proof, from before the first byte, that it holds the stream's beginning. */
import { AnswerableError, equal, fromBase64Url, fromUtf8, toHex } from '@answerable/core'
import {
  leafHash,
  openCheckpoint,
  type Policy,
  parseTlogProof,
  rootFromInclusion,
} from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'

export interface OpenedPromise {
  /** SHA-256 of the statement that the stream began with, in hex. */
  entry: string
  index: number
}

/** Checks a promise header under a reader's log keys. Throws `bad-proof`, and what reading it throws. */
export function openPromise(header: string, { logs }: Policy): OpenedPromise {
  const { extra, index, hashes, checkpoint } = parseTlogProof(fromUtf8(fromBase64Url(header)))
  if (extra === undefined) throw new AnswerableError('bad-proof', 'the promise names no entry')
  const keys = logs.map(({ key }) => key)
  const { size, root } = openCheckpoint(checkpoint, keys, nodeSuite).checkpoint
  const shown = rootFromInclusion(
    { index, size, leafHash: leafHash(extra, nodeSuite), proof: hashes },
    nodeSuite,
  )
  if (!equal(shown, root)) throw new AnswerableError('bad-proof', 'the log does not hold the promised entry')
  return { entry: toHex(extra), index }
}
