/** Who had a record opened, as the index knows it: made again from the log like the rest of it. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'

export interface AccessRow {
  /** Of the statement that says so. */
  index: number
  /** The record that was opened: of this log, or of one before it. */
  log: string
  record: number
  /** The other statement of a stream, where it went along. */
  other: number | null
}

/** Told of one record at a time. */
const MOST = 1000

export class AccessTable {
  readonly #insert: StatementSync
  readonly #select: StatementSync

  constructor(database: DatabaseSync) {
    database.exec(`CREATE TABLE IF NOT EXISTS access (
      log TEXT NOT NULL, record INTEGER NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (log, record, idx)
    ) WITHOUT ROWID`)
    this.#insert = database.prepare('INSERT OR IGNORE INTO access VALUES (?, ?, ?)')
    this.#select = database.prepare(
      `SELECT idx FROM access WHERE log = ? AND record = ? ORDER BY idx DESC LIMIT ${MOST}`,
    )
  }

  add({ index, log, record, other }: AccessRow): void {
    this.#insert.run(log, record, index)
    if (other !== null) this.#insert.run(log, other, index)
  }

  /** Indexes of the statements that say that this record was opened, the newest first. */
  of(log: string, record: number): number[] {
    return this.#select.all(log, record).map(row => Number(row.idx))
  }
}
