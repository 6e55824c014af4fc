/**
 * An image is not to be relied on, from a time on that may lie in the past. Its author revokes its own approval; validators
 * of a quorum of owner groups, who sign together, revoke everybody's, also where more measurements are named beside these.
 */
import { matchesReference } from '../../evidence/reference.ts'
import { line, shape } from '../fields.ts'
import { groupsOf, type Kind, type Signer } from '../kind.ts'
import type { ReferenceRecord } from '../records.ts'

export interface ReferenceRevocation {
  /** Of the image: `referenceId`. */
  id: string
  /** Unix milliseconds. */
  since: number
  reason: string
}

export const referenceRevocation: Kind<ReferenceRevocation> = {
  purposes: ['member', 'validator'],
  standing: ['active', 'suspended'],
  cosigned: true,
  spare: true,
  parse: body => ({
    id: shape.digest(body.id, 'id'),
    since: shape.time(body.since, 'since'),
    reason: line(body.reason, 'reason'),
  }),
  check(state, { body: { id }, by, signers }) {
    const all = state.referencesOf(id)
    if (all.length === 0) return 'not-found'
    if (state.isQuorum(groupsOf(validatorsOf(signers))))
      return all.some(isOpenToAll) ? undefined : 'given-before'
    if (!speaksForItself(signers, by)) return 'quorum-not-met'
    const own = all.find(one => one.by === by.member.id)
    if (own === undefined) return 'not-yours'
    return own.revoked === null ? undefined : 'given-before'
  },
  apply(state, { body: { id, since, reason }, by, signers, index }) {
    const groups = groupsOf(validatorsOf(signers))
    const all = state.isQuorum(groups)
    const revoked = {
      ...state.moment(index),
      since,
      reason,
      by: by.member.id,
      groups: all ? [...groups] : null,
    }
    const same = state.referencesOf(id)
    // Who names more measurements of an image approves that image: a quorum means all of them.
    const meant = all
      ? [...state.references.values()].filter(one => matchesReference(same[0]!.reference, one.reference))
      : same
    for (const one of meant) {
      if (all ? !isOpenToAll(one) : one.by !== by.member.id) continue
      // What its author gave up earlier does not count again from then on.
      const first = Math.min(since, one.revoked?.since ?? since)
      state.references.update(`${one.id} ${one.by}`, { revoked: { ...revoked, since: first } })
    }
  },
}

/** Not revoked yet, or by its author alone. */
function isOpenToAll({ revoked }: ReferenceRecord): boolean {
  return revoked === null || revoked.groups === null
}

/** Whether the author's member key signed: what validators' processes hold does not take back what people said. */
function speaksForItself(signers: readonly Signer[], by: Signer): boolean {
  return signers.some(({ key, member }) => member.id === by.member.id && key.purpose === 'member')
}

function validatorsOf(signers: readonly Signer[]): Signer[] {
  return signers.filter(
    ({ key, member }) =>
      key.purpose === 'validator' && member.status === 'active' && member.roles.includes('validator'),
  )
}
