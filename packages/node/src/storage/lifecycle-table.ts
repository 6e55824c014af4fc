/** Holds and erasures, as the index knows them: made again from the log like the rest of it. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { LifecycleAction } from '@answerable/core/statement'

export interface Range {
  /** Indexes from `first` up to but not including `end`. */
  first: number
  end: number
}

export interface LifecycleRow extends Range {
  /** Of the statement. */
  index: number
  action: LifecycleAction
}

/** Statements that stand in another log, since this one takes none any more, are numbered from here on. */
export const ELSEWHERE = 2 ** 40

export class LifecycleTable {
  readonly #insert: StatementSync
  readonly #last: StatementSync
  readonly #finish: StatementSync
  readonly #unfinished: StatementSync
  readonly #ranges: StatementSync
  readonly #erased: StatementSync

  constructor(database: DatabaseSync) {
    database.exec(`CREATE TABLE IF NOT EXISTS lifecycle (
      idx INTEGER PRIMARY KEY, action TEXT NOT NULL, first INTEGER NOT NULL, end INTEGER NOT NULL,
      done INTEGER NOT NULL
    )`)
    this.#insert = database.prepare('INSERT OR IGNORE INTO lifecycle VALUES (?, ?, ?, ?, 0)')
    this.#last = database.prepare('SELECT MAX(idx) AS last FROM lifecycle')
    this.#finish = database.prepare('UPDATE lifecycle SET done = 1 WHERE idx = ?')
    this.#unfinished = database.prepare(
      "SELECT * FROM lifecycle WHERE action = 'erase' AND done = 0 ORDER BY idx",
    )
    this.#ranges = database.prepare(
      "SELECT * FROM lifecycle WHERE action <> 'erase' AND end > ? AND first < ? ORDER BY idx",
    )
    this.#erased = database.prepare(
      "SELECT * FROM lifecycle WHERE action = 'erase' AND done = 1 AND end > ? AND first < ?",
    )
  }

  add({ index, action, first, end }: LifecycleRow): void {
    this.#insert.run(index, action, first, end)
  }

  /**
   * The same for a statement in a later log, which an index made again from this one does not know. For erasures alone: what
   * is overwritten stays so without the index. Returns what `finish` takes.
   */
  addElsewhere(row: Omit<LifecycleRow, 'index'>): number {
    const index = Math.max(ELSEWHERE, Number(this.#last.get()?.last ?? 0) + 1)
    this.add({ index, ...row })
    return index
  }

  /** Every key of an erasure is overwritten. */
  finish(index: number): void {
    this.#finish.run(index)
  }

  /** Erasures that were logged and perhaps not carried out: a crash came between. */
  unfinished(): LifecycleRow[] {
    return this.#unfinished.all().map(rowOf)
  }

  /** What erasures overwrote of a range, and perhaps beyond it. */
  erasedAround(range: Range): Range[] {
    return this.erasures(range)
  }

  /** The same, with the statements that say so. */
  erasures({ first, end }: Range): LifecycleRow[] {
    return this.#erased.all(first, end).map(rowOf)
  }

  /** The parts of a range that are on hold: by the last statement about each index. */
  heldWithin({ first, end }: Range): Range[] {
    let held: Range[] = []
    for (const row of this.#ranges.all(first, end).map(rowOf)) {
      held = without(held, row)
      if (row.action === 'hold') held.push({ first: Math.max(first, row.first), end: Math.min(end, row.end) })
    }
    return held.sort((a, b) => a.first - b.first)
  }
}

/** Ranges less one range. */
export function without(ranges: readonly Range[], hole: Range): Range[] {
  return ranges.flatMap(({ first, end }) => {
    if (hole.end <= first || hole.first >= end) return [{ first, end }]
    const rest: Range[] = []
    if (first < hole.first) rest.push({ first, end: hole.first })
    if (hole.end < end) rest.push({ first: hole.end, end })
    return rest
  })
}

function rowOf(row: Record<string, unknown>): LifecycleRow {
  return {
    index: Number(row.idx),
    action: row.action as LifecycleAction,
    first: Number(row.first),
    end: Number(row.end),
  }
}
