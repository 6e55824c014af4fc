/**
 * How far honest results lie apart, and what is allowed on top. Measured by the bench `audit`; docs/audits.md has the
 * figures, and says what can be seen beyond these bounds and what cannot.
 */
import type { OutputBound } from './outputs.ts'
import type { TokenMargin } from './tokens.ts'

export const OUTPUT_BOUND: OutputBound = {
  ulps: 512,
  why: 'The bound: 512 units in the last place of FP32 (3 in 100,000) of the largest number beside it. Honest settings were measured 21 units apart at most.',
}

/** What decides how far honest scores of a language model lie apart. */
export interface MarginCase {
  /** Whether weights are in blocks with a scale: llama.cpp then rounds what it multiplies them with, too. */
  quantised: boolean
  /** Whether runtime, processor and configuration are those on record (`Setting.same`). */
  sameSetting: boolean
}

export function tokenMargin({ quantised, sameSetting }: MarginCase): TokenMargin {
  if (sameSetting)
    return {
      noise: 0.01,
      why: 'The margin: in the same setting honest scores were measured the same to the bit; 0.01 is left for what a record does not say of it.',
    }
  if (quantised)
    return {
      noise: 0.5,
      why: 'The margin: between processors, caches and attention honest log-probabilities of quantised models were measured up to 0.56 apart, which is a noise of 0.28.',
    }
  return {
    noise: 0.05,
    why: 'The margin: between processors, caches and attention honest log-probabilities were measured up to 0.052 apart, which is a noise of 0.026.',
  }
}
