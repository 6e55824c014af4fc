/**
 * Erasure, legal hold and retention. Each is a statement in the log first and an act after: what was erased, and that
 * it was, can never be denied. Erasing overwrites content keys; statements, proofs and receipts that were handed out
 * stay as they are.
 */
import { AnswerableError } from '@answerable/core'
import {
  formatLifecycle,
  type LifecycleAction,
  type LifecycleStatement,
  parseInference,
} from '@answerable/core/statement'
import type { Log } from '../log/log.ts'
import { nodeSuite } from '../log/suite.ts'
import { type Range, without } from '../storage/lifecycle-table.ts'
import type { RecordStore } from './store.ts'

export interface LifecycleOptions {
  /** Content older than this is erased. */
  retentionDays: number
  /** A record younger than this may still be drawn for an audit, and is not erased. */
  samplingHours: number
  /** Indexes of records that an open dispute or challenge is about: they are evidence until it is over. */
  contested?: () => readonly number[]
  /** The log that takes the statements, where the records' own takes none any more. */
  into?: Pick<Log, 'append'>
  /** Unix milliseconds. */
  clock(): number
}

const HOUR = 3_600_000
/** Keys overwritten before other work has its turn. */
const KEYS_A_TURN = 1024

export class Lifecycle {
  readonly #store: RecordStore
  readonly #options: LifecycleOptions
  #sweeping: Promise<void> | undefined

  constructor(store: RecordStore, options: LifecycleOptions) {
    this.#store = store
    this.#options = options
  }

  /** Erases the content of one id, at the request of whoever may ask. Throws `erasure-refused` and `not-found`. */
  async eraseId(id: string): Promise<void> {
    const { index, storage } = this.#store
    const parts = this.#partsOf(id)
    for (const { index: at, position } of parts) {
      const { time } = parseInference((await storage.read(position)).statement)
      const open = time + this.#options.samplingHours * HOUR
      if (this.#options.clock() < open) {
        throw new AnswerableError(
          'erasure-refused',
          `this record may be drawn for an audit until ${new Date(open).toISOString()}; ask again then`,
        )
      }
      if (index.lifecycle.heldWithin({ first: at, end: at + 1 }).length > 0)
        throw new AnswerableError('erasure-refused', 'this record is on legal hold')
      if (this.#options.contested?.().includes(at))
        throw new AnswerableError('erasure-refused', 'a dispute or a challenge about this record is open')
    }
    for (const { index: at } of parts) await this.#erase({ first: at, end: at + 1 }, 'request')
  }

  /** Puts records on hold, or releases them. Throws `bad-request` for a range that is not within the log. */
  async setHold(
    action: 'hold' | 'release',
    range: Range,
    reason: LifecycleStatement['reason'] = 'legal',
  ): Promise<void> {
    if (this.#options.into !== undefined)
      throw new AnswerableError('conflict', 'this log takes no more statements, so no holds either')
    if (range.end <= range.first || range.end > this.#store.log.signed.size)
      throw new AnswerableError(
        'bad-request',
        `expected a range within the log's ${this.#store.log.signed.size} records`,
      )
    await this.#state(action, range, reason)
  }

  /** The records of an id: one, or the two of a stream. Throws `not-found`. */
  rangesOf(id: string): Range[] {
    return this.#partsOf(id).map(({ index }) => ({ first: index, end: index + 1 }))
  }

  /** What is on hold within a range, in order; without one, in the whole log. */
  held(within: Range = { first: 0, end: this.#store.log.signed.size }): Range[] {
    const held: Range[] = []
    for (const range of this.#store.index.lifecycle.heldWithin(within)) {
      const before = held.at(-1)
      if (before?.end === range.first) before.end = range.end
      else held.push({ ...range })
    }
    return held
  }

  /** Finishes erasures that a crash cut off. Call it at start. */
  async resume(): Promise<void> {
    for (const { index, ...range } of this.#store.index.lifecycle.unfinished())
      await this.#overwrite(index, range)
  }

  /** Erases what the retention period is over for, holds aside. One sweep at a time. Returns how many records. */
  async sweep(): Promise<number> {
    await this.#sweeping
    let erased = 0
    const run = async () => {
      const { index } = this.#store
      const cutoff = this.#options.clock() - this.#options.retentionDays * 24 * HOUR
      // What a failure left of an earlier erasure comes first, under the statement that it has.
      await this.resume()
      const range = index.expired(cutoff)
      if (range === undefined) return
      const contested = (this.#options.contested?.() ?? [])
        .filter(at => at >= range.first && at < range.end)
        .map(at => ({ first: at, end: at + 1 }))
      const held = [...index.lifecycle.heldWithin(range), ...contested].sort((a, b) => a.first - b.first)
      let due: Range[] = [range]
      for (const kept of [...held, ...index.lifecycle.erasedAround(range)]) due = without(due, kept)
      for (const one of due) {
        await this.#erase(one, 'retention')
        erased += one.end - one.first
      }
      // What is on hold is looked at again, for its release.
      index.markExpired(held[0]?.first ?? range.end)
    }
    this.#sweeping = run().finally(() => {
      this.#sweeping = undefined
    })
    await this.#sweeping
    return erased
  }

  #partsOf(id: string) {
    const { index } = this.#store
    const parts = ([0, 1] as const).map(part => index.find(id, part)).filter(found => found !== undefined)
    if (parts.length === 0) throw new AnswerableError('not-found', `no record ${id.slice(0, 64)} here`)
    return parts
  }

  async #erase(range: Range, reason: LifecycleStatement['reason']): Promise<void> {
    await this.#overwrite(await this.#state('erase', range, reason), range)
  }

  async #state(action: LifecycleAction, range: Range, reason: LifecycleStatement['reason']): Promise<number> {
    const { log, index } = this.#store
    const { into } = this.#options
    const statement = Buffer.from(
      formatLifecycle({ action, time: this.#options.clock(), log: log.origin, ...range, reason }),
    )
    const entry = nodeSuite.sha256(statement)
    const { index: at } = await (into ?? log).append({ statement, entry, content: new Uint8Array(0) })
    if (into !== undefined) return index.lifecycle.addElsewhere({ action, ...range })
    index.lifecycle.add({ index: at, action, ...range })
    return at
  }

  async #overwrite(statement: number, { first, end }: Range): Promise<void> {
    const { storage, index } = this.#store
    for (let at = first; at < end; at += KEYS_A_TURN)
      await storage.eraseKey(at, Math.min(KEYS_A_TURN, end - at))
    index.lifecycle.finish(statement)
  }
}
