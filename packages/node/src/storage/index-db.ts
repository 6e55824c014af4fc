/**
 * Where the record of an id lies. An index, never the truth: it is written behind the log, and `rebuild` makes it
 * again from the segments alone.
 */
import { rmSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { AccessTable } from './access-table.ts'
import { LifecycleTable, type Range } from './lifecycle-table.ts'
import type { Position } from './storage.ts'

/** An answer or a stream's beginning is part 0 of its id, a stream's end part 1. */
export interface IndexRow {
  id: string
  part: 0 | 1
  index: number
  position: Position
  /** A stream's beginning, open until its part 1 is added. */
  opens?: boolean
  /** Digest of the caller and their Idempotency-Key, where one was given. */
  idempotency?: string | undefined
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS record (
    id BLOB NOT NULL, part INTEGER NOT NULL, idx INTEGER NOT NULL, segment INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (id, part)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS idempotency (digest TEXT PRIMARY KEY, id BLOB NOT NULL, idx INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS stream (id BLOB PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`
/** SQLite's codes for a damaged file, for one of another kind, and (a column or table missing) for another schema. */
const DAMAGE = new Set([11, 26, 1])
/** More than the records of one millisecond, whose ids are in no order. */
const ROWS_A_MOMENT = 256
/** Rows written in one go, so that a busy gateway never waits long for its index. */
const ROWS_A_TURN = 512

export class RecordIndex {
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #insertKey: StatementSync
  readonly #select: StatementSync
  readonly #selectKey: StatementSync
  readonly #openStream: StatementSync
  readonly #firstSince: StatementSync
  readonly #setState: StatementSync
  readonly lifecycle: LifecycleTable
  readonly accesses: AccessTable
  readonly #closeStream: StatementSync
  readonly #mark: StatementSync
  /** Rows on their way to the database, oldest first; reads look here first. */
  readonly #recent = new Map<string, IndexRow>()
  readonly #recentKeys = new Map<string, string>()
  #indexed: number

  constructor(path: string) {
    this.#database = new DatabaseSync(path)
    try {
      this.#database.exec(SCHEMA)
    } catch (error) {
      this.#database.close()
      throw error
    }
    this.#insert = this.#database.prepare('INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?)')
    this.#insertKey = this.#database.prepare('INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?)')
    this.#select = this.#database.prepare('SELECT idx, segment, at FROM record WHERE id = ? AND part = ?')
    this.#selectKey = this.#database.prepare('SELECT id FROM idempotency WHERE digest = ?')
    this.#openStream = this.#database.prepare('INSERT OR REPLACE INTO stream VALUES (?)')
    this.#firstSince = this.#database.prepare(
      `SELECT MIN(idx) AS first FROM (SELECT idx FROM record WHERE id >= ? ORDER BY id LIMIT ${ROWS_A_MOMENT})`,
    )
    this.#setState = this.#database.prepare('INSERT OR REPLACE INTO state VALUES (?, ?)')
    this.lifecycle = new LifecycleTable(this.#database)
    this.accesses = new AccessTable(this.#database)
    this.#closeStream = this.#database.prepare('DELETE FROM stream WHERE id = ?')
    this.#mark = this.#database.prepare("INSERT OR REPLACE INTO state VALUES ('indexed', ?)")
    const row = this.#database.prepare("SELECT value FROM state WHERE name = 'indexed'").get()
    this.#indexed = row === undefined ? 0 : Number(row.value)
  }

  /** Removes the index at `path`, to be made again. */
  static remove(path: string): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  }

  /** Records up to this index are in the database. */
  get indexed(): number {
    return this.#indexed
  }

  get pending(): number {
    return this.#recent.size
  }

  add(row: IndexRow): void {
    this.#recent.set(nameOf(row.id, row.part), row)
    if (row.idempotency !== undefined) this.#recentKeys.set(row.idempotency, row.id)
  }

  find(id: string, part: 0 | 1): { index: number; position: Position } | undefined {
    const recent = this.#recent.get(nameOf(id, part))
    if (recent !== undefined) return recent
    const row = this.#select.get(idBytes(id), part)
    return (
      row && { index: Number(row.idx), position: { segment: Number(row.segment), offset: Number(row.at) } }
    )
  }

  /** The id that a call with this idempotency digest was answered under. */
  findIdempotent(digest: string): string | undefined {
    const recent = this.#recentKeys.get(digest)
    if (recent !== undefined) return recent
    const row = this.#selectKey.get(digest)
    return row && idText(row.id as Uint8Array)
  }

  /**
   * Records from before a time (Unix milliseconds) that no retention sweep has been over yet. They end where the first
   * younger record stands, so that the late end of an early stream takes nothing younger along, and a log of millions is
   * asked for a few rows alone.
   */
  expired(before: number): Range | undefined {
    // A UUIDv7 begins with its time, so the ids of a time are a range of the table.
    const bound = Buffer.alloc(16)
    bound.writeUIntBE(Math.max(0, Math.floor(before)), 0, 6)
    const end = Number(this.#firstSince.get(bound)?.first ?? this.#indexed)
    const row = this.#database.prepare("SELECT value FROM state WHERE name = 'expired'").get()
    const first = row === undefined ? 0 : Number(row.value)
    return end <= first ? undefined : { first, end }
  }

  markExpired(end: number): void {
    this.#setState.run('expired', end)
  }

  /** Ids of streams that began and have no end, once all rows are flushed. */
  openStreams(): string[] {
    return this.#database
      .prepare('SELECT id FROM stream')
      .all()
      .map(row => idText(row.id as Uint8Array))
  }

  /** Writes some of the rows that wait. Returns whether more do. */
  flushSome(rows: number = ROWS_A_TURN): boolean {
    if (this.#recent.size === 0) return false
    let left = rows
    const done: string[] = []
    this.#database.exec('BEGIN')
    try {
      let last = this.#indexed
      for (const [name, { id, part, index, position, opens, idempotency }] of this.#recent) {
        if (left-- === 0) break
        const bytes = idBytes(id)
        this.#insert.run(bytes, part, index, position.segment, position.offset)
        if (opens) this.#openStream.run(bytes)
        if (part === 1) this.#closeStream.run(bytes)
        if (idempotency !== undefined) this.#insertKey.run(idempotency, bytes, index)
        last = Math.max(last, index + 1)
        done.push(name)
      }
      this.#mark.run(last)
      this.#database.exec('COMMIT')
      this.#indexed = last
    } catch (error) {
      // SQLite itself has rolled back where the disk is full or fails.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
    for (const name of done) {
      const { id, idempotency } = this.#recent.get(name)!
      // A later call under the same key may be waiting still.
      if (idempotency !== undefined && this.#recentKeys.get(idempotency) === id)
        this.#recentKeys.delete(idempotency)
      this.#recent.delete(name)
    }
    return this.#recent.size > 0
  }

  /** Rows that cannot be written are left to the next start, which reads them from the log. */
  close(): void {
    try {
      while (this.flushSome(1 << 16)) {}
    } catch {
    } finally {
      this.#database.close()
    }
  }

  /** Closes without writing what waits. */
  abandon(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  /** Whether an error says that the file is no index, or no longer a whole one. */
  static isDamage(error: unknown): boolean {
    const code = (error as { errcode?: number }).errcode
    return code !== undefined && DAMAGE.has(code & 0xff)
  }
}

/** Of a row that waits. Nearly all are part 0, and to make a text for each is a tenth of what its row costs. */
function nameOf(id: string, part: 0 | 1): string {
  return part === 0 ? id : `${id}/1`
}

function idBytes(id: string): Uint8Array {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}

function idText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
