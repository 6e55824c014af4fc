/** Proofs that a log was forked, for anyone who has the log's key: no network, and nobody's word. */
import { AnswerableError, equal } from '@answerable/core'
import type { VerifierKey } from '@answerable/core/note'
import type { ProvenStatement } from '@answerable/core/receipt'
import { entryOf } from '@answerable/core/statement'
import { leafHash, openCheckpoint, parseTlogProof, rootFromInclusion } from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'

/** Two checkpoints of one size with different roots, both signed by the log. False for anything else. */
export function twoRoots(a: string, b: string, key: VerifierKey): boolean {
  const [one, other] = [a, b].map(note => openCheckpoint(note, [key], nodeSuite).checkpoint) as [
    Opened,
    Opened,
  ]
  return one.size === other.size && !equal(one.root, other.root)
}

type Opened = ReturnType<typeof openCheckpoint>['checkpoint']

/** Two different statements that the log holds at one index. False for anything else. */
export function twoLeaves(a: ProvenStatement, b: ProvenStatement, key: VerifierKey): boolean {
  return !equal(a.statement, b.statement) && indexOf(a, key) === indexOf(b, key)
}

/** The index at which the log signed that it holds a statement. Throws where it did not. */
function indexOf({ statement, proof }: ProvenStatement, key: VerifierKey): number {
  const { index, hashes, checkpoint } = parseTlogProof(proof)
  const { size, root } = openCheckpoint(checkpoint, [key], nodeSuite).checkpoint
  const leaf = leafHash(entryOf(statement, nodeSuite), nodeSuite)
  const shown = rootFromInclusion({ index, size, leafHash: leaf, proof: hashes }, nodeSuite)
  if (!equal(shown, root)) throw new AnswerableError('bad-proof', 'the log does not hold this statement')
  return index
}
