/** A validator's word on what the entries up to a size come to: it replayed them and signs the state's digest. */
import { shape } from '../fields.ts'
import type { Kind } from '../kind.ts'

export interface StateDigest {
  size: number
  digest: string
}

export const stateDigest: Kind<StateDigest> = {
  purposes: ['validator'],
  roles: ['validator'],
  parse: body => ({ size: shape.count(body.size, 'size'), digest: shape.digest(body.digest, 'digest') }),
  check(state, { body: { size, digest }, by, log }) {
    const ours = log.digestAt(size)
    if (ours === undefined) return 'not-due'
    const before = state.digests.get(size)?.get(by.member.id)
    if (before !== undefined) return before === digest ? 'given-before' : 'two-digests'
    return digest === ours ? undefined : 'wrong-digest'
  },
  apply(state, { body: { size, digest }, by }) {
    const digests = state.digests.get(size) ?? new Map()
    state.digests.set(size, digests.set(by.member.id, digest))
  },
}
