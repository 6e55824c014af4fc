/**
 * A node's evidence of itself: its devices' first, asked with the nonce of its log, then its machine's, which binds the
 * log's key and the devices' evidence. The node appraises it like anybody else would, and states none that is not of itself.
 */
import { AnswerableError, type Suite } from '@answerable/core'
import {
  type AppraisedItem,
  type CheckName,
  type DocumentAppraisal,
  DocumentAppraiser,
  type DocumentOptions,
  deviceNonce,
  type Endorsement,
  evidenceBinding,
  formatEvidenceDocument,
  parseEvidenceDocument,
} from '@answerable/core/evidence'
import type { Attested } from './attester.ts'
import type { Attesters } from './open.ts'

export interface AttestOptions {
  attesters: Attesters
  /** vkey of the log that is written now. */
  log: string
  suite: Suite
  signal?: AbortSignal
  /** Told of each step, in a few words. */
  progress?: (step: string) => void
}

export interface NodeEvidence {
  /** The exact bytes. */
  document: Uint8Array
  /** SHA-256, in hex. */
  digest: string
  /** The machine's first. */
  items: Attested[]
}

/** Throws `unavailable`, with the attester that failed and why, and `too-large`. */
export async function attest(options: AttestOptions): Promise<NodeEvidence> {
  const { attesters, log, suite, signal = new AbortController().signal, progress } = options
  const nonce = deviceNonce(log, suite)
  const devices: Attested[] = []
  // One after the other: their tools share one driver.
  for (const [i, device] of attesters.devices.entries()) {
    progress?.(`device ${i + 1} of ${attesters.devices.length}: asked for its evidence`)
    devices.push(await device.attest(nonce, signal))
  }
  const binding = evidenceBinding(
    log,
    devices.map(({ bytes }) => bytes),
    suite,
  )
  progress?.(`machine (${attesters.machine.kind}): asked for its evidence`)
  const items = [await attesters.machine.attest(binding, signal), ...devices]
  const document = formatEvidenceDocument({ log, items })
  return { document, digest: suite.sha256Hex(document), items }
}

/** Checks that are about whether this is evidence of this node at all. */
const OWN: readonly CheckName[] = ['signature', 'binding', 'nonce']

/**
 * Appraises a node's own evidence. Throws `bad-evidence` where it cannot be read, is not signed as it should be, or is bound to
 * something else; whatever else fails is in the appraisal, for all to see.
 */
export function appraiseOwn(
  document: Uint8Array,
  endorsements: readonly Endorsement[],
  time: number,
  options: Omit<DocumentOptions, 'archives'>,
): DocumentAppraisal {
  const appraiser = new DocumentAppraiser(parseEvidenceDocument(document), {
    ...options,
    archives: [endorsements],
  })
  const appraisal = appraiser.at(time)
  refuse('the machine', appraisal.machine)
  for (const [i, device] of appraisal.devices.entries()) refuse(`device ${i + 1}`, device)
  const bound = appraisal.machine.appraisal?.checks.find(one => one.check === 'binding')
  if (bound?.outcome !== 'pass') throw notOurs('the machine', bound?.detail ?? 'nothing was signed along')
  return appraisal
}

function refuse(what: string, { appraisal, error }: AppraisedItem): void {
  if (error !== undefined) throw notOurs(what, error.message)
  const failed = appraisal?.checks.find(one => one.outcome === 'fail' && OWN.includes(one.check))
  if (failed !== undefined) throw notOurs(what, `${failed.check}: ${failed.detail} (${failed.reason})`)
}

function notOurs(what: string, why: string): AnswerableError {
  return new AnswerableError('bad-evidence', `what ${what} gave is no evidence of this node: ${why}`)
}
