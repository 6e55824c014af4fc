/**
 * Two checkpoints of one log, both signed by its registered key, with two roots at one size. The proof is the
 * statement itself, so anyone may bring it, and its consequence needs no hearing: the operator is suspended, unless it
 * had revoked that key before.
 */
import { equal } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { parseVkey } from '../../note/vkey.ts'
import { openCheckpoint } from '../../tlog/open.ts'
import { shape } from '../fields.ts'
import { parseKeyText } from '../key-text.ts'
import type { Kind } from '../kind.ts'
import { suspend } from '../membership.ts'

export interface Fork {
  log: string
  /** Signed checkpoints, as they were seen. */
  notes: [string, string]
}

const MAX_NOTE = 16_384

export const fork: Kind<Fork> = {
  purposes: ['member', 'validator'],
  parse(body) {
    const notes = shape.array(body.notes, 'notes', 2)
    return {
      log: shape.origin(body.log, 'log'),
      notes: [shape.string(notes[0], 'notes[0]', MAX_NOTE), shape.string(notes[1], 'notes[1]', MAX_NOTE)],
    }
  },
  check(state, { body: { log, notes }, suite }) {
    const found = state.logs.get(log)
    if (found === undefined) return 'no-such-log'
    if (found.forked !== null) return 'given-before'
    try {
      const keys = [parseVkey(found.vkey, suite)]
      const [a, b] = notes.map(note => openCheckpoint(note, keys, suite).checkpoint)
      return a!.size === b!.size && !equal(a!.root, b!.root) ? undefined : 'not-a-fork'
    } catch (error) {
      if (error instanceof AnswerableError) return 'bad-evidence'
      throw error
    }
  },
  apply(state, { body: { log }, index, suite }) {
    state.logs.update(log, { forked: state.moment(index) })
    const { vkey, member } = state.logs.get(log)!
    // Whoever has a key that was given up can sign what they like: the log is worth nothing, but its owner did no wrong.
    if (state.keys.get(parseKeyText(vkey, 'log', suite).id)?.revoked === null) suspend(state, member, index)
  },
}
