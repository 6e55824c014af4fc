/** One process a data folder. The lock is the operating system's, held by an open SQLite file, so it dies with us. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AnswerableError } from '@answerable/core'

const SQLITE_BUSY = 5

/** Takes the folder. Throws `locked` where another process holds it. Call the result to let go. */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if ((cause as { errcode?: number }).errcode !== SQLITE_BUSY)
      throw new AnswerableError('not-writable', `${join(folder, 'lock')}: cannot be locked`, { cause })
    throw new AnswerableError(
      'locked',
      `${folder} is in use by another process; stop that one, or give another --data`,
      {
        cause,
      },
    )
  }
  return () => database.close()
}
