/** Files kept open for their next use; beyond a bound the one longest unused is closed, never one in use. */
import { AnswerableError } from '@answerable/core'
import type { Disk, DiskFile } from './disk.ts'

interface Entry {
  file: Promise<DiskFile>
  /** Calls that work with the file right now. */
  users: number
  /** A file that could not be opened is not kept: the next call tries again. */
  opened?: true
}

const MOST_OPEN = 16

export class OpenFiles {
  readonly #disk: Disk
  readonly #most: number
  /** Least recently used first. */
  readonly #files = new Map<string, Entry>()
  readonly #closing = new Set<Promise<void>>()
  #closed = false

  constructor(disk: Disk, most: number = MOST_OPEN) {
    this.#disk = disk
    this.#most = most
  }

  /**
   * Works with the file at `path`, which stays open at least until `work` has settled. After `close` it rejects with
   * `unavailable`: a file opened then would never be closed, and may be another's by now.
   */
  async use<T>(path: string, work: (file: DiskFile) => Promise<T>): Promise<T> {
    if (this.#closed) throw new AnswerableError('unavailable', `${path}: this store was closed`)
    let entry = this.#files.get(path)
    if (entry === undefined) entry = { file: this.#disk.open(path), users: 0 }
    else this.#files.delete(path)
    this.#files.set(path, entry)
    entry.users++
    try {
      const file = await entry.file
      entry.opened = true
      return await work(file)
    } catch (error) {
      if (entry.opened !== true && this.#files.get(path) === entry) this.#files.delete(path)
      throw error
    } finally {
      entry.users--
      if (this.#files.size > this.#most) this.#trim()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const [path, entry] of this.#files) this.#drop(path, entry)
    await Promise.all(this.#closing)
  }

  #trim(): void {
    for (const [path, entry] of this.#files) {
      if (this.#files.size <= this.#most) return
      if (entry.users === 0) this.#drop(path, entry)
    }
  }

  #drop(path: string, { file }: Entry): void {
    this.#files.delete(path)
    const closing = file.then(
      open => open.close(),
      () => undefined,
    )
    const closed = closing.catch(() => undefined).finally(() => this.#closing.delete(closed))
    this.#closing.add(closed)
  }
}
