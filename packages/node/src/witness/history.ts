/**
 * Checkpoints that a quorum cosigned, one a minute at most: under the first that covers a record it is dated, however much
 * later its receipt is made. A database beside the log; without it receipts are as good, and their records look younger.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parseNote } from '@answerable/core/note'
import { parseCheckpoint } from '@answerable/core/tlog'
import type { SignedCheckpoint } from '../log/log.ts'

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS witnessed (size INTEGER PRIMARY KEY, note TEXT NOT NULL);
`
const EVERY_MS = 60_000
/** What the file is called in a log's folder. */
export const HISTORY = 'witnessed.sqlite'

export class WitnessedHistory {
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #first: StatementSync
  readonly #everyMs: number
  /** The newest, which more witnesses may cosign yet; it is kept once the minute that it is in is over. */
  #newest: SignedCheckpoint | undefined
  /** When that minute began, Unix milliseconds. */
  #since = 0

  /** Opens the file at `path`, or makes it. Throws where it cannot. */
  constructor(path: string, everyMs: number = EVERY_MS) {
    this.#database = new DatabaseSync(path)
    this.#database.exec(SCHEMA)
    this.#insert = this.#database.prepare('INSERT OR REPLACE INTO witnessed VALUES (?, ?)')
    this.#first = this.#database.prepare('SELECT note FROM witnessed WHERE size > ? ORDER BY size LIMIT 1')
    this.#everyMs = everyMs
  }

  /** Takes the newest, or the same again with more cosignatures. `now` is Unix milliseconds. Never throws. */
  add(checkpoint: SignedCheckpoint, now: number): void {
    const before = this.#newest
    if (before === undefined) this.#since = now
    else if (checkpoint.size !== before.size && now - this.#since >= this.#everyMs) {
      // The last of its minute: whatever was first seen in that minute is under it, and no later than the minute's end.
      this.#keep(before)
      this.#since = now
    }
    this.#newest = checkpoint
  }

  #keep({ size, note }: SignedCheckpoint): void {
    try {
      this.#insert.run(size, note)
    } catch {
      // A disk that is full costs some records a closer date, and nothing else.
    }
  }

  /** The first that covers the entry of this index. */
  first(index: number): SignedCheckpoint | undefined {
    const row = this.#first.get(index) as { note: string } | undefined
    if (row === undefined)
      return this.#newest !== undefined && index < this.#newest.size ? this.#newest : undefined
    const { size, root } = parseCheckpoint(parseNote(row.note).text)
    return { size, root, note: row.note }
  }

  close(): void {
    if (this.#newest !== undefined) this.#keep(this.#newest)
    this.#newest = undefined
    this.#database.close()
  }
}
