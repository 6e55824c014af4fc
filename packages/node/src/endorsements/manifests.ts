/** Names of the manifests with a device's reference values, as its own evidence leads to them: under these they are asked for. */
import { AnswerableError } from '@answerable/core'
import {
  DEFAULT_EVIDENCE_POLICY,
  type EvidenceItem,
  evidenceFormat,
  NO_ENDORSEMENTS,
} from '@answerable/core/evidence'
import { nodeSuite } from '../log/suite.ts'

const MOST = 4

/** None for evidence that cannot be read. */
export function manifestsOf({ format: name, bytes }: EvidenceItem): string[] {
  const format = evidenceFormat(name)
  if (format === undefined) return []
  try {
    const { facts } = format.check(format.parse(bytes), {
      time: 0,
      policy: DEFAULT_EVIDENCE_POLICY,
      endorsements: NO_ENDORSEMENTS,
      suite: nodeSuite,
    })
    const { manifests } = facts
    return Array.isArray(manifests) ? manifests.filter(one => typeof one === 'string').slice(0, MOST) : []
  } catch (error) {
    if (error instanceof AnswerableError) return []
    throw error
  }
}
