/**
 * An auditor says that a record is not what its model gives. For a graph it commits to its own trace, and the operator
 * must commit to one as well; for a language model it names the first token that the model did not give. The evidence that
 * there is such a record is the log's own proof, as in a challenge.
 */
import { toHex } from '../../bytes.ts'
import { openGame } from '../../dispute/game.ts'
import { type Commitment, parseCommitment } from '../../trace/index.ts'
import { findingId, moveDue, panelDue } from '../disputes.ts'
import { optional, shape } from '../fields.ts'
import type { Kind } from '../kind.ts'
import { hasTooMany } from '../membership.ts'
import { evidenceOf, MAX_PROOF } from './challenge.ts'

export interface DisputeBody {
  log: string
  /** SHA-256 of the record's statement: the log's entry. */
  entry: string
  /** A tlog-proof of it, under any checkpoint that the log signed. */
  proof: string
  /** One of the two: to the auditor's trace, or the place of a token. */
  commitment: Commitment | null
  token: number | null
}

/** Of each owner group: what operators must answer at one auditor's word. */
const MOST_OPEN = 8
const MOST_TOKENS = 10_000_000

export const dispute: Kind<DisputeBody> = {
  purposes: ['member'],
  roles: ['auditor'],
  parse(body) {
    const token = optional(body.token, one => shape.count(one, 'token'))
    const commitment = optional(body.commitment, parseCommitment)
    if ((token === null) === (commitment === null)) shape.fail('commitment', 'either it or a token')
    if (token !== null && token > MOST_TOKENS) shape.fail('token', `at most ${MOST_TOKENS}`)
    return {
      log: shape.origin(body.log, 'log'),
      entry: shape.digest(body.entry, 'entry'),
      proof: shape.string(body.proof, 'proof', MAX_PROOF),
      commitment,
      token,
    }
  },
  check(state, { body, by, suite }) {
    const log = state.logs.get(body.log)
    if (log === undefined) return 'no-such-log'
    // That the log's key was given up since is no way out: those who judge look into the tree that was anchored.
    if (log.member === by.member.id) return 'not-yours'
    const open = [...state.openOf('dispute')].map(digest => state.disputes.get(digest)!)
    const authors = open.map(one => one.auditor)
    if (hasTooMany(state, by.member.ownerGroup, authors, MOST_OPEN)) return 'too-many'
    const shown = evidenceOf(body, log.vkey, suite)
    if (shown === undefined) return 'bad-evidence'
    // It rests on a finding of the same record, so that nobody is kept busy over what nobody ran.
    const found = state.findings.get(findingId(body.log, shown.index, by.member.id))
    if (found === undefined || found.outcome !== 'inconsistent' || found.entry !== body.entry)
      return 'not-found'
    return found.dispute === null ? undefined : 'given-before'
  },
  apply(state, { body, digest, by, suite }) {
    const { log, entry, commitment, token } = body
    const { vkey, member } = state.logs.get(log)!
    const { index, size, root } = evidenceOf(body, vkey, suite)!
    state.disputes.set(digest, {
      digest,
      log,
      index,
      entry,
      size,
      root: toHex(root),
      auditor: by.member.id,
      operator: member,
      game: commitment === null ? null : openGame(commitment),
      token,
      status: commitment === null ? 'panel' : 'moves',
      epoch: state.epoch,
      panel: [],
      votes: [],
      wrong: null,
      due: commitment === null ? panelDue(state) : moveDue(state),
      decided: null,
    })
    state.findings.update(findingId(log, index, by.member.id), { dispute: digest })
    state.open.add(`dispute ${digest}`)
  },
}
