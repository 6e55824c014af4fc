/** A drawn validator says whether the record of an availability challenge opens. More than half of the panel decides. */
import { hasMajority } from '../challenges.ts'
import { shape } from '../fields.ts'
import type { Kind } from '../kind.ts'

export interface ChallengeVote {
  challenge: string
  opens: boolean
}

export const challengeVote: Kind<ChallengeVote> = {
  purposes: ['validator'],
  roles: ['validator'],
  parse(body) {
    const { opens } = body
    if (typeof opens !== 'boolean') return shape.fail('opens', 'true or false')
    return { challenge: shape.digest(body.challenge, 'challenge'), opens }
  },
  check(state, { body: { challenge }, by }) {
    const found = state.challenges.get(challenge)
    if (found === undefined || found.type !== 'availability') return 'not-found'
    if (found.status !== 'open') return 'not-open'
    if (!found.panel.includes(by.member.id)) return 'not-drawn'
    // Who found it closed may find it open later; the other way round a vote stands.
    const before = found.votes.find(({ member }) => member === by.member.id)
    return before?.opens ? 'given-before' : undefined
  },
  apply(state, { body: { challenge, opens }, by }) {
    const { votes } = state.challenges.get(challenge)!
    const others = votes.filter(({ member }) => member !== by.member.id)
    state.challenges.update(challenge, { votes: [...others, { member: by.member.id, opens }] })
    if (!hasMajority(state, state.challenges.get(challenge)!, true)) return
    state.challenges.update(challenge, { status: 'answered' })
    state.open.delete(`challenge ${challenge}`)
  },
}
