/** A node's evidence of its hardware, for people. */
import type { EvidenceRecord } from '@answerable/core/registry'
import { type AttestingStatus, NO_EVIDENCE } from '@answerable/node/network'
import { bad, good, warn } from './style.ts'
import { labelled, plain } from './text.ts'

export function attestingLines(status: AttestingStatus): string[] {
  const { evidence, platform, met, unmet, problems, endorsements, validUntil, next, error } = status
  if (evidence === null)
    return [
      ...labelled('evidence', warn('none yet')),
      ...(error === null ? [] : labelled('because', bad(plain(error.message)))),
    ]
  return [
    ...labelled('platform', plain(platform ?? 'unknown')),
    `  evidence     ${evidence}`,
    `  endorsements ${endorsements}`,
    ...labelled(
      'policy',
      met ? good('met, by this node’s own check') : bad('not met, by this node’s own check'),
    ),
    ...unmet.flatMap(line => labelled('', plain(line))),
    ...problems.flatMap(line => labelled('missing', warn(plain(line)))),
    ...(validUntil === null ? [] : labelled('good until', validUntil)),
    ...(next === null ? [] : labelled('renewed', `at ${next}, by itself`)),
  ]
}

/** What the registry holds: digests, and nobody's judgement but the members'. */
export function statedEvidenceLines(records: readonly EvidenceRecord[]): string[] {
  if (records.length === 0) return labelled('evidence', NO_EVIDENCE)
  return records.flatMap(({ digest, log, stated, endorsements, appraisals }) => [
    `  evidence     ${digest}`,
    ...labelled('', `of ${plain(log)}, since entry ${stated.index}`),
    ...labelled(
      '',
      `${endorsements.length === 1 ? 'endorsements' : `${endorsements.length} archives of endorsements, the newest`} of entry ${endorsements.at(-1)!.stated.index}; ${appraisals.length} appraisals by others`,
    ),
  ])
}
