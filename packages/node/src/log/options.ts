/** What a log is made of. */
import type { Suite } from '@answerable/core'
import type { NoteSigner } from '@answerable/core/note'
import type { Disk } from '../storage/disk.ts'
import type { RecordStorage } from '../storage/storage.ts'

export interface LogOptions {
  disk: Disk
  folder: string
  storage: RecordStorage
  signer: NoteSigner
  suite: Suite
  /**
   * What an entry is: `digest` for a log of statements' digests, `statement` for one of the statements themselves
   * (a registry), which are then public.
   */
  entries: 'digest' | 'statement'
  /**
   * Whether the checkpoint over a record is on disk before the record is acknowledged: for a key that ends with its process,
   * which can sign nothing anew after a crash.
   */
  keepSigned?: boolean
  /** Its key is gone: the log ends with the last checkpoint that it signed, and is there for reading. */
  ended?: boolean
  /** How long a store that failed is left alone before it is tried again, in milliseconds. */
  retryMs?: number
  /** Tree nodes of each level that are kept in memory. */
  recentNodes?: number
}
