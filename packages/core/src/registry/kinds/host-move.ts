/**
 * The registry's log goes to another host. A quorum of the validators' owner groups signs where the old host's log
 * ends: the successor continues the same tree under its own origin, with this statement as the next entry. What the
 * old host signed beyond is an abandoned end, and evidence.
 */
import { toHex } from '../../bytes.ts'
import { line, shape, slug, url } from '../fields.ts'
import { parseKeyText } from '../key-text.ts'
import { groupsOf, type Kind } from '../kind.ts'
import { isLive } from '../membership.ts'

export interface HostMove {
  /** Origin of the log that ends. */
  from: string
  size: number
  root: string
  to: { vkey: string; member: string; url: string }
  reason: string
}

export const hostMove: Kind<HostMove> = {
  purposes: ['validator'],
  cosigned: true,
  timeless: true,
  spare: true,
  roles: ['validator'],
  parse(body, suite) {
    const to = shape.object(body.to, 'to')
    const vkey = shape.string(to.vkey, 'to.vkey', 4096)
    parseKeyText(vkey, 'host', suite)
    return {
      from: shape.origin(body.from, 'from'),
      size: shape.count(body.size, 'size'),
      root: shape.digest(body.root, 'root'),
      to: { vkey, member: slug(to.member, 'to.member'), url: url(to.url, 'to.url') },
      reason: line(body.reason, 'reason'),
    }
  },
  check(state, { body: { from, size, root, to }, index, log, signers, suite }) {
    if (state.host?.origin !== from) return 'wrong-host'
    if (size !== index) return 'wrong-size'
    if (root !== toHex(log.root())) return 'wrong-root'
    const { id, vkey } = parseKeyText(to.vkey, 'host', suite)
    if (state.hosts.has(vkey!.name) || state.logs.has(vkey!.name)) return 'name-taken'
    const key = state.keys.get(id)
    if (key?.key !== to.vkey || key.member !== to.member || key.purpose !== 'host') return 'key-taken'
    if (key.revoked !== null) return 'key-revoked'
    if (!isLive(state, key)) return 'key-expired'
    if (state.members.get(to.member)?.status !== 'active') return 'member-not-active'
    return state.mayMove(groupsOf(signers)) ? undefined : 'quorum-not-met'
  },
  apply(state, { body: { to, size }, suite }) {
    const { vkey } = parseKeyText(to.vkey, 'host', suite)
    state.host = { origin: vkey!.name, vkey: to.vkey, member: to.member, url: to.url, from: size }
    state.hosts.set(vkey!.name, state.host)
    // A new host starts with a clean slate: what was handed in to the old one is due from here.
    const due = state.clock + state.terms.handInSeconds * 1000
    const window = state.terms.windowSeconds * 1000
    for (const [digest, handIn] of state.handIns.entries()) {
      if (handIn.done !== null || handIn.due + window < state.clock) continue
      state.handIns.update(digest, { due, overdue: false })
      state.open.add(`hand-in ${digest}`)
    }
  },
}
