/** Checkpoints that a log signed and a witness refused: what its owner shows when the log is accused. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/**
 * `two-roots`: two checkpoints of one size with different roots, both signed by the log, which proves itself.
 * `inconsistent`: a checkpoint whose consistency proof was wrong. A hint and no proof, since whoever holds a checkpoint
 * can send it with a wrong proof; compare both checkpoints with the log's tiles.
 */
export type ConflictKind = 'two-roots' | 'inconsistent'

export interface Conflict {
  readonly kind: ConflictKind
  readonly origin: string
  /** POSIX milliseconds. */
  readonly time: number
  /** Of the checkpoint refused. */
  readonly size: number
  readonly root: Uint8Array
  /** The checkpoint refused, with the log's signatures. */
  readonly note: string
  /** The checkpoint on record at the time, with the log's signatures. */
  readonly known: string
}

/** Conflicts kept of each kind for each origin. */
export const MOST_CONFLICTS = 8

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS conflict (
    n INTEGER PRIMARY KEY, kind TEXT NOT NULL, origin TEXT NOT NULL, time INTEGER NOT NULL, size INTEGER NOT NULL,
    root BLOB NOT NULL, note TEXT NOT NULL, known TEXT NOT NULL, UNIQUE (kind, origin, size, root)
  ) STRICT;
`

export class ConflictTable {
  readonly #insert: StatementSync
  readonly #trim: StatementSync
  readonly #count: StatementSync
  readonly #select: StatementSync

  constructor(database: DatabaseSync) {
    database.exec(SCHEMA)
    this.#insert = database.prepare('INSERT OR IGNORE INTO conflict VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)')
    this.#count = database.prepare('SELECT count(*) AS n FROM conflict WHERE kind = ? AND origin = ?')
    this.#trim = database.prepare(
      `DELETE FROM conflict WHERE kind = ?1 AND origin = ?2 AND n NOT IN
         (SELECT n FROM conflict WHERE kind = ?1 AND origin = ?2 ORDER BY n DESC LIMIT ${MOST_CONFLICTS})`,
    )
    this.#select = database.prepare('SELECT * FROM conflict ORDER BY n')
  }

  /** Keeps a conflict, unless one of the same checkpoint is kept already. */
  add({ kind, origin, time, size, root, note, known }: Conflict): void {
    // Only the log can make proofs, and the first say all; hints anyone can make, so that the newest replace the oldest.
    if (kind === 'two-roots' && Number(this.#count.get(kind, origin)!.n) >= MOST_CONFLICTS) return
    const { changes } = this.#insert.run(kind, origin, BigInt(time), BigInt(size), root, note, known)
    if (changes === 1 && kind === 'inconsistent') this.#trim.run(kind, origin)
  }

  all(): Conflict[] {
    return this.#select.all().map(row => ({
      kind: row.kind as ConflictKind,
      origin: String(row.origin),
      time: Number(row.time),
      size: Number(row.size),
      root: row.root as Uint8Array,
      note: String(row.note),
      known: String(row.known),
    }))
  }
}
