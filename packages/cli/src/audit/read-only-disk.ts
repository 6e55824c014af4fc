/**
 * A disk that changes nothing, for looking at a folder that may be evidence: storage opens as it always does, and what
 * it would write is there in memory alone.
 */
import { type FileHandle, open, readdir, readFile } from 'node:fs/promises'
import { AnswerableError } from '@answerable/core'
import type { Disk, DiskFile } from '@answerable/node/storage'
import { codeOf } from '../home.ts'

class OverlaidFile implements DiskFile {
  /** Undefined for a file that only was to be made. */
  readonly #handle: FileHandle | undefined
  #size: number
  readonly #written: { at: number; bytes: Uint8Array }[] = []

  constructor(handle: FileHandle | undefined, size: number) {
    this.#handle = handle
    this.#size = size
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    this.#written.push({ at, bytes: Uint8Array.from(bytes) })
    this.#size = Math.max(this.#size, at + bytes.length)
  }

  async read(at: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, this.#size - at)))
    for (let done = 0; this.#handle !== undefined && done < bytes.length; ) {
      const { bytesRead } = await this.#handle.read(bytes, done, bytes.length - done, at + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    for (const { at: start, bytes: over } of this.#written) {
      const from = Math.max(at, start)
      const to = Math.min(at + bytes.length, start + over.length)
      if (from < to) bytes.set(over.subarray(from - start, to - start), from - at)
    }
    return bytes
  }

  async size(): Promise<number> {
    return this.#size
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {
    await this.#handle?.close()
  }
}

export function readOnlyDisk(): Disk {
  /** Files that were to be made, by their size. */
  const made = new Map<string, number>()
  return {
    async open(path, create = false) {
      const size = made.get(path) ?? (create ? 0 : undefined)
      if (size !== undefined) return new OverlaidFile(undefined, size)
      const handle = await open(path, 'r')
      return new OverlaidFile(handle, (await handle.stat()).size)
    },
    async preallocate(path, bytes) {
      made.set(path, bytes)
    },
    replace: refuse,
    rename: refuse,
    remove: refuse,
    async readFile(path) {
      try {
        return await readFile(path)
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return undefined
        throw error
      }
    },
    async list(folder) {
      try {
        return (await readdir(folder)).filter(name => !name.startsWith('.')).sort()
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return []
        throw error
      }
    },
  }
}

async function refuse(): Promise<never> {
  throw new AnswerableError('not-writable', 'an audit writes nothing')
}
