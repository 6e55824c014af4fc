/**
 * A node's evidence of where it runs, by digest: the document that its machine made, and an archive of what vendors say of
 * that machine. Stated again with another archive it is refreshed: the platform may have been found out of date since.
 */
import { shape, slug } from '../fields.ts'
import type { Kind } from '../kind.ts'

export interface StatedEvidence {
  /** The node's name, without its member. */
  node: string
  /** Origin of its log. */
  log: string
  /** SHA-256 of the evidence document, and of the archive of endorsements. */
  evidence: string
  endorsements: string
  /** How many bytes each has: who fetches them knows beforehand what to expect. */
  bytes: readonly [number, number]
}

export const MAX_EVIDENCE_BYTES = 512 * 1024
export const MAX_ARCHIVE_BYTES = 2 * 1024 * 1024
/** Archives of one document: the first, which it came with, and the newest. */
export const MOST_ENDORSEMENTS = 64
/** Of an owner group in an epoch: every validator stores them. */
const MOST_BYTES = 16 * 1024 * 1024

export const evidence: Kind<StatedEvidence> = {
  purposes: ['member'],
  roles: ['operator'],
  parse(body) {
    const [document, archive] = shape.array(body.bytes, 'bytes', 2)
    return {
      node: slug(body.node, 'node'),
      log: shape.origin(body.log, 'log'),
      evidence: shape.digest(body.evidence, 'evidence'),
      endorsements: shape.digest(body.endorsements, 'endorsements'),
      bytes: [size(document, 'bytes[0]', MAX_EVIDENCE_BYTES), size(archive, 'bytes[1]', MAX_ARCHIVE_BYTES)],
    }
  },
  check(state, { body, by }) {
    const { log, evidence: digest, endorsements } = body
    const node = `${by.member.id}/${body.node}`
    if (!state.nodes.has(node)) return 'not-found'
    const found = state.logs.get(log)
    if (found === undefined || found.forked !== null) return 'no-such-log'
    if (found.node !== node) return 'not-yours'
    const known = state.evidence.get(digest)
    if (known !== undefined) {
      // One document names one log.
      if (known.log !== log || known.node !== node) return 'name-taken'
      if (known.bytes !== body.bytes[0]) return 'bad-evidence'
      if (known.endorsements.at(-1)!.digest === endorsements) return 'given-before'
    }
    const { ownerGroup } = by.member
    const used = state.evidenceUsage.get(ownerGroup) ?? 0
    return used + costOf(body, known !== undefined) > MOST_BYTES ? 'rate-limit' : undefined
  },
  apply(state, { body, by, index }) {
    const { evidence: digest, log, bytes } = body
    const { ownerGroup, id: member } = by.member
    const stated = state.moment(index)
    const known = state.evidence.get(digest)
    const used = state.evidenceUsage.get(ownerGroup) ?? 0
    state.evidenceUsage.set(ownerGroup, used + costOf(body, known !== undefined))
    const archive = { digest: body.endorsements, bytes: bytes[1], stated }
    if (known === undefined) {
      state.evidence.set(digest, {
        digest,
        member,
        node: `${member}/${body.node}`,
        log,
        bytes: bytes[0],
        stated,
        endorsements: [archive],
        appraisals: [],
      })
      return
    }
    const [first, ...later] = known.endorsements
    const kept = later.slice(Math.max(0, later.length - MOST_ENDORSEMENTS + 2))
    state.evidence.update(digest, { endorsements: [first!, ...kept, archive] })
  },
}

/** Bytes that a statement brings to everybody. */
function costOf({ bytes }: StatedEvidence, isRefresh: boolean): number {
  return bytes[1] + (isRefresh ? 0 : bytes[0])
}

function size(value: unknown, where: string, most: number): number {
  const bytes = shape.count(value, where)
  return bytes >= 1 && bytes <= most ? bytes : shape.fail(where, `1 to ${most}`)
}
