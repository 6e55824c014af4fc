/** A comparison in words: what was found, and what that does not show. */
import type { ComparedSide, ComparisonBody } from './comparison.ts'
import { TOKEN_MATCH_STATISTIC } from './token-match.ts'

export interface ComparisonWords {
  found: string
  /** How often an honest pair would come out like this. */
  error: string
  notShown: string[]
}

export function comparisonWords(body: ComparisonBody): ComparisonWords {
  return body.statistic === TOKEN_MATCH_STATISTIC ? tokenWords(body) : equalityWords(body)
}

function equalityWords({ outcome, seen, level, path }: ComparisonBody): ComparisonWords {
  if (outcome === 'not-shown')
    return {
      found: `${pairs(seen)} did not tell A and B apart at level ${level}.`,
      error: `Nothing is concluded from that.`,
      notShown: [
        'that A and B are the same: small differences, and larger ones in few samples, are missed',
        ...ALWAYS,
      ],
    }
  // A crossing may be rounded to just below what it had to reach.
  const at = path.find(({ logE }) => logE >= -Math.log10(level) - 1e-4)?.at ?? seen
  return {
    found: `A and B answer differently: ${pairs(at)} were enough to tell them apart at level ${level}.`,
    error: `Were both drawn alike, this happens in at most ${oneIn(level)} comparisons, however often one looks.`,
    notShown: [
      'why: another model, coarser weights, another temperature or sampler, a system prompt, a chat template, a filter or a cache all count',
      'which of the two is the one that was promised',
      ...ALWAYS,
    ],
  }
}

function tokenWords({ outcome, seen, matches = 0, level, honest = 0 }: ComparisonBody): ComparisonWords {
  const share = seen === 0 ? '' : ` (${percent(matches / seen)} matched)`
  if (outcome === 'not-shown')
    return {
      found: `${seen} tokens of A${share} do not show that it parts with the trusted copy at more than ${percent(honest)} of tokens, at level ${level}.`,
      error: 'Nothing is concluded from that.',
      notShown: [
        'that A runs the same weights: a single changed weight, or another cache type, seldom changes a greedy token',
        ...ALWAYS,
      ],
    }
  return {
    found: `A gives other tokens than the trusted copy: ${matches} of ${seen} matched, each answer read to its first that does not.`,
    error: `Of an operator that parts with the copy at each token with a probability of at most ${percent(honest)}, this is said in at most ${oneIn(level)} comparisons, however often one looks.`,
    notShown: [
      'why: another model, coarser weights, another temperature, a system prompt or a chat template all count',
      `that honest runs part at ${percent(honest)} of tokens at most: that bound is the caller’s`,
      ...ALWAYS,
    ],
  }
}

const ALWAYS = [
  'anything about other prompts, parameters or times: who knows that it is being compared can answer these alone with another model',
  'guilt: on this alone nobody is convicted; it is a reason for a re-run or a dispute',
]

export function sideWords(side: ComparedSide): string {
  if (side.kind === 'file') return `file ${side.sha256.slice(0, 16)}… on ${side.runtime}`
  return side.kind === 'node' ? `${side.model} at ${side.node} (${side.url})` : `${side.model} at ${side.url}`
}

/** `10^2.4`, or the number itself where that is short. */
export function eWords(logE: number): string {
  const value = 10 ** logE
  if (Math.abs(logE) > 4) return `10^${logE.toFixed(1)}`
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toPrecision(2)
}

function pairs(count: number): string {
  return `${count} ${count === 1 ? 'pair' : 'pairs'} of answers`
}

/** A share that is not smaller than the level. */
export function oneIn(level: number): string {
  return `1 of ${Math.floor(1 / level + 1e-9)}`
}

function percent(share: number): string {
  return `${+(share * 100).toPrecision(3)}%`
}
