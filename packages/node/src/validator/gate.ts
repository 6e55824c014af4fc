/**
 * What stands before a validator's witness where a checkpoint is the registry's: it is cosigned only once its entries
 * are here, durable and replayed, with the documents that evidence among them names, and only while this validator has not
 * left that host.
 */
import { type AnswerableError, errorCode } from '@answerable/core'
import { parseNote } from '@answerable/core/note'
import { hostUrl as currentUrl } from '@answerable/core/registry'
import { parseAddCheckpoint, parseCheckpoint } from '@answerable/core/tlog'
import type { RegistryBook } from '../registry/book.ts'
import type { RegistryClient } from '../registry/client.ts'
import type { EvidenceKeeper } from '../registry/evidence-keeper.ts'
import type { Mirror } from '../registry/mirror.ts'
import { refusal, type WitnessAnswer } from '../witness/witness.ts'
import type { Moves } from './moves.ts'

export interface GateOptions {
  book: RegistryBook
  mirror: Mirror
  moves: Moves
  evidence: Pick<EvidenceKeeper, 'reach'>
  client(url: string): RegistryClient
  /** The witness takes checkpoints of this log from now on. */
  trust(vkey: string): void
}

/** The answer in the witness's place, or undefined where the witness is to decide. */
export type Gate = (body: Uint8Array) => Promise<WitnessAnswer | undefined>

export function registryGate({ book, mirror, moves, evidence, client, trust }: GateOptions): Gate {
  return async body => {
    let origin: string
    let size: number
    let note: string
    try {
      note = parseAddCheckpoint(body).checkpoint
      ;({ origin, size } = parseCheckpoint(parseNote(note).text))
    } catch {
      return undefined
    }
    // This process's own log, of which the entries are here by themselves.
    if (origin === book.origin && book.state.host?.origin === origin) {
      trust(book.state.host.vkey)
      return undefined
    }
    const url = urlOf(book, origin)
    if (url === undefined) return undefined
    if (moves.hasLeft(origin)) return refusal(403, 'forbidden', 'this validator has left that host')
    try {
      await mirror.reach(note, client(url))
    } catch (error) {
      const code = errorCode(error)
      const status = code === 'unavailable' || code === 'internal' ? 503 : 403
      const message =
        code === 'internal' ? 'the entries could not be taken in' : (error as AnswerableError).message
      return refusal(status, code, message)
    }
    const { host } = book.state
    if (host?.origin !== origin) return refusal(403, 'wrong-host', 'that is not the registry’s host')
    if (size > book.size) return refusal(503, 'unavailable', 'its entries are still being taken in')
    // What a quorum has cosigned, or has signed a move over, is not asked for again: nobody who is gone can be waited for.
    const from = Math.max(mirror.official?.size ?? 0, host.from)
    if (!(await evidence.reach(from, size, url)))
      return refusal(503, 'unavailable', 'documents that its evidence names are still being fetched')
    trust(host.vkey)
    return undefined
  }
}

/** Where the log of this origin is, if it is the registry's: its present host's, or one that may become it. */
function urlOf(book: RegistryBook, origin: string): string | undefined {
  const { state } = book
  if (state.host?.origin === origin) return currentUrl(state)
  for (const { purpose, key, member, revoked } of state.keys.values()) {
    if (purpose !== 'host' || revoked !== null || key.slice(0, key.indexOf('+')) !== origin) continue
    return state.members.get(member)?.url ?? undefined
  }
  return undefined
}
