/**
 * A log: records made durable in groups, their tree, and the checkpoints that the log's key signs over it.
 *
 * Group commit without a timer: whatever waits when a commit ends is the next commit. A record is acknowledged when
 * its batch is durable and the log's key has signed a checkpoint over it; the tree in memory only ever follows what
 * is durable, so no crash can leave a signature over another tree.
 */
import { join } from 'node:path'
import { AnswerableError, equal, fromUtf8, type Suite } from '@answerable/core'
import { type NoteSigner, openNote, signNote } from '@answerable/core/note'
import { formatCheckpoint, formatTlogProof, parseCheckpoint } from '@answerable/core/tlog'
import type { Disk } from '../storage/disk.ts'
import type { NewRecord, Position, RecordStorage, ScannedRecord } from '../storage/storage.ts'
import { HashFile } from './hash-file.ts'
import { Tiles } from './tiles.ts'

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
}

/** A checkpoint with its note: signed by the log, and perhaps cosigned. */
export interface SignedCheckpoint {
  size: number
  root: Uint8Array
  note: string
}

export interface Committed {
  index: number
  position: Position
}

interface Waiting {
  record: NewRecord
  resolve(committed: Committed): void
  reject(error: unknown): void
}

/** Records and bytes of one commit: what a batch's buffers may hold at once. */
const MOST_RECORDS = 4096
const MOST_BYTES = 32 << 20
/** With this many hashes unpublished, something is wrong with the disk, and memory must not grow for it. */
const MOST_PENDING = 4_000_000

export class Log {
  readonly #options: LogOptions
  readonly #tiles: Tiles
  readonly #entries: HashFile | undefined
  readonly #positions: Position[] = []
  #signed: SignedCheckpoint
  #published: SignedCheckpoint
  #waiting: Waiting[] = []
  #committing: Promise<void> | undefined
  #closed = false
  /** Whether the published checkpoint is on disk; a new log's empty one is not yet. */
  #stored: boolean
  #halted: AnswerableError | undefined
  /** Told of each committed record, in order, before its answer goes out. Must not throw. */
  onCommit: ((record: NewRecord, committed: Committed) => void) | undefined

  private constructor(
    options: LogOptions,
    tiles: Tiles,
    entries: HashFile | undefined,
    published: SignedCheckpoint,
    stored: boolean,
  ) {
    this.#stored = stored
    this.#options = options
    this.#tiles = tiles
    this.#entries = entries
    this.#signed = published
    this.#published = published
  }

  /**
   * Opens a log at its last published checkpoint and follows the records from there. `onRecord` hears of each of
   * those. Throws `corrupt` where the files do not give the tree that was published.
   */
  static async open(options: LogOptions, onRecord?: (record: ScannedRecord) => void): Promise<Log> {
    const { disk, folder, storage, signer, suite, entries } = options
    const stored = await disk.readFile(join(folder, 'checkpoint'))
    const published = stored && readCheckpoint(stored, signer, suite, join(folder, 'checkpoint'))
    const size = published?.size ?? 0
    const tiles = await Tiles.open(disk, join(folder, 'tiles'), size, suite)
    if (published !== undefined && !equal(tiles.root(), published.root))
      throw new AnswerableError(
        'corrupt',
        `${folder}: the tiles do not have the root of the published checkpoint`,
      )
    if (storage.size < size)
      throw new AnswerableError(
        'rolled-back',
        `${folder}: ${size} records were published, ${storage.size} are here; restore the missing segments`,
      )
    const column =
      entries === 'digest'
        ? await HashFile.open(disk, join(folder, 'tiles', 'entries.hashes'), size)
        : undefined
    const log = new Log(
      options,
      tiles,
      column,
      published ?? checkpointOf(tiles, signer),
      published !== undefined,
    )
    // A registry is small, and where its entries lie is kept in memory; an inference log only reads its tail.
    for await (const record of storage.scan(entries === 'statement' ? 0 : size)) {
      if (entries === 'statement') log.#positions.push(record.position)
      if (record.index >= size) log.#grow(suite.sha256(record.statement), record.statement)
      onRecord?.(record)
    }
    log.#signed = checkpointOf(tiles, signer)
    return log
  }

  get origin(): string {
    return this.#options.signer.key.name
  }

