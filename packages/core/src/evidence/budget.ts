/**
 * A bound on how long hostile evidence can keep a reader busy: signatures cost most, so only so many are checked for one
 * document. What goes beyond counts as not signed.
 */
import type { Suite } from '../suite.ts'
import { shareLinks } from '../x509/index.ts'

/**
 * Twelve devices with their chains, manifests and answers about revocation, at both ends of an interval and under four
 * archives, come to some 1,500. In plain JavaScript a signature takes up to about a hundredth of a second.
 */
export const MOST_SIGNATURES = 2048

/** The suite, which after `most` signatures finds none good any more. */
export function budgeted(suite: Suite, most: number = MOST_SIGNATURES): Suite {
  let left = most
  const counted =
    <A extends unknown[]>(verify: (...args: A) => boolean) =>
    (...args: A): boolean =>
      left-- > 0 && verify(...args)
  const made: Suite = {
    ...suite,
    verifyEd25519: counted(suite.verifyEd25519),
    verifyEcdsa: counted(suite.verifyEcdsa),
    verifyRsa: counted(suite.verifyRsa),
    verifyMlDsa44: counted(suite.verifyMlDsa44),
  }
  shareLinks(suite, made)
  return made
}
