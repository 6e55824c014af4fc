/** Its publisher no longer stands behind a version of a model. */
import { line, shape } from '../fields.ts'
import type { Kind } from '../kind.ts'

export interface Withdrawal {
  name: string
  version: string
  reason: string
}

export const modelWithdrawal: Kind<Withdrawal> = {
  purposes: ['member'],
  standing: ['active', 'suspended'],
  parse: body => ({
    name: shape.string(body.name, 'name', 128),
    version: shape.string(body.version, 'version', 64),
    reason: line(body.reason, 'reason'),
  }),
  check(state, { body: { name, version }, by }) {
    const found = state.models.get(`${name}@${version}`)
    if (found === undefined) return 'not-found'
    if (found.publisher !== by.member.id) return 'not-yours'
    return found.withdrawn === null ? undefined : 'given-before'
  },
  apply(state, { body: { name, version, reason }, index }) {
    state.models.update(`${name}@${version}`, { withdrawn: { ...state.moment(index), reason } })
  },
}
