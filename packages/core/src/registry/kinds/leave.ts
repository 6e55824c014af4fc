/** A member goes. Its records and keys stay on the record; it signs nothing more. */
import type { Kind } from '../kind.ts'
import { endStanding } from '../membership.ts'

export const leave: Kind<object> = {
  purposes: ['member'],
  standing: ['active', 'suspended'],
  parse: () => ({}),
  check(state, { by }) {
    // Without a validator nothing could ever be cosigned again.
    if (!state.hasOtherValidator(by.member.id)) return 'last-of-its-kind'
    return state.host?.member === by.member.id ? 'wrong-host' : undefined
  },
  apply(state, { by, index }) {
    endStanding(state, by.member.id, 'left', index)
  },
}
