/**
 * A disk that changes nothing, for looking at a folder that may be evidence: storage opens as it always does, and what
 * it would make for later is there in memory alone.
 */
import { type FileHandle, open, readdir, readFile } from 'node:fs/promises'
import { AnswerableError } from '@answerable/core'
import type { Disk, DiskFile } from '@answerable/node/storage'
import { codeOf } from '../home.ts'

class ReadOnlyFile implements DiskFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  write(): Promise<void> {
    return refuse()
  }

  async read(at: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, (await this.size()) - at)))
    let done = 0
    while (done < bytes.length) {
      const { bytesRead } = await this.#handle.read(bytes, done, bytes.length - done, at + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return bytes.subarray(0, done)
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

/** A file of zeros that only was to be made. */
function zeros(size: number): DiskFile {
  return {
    write: refuse,
    read: async (at, length) => Buffer.alloc(Math.max(0, Math.min(length, size - at))),
    size: async () => size,
    close: async () => undefined,
  }
}

export function readOnlyDisk(): Disk {
  const made = new Map<string, number>()
  return {
    async open(path, create = false) {
      const size = made.get(path)
      if (size !== undefined) return zeros(size)
      if (create) return refuse()
      return new ReadOnlyFile(await open(path, 'r'))
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
