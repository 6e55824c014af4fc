/**
 * A log: records made durable in groups, their tree, and the checkpoints that the log's key signs over it.
 *
 * A record is acknowledged when its batch is durable and in the tree. The tree in memory only ever follows what is
 * durable, so no crash can leave a signature over another tree.
 */
import { join } from 'node:path'
import { AnswerableError, equal } from '@answerable/core'
import { formatTlogProof } from '@answerable/core/tlog'
import type { NewRecord, Position, ScannedRecord } from '../storage/storage.ts'
import { CommitQueue, type Committed, type Draft } from './commit-queue.ts'
import { HashFile } from './hash-file.ts'
import type { LogOptions } from './options.ts'
import { Retry } from './retry.ts'
import { readCheckpoint, type SignedCheckpoint, signCheckpoint } from './signed-checkpoint.ts'
import { lastKept, SignedFile } from './signed-file.ts'
import { Tiles } from './tiles.ts'

export type { Committed, LogOptions, SignedCheckpoint }

/** With this many hashes unpublished, something is wrong with the disk, and memory must not grow for it. */
const MOST_PENDING = 1_000_000
const RETRY_MS = 1000

export class Log {
  readonly #options: LogOptions
  readonly #tiles: Tiles
  readonly #entries: HashFile | undefined
  readonly #positions: Position[] = []
  readonly #queue = new CommitQueue((records, signed) => this.#commit(records, signed))
  #signed: SignedCheckpoint
  #kept: SignedFile | undefined
  /** Made while its batch is being written, and nobody's until the tree has come there. */
  #ahead: SignedCheckpoint | undefined
  #published: SignedCheckpoint
  /** Whether the published checkpoint is on disk; a new log's empty one is not yet. */
  #stored: boolean
  /** The last of those who write the checkpoint's file. It only ever gets what follows what is there, one at a time. */
  #storing: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined
  #halted: AnswerableError | undefined
  readonly #recovery: Retry

  private constructor(
    options: LogOptions,
    tiles: Tiles,
    entries: HashFile | undefined,
    published: SignedCheckpoint,
    stored: boolean,
  ) {
    this.#stored = stored
    this.#recovery = new Retry(() => options.storage.recover(), options.retryMs ?? RETRY_MS)
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
    const last = options.ended ? await lastSigned(options, published) : undefined
    const tiles = await Tiles.open(disk, join(folder, 'tiles'), size, suite, options.recentNodes)
    let column: HashFile | undefined
    try {
      if (published !== undefined && !equal(tiles.root(), published.root))
        throw new AnswerableError(
          'corrupt',
          `${join(folder, 'tiles')}: not the tree whose root the published checkpoint has`,
        )
      if (storage.size < size)
        throw new AnswerableError(
          'rolled-back',
          `${folder}: ${size} records were published, ${storage.size} are here; restore the missing segments`,
        )
      if (last !== undefined && storage.size < last.size)
        throw new AnswerableError(
          'rolled-back',
          `${folder}: ${last.size} records were signed, ${storage.size} are here; restore the missing segments`,
        )
      if (entries === 'digest')
        column = await HashFile.open(disk, join(folder, 'tiles', 'entries.hashes'), size)
      const first = published ?? last ?? signCheckpoint({ size, root: tiles.root() }, signer)
      const log = new Log(options, tiles, column, first, published !== undefined)
      // A registry is small, and where its entries lie is kept in memory; an inference log only reads its tail.
      for await (const record of storage.scan(entries === 'statement' ? 0 : size)) {
        // What came after was never acknowledged, and nobody can sign it any more.
        if (last !== undefined && record.index >= last.size) break
        if (entries === 'statement') log.#positions.push(record.position)
        if (record.index >= size) log.#grow(suite.sha256(record.statement), record.statement)
        onRecord?.(record)
      }
      if (last !== undefined) {
        if (!equal(tiles.root(), last.root))
          throw new AnswerableError('corrupt', `${folder}: not the records that its last checkpoint is over`)
        log.#signed = last
      }
      return log
    } catch (error) {
      await tiles.close()
      await column?.close()
      throw error
    }
  }

