/** A gateway's records: storage, log and index opened together, and what a crash left open closed. */
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import type { NoteSigner } from '@answerable/core/note'
import {
  ACCESS_TYPE,
  INFERENCE_TYPE,
  LIFECYCLE_TYPE,
  parseAccess,
  parseInference,
  parseLifecycle,
  parseStatement,
} from '@answerable/core/statement'
import { Log } from '../log/log.ts'
import { nodeSuite } from '../log/suite.ts'
import { openContent } from '../storage/content.ts'
import type { Disk } from '../storage/disk.ts'
import { FileStorage } from '../storage/files.ts'
import { RecordIndex } from '../storage/index-db.ts'
import type { ScannedRecord } from '../storage/storage.ts'
import type { Recorder } from './recorder.ts'

export interface RecordStoreOptions {
  disk: Disk
  folder: string
  signer: NoteSigner
  /** Of a log whose key ends with this process, and of one whose key is gone: see `LogOptions`. */
  keepSigned?: boolean
  ended?: boolean
  firstSegmentBytes?: number
  lastSegmentBytes?: number
}

/** How often rows wait before they go to the index, in milliseconds. */
const FLUSH_EVERY = 250

export class RecordStore {
  readonly storage: FileStorage
  readonly log: Log
  readonly index: RecordIndex
  /** The time of the newest record, Unix milliseconds; 0 in an empty log. */
  readonly lastTime: number
  readonly #timer: NodeJS.Timeout

  private constructor(storage: FileStorage, log: Log, index: RecordIndex, lastTime: number) {
    this.storage = storage
    this.log = log
    this.index = index
    this.lastTime = lastTime
    this.#timer = setInterval(() => this.#flush(), FLUSH_EVERY)
    this.#timer.unref()
  }

  static async open({
    disk,
    folder,
    signer,
    keepSigned = false,
    ended = false,
    ...sizes
  }: RecordStoreOptions): Promise<RecordStore> {
    const storage = await FileStorage.open(disk, folder, { entryOf: nodeSuite.sha256, ...sizes })
    let log: Log | undefined
    try {
      log = await Log.open({
        disk,
        folder,
        storage,
        signer,
        suite: nodeSuite,
        entries: 'digest',
        keepSigned,
        ended,
      })
      const index = await openIndex(join(folder, 'index.sqlite'), storage, signer.key.name)
      return new RecordStore(storage, log, index, await newestTime(storage))
    } catch (error) {
      await (log ?? storage).close()
      throw error
    }
  }

  /** Ends on record the streams that a crash cut off, and calls that waited for them. */
  async closeOrphans(recorder: Recorder): Promise<number> {
    while (this.index.flushSome(1 << 16)) {}
    const ids = this.index.openStreams()
    for (const id of ids) {
      const { index, position } = this.index.find(id, 0)!
      const { statement } = await this.storage.read(position)
      await this.log.check(index, statement, position)
      const { holder } = parseInference(statement)
      await recorder.end({ id, holder, digest: nodeSuite.sha256Hex(statement) }, 'interrupted', {
        response: new Uint8Array(0),
        status: 0,
        mediaType: '',
        outcome: 'interrupted',
      })
    }
    return ids.length
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    try {
      await this.log.close()
    } finally {
      this.index.close()
    }
  }

  #flush(): void {
    try {
      if (this.index.flushSome()) setImmediate(() => this.#flush())
    } catch {
      // The rows stay and are tried again; a full disk must not stop reading, and the log does not depend on this.
    }
  }
}

/**
 * Opens the index and brings it up to the log. One that is ahead of the log belongs to another, and is made anew, as
 * is one that cannot be read.
 */
async function openIndex(
  path: string,
  storage: FileStorage,
  origin: string | undefined,
): Promise<RecordIndex> {
  let index: RecordIndex | undefined
  try {
    index = new RecordIndex(path)
    if (index.indexed <= storage.size) return await catchUp(index, storage, origin)
  } catch (error) {
    index?.abandon()
    if (!RecordIndex.isDamage(error)) throw error
  }
  index?.abandon()
  RecordIndex.remove(path)
  return catchUp(new RecordIndex(path), storage, origin)
}

async function catchUp(
  index: RecordIndex,
  storage: FileStorage,
  origin: string | undefined,
): Promise<RecordIndex> {
  let rows = 0
  for await (const record of storage.scan(index.indexed)) {
    await addRow(index, record, storage, origin)
    if (++rows % 4096 === 0) while (index.flushSome(1 << 16)) {}
  }
  while (index.flushSome(1 << 16)) {}
  return index
}

/** Makes the index again from the segments alone. Returns how many records it holds. */
export async function rebuildIndex(disk: Disk, folder: string): Promise<number> {
  const storage = await FileStorage.open(disk, folder, { entryOf: nodeSuite.sha256 })
  try {
    const path = join(folder, 'index.sqlite')
    RecordIndex.remove(path)
    const checkpoint = await disk.readFile(join(folder, 'checkpoint'))
    const index = await openIndex(path, storage, checkpoint?.toString().split('\n', 1)[0])
    const { indexed } = index
    index.close()
    return indexed
  } finally {
    await storage.close()
  }
}

async function addRow(
  index: RecordIndex,
  record: ScannedRecord,
  storage: FileStorage,
  origin: string | undefined,
): Promise<void> {
  const { predicateType } = parseStatement(record.statement)
  if (predicateType === LIFECYCLE_TYPE) {
    const { action, log, first, end } = parseLifecycle(record.statement)
    // One about a log before, which takes none any more, says nothing of the records here.
    if (origin === undefined || log === origin)
      index.lifecycle.add({ index: record.index, action, first, end })
  }
  if (predicateType === ACCESS_TYPE) {
    const { log, index: opened, other } = parseAccess(record.statement)
    index.accesses.add({ index: record.index, log, record: opened, other })
  }
  if (predicateType !== INFERENCE_TYPE) return
  const { id, event } = parseInference(record.statement)
  const part = event === 'end' || event === 'interrupted' ? 1 : 0
  const row = { id, part, index: record.index, position: record.position, opens: event === 'begin' } as const
  const idempotency = part === 0 ? await idempotencyOf(record, storage) : undefined
  index.add(idempotency === undefined ? row : { ...row, idempotency })
}

async function idempotencyOf(
  { index, content }: ScannedRecord,
  storage: FileStorage,
): Promise<string | undefined> {
  if (content.length === 0) return undefined
  try {
    const key = await storage.key(index)
    const { idempotency } = key === undefined ? {} : openContent(key, content)
    return idempotency && (JSON.parse(Buffer.from(idempotency).toString()) as { digest: string }).digest
  } catch (error) {
    // Content that does not open is reported to whoever asks for it, and must not stop all else.
    if (error instanceof AnswerableError && error.code === 'corrupt') return undefined
    throw error
  }
}

async function newestTime(storage: FileStorage): Promise<number> {
  for await (const { statement } of storage.scan(Math.max(0, storage.size - 1))) {
    const { predicate } = parseStatement(statement)
    return Date.parse(String(predicate.time)) || 0
  }
  return 0
}
