/** The page's words for claims. Core's sentences say what was found; these say what was asked. */
import { type Basis, CLAIMS, type Claim, type ClaimName, type Verification } from '@answerable/core/receipt'

export const QUESTIONS: Record<ClaimName, string> = {
  recorded: 'Is it on record, and who could alter it?',
  model: 'Which model answered?',
  place: 'Where did it run?',
  output: 'Does this model give this output for this input?',
  quality: 'Is it good, fair, useful?',
  accountability: 'Who answers for it, and on what terms?',
}

export const NAMES: Record<ClaimName, string> = {
  recorded: 'Recorded',
  model: 'Model',
  place: 'Place',
  output: 'Output',
  quality: 'Quality',
  accountability: 'Accountability',
}

/** How a claim is shown. A pass on somebody's word alone is another thing than one that was checked. */
export type Look = 'pass' | 'said' | 'not-checked' | 'fail'

export function lookOf({ result, basis }: Claim): Look {
  return result === 'pass' && basis === 'assertion' ? 'said' : result
}

export const LOOK_WORDS: Record<Look, string> = {
  pass: 'Pass',
  said: 'Said, not checked',
  'not-checked': 'Not checked',
  fail: 'Fails',
}

export const BASIS_WORDS: Record<Basis, string> = {
  assertion: 'somebody’s word',
  signature: 'signatures and hashes',
  statistics: 'statistics over many answers',
  recomputation: 'running it again',
  hardware: 'hardware evidence',
  proof: 'a proof of the computation',
}

export function number(n: number): string {
  return n.toLocaleString('en')
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${number(n)} ${n === 1 ? one : many}`
}

/** The outcome in a breath, for those who hear the page. */
export function summary({ claims, verdict }: Verification): string {
  const results = CLAIMS.map(name => `${NAMES[name]}: ${LOOK_WORDS[lookOf(claims[name])]}`).join('. ')
  return `${verdict.met ? 'The default policy is met' : 'The default policy is not met'}. ${results}.`
}

/** Core's words of limits, to follow the label “Does not show”. */
export function limits({ notShown }: Claim): string {
  const text = notShown.replace(/^It does not show /, '')
  return text.charAt(0).toUpperCase() + text.slice(1)
}
