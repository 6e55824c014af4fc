/**
 * A question that an operator must answer by a deadline; silence loses. `consistency`: a record that its log signed is
 * under no checkpoint that a quorum witnessed. `availability`: a record is not to be had. The evidence is the log's own
 * proof that it holds the record.
 */
import { equal, fromHex, toHex } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { parseVkey } from '../../note/vkey.ts'
import type { Suite } from '../../suite.ts'
import { leafHash, rootFromInclusion } from '../../tlog/merkle.ts'
import { openCheckpoint } from '../../tlog/open.ts'
import { parseTlogProof } from '../../tlog/proof.ts'
import { shape } from '../fields.ts'
import { parseKeyText } from '../key-text.ts'
import type { Kind } from '../kind.ts'
import { hasTooMany } from '../membership.ts'
import type { LogRecord } from '../records.ts'

export interface ChallengeBody {
  type: 'consistency' | 'availability'
  log: string
  /** SHA-256 of the record's statement: the log's entry. */
  entry: string
  /** A tlog-proof of it, under any checkpoint that the log signed. */
  proof: string
}

/** Or, from rules version 3 on, a record by its place alone, in a tree that its operator anchored. */
interface Anchored {
  type: 'availability'
  log: string
  index: number
}

export const MAX_PROOF = 32_768
/** Of each owner group. */
const MOST_OPEN = 64

export const challenge: Kind<ChallengeBody | Anchored> = {
  purposes: ['member', 'validator'],
  parse: body => ({
    type: shape.literal(body.type, 'type', ['consistency', 'availability']),
    log: shape.origin(body.log, 'log'),
    entry: shape.digest(body.entry, 'entry'),
    proof: shape.string(body.proof, 'proof', MAX_PROOF),
  }),
  check(state, { body, by, suite }) {
    const log = state.logs.get(body.log)
    if (log === undefined) return 'no-such-log'
    if ('index' in body) {
      if (log.anchor === null || body.index >= log.anchor.size) return 'not-anchored'
    } else if (state.keys.get(parseKeyText(log.vkey, 'log', suite).id)?.revoked !== null)
      // Whoever has a key that was given up can sign what they like.
      return 'key-revoked'
    const open = [...state.openOf('challenge')].map(digest => state.challenges.get(digest)!)
    if (
      hasTooMany(
        state,
        by.member.ownerGroup,
        open.map(one => one.by),
        MOST_OPEN,
      )
    )
      return 'too-many'
    const shown = shownBy(body, log, suite)
    if (shown === undefined) return 'bad-evidence'
    const same = open.some(
      ({ log, type, index }) => log === body.log && type === body.type && index === shown.index,
    )
    return same ? 'given-before' : undefined
  },
  apply(state, { body, digest, by, suite }) {
    const { index, size, root } = shownBy(body, state.logs.get(body.log)!, suite)!
    // A panel is drawn from a seed that is not known yet, and has its time from then on (challenges.ts).
    const epochs = body.type === 'availability' ? 2 * state.terms.epochSeconds : 0
    state.challenges.set(digest, {
      digest,
      type: body.type,
      log: body.log,
      by: by.member.id,
      index,
      size,
      root: toHex(root),
      epoch: state.epoch,
      panel: [],
      votes: [],
      status: 'open',
      due: state.clock + (epochs + state.terms.challengeSeconds) * 1000,
    })
    state.open.add(`challenge ${digest}`)
  },
}

/**
 * From rules version 3 on. A log that shows nothing at all, or less than was anchored, gives nobody a proof to challenge it
 * by; so what its operator anchored is enough to be asked for.
 */
export const anchoredChallenge: Kind<ChallengeBody | Anchored> = {
  ...challenge,
  parse(body, suite) {
    if (body.index === undefined) return challenge.parse(body, suite)
    return {
      type: shape.literal(body.type, 'type', ['availability']),
      log: shape.origin(body.log, 'log'),
      index: shape.count(body.index, 'index'),
    }
  },
}

function shownBy(
  body: ChallengeBody | Anchored,
  { vkey, anchor }: LogRecord,
  suite: Suite,
): ReturnType<typeof evidenceOf> {
  if (!('index' in body)) return evidenceOf(body, vkey, suite)
  return anchor === null ? undefined : { index: body.index, size: anchor.size, root: fromHex(anchor.root) }
}

/** What the proof shows: the record's index, and the tree of the log's own that holds it. */
export function evidenceOf(
  { entry, proof }: Pick<ChallengeBody, 'entry' | 'proof'>,
  vkey: string,
  suite: Suite,
): { index: number; size: number; root: Uint8Array } | undefined {
  try {
    const { index, hashes, checkpoint } = parseTlogProof(proof)
    const { size, root } = openCheckpoint(checkpoint, [parseVkey(vkey, suite)], suite).checkpoint
    const leaf = leafHash(fromHex(entry), suite)
    return equal(rootFromInclusion({ index, size, leafHash: leaf, proof: hashes }, suite), root)
      ? { index, size, root }
      : undefined
  } catch (error) {
    if (error instanceof AnswerableError) return undefined
    throw error
  }
}
