/** Evidence to look at, checked: some good, some rejected, and none of it of this node. */
import {
  type Appraisal,
  appraise,
  evidenceFormat,
  NO_ENDORSEMENTS,
  readEvidence,
} from '@answerable/core/evidence'
import type { ExampleEvidence } from '@answerable/node/attester'
import { nodeSuite } from '@answerable/node/log'
import { bad, bold, dim, good } from './style.ts'
import { labelled, plain, wrap } from './text.ts'

export interface CheckedExample extends ExampleEvidence {
  appraisal: Appraisal
}

/** Throws what the parsers throw: an example that cannot be read is a fault. */
export function checkExamples(examples: readonly ExampleEvidence[]): CheckedExample[] {
  return examples.map(example => {
    const [{ format, parsed } = { format: 'nitro' as const, parsed: undefined }] = readEvidence(
      example.bytes,
    ).found
    const { time, policy } = example
    const appraisal = appraise(evidenceFormat(format)!, parsed, {
      time,
      policy,
      endorsements: NO_ENDORSEMENTS,
      suite: nodeSuite,
    })
    return { ...example, appraisal }
  })
}

export function exampleLines(examples: readonly CheckedExample[]): string[] {
  return [
    bold('What evidence of hardware looks like. None of it is of this node'),
    ...examples.flatMap(({ title, file, time, appraisal }) => [
      '',
      ...wrap(`${title[0]!.toUpperCase()}${title.slice(1)}.`, 2),
      ...labelled('file', file),
      ...labelled('as of', new Date(time).toISOString()),
      ...labelled('platform', plain(appraisal.platform)),
      ...labelled('result', appraisal.verdict.met ? good('meets the policy') : bad('rejected')),
      ...appraisal.verdict.unmet.flatMap(line => labelled('', bad(plain(line)))),
      ...appraisal.checks.flatMap(({ check, outcome, detail }) =>
        outcome === 'pass' ? labelled('', dim(`${check}: ${plain(detail)}`)) : [],
      ),
    ]),
    '',
  ]
}

/** One object an example. */
export function exampleJson(examples: readonly CheckedExample[]): unknown[] {
  return examples.map(({ title, file, time, good: expected, appraisal }) => ({
    title,
    file,
    asOf: new Date(time).toISOString(),
    expected: expected ? 'good' : 'rejected',
    met: appraisal.verdict.met,
    unmet: appraisal.verdict.unmet,
    platform: appraisal.platform,
    measurements: appraisal.measurements,
    checks: appraisal.checks,
  }))
}
