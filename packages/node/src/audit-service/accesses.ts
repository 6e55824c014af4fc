/** For whom a record was opened, and on what ground: each with the log's own statement and proof that it says so. */
import { toBase64 } from '@answerable/core'
import { type AccessStatement, parseAccess } from '@answerable/core/statement'
import type { RecordStore } from '../record/store.ts'

export interface ShownAccess extends Omit<AccessStatement, 'time' | 'log'> {
  time: string
  /** base64 of the statement, and its tlog-proof. */
  statement: string
  proof: string
}

/** Told at a time: the newest. */
const MOST = 100

/** Of the entries of one record. `store` is that of the log of now, which holds the statements of older ones as well. */
export async function accessesOf(
  { storage, log, index }: Pick<RecordStore, 'storage' | 'log' | 'index'>,
  record: { log: string; indexes: readonly number[] },
): Promise<ShownAccess[]> {
  const found = new Set(record.indexes.flatMap(one => index.accesses.of(record.log, one)))
  const newest = [...found].sort((a, b) => b - a).slice(0, MOST)
  return Promise.all(
    newest.map(async at => {
      const { statement, position } = await storage.at(at)
      await log.check(at, statement, position)
      const { time, log: _, ...rest } = parseAccess(statement)
      return {
        time: new Date(time).toISOString(),
        ...rest,
        statement: toBase64(statement),
        proof: await log.prove(at),
      }
    }),
  )
}
