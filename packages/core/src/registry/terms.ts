/** What a charter sets: quorums, periods and limits. Changed by proposal and both chambers' approval. */
import { Shape } from '../shape.ts'

export interface Terms {
  /** A quorum of owner groups is more than this share of them: numerator and denominator. */
  quorum: readonly [number, number]
  /** Seconds of counted time in an epoch: of anchors, reveals and samples. */
  epochSeconds: number
  /** How often validators tick. */
  tickSeconds: number
  /** At most so much counts between two ticks, so that clocks stand still while no quorum is there. */
  maximumGapSeconds: number
  /** By then the host has a handed-in statement in the log. */
  handInSeconds: number
  /** From both chambers' approval until a member is active. */
  waitingSeconds: number
  /** An application or proposal without enough approvals lapses after this. */
  openSeconds: number
  /** How late a quorum may see a committed record before its absence can be challenged. */
  maximumDelaySeconds: number
  /** By then a challenge has its answer; silence loses. */
  challengeSeconds: number
  /** Statements older than this, by registry time, are stale. */
  windowSeconds: number
  statementsPerEpoch: number
  handInsPerEpoch: number
  /** Sizes whose state digest validators sign: the multiples of this. */
  digestEvery: number
  /** Owner groups drawn to look at a challenge. */
  panel: number
}

export const DEFAULT_TERMS: Terms = {
  quorum: [2, 3],
  epochSeconds: 3600,
  tickSeconds: 60,
  maximumGapSeconds: 300,
  handInSeconds: 600,
  waitingSeconds: 86_400,
  openSeconds: 7 * 86_400,
  maximumDelaySeconds: 3600,
  challengeSeconds: 86_400,
  windowSeconds: 7 * 86_400,
  statementsPerEpoch: 10_000,
  handInsPerEpoch: 100,
  digestEvery: 256,
  panel: 3,
}

/** Bounds of each number, both included. */
const BOUNDS: Record<Exclude<keyof Terms, 'quorum'>, readonly [number, number]> = {
  epochSeconds: [1, 31 * 86_400],
  tickSeconds: [1, 86_400],
  maximumGapSeconds: [1, 86_400],
  handInSeconds: [1, 31 * 86_400],
  waitingSeconds: [0, 366 * 86_400],
  openSeconds: [60, 366 * 86_400],
  maximumDelaySeconds: [1, 31 * 86_400],
  challengeSeconds: [1, 366 * 86_400],
  windowSeconds: [60, 366 * 86_400],
  statementsPerEpoch: [10, 10_000_000],
  handInsPerEpoch: [1, 1_000_000],
  digestEvery: [16, 65_536],
  panel: [1, 31],
}

const shape = new Shape('bad-statement')

/** Reads terms that may be partial. Throws `bad-statement` for a number out of bounds, and for a quorum below a half. */
export function parseTerms(value: unknown, where = 'terms'): Partial<Terms> {
  const fields = shape.object(value, where)
  const terms: { -readonly [K in keyof Terms]?: Terms[K] } = {}
  for (const name of Object.keys(BOUNDS) as (keyof typeof BOUNDS)[]) {
    if (fields[name] === undefined) continue
    const number = shape.count(fields[name], `${where}.${name}`)
    const [least, most] = BOUNDS[name]
    if (number < least || number > most) shape.fail(`${where}.${name}`, `${least} to ${most}`)
    terms[name] = number
  }
  if (fields.quorum !== undefined) {
    const [numerator, denominator] = shape.array(fields.quorum, `${where}.quorum`, 2)
    const over = shape.count(denominator, `${where}.quorum[1]`)
    const share = shape.count(numerator, `${where}.quorum[0]`)
    // Two quorums must meet, or two histories could each have one.
    if (over > 100 || share * 2 < over || share >= over)
      shape.fail(`${where}.quorum`, 'a share of at least 1/2 and under 1, with a denominator up to 100')
    terms.quorum = [share, over]
  }
  return terms
}

/** How many of `groups` owner groups are a quorum: more than the charter's share. */
export function quorumOf(groups: number, [numerator, denominator]: Terms['quorum']): number {
  return Math.floor((groups * numerator) / denominator) + 1
}
