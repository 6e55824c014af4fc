/** A validator's link for the epoch that has just ended, whose anchors are all in. */
import { fromHex } from '../../bytes.ts'
import { revealEpoch } from '../beacon.ts'
import { shape } from '../fields.ts'
import type { Kind } from '../kind.ts'

export interface Reveal {
  epoch: number
  /** 32 bytes in hex, whose SHA-256 is the link revealed before, or the tip. */
  link: string
}

export const reveal: Kind<Reveal> = {
  purposes: ['validator'],
  roles: ['validator'],
  parse: body => ({ epoch: shape.count(body.epoch, 'epoch'), link: shape.digest(body.link, 'link') }),
  check(state, { body: { epoch, link }, by, suite }) {
    const chain = state.chains.get(by.member.id)
    if (chain === undefined || chain.left === 0) return 'not-found'
    if (epoch !== revealEpoch(state) || chain.from > epoch) return 'out-of-turn'
    if (state.reveals.get(epoch)?.has(by.member.id)) return 'given-before'
    return suite.sha256Hex(fromHex(link)) === chain.tip ? undefined : 'wrong-link'
  },
  apply(state, { body: { epoch, link }, by }) {
    const chain = state.chains.get(by.member.id)!
    state.chains.update(by.member.id, { tip: link, left: chain.left - 1 })
    const reveals = state.reveals.get(epoch) ?? new Map()
    state.reveals.set(epoch, reveals.set(by.member.id, link))
  },
}