  /**
   * The newest checkpoint, signed by the log's key: all that was acknowledged is under it. Signed when it is first
   * asked for: the tree is durable by then and the signature deterministic, so nobody can tell when it was made, and
   * a commit does not pay for a signature that nobody looks at (docs/decisions/0004).
   */
  get signed(): SignedCheckpoint {
    if (this.#signed.size !== this.#tiles.size) this.#signed = checkpointOf(this.#tiles, this.#options.signer)
    return this.#signed
  }

  /** The newest published checkpoint: its tiles are durable, and cosignatures are added to it as they come. */
  get published(): SignedCheckpoint {
    return this.#published
  }

  /** Whether records are taken. Asked before a model runs, so that no answer is made that cannot be recorded. */
  get writable(): boolean {
    return this.#problem() === undefined
  }

  /** Stops the log for good, in this process: what it would sign next could be another tree. */
  halt(reason: AnswerableError): void {
    this.#halted = reason
  }

  get halted(): AnswerableError | undefined {
    return this.#halted
  }

  append(record: NewRecord): Promise<Committed> {
    const problem = this.#problem()
    if (problem !== undefined) return Promise.reject(problem)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject })
      this.#committing ??= this.#commitAll()
    })
  }

  async #commitAll(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        // Calls that are ready in this turn of the event loop belong to one batch: a commit costs the same for all.
        await endOfTurn()
        await this.#commitOne(this.#takeBatch())
      }
    } finally {
      this.#committing = undefined
    }
  }

  #takeBatch(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { record } of this.#waiting) {
      bytes += record.statement.length + record.content.length
      if (count > 0 && (bytes > MOST_BYTES || count >= MOST_RECORDS)) break
      count++
    }
    if (count === this.#waiting.length) {
      const all = this.#waiting
      this.#waiting = []
      return all
    }
    return this.#waiting.splice(0, count)
  }

  async #commitOne(batch: Waiting[]): Promise<void> {
    const first = this.#tiles.size
    let positions: Position[]
    try {
      positions = await this.#options.storage.commit(batch.map(({ record }) => record))
    } catch (error) {
      for (const { reject } of batch) reject(error)
      // Those who came meanwhile would meet the same fault, and their answers must not wait for it to pass.
      for (const { reject } of this.#waiting.splice(0)) reject(error)
      return
    }
    for (const { record } of batch) this.#grow(record.entry, record.statement)
    for (let i = 0; i < batch.length; i++) {
      const { record, resolve } = batch[i]!
      const committed = { index: first + i, position: positions[i]! }
      if (this.#options.entries === 'statement') this.#positions.push(committed.position)
      this.onCommit?.(record, committed)
      resolve(committed)
    }
  }

  #grow(digest: Uint8Array, statement: Uint8Array): void {
    const entry = this.#options.entries === 'digest' ? digest : statement
    this.#tiles.append(entry)
    this.#entries?.append(entry)
  }

  #problem(): AnswerableError | undefined {
    if (this.#halted !== undefined) return this.#halted
    if (this.#closed) return new AnswerableError('unavailable', 'the log is closing')
    if (!this.#options.storage.writable)
      return new AnswerableError(
        'not-writable',
        'the store cannot be written at present; nothing is answered unrecorded',
      )
    if (this.#tiles.pending > MOST_PENDING)
      return new AnswerableError(
        'not-writable',
        'tiles cannot be written at present; nothing is answered unrecorded',
      )
    return undefined
  }

  /** Makes the tiles durable, then the checkpoint. Resolves with the checkpoint now published. */
  async publish(): Promise<SignedCheckpoint> {
    const { signed } = this
    if (signed.size === this.#published.size && this.#stored) return this.#published
    await Promise.all([this.#tiles.flush(), this.#entries?.flush()])
    await this.#options.disk.replace(join(this.#options.folder, 'checkpoint'), Buffer.from(signed.note))
    this.#published = signed
    this.#stored = true
    return signed
  }

  /** Takes a published checkpoint with cosignatures on it, unless a later one was published since. */
  async adopt(cosigned: SignedCheckpoint): Promise<void> {
    if (cosigned.size < this.#published.size || !equal(cosigned.root, this.#published.root)) return
    await this.#options.disk.replace(join(this.#options.folder, 'checkpoint'), Buffer.from(cosigned.note))
    this.#published = cosigned
  }

  /** The tlog-proof of an entry under a checkpoint of this log, by default the newest signed one. */
  async prove(
    index: number,
    checkpoint: SignedCheckpoint = this.signed,
    extra?: Uint8Array,
  ): Promise<string> {
    const hashes = await this.#tiles.inclusionProof(index, checkpoint.size)
    return formatTlogProof({ ...(extra && { extra }), index, hashes, checkpoint: checkpoint.note })
  }

  consistencyProof(oldSize: number, size: number): Promise<Uint8Array[]> {
    return this.#tiles.consistencyProof(oldSize, size)
  }

  tile(level: number, index: number, width: number): Promise<Uint8Array> {
    return this.#tiles.tile(level, index, width, this.#tiles.size)
  }

  /** Up to `count` entries from `index`. */
  async entries(index: number, count: number): Promise<Uint8Array[]> {
    if (index + count > this.#tiles.size)
      throw new AnswerableError('not-found', 'the log has no such entries yet')
    if (this.#entries !== undefined) {
      const bytes = await this.#entries.read(index, count)
      return Array.from({ length: count }, (_, i) => bytes.subarray(i * 32, (i + 1) * 32))
    }
    return Promise.all(
      this.#positions.slice(index, index + count).map(async position => {
        return (await this.#options.storage.read(position)).statement
      }),
    )
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#committing
    await this.publish().catch(() => undefined)
    await this.#tiles.close()
    await this.#entries?.close()
    await this.#options.storage.close()
  }
}

function endOfTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

function checkpointOf(tiles: Tiles, signer: NoteSigner): SignedCheckpoint {
  const size = tiles.size
  const root = tiles.root()
  const text = formatCheckpoint({ origin: signer.key.name, size, root, extensions: [] })
  return { size, root, note: signNote(text, [signer]) }
}

/** Reads a checkpoint of our own; another key or origin in its place is `corrupt`. */
function readCheckpoint(bytes: Uint8Array, signer: NoteSigner, suite: Suite, path: string): SignedCheckpoint {
  try {
    const note = fromUtf8(bytes)
    const { text } = openNote(note, [signer.key], suite)
    const { origin, size, root } = parseCheckpoint(text)
    if (origin !== signer.key.name) throw new AnswerableError('bad-checkpoint', `its origin is ${origin}`)
    return { size, root, note }
  } catch (cause) {
    throw new AnswerableError('corrupt', `${path}: not a checkpoint signed by this log's key`, { cause })
  }
}
