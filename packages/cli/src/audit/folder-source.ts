/** A log out of a gateway's own folder, with the process that writes it stopped or running. */
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { HASH_LENGTH, TILE_WIDTH } from '@answerable/core/tlog'
import { nodeSuite } from '@answerable/node/log'
import { FileStorage, type ScannedRecord } from '@answerable/node/storage'
import type { LogFolder } from '../data-folder.ts'
import { codeOf } from '../home.ts'
import { readOnlyDisk } from './read-only-disk.ts'
import type { LogSource } from './source.ts'

export class FolderSource implements LogSource {
  readonly #log: LogFolder
  readonly #files = new Map<string, Promise<FileHandle>>()
  #storage: Promise<FileStorage> | undefined
  /** A registry's entries are its statements, read on from where the last bundle ended. */
  #statements: AsyncIterator<ScannedRecord> | undefined
  #reading: Promise<unknown> = Promise.resolve()

  constructor(log: LogFolder) {
    this.#log = log
  }

  get where(): string {
    return this.#log.path
  }

  /** A registry's entries are its records, which the tree audit has all seen. */
  get isRegistry(): boolean {
    return this.#log.entries === 'statement'
  }

  async checkpoint(): Promise<Uint8Array> {
    try {
      return await readFile(join(this.#log.path, 'checkpoint'))
    } catch (cause) {
      throw new AnswerableError('not-found', `${this.#log.path}: no checkpoint was ever published here`, {
        cause,
      })
    }
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array> {
    return this.#hashes(`level-${level}.hashes`, index * TILE_WIDTH, width)
  }

  async entries(index: number, width: number): Promise<Uint8Array[]> {
    if (this.#log.entries === 'digest') {
      const bytes = await this.#hashes('entries.hashes', index * TILE_WIDTH, width)
      return Array.from({ length: width }, (_, i) => bytes.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH))
    }
    const next = this.#reading.then(() => this.#nextStatements(width))
    this.#reading = next.catch(() => undefined)
    return next
  }

  /** The records, opened without changing anything. Throws `corrupt` where what was acknowledged is not whole. */
  storage(): Promise<FileStorage> {
    this.#storage ??= FileStorage.open(readOnlyDisk(), this.#log.path, { entryOf: nodeSuite.sha256 })
    return this.#storage
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await (await file.catch(() => undefined))?.close()
    await (await this.#storage?.catch(() => undefined))?.close()
  }

  async #nextStatements(width: number): Promise<Uint8Array[]> {
    this.#statements ??= (await this.storage()).scan(0)
    const out: Uint8Array[] = []
    while (out.length < width) {
      const { value, done } = await this.#statements.next()
      if (done) throw new AnswerableError('not-found', 'the records end before the published checkpoint does')
      out.push(value.statement)
    }
    return out
  }

  async #hashes(name: string, start: number, count: number): Promise<Uint8Array> {
    const file = await this.#file(join(this.#log.path, 'tiles', name))
    const bytes = Buffer.alloc(count * HASH_LENGTH)
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start * HASH_LENGTH)
    if (bytesRead < bytes.length)
      throw new AnswerableError('bad-tile', `${name} ends before hash ${start + count}, which was published`)
    return bytes
  }

  #file(path: string): Promise<FileHandle> {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const opening = open(path, 'r').catch(cause => {
      if (codeOf(cause) === 'ENOENT') throw new AnswerableError('not-found', `${path} is missing`, { cause })
      throw cause
    })
    this.#files.set(path, opening)
    return opening
  }
}
