/**
 * How far honest results lie apart, and what is allowed on top. Measured by the bench `audit`; docs/audits.md has the
 * figures, and says what can be seen beyond these bounds and what cannot.
 */
import type { OutputBound } from './outputs.ts'
import type { TokenMargin } from './tokens.ts'

export const OUTPUT_BOUND: OutputBound = {
  ulps: 512,
  why: 'The bound: 512 units in the last place of FP32 (3 in 100,000) of the largest number beside it. Honest settings were measured less than a hundredth of it apart.',
}

export const TOKEN_MARGIN: TokenMargin = {
  noise: 0.05,
  why: 'The margin: honest settings were measured less than half of it apart.',
}
