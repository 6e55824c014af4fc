/** Looking into a receipt's proof, for showing. None of it is checked here: that is core's `Verifier`. */
import { parseNote } from '@answerable/core/note'
import { portableSuite as suite } from '@answerable/core/portable'
import type { Receipt } from '@answerable/core/receipt'
import { evaluatePolicy, type Policy, parseCheckpoint, parseTlogProof } from '@answerable/core/tlog'

export interface ProofFacts {
  origin: string
  index: number
  size: number
  /** Length of the inclusion path. */
  hashes: number
  root: Uint8Array
  /** Names on the checkpoint besides the log's own. */
  cosigners: string[]
}

/** What the proof says, or undefined where it cannot be read. */
export function proofFacts({ proof }: Receipt): ProofFacts | undefined {
  try {
    const { index, hashes, checkpoint } = parseTlogProof(proof)
    const { text, signatures } = parseNote(checkpoint)
    const { origin, size, root } = parseCheckpoint(text)
    const cosigners = signatures.map(({ name }) => name).filter(name => name !== origin)
    return { origin, index, size, hashes: hashes.length, root, cosigners }
  } catch {
    return undefined
  }
}

/**
 * Whether witnesses have seen the record yet, for knowing when to stop asking. It may use keys that the reader has
 * not granted, since nothing is concluded from it.
 */
export function isWitnessed(receipt: Receipt, policies: readonly Policy[]): boolean {
  const proofs = [receipt.proof, ...(receipt.begin ? [receipt.begin.proof] : [])]
  try {
    return proofs.every(proof => {
      const { checkpoint } = parseTlogProof(proof)
      if (policies.length === 0) return parseNote(checkpoint).signatures.length > 1
      return policies.some(policy => {
        const result = evaluatePolicy(policy, checkpoint, suite)
        return result.outcome === 'ok' && result.quorum
      })
    })
  } catch {
    return false
  }
}

/** One step of the way from the leaf to the root: the hash beside it, and the entries which that hash stands for. */
export interface Step {
  side: 'left' | 'right'
  first: number
  last: number
}

/** The inclusion path of RFC 6962, section 2.1.1, leaf first. */
export function pathOf(index: number, size: number): Step[] {
  const steps: Step[] = []
  let start = 0
  let end = size
  while (end - start > 1) {
    // The left subtree is the largest complete one that leaves something for the right.
    let width = 1
    while (width * 2 < end - start) width *= 2
    const middle = start + width
    if (index < middle) {
      steps.push({ side: 'right', first: middle, last: end - 1 })
      end = middle
    } else {
      steps.push({ side: 'left', first: start, last: middle - 1 })
      start = middle
    }
  }
  return steps.reverse()
}
