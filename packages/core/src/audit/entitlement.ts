/**
 * Who may have a record opened: an auditor while it is due in an epoch's sample, and the panels of a dispute about it, and of
 * a challenge that says it is not to be had. A pure function of the registry's state, so that operator
 * and requester come to one answer from one copy, and anyone can look later whether it was right.
 */
import type { Challenge, Dispute, EpochRecord, Member } from '../registry/records.ts'
import type { Terms } from '../registry/terms.ts'
import type { Suite } from '../suite.ts'
import type { DisclosureRequest } from './disclosure-request.ts'
import { highestRate, isDrawn } from './sampling.ts'

/** Why somebody is not entitled: stable words, which stand in refusals. */
export type NotEntitled =
  | 'not-active'
  | 'no-samples'
  | 'not-an-auditor'
  | 'no-seed'
  | 'sample-over'
  | 'not-drawn'
  | 'no-dispute'
  | 'no-challenge'
  | 'another-record'
  | 'over'
  | 'no-part-in-it'

/** What is looked at of the registry's state. */
export interface EntitlementState {
  readonly epoch: number
  readonly terms: Pick<Terms, 'audit'>
  readonly members: { get(id: string): Member | undefined }
  readonly epochs: { get(epoch: string): Pick<EpochRecord, 'seed' | 'drawnFrom'> | undefined }
  readonly challenges: { get(digest: string): Challenge | undefined }
  readonly disputes: {
    get(
      digest: string,
    ): Pick<Dispute, 'log' | 'index' | 'auditor' | 'operator' | 'panel' | 'status'> | undefined
  }
}

/** After so many epochs more a sample is closed: what nobody asked for by then is nobody's to open. */
export const SAMPLE_EPOCHS = 168

/** Standings of a dispute in which those who judge need the record. */
const GOING_ON: readonly Dispute['status'][] = ['moves', 'panel']

/** Undefined where the member who asks may have the record opened; else why not. */
export function notEntitled(
  request: Pick<DisclosureRequest, 'by' | 'log' | 'index' | 'ground'>,
  state: EntitlementState,
  suite: Suite,
): NotEntitled | undefined {
  const member = state.members.get(request.by)
  if (member?.status !== 'active') return 'not-active'
  const { ground } = request
  if (ground.reason === 'sample') return notDue(request, ground.epoch, member, state, suite)
  return ground.reason === 'dispute'
    ? noDispute(request, ground.digest, state)
    : noChallenge(request, ground.digest, state)
}

function notDue(
  { log, index }: Pick<DisclosureRequest, 'log' | 'index'>,
  epoch: number,
  { roles }: Member,
  state: EntitlementState,
  suite: Suite,
): NotEntitled | undefined {
  const samples = state.terms.audit?.samples
  if (samples === undefined) return 'no-samples'
  if (!roles.includes('auditor')) return 'not-an-auditor'
  if (epoch + SAMPLE_EPOCHS < state.epoch) return 'sample-over'
  const drawn = state.epochs.get(String(epoch))
  if (drawn === undefined) return 'no-seed'
  const part = drawn.drawnFrom?.find(one => one.log === log)
  if (part === undefined || index < part.from || index >= part.to) return 'not-drawn'
  return isDrawn(drawn.seed, log, index, highestRate(samples), suite) ? undefined : 'not-drawn'
}

function noDispute(
  { by, log, index }: Pick<DisclosureRequest, 'by' | 'log' | 'index'>,
  digest: string,
  state: EntitlementState,
): NotEntitled | undefined {
  const found = state.disputes.get(digest)
  if (found === undefined) return 'no-dispute'
  if (found.log !== log || found.index !== index) return 'another-record'
  if (!GOING_ON.includes(found.status)) return 'over'
  // Both sides have it already. Were it opened to its auditor, anyone could read what they like by disputing it.
  return found.panel.includes(by) ? undefined : 'no-part-in-it'
}

function noChallenge(
  { by, log, index }: Pick<DisclosureRequest, 'by' | 'log' | 'index'>,
  digest: string,
  state: EntitlementState,
): NotEntitled | undefined {
  const found = state.challenges.get(digest)
  if (found === undefined || found.type !== 'availability') return 'no-challenge'
  if (found.log !== log || found.index !== index) return 'another-record'
  if (found.status !== 'open') return 'over'
  return found.panel.includes(by) ? undefined : 'no-part-in-it'
}
