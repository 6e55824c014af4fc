/**
 * What a witness must never forget: for each origin the newest checkpoint that it cosigned; and beside that the logs
 * its owner added and the conflicts it saw. Trusted for one thing: a size once stored never goes back. So every write
 * is one SQLite transaction with synchronous=FULL, and a copy of the file restored from a backup is no witness.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { AnswerableError, equal } from '@answerable/core'
import { nodeSuite } from '../log/suite.ts'
import { type Conflict, ConflictTable } from './conflict.ts'

/** The newest checkpoint of an origin. */
export interface WitnessRecord {
  readonly size: number
  readonly root: Uint8Array
  /** The whole note: the checkpoint, the log's signatures and the witness's own. */
  readonly note: string
  /** POSIX seconds: the time of the cosignature. */
  readonly time: number
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS checkpoint (
    origin TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL,
    time INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS log (vkey TEXT PRIMARY KEY) STRICT;
`

export class WitnessState {
  readonly #database: DatabaseSync
  readonly #conflicts: ConflictTable
  readonly #select: StatementSync
  readonly #selectById: StatementSync
  readonly #insert: StatementSync
  readonly #update: StatementSync

  /** Opens the file at `path`, or makes it. Several processes may share one file. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: 2000 })
    this.#database.exec(SCHEMA)
    this.#conflicts = new ConflictTable(this.#database)
    this.#select = this.#database.prepare('SELECT * FROM checkpoint WHERE origin = ?')
    this.#selectById = this.#database.prepare('SELECT * FROM checkpoint WHERE id = ?')
    this.#insert = this.#database.prepare('INSERT OR IGNORE INTO checkpoint VALUES (?, ?, ?, ?, ?, ?)')
    this.#update = this.#database.prepare(
      'UPDATE checkpoint SET size = ?, root = ?, note = ?, time = ? WHERE origin = ? AND size = ? AND time <= ?',
    )
  }

  /** The record of an origin; undefined where nothing of it was ever cosigned. */
  record(origin: string): WitnessRecord | undefined {
    return recordOf(this.#select.get(origin))
  }

  /** The record by {@link originId}, for readers, who are told of no other origins. */
  recordById(id: string): WitnessRecord | undefined {
    return recordOf(this.#selectById.get(id))
  }

  /**
   * Replaces the record of `oldSize` entries (0: also none at all) by a newer one, durably; false where the record is
   * of another size by now, or of a later time. Comparing and storing are one statement, as tlog-witness requires:
   * of two calls from the same old size one fails, in whichever process, so no size ever goes back.
   */
  advance(origin: string, oldSize: number, record: WitnessRecord): boolean {
    const { size, root, note, time } = record
    if (size < oldSize) throw new AnswerableError('conflict', 'a record would go back')
    const [newSize, seconds] = [BigInt(size), BigInt(time)]
    if (oldSize === 0) {
      const { changes } = this.#insert.run(origin, originId(origin), newSize, root, note, seconds)
      if (changes === 1) return true
    }
    const known = this.record(origin)
    // At one size there is one root for good, so reading it before the update is no race.
    if (known?.size === size && oldSize === size && !equal(known.root, root)) return false
    return this.#update.run(newSize, root, note, seconds, origin, BigInt(oldSize), seconds).changes === 1
  }

  /** The vkeys that were added at run time. */
  logs(): string[] {
    return this.#database
      .prepare('SELECT vkey FROM log ORDER BY rowid')
      .all()
      .map(row => String(row.vkey))
  }

  addLog(vkey: string): void {
    this.#database.prepare('INSERT OR IGNORE INTO log VALUES (?)').run(vkey)
  }

  removeLog(vkey: string): void {
    this.#database.prepare('DELETE FROM log WHERE vkey = ?').run(vkey)
  }

  addConflict(conflict: Conflict): void {
    this.#conflicts.add(conflict)
  }

  /** The conflicts kept, oldest first. */
  conflicts(): Conflict[] {
    return this.#conflicts.all()
  }

  close(): void {
    this.#database.close()
  }
}

/** How the monitoring path names an origin, which may itself hold any character: lower-case hex of its SHA-256. */
export function originId(origin: string): string {
  return nodeSuite.sha256Hex(Buffer.from(origin))
}

function recordOf(row: ReturnType<StatementSync['get']>): WitnessRecord | undefined {
  if (row === undefined) return undefined
  return {
    size: Number(row.size),
    root: row.root as Uint8Array,
    note: String(row.note),
    time: Number(row.time),
  }
}
