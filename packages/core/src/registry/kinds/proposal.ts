/** What both chambers decide: other terms or rules from a size on, or a member's removal or reinstatement. */
import { shape, slug } from '../fields.ts'
import type { Kind } from '../kind.ts'
import { noApprovals } from '../membership.ts'
import type { Action } from '../records.ts'
import type { State } from '../state.ts'
import { parseTerms } from '../terms.ts'

const MAX_OPEN = 64
/** How far ahead a change may be set, in entries. */
const FARTHEST = 10_000_000

export const proposal: Kind<Action> = {
  purposes: ['member'],
  parse(body) {
    const action = shape.literal(body.action, 'action', ['amend', 'remove', 'reinstate'])
    if (action !== 'amend') return { action, member: slug(body.member, 'member') }
    const rules = body.rules === undefined ? null : shape.count(body.rules, 'rules')
    return { action, terms: parseTerms(body.terms ?? {}), rules, at: shape.count(body.at, 'at') }
  },
  check(state, { body, index }) {
    if ([...state.open].filter(name => name.startsWith('proposal ')).length >= MAX_OPEN) return 'too-many'
    if (body.action === 'amend') {
      if (body.rules !== null && body.rules !== state.rules + 1) return 'unknown-rules'
      return body.at <= index || body.at > index + FARTHEST ? 'out-of-bounds' : undefined
    }
    const member = state.members.get(body.member)
    if (member === undefined) return 'not-found'
    const wanted = body.action === 'remove' ? ['active', 'suspended'] : ['suspended']
    return wanted.includes(member.status) ? undefined : 'not-open'
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

/** A proposal that both chambers approved takes effect: an amendment at its size, or at the next entry if that is past. */
export function accept(state: State, digest: string, index: number): void {
  const { action } = state.proposals.get(digest)!
  state.proposals.update(digest, { status: 'accepted' })
  state.open.delete(`proposal ${digest}`)
  if (action.action === 'amend') {
    const { terms, rules } = action
    const stale = rules !== null && rules !== state.rules + 1
    state.pending.push({ terms, rules: stale ? null : rules, at: Math.max(action.at, index + 1) })
    return
  }
  const member = state.members.get(action.member)!
  if (member.status === 'left') return
  const removed = action.action === 'remove'
  state.members.update(member.id, {
    status: removed ? 'left' : 'active',
    ended: removed ? state.moment(index) : null,
  })
}
