/**
 * One side of a dispute, auditor or operator alike: it recomputes the record in the canonical arithmetic and makes the
 * moves that follow from its trace. There is nothing to decide: whoever computed what the record says has nothing to fear
 * from any move.
 */
import { AnswerableError, errorCode, type JsonObject } from '@answerable/core'
import { referee } from '@answerable/core/arithmetic'
import { type Evidence, evidenceOf, type Move, nextMove } from '@answerable/core/dispute'
import { type Dispute, sideOf } from '@answerable/core/registry'
import type { RegistryBook } from '../registry/book.ts'
import type { Keyring } from '../registry/keyring.ts'
import type { Submitter } from '../registry/submitter.ts'
import type { GraphCase } from './graph-case.ts'

export interface DisputantOptions {
  book: RegistryBook
  submitter: Submitter
  keyring: Keyring
  /** The record and model of a dispute about a graph; undefined where they are not here. */
  caseOf(dispute: Dispute): Promise<GraphCase | undefined>
  /** Whether a move that is due is made; always, unless told. */
  moves?(): boolean
  report: (event: string, error?: unknown) => void
}

/** Cases kept: each holds every value of a graph. */
const MOST_CASES = 4
/** A move that the registry does not show after so long was lost on its way. */
const LOST_MS = 10_000
/** After one that could not be made. */
const AGAIN_MS = 2000

export class Disputant {
  readonly #options: DisputantOptions
  readonly #cases = new Map<string, Promise<GraphCase | undefined>>()
  /** The round and phase that the last move of a dispute was made in, and when. */
  readonly #moved = new Map<string, { at: string; time: number }>()
  #moving: Promise<void> | undefined

  constructor(options: DisputantOptions) {
    this.#options = options
  }

  /** Makes the moves that are due, which this does not wait for: a trace may take long to compute. */
  perform(): void {
    this.#moving ??= this.#move()
      .catch(error => this.#options.report('a dispute’s move failed', error))
      .finally(() => {
        this.#moving = undefined
      })
  }

  async close(): Promise<void> {
    await this.#moving
  }

  /** What this side shows to whoever judges; undefined where it has nothing. Throws as computing a trace does. */
  async evidence(dispute: Dispute): Promise<Evidence | undefined> {
    // A copy of the registry that is behind does not know yet where the two part: the rest is shown when it does.
    if (dispute.game?.end === undefined) return undefined
    const known = await this.#case(dispute)
    if (known === undefined) return undefined
    return evidenceOf(dispute.game, known.graph, await known.trace(), referee)
  }

  async #move(): Promise<void> {
    const { book, keyring, moves, report } = this.#options
    if (moves?.() === false) return
    const open = new Set<string>()
    const { state } = book
    for (const digest of [...state.openOf('dispute')]) {
      open.add(digest)
      const dispute = state.disputes.get(digest)!
      const { game, status } = dispute
      if (status !== 'moves' || game === null || game.turn !== sideOf(dispute, keyring.member)) continue
      const at = `${game.phase} ${game.rounds}`
      const before = this.#moved.get(digest)
      if (before?.at === at && Date.now() - before.time < LOST_MS) continue
      this.#moved.set(digest, { at, time: Date.now() })
      await this.#play(dispute).catch(error => {
        // The other side's move may have come meanwhile, or the host be away: it is looked at again soon. And whatever went
        // wrong, the other disputes' moves are due as well.
        if (errorCode(error) === 'rule-forbids') return
        this.#moved.set(digest, { at, time: Date.now() - LOST_MS + AGAIN_MS })
        report(`no move could be made in the dispute ${digest.slice(0, 16)}`, error)
      })
    }
    for (const digest of [...this.#moved.keys()]) if (!open.has(digest)) this.#forget(digest)
  }

  async #play(dispute: Dispute): Promise<void> {
    const { submitter, keyring } = this.#options
    const move = await this.#next(dispute)
    if (move === undefined) return
    const body = { dispute: dispute.digest, move: move as unknown as JsonObject }
    await submitter.state('dispute-move', body, [keyring.statements('member')])
  }

  /**
   * Whoever is complained of over what is no graph, or is not what its log holds, has no trace to commit to. It says so, and
   * the record is run again by those who judge.
   */
  async #next(dispute: Dispute): Promise<Move | undefined> {
    const game = dispute.game!
    try {
      const known = await this.#case(dispute)
      if (known === undefined)
        throw new AnswerableError('not-found', 'the record or its model is not here, so nothing can be shown')
      return nextMove(game, await known.trace())
    } catch (error) {
      if (game.phase !== 'commit') throw error
      this.#options.report(`there is no trace for the dispute ${dispute.digest.slice(0, 16)}`, error)
      return { kind: 'decline' }
    }
  }

  #case(dispute: Dispute): Promise<GraphCase | undefined> {
    const { digest } = dispute
    let found = this.#cases.get(digest)
    if (found === undefined) {
      found = this.#options.caseOf(dispute)
      this.#cases.set(digest, found)
      found.then(
        one => one ?? this.#cases.delete(digest),
        () => this.#cases.delete(digest),
      )
      const [oldest] = this.#cases.keys()
      if (this.#cases.size > MOST_CASES && oldest !== undefined) this.#cases.delete(oldest)
    }
    return found
  }

  #forget(digest: string): void {
    this.#moved.delete(digest)
    this.#cases.delete(digest)
  }
}
