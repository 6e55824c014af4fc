/**
 * A validator's stamp on a statement that was handed to it: from here on the host has until a deadline to take the
 * statement itself in. In the log it is effective, or void by a rule's name; left out, it is a ground to move the host.
 */
import { shape } from '../fields.ts'
import type { Kind } from '../kind.ts'

export interface HandInBody {
  /** SHA-256 of the statement's payload. */
  statement: string
}

export const handIn: Kind<HandInBody> = {
  purposes: ['validator'],
  roles: ['validator'],
  parse: body => ({ statement: shape.digest(body.statement, 'statement') }),
  check(state, { body: { statement }, by }) {
    if (state.handIns.has(statement)) return 'given-before'
    const used = state.handInUsage.get(by.member.id) ?? 0
    return used >= state.terms.handInsPerEpoch ? 'rate-limit' : undefined
  },
  apply(state, { body: { statement }, by, index }) {
    const member = by.member.id
    state.handInUsage.set(member, (state.handInUsage.get(member) ?? 0) + 1)
    const due = state.clock + state.terms.handInSeconds * 1000
    state.handIns.set(statement, { digest: statement, by: member, index, due, done: null, overdue: false })
    state.open.add(`hand-in ${statement}`)
  },
}
