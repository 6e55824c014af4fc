/** An inference log's size and root, once an epoch: from here on, samples are drawn over it. */
import { shape } from '../fields.ts'
import type { Kind } from '../kind.ts'

export interface Anchor {
  log: string
  size: number
  root: string
}

export const anchor: Kind<Anchor> = {
  purposes: ['member'],
  roles: ['operator'],
  parse: body => ({
    log: shape.origin(body.log, 'log'),
    size: shape.count(body.size, 'size'),
    root: shape.digest(body.root, 'root'),
  }),
  check(state, { body: { log, size, root }, by }) {
    const found = state.logs.get(log)
    if (found === undefined) return 'no-such-log'
    if (found.member !== by.member.id) return 'not-yours'
    const last = found.anchor
    if (last === null) return undefined
    if (size < last.size) return 'anchor-backwards'
    if (size === last.size && root !== last.root) return 'two-roots'
    // The first one counts: a second could be made once others' are known.
    return last.epoch === state.epoch ? 'anchor-given' : undefined
  },
  apply(state, { body: { log, size, root }, index }) {
    const { epoch } = state
    const from = state.logs.get(log)!.anchor?.size ?? 0
    state.logs.update(log, { anchor: { size, root, epoch, index } })
    const anchors = state.anchors.get(epoch) ?? new Map()
    state.anchors.set(epoch, anchors.set(log, { from, size, root }))
  },
}
