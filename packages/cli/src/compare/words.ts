/** A comparison's facts in words, for the terminal and the page. */
import { type ComparisonBody, eWords } from '@answerable/core/compare'
import { count } from '../output/text.ts'

export function unitOf({ matches }: ComparisonBody): 'pair' | 'token' {
  return matches === undefined ? 'pair' : 'token'
}

export function factsOf(body: ComparisonBody): [string, string][] {
  const { prompts, parameters, seen, planned, failed, level, logE, peak, matches, honest, margin } = body
  const { temperature, topP, maxTokens, api } = parameters
  const unit = unitOf(body)
  const missing = [
    ...(failed.a > 0 ? [`${count(failed.a, 'call')} of A`] : []),
    ...(failed.b > 0 ? [`${count(failed.b, 'call')} of B`] : []),
  ]
  return [
    [
      'asked',
      `${count(prompts.count, 'prompt')} (digest ${prompts.sha256.slice(0, 16)}…) as ${api}, temperature ${temperature}, top-p ${topP}, ${maxTokens} tokens at most`,
    ],
    [
      `${unit}s`,
      `${seen} of ${planned} planned; ${ENDS[body.ended]}${missing.length > 0 ? `; no answer from ${missing.join(' and ')}` : ''}`,
    ],
    ...(matches === undefined
      ? []
      : [
          [
            'matches',
            `${matches} of ${seen}, within ${margin} of the copy’s scores; an honest operator was taken to part with it at ${+((honest ?? 0) * 100).toPrecision(3)}% of tokens at most`,
          ] as [string, string],
        ]),
    [
      'e-value',
      `${eWords(logE)} at the end, ${eWords(peak.logE)} at its highest; level ${level} asks for ${eWords(-Math.log10(level))}`,
    ],
    ['statistic', body.statistic],
    ['transcript', `digest ${body.transcript}`],
  ]
}

const ENDS: Record<ComparisonBody['ended'], string> = {
  level: 'it ended when the level was reached',
  samples: 'all were used',
  stopped: 'it was stopped',
  failures: 'a side no longer answered',
}
