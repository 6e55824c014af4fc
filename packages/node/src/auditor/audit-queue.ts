/**
 * The records that an auditor has to run again, where each stands, and what came of it. Kept through restarts; it holds no
 * content of any record. What is not done yet is bounded: an auditor that cannot keep up takes no more on, and says so.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'

/**
 * `due`: to be opened and run. `found`: its outcome is to be stated. `stated`: the registry has been told; an
 * `inconsistent` one awaits its dispute. `over`: nothing more is to be done.
 */
export type AuditStage = 'due' | 'found' | 'stated' | 'over'

export interface AuditItem {
  log: string
  /** Drawn; of a stream's beginning, the answer lies at another place. */
  index: number
  epoch: number
  stage: AuditStage
  tries: number
  /** Not before, Unix milliseconds. */
  next: number
  /** What was found, once it was. */
  found: AuditFound | null
  /** For people: why it is where it is. */
  detail: string
}

export interface AuditFound {
  /** Of the answer. */
  index: number
  entry: string
  outcome: 'exact' | 'consistent' | 'inconsistent' | 'not-rerun'
  model: string | null
  /** The report, as JSON text, and its SHA-256. */
  report: string
  digest: string
  /** The log's own proof of the record. */
  proof: string
  /** Of a language model: the first token that it did not give. */
  token: number | null
  /** One owner alone made the epoch's seed, and could know what would be drawn. */
  predictable: boolean
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS audit (
    log TEXT NOT NULL, idx INTEGER NOT NULL, epoch INTEGER NOT NULL, stage TEXT NOT NULL, tries INTEGER NOT NULL,
    next INTEGER NOT NULL, found TEXT, detail TEXT NOT NULL, PRIMARY KEY (log, idx)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS by_stage ON audit (stage, next);
  CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`

/** Records that wait to be opened and run. */
export const MOST_DUE = 100_000

export class AuditQueue {
  readonly #database: DatabaseSync
  readonly #put: StatementSync
  readonly #ready: StatementSync
  readonly #counts: StatementSync

  constructor(path: string) {
    this.#database = new DatabaseSync(path)
    this.#database.exec(SCHEMA)
    this.#put = this.#database.prepare('INSERT OR REPLACE INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    this.#ready = this.#database.prepare(
      'SELECT * FROM audit WHERE stage = ? AND next <= ? ORDER BY next LIMIT ?',
    )
    this.#counts = this.#database.prepare('SELECT stage, count(*) AS count FROM audit GROUP BY stage')
  }

  /** Epochs up to this one have been drawn from; -1 before the first. */
  get drawnUpTo(): number {
    const row = this.#database.prepare("SELECT value FROM state WHERE name = 'drawn'").get()
    return row === undefined ? -1 : Number(row.value)
  }

  /** How many records more may wait. */
  get room(): number {
    return MOST_DUE - this.counts().due
  }

  /** How many wait of each log. */
  waiting(): Map<string, number> {
    const rows = this.#database
      .prepare("SELECT log, count(*) AS count FROM audit WHERE stage = 'due' GROUP BY log")
      .all()
    return new Map(rows.map(({ log, count }) => [String(log), Number(count)]))
  }

  /** Gives up what is due since before an epoch: nobody is bound to open it any more. */
  expire(epoch: number): void {
    this.#database
      .prepare(
        "UPDATE audit SET stage = 'over', detail = 'its sample closed' WHERE stage = 'due' AND epoch < ?",
      )
      .run(epoch)
  }

  /** Takes in what an epoch's sample draws, all of it or nothing. A record that is here already stays as it is. */
  draw(epoch: number, records: Iterable<{ log: string; index: number }>): void {
    const insert = this.#database.prepare(
      "INSERT OR IGNORE INTO audit VALUES (?, ?, ?, 'due', 0, 0, NULL, '')",
    )
    this.#within(() => {
      for (const { log, index } of records) insert.run(log, index, epoch)
      this.#database.prepare("INSERT OR REPLACE INTO state VALUES ('drawn', ?)").run(epoch)
    })
  }

  /** Those of a stage whose time has come, the longest waiting first. */
  ready(stage: AuditStage, now: number, most: number): AuditItem[] {
    return this.#ready.all(stage, now, most).map(itemOf)
  }

  put({ log, index, epoch, stage, tries, next, found, detail }: AuditItem): void {
    this.#put.run(log, index, epoch, stage, tries, next, found && JSON.stringify(found), detail)
  }

  counts(): Record<AuditStage, number> {
    const counts = { due: 0, found: 0, stated: 0, over: 0 }
    for (const { stage, count } of this.#counts.all()) counts[stage as AuditStage] = Number(count)
    return counts
  }

  /** The newest that are done, for people. */
  newest(most: number): AuditItem[] {
    return this.#database
      .prepare('SELECT * FROM audit WHERE found IS NOT NULL ORDER BY epoch DESC, log, idx DESC LIMIT ?')
      .all(most)
      .map(itemOf)
  }

  /** Forgets what has been over since before an epoch: the registry keeps what was found. */
  forget(epoch: number): void {
    this.#database.prepare("DELETE FROM audit WHERE stage = 'over' AND epoch < ?").run(epoch)
  }

  close(): void {
    this.#database.close()
  }

  #within(work: () => void): void {
    this.#database.exec('BEGIN')
    try {
      work()
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}

function itemOf(row: Record<string, unknown>): AuditItem {
  const { log, idx, epoch, stage, tries, next, found, detail } = row
  return {
    log: String(log),
    index: Number(idx),
    epoch: Number(epoch),
    stage: stage as AuditStage,
    tries: Number(tries),
    next: Number(next),
    found: found === null ? null : (JSON.parse(String(found)) as AuditFound),
    detail: String(detail),
  }
}
