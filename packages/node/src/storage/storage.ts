/**
 * What a log needs of its storage. Small, so that PostgreSQL can stand behind it as well as files.
 *
 * Order is the contract: `commit` resolves only when statement, content and key of every record in it are durable,
 * and takes all of them or none. Nothing else is ever acknowledged.
 */
import type { StoredRecord } from './segment.ts'

export interface NewRecord extends StoredRecord {
  /** SHA-256 of the statement. */
  entry: Uint8Array
  /** The 32-byte key that opens the content, where there is content. */
  key?: Uint8Array
}

export interface Position {
  segment: number
  offset: number
}

export interface ScannedRecord extends StoredRecord {
  index: number
  position: Position
}

export interface RecordStorage {
  /** How many records are durable. */
  readonly size: number
  /** False after a failed commit or with no room left; `recover` tries to change that. */
  readonly writable: boolean
  commit(records: readonly NewRecord[]): Promise<Position[]>
  /** Tries to become writable again. Never touches what was acknowledged. */
  recover(): Promise<boolean>
  read(position: Position): Promise<StoredRecord>
  /** The key of a record, or undefined where it was erased or never there. */
  key(index: number): Promise<Uint8Array | undefined>
  /** Makes the content of `count` records from `index` unreadable for good. Throws `not-found` beyond the last. */
  eraseKey(index: number, count?: number): Promise<void>
  /** All records from `index` on, in order. */
  scan(index: number): AsyncIterable<ScannedRecord>
  close(): Promise<void>
}
