/**
 * An operator's answer to a consistency challenge: a checkpoint that a quorum of the validators' witnesses cosigned,
 * and the proof that its tree continues the one in which the record was shown.
 */
import { fromBase64, fromHex } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import type { Note } from '../../note/note.ts'
import { hexId, parseVkey } from '../../note/vkey.ts'
import type { Suite } from '../../suite.ts'
import { checkCosignature } from '../../tlog/cosignature.ts'
import { verifyConsistency } from '../../tlog/merkle.ts'
import { openCheckpoint } from '../../tlog/open.ts'
import { shape } from '../fields.ts'
import type { Kind } from '../kind.ts'
import { isLive } from '../membership.ts'
import type { State } from '../state.ts'

export interface ChallengeAnswer {
  challenge: string
  /** A cosigned checkpoint of the log. */
  checkpoint: string
  /** Consistency proof: base64 of 32-byte hashes. */
  proof: Uint8Array[]
}

const MAX_NOTE = 32_768

export const challengeAnswer: Kind<ChallengeAnswer> = {
  purposes: ['member'],
  standing: ['active', 'suspended'],
  parse: body => ({
    challenge: shape.digest(body.challenge, 'challenge'),
    checkpoint: shape.string(body.checkpoint, 'checkpoint', MAX_NOTE),
    proof: shape
      .array(body.proof, 'proof', 63)
      .map((one, i) => fromBase64(shape.string(one, `proof[${i}]`, 44), 32)),
  }),
  check(state, { body, by, suite }) {
    const found = state.challenges.get(body.challenge)
    if (found === undefined || found.type !== 'consistency') return 'not-found'
    if (found.status !== 'open') return 'not-open'
    const log = state.logs.get(found.log)!
    if (log.member !== by.member.id) return 'not-yours'
    try {
      const { note, checkpoint } = openCheckpoint(body.checkpoint, [parseVkey(log.vkey, suite)], suite)
      const sizes = { oldSize: found.size, newSize: checkpoint.size }
      const roots = { oldRoot: fromHex(found.root), newRoot: checkpoint.root }
      verifyConsistency({ ...sizes, ...roots, proof: body.proof }, suite)
      return state.isQuorum(witnessed(state, note, suite)) ? undefined : 'quorum-not-met'
    } catch (error) {
      if (error instanceof AnswerableError) return 'bad-evidence'
      throw error
    }
  },
  apply(state, { body: { challenge } }) {
    state.challenges.update(challenge, { status: 'answered' })
    state.open.delete(`challenge ${challenge}`)
  },
}

/** Owner groups of validators whose registered witness keys cosigned. */
function witnessed(state: State, note: Note, suite: Suite): Set<string> {
  const groups = new Set<string>()
  for (const { name, keyId, signature } of note.signatures) {
    const owner = state.members.get(state.keyNames.get(name) ?? '')
    if (owner?.status !== 'active' || !owner.roles.includes('validator') || groups.has(owner.ownerGroup))
      continue
    const line = `${name}+${hexId(keyId)}+`
    for (const [, held] of state.keysOfMember(owner.id)) {
      if (held.purpose !== 'witness' || !isLive(state, held) || !held.key.startsWith(line)) continue
      // A bad line counts for nobody; what others signed stands.
      if (checkCosignature(parseVkey(held.key, suite), signature, note.text, suite) !== undefined)
        groups.add(owner.ownerGroup)
    }
  }
  return groups
}
