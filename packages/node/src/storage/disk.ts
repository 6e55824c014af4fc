/**
 * The few file operations that durability rests on, behind one interface, so that tests can fail or crash each of
 * them. Every path is absolute. A write resolves only when its bytes are durable.
 */
import { constants, fdatasync, write } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface DiskFile {
  /** Writes `bytes` at byte offset `at`, and resolves when they are durable. */
  write(bytes: Uint8Array, at: number): Promise<void>
  /** Reads up to `length` bytes from `at`; fewer only at the end of the file. */
  read(at: number, length: number): Promise<Buffer>
  size(): Promise<number>
  /**
   * Makes durable what is in the file by now: a process that was killed may have left bytes that the next one can read
   * and that a loss of power would still take away.
   */
  sync(): Promise<void>
  close(): Promise<void>
}

export interface Disk {
  /** Opens an existing file, or with `create` a new one that must not exist yet. */
  open(path: string, create?: boolean): Promise<DiskFile>
  /** Creates a file of `bytes` zeros under its final name, whole or not at all. */
  preallocate(path: string, bytes: number, head: Uint8Array): Promise<void>
  /** Replaces a small file, atomically and durably. Readable by its owner alone. */
  replace(path: string, bytes: Uint8Array): Promise<void>
  /** Renames a file durably. */
  rename(from: string, to: string): Promise<void>
  /** The whole of a small file, or undefined where there is none. */
  readFile(path: string): Promise<Buffer | undefined>
  /** The names in a folder, sorted, and durable; the folder is made if it is missing. */
  list(folder: string): Promise<string[]>
  remove(path: string): Promise<void>
}

const ZEROS = Buffer.alloc(1 << 20)
// O_DSYNC makes a write and its sync one trip to the thread pool; elsewhere the two follow each other.
const WRITE_SYNCS = process.platform === 'linux'
const OPEN = constants.O_RDWR | (WRITE_SYNCS ? constants.O_DSYNC : 0)

class RealFile implements DiskFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    // The callback form costs about half of the promise form, twice a commit.
    return new Promise((resolve, reject) => {
      const { fd } = this.#handle
      const step = (done: number) => {
        write(fd, bytes, done, bytes.length - done, at + done, (error, written) => {
          if (error) reject(error)
          else if (done + written < bytes.length) step(done + written)
          else if (WRITE_SYNCS) resolve()
          else fdatasync(fd, failure => (failure ? reject(failure) : resolve()))
        })
      }
      step(0)
    })
  }

  async read(at: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length)
    let done = 0
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, at + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return bytes.subarray(0, done)
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  async sync(): Promise<void> {
    await this.#handle.datasync()
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

/** One call may write less than it was given, as on a disk that is nearly full. */
async function writeWhole(handle: FileHandle, bytes: Uint8Array, length: number, at: number): Promise<void> {
  for (let done = 0; done < length; ) {
    done += (await handle.write(bytes, done, length - done, at + done)).bytesWritten
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows has no folders to sync: NTFS journals its names itself.
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Temporary files in use: two writers of one file must not share one, and a crash must not leave ever more. */
const temporaries = new Set<string>()

function takeTemporary(path: string): string {
  for (let number = 0; ; number++) {
    const name = join(dirname(path), `.${basename(path)}${number === 0 ? '' : `.${number}`}.tmp`)
    if (temporaries.has(name)) continue
    temporaries.add(name)
    return name
  }
}

async function writeThenRename(path: string, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = takeTemporary(path)
  try {
    const handle = await open(temporary, 'w', 0o600)
    try {
      await fill(handle)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    // On a full disk the half that was written would keep it full.
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  } finally {
    temporaries.delete(temporary)
  }
  await syncFolder(dirname(path))
}

export const realDisk: Disk = {
  async open(path, create = false) {
    if (!create) return new RealFile(await open(path, OPEN))
    const handle = await open(path, OPEN | constants.O_CREAT | constants.O_EXCL, 0o600)
    await syncFolder(dirname(path))
    return new RealFile(handle)
  },

  preallocate(path, bytes, head) {
    return writeThenRename(path, async handle => {
      // Real zeros, not a hole: a hole's first write allocates blocks, and a sync then commits the file system's journal.
      for (let at = 0; at < bytes; at += ZEROS.length) {
        await writeWhole(handle, ZEROS, Math.min(ZEROS.length, bytes - at), at)
      }
      await writeWhole(handle, head, head.length, 0)
    })
  },

  replace(path, bytes) {
    return writeThenRename(path, async handle => {
      await handle.writeFile(bytes)
    })
  },

  async rename(from, to) {
    await rename(from, to)
    await syncFolder(dirname(to))
  },

  async readFile(path) {
    try {
      return await readFile(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  },

  async list(folder) {
    const made = await mkdir(folder, { recursive: true, mode: 0o700 })
    await syncFolder(folder)
    // Each folder that was made is a name in the one above it.
    for (let above = folder; made !== undefined && above.length >= made.length; ) {
      above = dirname(above)
      await syncFolder(above)
    }
    return (await readdir(folder)).filter(name => !name.startsWith('.')).sort()
  },

  async remove(path) {
    await rm(path, { force: true })
  },
}
