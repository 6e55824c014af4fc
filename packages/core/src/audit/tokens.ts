/**
 * Compares the tokens of a recorded answer with those that a re-run gives. There is no arithmetic that all processors share
 * for language models, so tokens may part where the scores of two are close: what counts is how far the scores would have
 * to be off (`draw.ts`), against a margin that was measured between honest settings.
 */
import { MOST_NOISE } from './draw.ts'
import type { Comparison } from './outputs.ts'

export interface TokenMargin {
  /** Noise on a logit that is nobody's fault. */
  noise: number
  /** Why so much and no more. */
  why: string
}

/** One token of the recorded answer, given all those before it. */
export interface TokenStep {
  /** Whether the re-run gives the same. */
  same: boolean
  /** The least noise on the re-run's logits with which it could; 0 where it is the same, Infinity where none does. */
  noise: number
  /** The re-run's highest logit, less that of this token. */
  gap: number
}

export interface Parting {
  /** Which token of the answer, from 0. */
  at: number
  /** At most `MOST_GAP`. */
  gap: number
  /** At most `MOST_NOISE`: so much, or more. */
  noise: number
}

export interface TokenCloseness {
  of: 'tokens'
  /** Tokens of the recorded answer that were looked at, its end included. */
  checked: number
  /** Those that the re-run gives as well. */
  same: number
  /** Where both part for the first time. */
  first?: Parting
  /** Where they are furthest apart, up to the first token beyond the margin; that one, where there is one. */
  furthest?: Parting
  margin: number
  /** What differs besides the tokens. */
  problem?: string
}

export const MOST_GAP = 100

/** Throws nothing; no steps compare as `exact`, which says nothing: the caller says that nothing was compared. */
export function compareTokens(
  steps: readonly TokenStep[],
  margin: Pick<TokenMargin, 'noise'>,
  problem?: string,
): { outcome: Comparison; closeness: TokenCloseness } {
  const partings = steps.flatMap(({ same, noise, gap }, at) =>
    same ? [] : [{ at, gap: atMost(gap, MOST_GAP), noise: atMost(noise, MOST_NOISE) }],
  )
  const first = partings[0]
  const convicting = partings.find(one => isBeyond(one, margin))
  const furthest =
    convicting ??
    partings.reduce<Parting | undefined>(
      (most, one) => (most === undefined || one.noise > most.noise ? one : most),
      undefined,
    )
  const closeness: TokenCloseness = {
    of: 'tokens',
    checked: steps.length,
    same: steps.length - partings.length,
    ...(first && { first }),
    ...(furthest && { furthest }),
    margin: margin.noise,
    ...(problem !== undefined && { problem }),
  }
  const outcome =
    problem !== undefined || convicting !== undefined
      ? 'inconsistent'
      : first === undefined
        ? 'exact'
        : 'consistent'
  return { outcome, closeness }
}

function isBeyond({ noise }: Parting, margin: Pick<TokenMargin, 'noise'>): boolean {
  return !(noise <= margin.noise)
}

/** Numbers that JSON holds, and short ones: digits beyond these say nothing. */
function atMost(value: number, most: number): number {
  return Number.isNaN(value) ? most : Number(Math.min(value, most).toPrecision(6))
}
