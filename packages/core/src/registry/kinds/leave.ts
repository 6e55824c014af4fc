/** A member goes. Its records and keys stay on the record; it signs nothing more. */
import type { Kind } from '../kind.ts'

export const leave: Kind<object> = {
  purposes: ['member'],
  standing: ['active', 'suspended'],
  parse: () => ({}),
  check(state, { by }) {
    const others = [...state.members.values()].some(
      ({ id, status, roles }) => id !== by.member.id && status === 'active' && roles.includes('validator'),
    )
    // Without a validator nothing could ever be cosigned again.
    if (!others) return 'last-of-its-kind'
    return state.host?.member === by.member.id ? 'wrong-host' : undefined
  },
  apply(state, { by, index }) {
    state.members.update(by.member.id, { status: 'left', ended: state.moment(index) })
  },
}
