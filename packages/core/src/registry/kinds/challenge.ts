/**
 * A question that an operator must answer by a deadline; silence loses. `consistency`: a record that its log signed is
 * under no checkpoint that a quorum witnessed. `availability`: a record is not to be had. The evidence is the log's own
 * proof that it holds the record.
 */
import { equal, fromHex, toHex } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import { parseVkey } from '../../note/vkey.ts'
import { leafHash, rootFromInclusion } from '../../tlog/merkle.ts'
import { openCheckpoint } from '../../tlog/open.ts'
import { parseTlogProof, type TlogProof } from '../../tlog/proof.ts'
import { draw, newestSeed } from '../beacon.ts'
import { shape } from '../fields.ts'
import type { Kind } from '../kind.ts'
import type { State } from '../state.ts'

export interface ChallengeBody {
  type: 'consistency' | 'availability'
  log: string
  /** SHA-256 of the record's statement: the log's entry. */
  entry: string
  /** A tlog-proof of it, under any checkpoint that the log signed. */
  proof: string
}

const MAX_PROOF = 32_768
const MAX_OPEN = 1024

export const challenge: Kind<ChallengeBody> = {
  purposes: ['member', 'validator'],
  parse: body => ({
    type: shape.literal(body.type, 'type', ['consistency', 'availability']),
    log: shape.origin(body.log, 'log'),
    entry: shape.digest(body.entry, 'entry'),
    proof: shape.string(body.proof, 'proof', MAX_PROOF),
  }),
  check(state, { body, suite }) {
    const log = state.logs.get(body.log)
    if (log === undefined) return 'no-such-log'
    if ([...state.open].filter(name => name.startsWith('challenge ')).length >= MAX_OPEN) return 'too-many'
    for (const name of state.open) {
      if (!name.startsWith('challenge ')) continue
      const other = state.challenges.get(name.slice('challenge '.length))!
      if (other.log === body.log && other.type === body.type && other.index === indexOf(body))
        return 'given-before'
    }
    try {
      const { index, hashes, checkpoint } = parseTlogProof(body.proof)
      const opened = openCheckpoint(checkpoint, [parseVkey(log.vkey, suite)], suite).checkpoint
      const leaf = leafHash(fromHex(body.entry), suite)
      const root = rootFromInclusion({ index, size: opened.size, leafHash: leaf, proof: hashes }, suite)
      return equal(root, opened.root) ? undefined : 'bad-evidence'
    } catch (error) {
      if (error instanceof AnswerableError) return 'bad-evidence'
      throw error
    }
  },
  apply(state, { body, digest, by, suite }) {
    const { index, checkpoint } = parseTlogProof(body.proof)
    const vkey = parseVkey(state.logs.get(body.log)!.vkey, suite)
    const { size, root } = openCheckpoint(checkpoint, [vkey], suite).checkpoint
    state.challenges.set(digest, {
      digest,
      type: body.type,
      log: body.log,
      by: by.member.id,
      index,
      size,
      root: toHex(root),
      panel: body.type === 'availability' ? panelFor(state, digest, body.log, suite) : [],
      votes: [],
      status: 'open',
      due: state.clock + state.terms.challengeSeconds * 1000,
    })
    state.open.add(`challenge ${digest}`)
  },
}

function indexOf({ proof }: ChallengeBody): number | undefined {
  try {
    return (parseTlogProof(proof) satisfies TlogProof).index
  } catch {
    return undefined
  }
}

/** Validators who look whether the record opens: of other owner groups than the operator's, where there are any. */
function panelFor(state: State, digest: string, log: string, suite: Parameters<typeof draw>[4]): string[] {
  const accused = state.members.get(state.logs.get(log)!.member)!.ownerGroup
  const validators = [...state.members.values()]
    .filter(({ status, roles }) => status === 'active' && roles.includes('validator'))
    .map(({ id, ownerGroup }) => ({ id, group: ownerGroup }))
  const others = validators.filter(({ group }) => group !== accused)
  const candidates = others.length > 0 ? others : validators
  return draw(newestSeed(state)?.seed ?? '', digest, candidates, state.terms.panel, suite)
}
