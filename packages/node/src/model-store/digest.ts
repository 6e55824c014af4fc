/** SHA-256 of files of any size, in a few megabytes of memory. */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { AnswerableError } from '@answerable/core'

/** Large enough that a read costs little beside hashing it, and two of them fit in a processor's cache. */
const CHUNK = 1 << 20

export interface FileDigest {
  /** In hex. */
  sha256: string
  /** In bytes. */
  size: number
}

/** `onBytes` is told of each piece as it is hashed. Throws `not-found`. */
export async function digestFile(path: string, onBytes?: (bytes: number) => void): Promise<FileDigest> {
  let file: FileHandle
  try {
    file = await open(path)
  } catch (cause) {
    throw new AnswerableError('not-found', `${path}: cannot be read`, { cause })
  }
  try {
    return await digestOf(file, onBytes)
  } finally {
    await file.close()
  }
}

/** One piece is read on another thread while this one hashes the piece before. */
async function digestOf(file: FileHandle, onBytes?: (bytes: number) => void): Promise<FileDigest> {
  const hash = createHash('sha256')
  let [current, other] = [Buffer.allocUnsafeSlow(CHUNK), Buffer.allocUnsafeSlow(CHUNK)]
  let size = 0
  let reading = file.read(current, 0, CHUNK, 0)
  for (;;) {
    const { bytesRead } = await reading
    if (bytesRead === 0) return { sha256: hash.digest('hex'), size }
    size += bytesRead
    reading = file.read(other, 0, CHUNK, size)
    // A rejection while this piece is hashed is looked at in the next turn.
    reading.catch(() => undefined)
    hash.update(bytesRead === CHUNK ? current : current.subarray(0, bytesRead))
    onBytes?.(bytesRead)
    ;[current, other] = [other, current]
  }
}
