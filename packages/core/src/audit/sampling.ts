/**
 * Which records are due for an audit. A log's indexes lie in blocks of as many records as one is drawn from; in each block
 * one index is drawn, by a hash of the epoch's seed, the log and the block. The seed is made of links that validators
 * reveal only once the log's size and root are anchored, so whoever wrote the records could not know which would be
 * drawn, and anyone can draw again.
 *
 *     drawn(block) = first 6 bytes of SHA-256("answerable-sample/v1" LF seed LF log LF oneIn LF block LF), modulo oneIn
 *
 * A block that two epochs share is drawn from in each, by its own seed, and only what falls into an epoch's own part is
 * due: so each record is due with one chance in `oneIn`, wherever epochs end.
 *
 * What a use that is declared in a record changes is not known before it opens. So records are drawn at the highest rate of
 * all, and thinned once they are open.
 */

import { utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import type { Suite } from '../suite.ts'

/** How many records one is drawn from: by declared use, and for all other uses. 1 draws every one. */
export interface Samples {
  readonly default: number
  readonly uses: Readonly<Record<string, number>>
}

/** Records drawn at a time; who has a longer range draws from parts of it. */
const MOST_DRAWN = 1_000_000

/** One record in so many is drawn before any is open. */
export function highestRate({ default: others, uses }: Samples): number {
  return Math.min(others, ...Object.values(uses))
}

/**
 * The indexes due in [from, to) of a log, in order. `seed` in hex, as the registry has it. Throws `bad-request` for a rate
 * that is none, and for a range out of bounds.
 */
export function* drawn(
  seed: string,
  log: string,
  range: { readonly from: number; readonly to: number },
  oneIn: number,
  suite: Suite,
): Generator<number> {
  checkRate(oneIn)
  const { from, to } = range
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && to >= from))
    throw new AnswerableError('bad-request', `no range of a log: ${from} to ${to}`)
  const first = Math.floor(from / oneIn)
  if (Math.ceil(to / oneIn) - first > MOST_DRAWN)
    throw new AnswerableError('too-large', `over ${MOST_DRAWN} records are due: draw from a part of them`)
  for (let block = first; block * oneIn < to; block++) {
    const index = drawnOf(seed, log, block, oneIn, suite)
    if (index >= from && index < to) yield index
  }
}

/** Whether this record of the log is drawn. */
export function isDrawn(seed: string, log: string, index: number, oneIn: number, suite: Suite): boolean {
  checkRate(oneIn)
  return drawnOf(seed, log, Math.floor(index / oneIn), oneIn, suite) === index
}

/**
 * Whether a record that was drawn at the highest rate stays, now that its use is known: `use` as its parties state it,
 * undefined where they state none.
 */
export function staysDrawn(
  seed: string,
  log: string,
  index: number,
  use: string | undefined,
  samples: Samples,
  suite: Suite,
): boolean {
  const highest = highestRate(samples)
  const own = rateOf(use, samples)
  checkRate(own)
  // own >= highest: a share of highest / own of those drawn stays.
  const text = `answerable-thin/v1\n${seed}\n${log}\n${index}\n`
  return numberOf(suite.sha256(utf8(text))) % own < highest
}

/** One record in so many is audited of this use. */
export function rateOf(use: string | undefined, { default: others, uses }: Samples): number {
  return use !== undefined && Object.hasOwn(uses, use) ? uses[use]! : others
}

function drawnOf(seed: string, log: string, block: number, oneIn: number, suite: Suite): number {
  const text = `answerable-sample/v1\n${seed}\n${log}\n${oneIn}\n${block}\n`
  return block * oneIn + (numberOf(suite.sha256(utf8(text))) % oneIn)
}

/** The first 6 bytes, big-endian: so many more than any rate that the remainder is as good as even. */
function numberOf(digest: Uint8Array): number {
  let number = 0
  for (let i = 0; i < 6; i++) number = number * 256 + digest[i]!
  return number
}

export const MOST_ONE_IN = 1_000_000_000

function checkRate(oneIn: number): void {
  if (!Number.isSafeInteger(oneIn) || oneIn < 1 || oneIn > MOST_ONE_IN)
    throw new AnswerableError('bad-request', `one in ${oneIn} is no rate: expected 1 to ${MOST_ONE_IN}`)
}
