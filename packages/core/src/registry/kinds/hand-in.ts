/**
 * A validator's stamp on a statement that was handed to it: from here on the host has until a deadline to take the
 * statement itself in. In the log it is effective, or void by a rule's name; left out, it is a ground to move the host.
 */
import { optional, shape } from '../fields.ts'
import type { Kind } from '../kind.ts'

export interface HandInBody {
  /** SHA-256 of the statement's payload. */
  statement: string
  /** Ids of the keys whose signatures it had then. With fewer it is not the statement that was handed in. */
  signers: string[] | null
}

const MOST_SIGNERS = 64

export const handIn: Kind<HandInBody> = {
  purposes: ['validator'],
  roles: ['validator'],
  spare: true,
  parse: body => ({
    statement: shape.digest(body.statement, 'statement'),
    signers: optional(body.signers, value =>
      shape.array(value, 'signers', MOST_SIGNERS).map((one, i) => shape.digest(one, `signers[${i}]`)),
    ),
  }),
  check(state, { body: { statement }, by, log }) {
    // Of one that is in the log nothing would ever settle this.
    if (state.handIns.has(statement) || log.has(statement)) return 'given-before'
    const used = state.handInUsage.get(by.member.id) ?? 0
    return used >= state.terms.handInsPerEpoch ? 'rate-limit' : undefined
  },
  apply(state, { body: { statement, signers }, by, index }) {
    const member = by.member.id
    state.handInUsage.set(member, (state.handInUsage.get(member) ?? 0) + 1)
    const due = state.clock + state.terms.handInSeconds * 1000
    const record = { digest: statement, by: member, index, due, done: null, overdue: false, signers }
    state.handIns.set(statement, record)
    state.open.add(`hand-in ${statement}`)
  },
}
