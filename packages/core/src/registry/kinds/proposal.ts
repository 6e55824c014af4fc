/** What both chambers decide: other terms or rules from a size on, or a member's removal or reinstatement. */
import type { JsonObject } from '../../shape.ts'
import { shape, slug } from '../fields.ts'
import type { Kind } from '../kind.ts'
import { endStanding, hasTooMany, noApprovals } from '../membership.ts'
import type { Action } from '../records.ts'
import type { State } from '../state.ts'
import { AUDITS_SINCE, EVIDENCE_SINCE, parseTerms } from '../terms.ts'

/** Of each owner group. */
const MOST_OPEN = 16
/** How far ahead a change may be set, in entries. */
const FARTHEST = 10_000_000

export const proposal: Kind<Action> = {
  purposes: ['member'],
  spare: true,
  parse: body => parseProposal(body, 1),
  check(state, { body, by, index }) {
    const authors = [...state.openOf('proposal')].map(digest => state.proposals.get(digest)!.by)
    if (hasTooMany(state, by.member.ownerGroup, authors, MOST_OPEN)) return 'too-many'
    if (body.action === 'amend') {
      if (body.rules !== null && body.rules !== state.rules + 1) return 'unknown-rules'
      return body.at <= index || body.at > index + FARTHEST ? 'out-of-bounds' : undefined
    }
    const member = state.members.get(body.member)
    if (member === undefined) return 'not-found'
    const wanted = body.action === 'remove' ? ['active', 'suspended'] : ['suspended']
    if (!wanted.includes(member.status)) return 'not-open'
    return body.action === 'remove' && !state.hasOtherValidator(body.member) ? 'last-of-its-kind' : undefined
  },
  apply(state, { body, digest, by }) {
    state.proposals.set(digest, {
      digest,
      by: by.member.id,
      action: body,
      approvals: noApprovals(),
      status: 'open',
      due: state.clock + state.terms.openSeconds * 1000,
    })
    state.open.add(`proposal ${digest}`)
  },
}

/** From rules version 3 on: terms of audits are terms. */
export const auditProposal: Kind<Action> = { ...proposal, parse: body => parseProposal(body, AUDITS_SINCE) }

/** From rules version 4 on: so is the policy of evidence. */
export const evidenceProposal: Kind<Action> = {
  ...proposal,
  parse: body => parseProposal(body, EVIDENCE_SINCE),
}

function parseProposal(body: JsonObject, version: number): Action {
  const action = shape.literal(body.action, 'action', ['amend', 'remove', 'reinstate'])
  if (action !== 'amend') return { action, member: slug(body.member, 'member') }
  const rules = body.rules === undefined ? null : shape.count(body.rules, 'rules')
  return { action, terms: parseTerms(body.terms ?? {}, version), rules, at: shape.count(body.at, 'at') }
}

/** A proposal that both chambers approved takes effect: an amendment at its size, or at the next entry if that is past. */
export function accept(state: State, digest: string, index: number): void {
  const { action } = state.proposals.get(digest)!
  // What it was about may have changed since it was brought.
  const moot =
    action.action !== 'amend' &&
    (state.members.get(action.member)!.status === 'left' ||
      (action.action === 'remove' && !state.hasOtherValidator(action.member)))
  state.proposals.update(digest, { status: moot ? 'lapsed' : 'accepted' })
  state.open.delete(`proposal ${digest}`)
  if (moot) return
  if (action.action === 'amend') {
    const { terms, rules } = action
    state.pending.push({ terms, rules, at: Math.max(action.at, index + 1) })
  } else if (action.action === 'remove') {
    endStanding(state, action.member, 'left', index)
  } else {
    state.members.update(action.member, { status: 'active', ended: null })
  }
}