  /** How many entries there are. */
  get size(): number {
    return this.#tiles.size
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
    const { size } = this.#tiles
    if (this.#signed.size !== size) {
      const root = this.#tiles.root()
      const ahead = this.#ahead
      this.#signed =
        ahead?.size === size && equal(ahead.root, root)
          ? ahead
          : signCheckpoint({ size, root }, this.#options.signer)
    }
    return this.#signed
  }

  /** The newest published checkpoint: its tiles are durable, and cosignatures are added to it as they come. */
  get published(): SignedCheckpoint {
    return this.#published
  }

  /** Whether records are taken. Asked before a model runs, so that no answer is made that cannot be recorded. */
  get writable(): boolean {
    return this.problem === undefined
  }

  /** Stops the log for good, in this process: what it would sign next could be another tree. */
  halt(reason: AnswerableError): void {
    this.#halted = reason
  }

  get halted(): AnswerableError | undefined {
    return this.#halted
  }

  append(record: NewRecord): Promise<Committed> {
    const bytes = record.statement.length + record.content.length
    return this.appendDraft({ bytes, make: () => record })
  }

  /** Appends a record that is made when its batch is. Rejects with what making it throws. */
  appendDraft(draft: Draft): Promise<Committed> {
    const { problem } = this
    return problem === undefined ? this.#queue.add(draft) : Promise.reject(problem)
  }

  async #commit(records: NewRecord[], signed: boolean): Promise<Committed[]> {
    if (this.#halted !== undefined) throw this.problem
    const first = this.#tiles.size
    // In the next turn, when the writes are under way.
    if (signed || this.#options.keepSigned) setImmediate(() => this.#signAhead(first, records))
    const positions = await this.#options.storage.commit(records)
    const committed = positions.map((position, i) => ({ index: first + i, position }))
    try {
      for (const { entry, statement } of records) this.#grow(entry, statement)
      if (this.#options.entries === 'statement') this.#positions.push(...positions)
    } catch (cause) {
      // What is durable is no longer what the tree holds, and the next record would get another's place.
      this.#halted = new AnswerableError('internal', `${this.origin}: a record that no tree holds`, { cause })
      throw this.problem
    }
    if (this.#options.keepSigned) await this.#keepSigned()
    return committed
  }

  /** Before anybody hears of a record: what this key does not sign now, nobody ever will. */
  async #keepSigned(): Promise<void> {
    const { disk, folder } = this.#options
    try {
      this.#kept ??= await SignedFile.create(disk, folder)
      await this.#kept.keep(this.signed)
    } catch (cause) {
      throw new AnswerableError('not-writable', `${this.origin}: a checkpoint could not be written`, {
        cause,
      })
    }
  }

  /** A signature takes as long as half a write: made beside it, the promise of a stream need not wait for both. */
  #signAhead(first: number, records: readonly NewRecord[]): void {
    if (this.#options.entries !== 'digest' || this.#tiles.size !== first || this.#halted !== undefined) return
    try {
      const root = this.#tiles.rootWith(records.map(({ entry }) => entry))
      this.#ahead = signCheckpoint({ size: first + records.length, root }, this.#options.signer)
    } catch {
      // Whoever asks for the checkpoint meets the same fault.
    }
  }

  #grow(digest: Uint8Array, statement: Uint8Array): void {
    const entry = this.#options.entries === 'digest' ? digest : statement
    this.#tiles.append(entry)
    this.#entries?.append(entry)
  }

  /** Why no record is taken at present, if none is. */
  get problem(): AnswerableError | undefined {
    if (this.#halted !== undefined) {
      // Whatever the reason, to a caller it is a service that is not there.
      const message = `this log takes no more records: ${this.#halted.message}`
      return new AnswerableError('unavailable', message, { cause: this.#halted })
    }
    if (this.#closing !== undefined) return new AnswerableError('unavailable', 'the log is closing')
    if (!this.#options.storage.writable) {
      this.#recovery.ask()
      return new AnswerableError(
        'not-writable',
        'the store cannot be written at present; nothing is answered unrecorded',
      )
    }
    if (this.#tiles.pending > MOST_PENDING)
      return new AnswerableError(
        'not-writable',
        'tiles cannot be written at present; nothing is answered unrecorded',
      )
    return undefined
  }

  /** Makes the tiles durable, then the checkpoint. Resolves with the checkpoint now published. */
  publish(): Promise<SignedCheckpoint> {
    return this.#store(async () => {
      const { signed } = this
      if (signed.size === this.#published.size && this.#stored) return this.#published
      const flushed = await Promise.allSettled([this.#tiles.flush(), this.#entries?.flush()])
      for (const outcome of flushed) if (outcome.status === 'rejected') throw outcome.reason
      await this.#replace(signed)
      this.#stored = true
      return signed
    })
  }

  /** Takes a published checkpoint with cosignatures on it, unless a later one was published since. */
  adopt(cosigned: SignedCheckpoint): Promise<void> {
    return this.#store(async () => {
      const { size, root } = this.#published
      if (cosigned.size === size && equal(cosigned.root, root)) await this.#replace(cosigned)
    })
  }

  /** The tlog-proof of an entry under a checkpoint of this log, by default the newest signed one. */
  async prove(
    index: number,
    checkpoint: SignedCheckpoint = this.signed,
    extra?: Uint8Array,
  ): Promise<string> {
    const hashes = await this.#tiles.inclusionProof(index, checkpoint.size, checkpoint.root)
    return formatTlogProof({ ...(extra && { extra }), index, hashes, checkpoint: checkpoint.note })
  }

  /** Throws `corrupt` where a statement that was read back is not the one that the log holds at this index. */
  async check(index: number, statement: Uint8Array, { segment, offset }: Position): Promise<void> {
    const { entries, suite } = this.#options
    const entry = entries === 'digest' ? suite.sha256(statement) : statement
    try {
      await this.#tiles.checkEntries(index, [entry])
    } catch (cause) {
      throw new AnswerableError(
        'corrupt',
        `record ${index} (segment ${segment}, byte ${offset}): not the statement that the log holds there`,
        { cause },
      )
    }
  }

  /** The root of the first `size` entries. */
  rootAt(size: number): Promise<Uint8Array> {
    return this.#tiles.rootAt(size)
  }

  consistencyProof(oldSize: number, size: number): Promise<Uint8Array[]> {
    const { size: newest } = this.#tiles
    const root = size === newest ? this.#tiles.root() : this.#published.root
    return this.#tiles.consistencyProof(
      oldSize,
      size,
      size === newest || size === this.#published.size ? root : undefined,
    )
  }

  tile(level: number, index: number, width: number): Promise<Uint8Array> {
    return this.#tiles.tile(level, index, width, this.#tiles.size)
  }

  /** `count` entries from `index`, as they are stored: whoever reads them has the tiles to check them against. */
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

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#queue.idle()
    await this.#recovery.idle()
    // A log that was halted signs nothing more: what it would sign may be another tree.
    if (this.#halted === undefined) await this.publish().catch(() => undefined)
    await this.#storing
    await this.#tiles.close()
    await this.#entries?.close()
    await this.#kept?.close()
    await this.#options.storage.close()
  }

  #store<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#storing.then(work)
    this.#storing = done.catch(() => undefined)
    return done
  }

  async #replace(checkpoint: SignedCheckpoint): Promise<void> {
    await this.#options.disk.replace(join(this.#options.folder, 'checkpoint'), Buffer.from(checkpoint.note))
    this.#published = checkpoint
  }
}

/** The newest checkpoint of a log whose key is gone. Throws `not-found` where there never was one. */
async function lastSigned(
  { disk, folder, signer, suite }: LogOptions,
  published: SignedCheckpoint | undefined,
): Promise<SignedCheckpoint> {
  const kept = await lastKept(disk, folder, signer, suite)
  const last = (kept?.size ?? -1) > (published?.size ?? -1) ? kept : published
  if (last === undefined) throw new AnswerableError('not-found', `${folder}: nothing was ever signed here`)
  return last
}
