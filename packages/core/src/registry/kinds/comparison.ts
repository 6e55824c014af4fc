/**
 * What a comparison of two models by their answers came to: statistics, which convict nobody. It can be a reason to run
 * records again, or for a dispute. The statement holds digests and counts, and no answer.
 */
import { type ComparisonBody, parseComparison } from '../../compare/index.ts'
import type { Kind } from '../kind.ts'

export const comparison: Kind<ComparisonBody> = {
  purposes: ['member'],
  roles: ['auditor'],
  parse: parseComparison,
  check: () => undefined,
  apply(state, { body, digest, by, index }) {
    const { statistic, a, b, outcome, level, seen, logE } = body
    state.comparisons.set(digest, {
      digest,
      by: by.member.id,
      statistic,
      a,
      b,
      outcome,
      level,
      seen,
      logE,
      stated: state.moment(index),
    })
  },
}
