/**
 * What came of each entry, beside the fold: found by index and by statement. In a database and not in memory, because a
 * registry grows for ever and its process must not. It is made again whenever the book is opened, so it is never the
 * truth, and nothing is lost with it.
 */
import { rmSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { fromHex, toHex } from '@answerable/core'
import type { Outcome } from '@answerable/core/registry'

const SCHEMA = `
  PRAGMA journal_mode = MEMORY;
  PRAGMA synchronous = OFF;
  PRAGMA locking_mode = EXCLUSIVE;
  CREATE TABLE outcome (idx INTEGER PRIMARY KEY, digest BLOB, effective INTEGER NOT NULL, kind TEXT, rest TEXT NOT NULL);
  CREATE INDEX by_digest ON outcome (digest, effective);
  CREATE INDEX by_kind ON outcome (kind, idx);
`

export class Outcomes {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #at: StatementSync
  readonly #find: StatementSync
  readonly #ofKind: StatementSync
  /** Not in the database yet, because it failed. The entries are durable, so these are not given up. */
  #late: Outcome[] = []
  #size = 0

  /** Empty, whatever is at `path`. */
  constructor(path: string) {
    this.#path = path
    rmSync(path, { force: true })
    this.#database = new DatabaseSync(path)
    this.#database.exec(SCHEMA)
    this.#insert = this.#database.prepare('INSERT INTO outcome VALUES (?, ?, ?, ?, ?)')
    this.#at = this.#database.prepare('SELECT * FROM outcome WHERE idx = ?')
    // A statement takes effect once at most.
    this.#find = this.#database.prepare(
      'SELECT * FROM outcome WHERE digest = ? ORDER BY effective DESC, idx DESC LIMIT 1',
    )
    this.#ofKind = this.#database.prepare('SELECT * FROM outcome WHERE kind = ? AND idx >= ? ORDER BY idx')
  }

  /** Entries whose outcomes are here. */
  get size(): number {
    return this.#size
  }

  /** Adds the next entries' outcomes. */
  add(outcomes: readonly Outcome[]): void {
    this.#size = (outcomes.at(-1)?.index ?? this.#size - 1) + 1
    const all = [...this.#late, ...outcomes]
    if (all.length === 0) return
    try {
      this.#write(all)
      this.#late = []
    } catch {
      this.#late = all
    }
  }

  at(index: number): Outcome | undefined {
    return this.#late.find(one => one.index === index) ?? outcomeOf(this.#at.get(index))
  }

  /** What came of a statement, by its payload's digest: of its effective entry, or else its newest. */
  find(digest: string): Outcome | undefined {
    const late = this.#late.filter(one => one.digest === digest)
    const stored = outcomeOf(this.#find.get(fromHex(digest)))
    return [stored, ...late].find(one => one?.effective) ?? late.at(-1) ?? stored
  }

  /** Those of a kind, in order, from an index on. */
  ofKind(kind: string, from = 0): Outcome[] {
    const late = this.#late.filter(one => one.kind === kind && one.index >= from)
    return [...this.#ofKind.all(kind, from).map(row => outcomeOf(row)!), ...late]
  }

  close(): void {
    this.#database.close()
    rmSync(this.#path, { force: true })
  }

  #write(outcomes: readonly Outcome[]): void {
    this.#database.exec('BEGIN')
    try {
      for (const { index, digest, effective, kind, ...rest } of outcomes)
        this.#insert.run(
          index,
          digest === undefined ? null : fromHex(digest),
          Number(effective),
          kind ?? null,
          JSON.stringify(rest),
        )
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}

type Row = ReturnType<StatementSync['get']>

function outcomeOf(row: Row): Outcome | undefined {
  if (row === undefined) return undefined
  const { idx, digest, effective, kind, rest } = row
  return {
    index: Number(idx),
    effective: effective === 1,
    ...(digest !== null && { digest: toHex(digest as Uint8Array) }),
    ...(kind !== null && { kind: String(kind) }),
    ...(JSON.parse(String(rest)) as Partial<Outcome>),
  }
}
