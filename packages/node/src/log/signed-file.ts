/**
 * The newest checkpoint that a log signed, of a key that ends with its process: kept before a record is acknowledged. Two
 * places in one file, written in turn, so that a write that is cut off leaves the one before; which of them are whole, their
 * signatures tell. Replacing a file each time would cost several times that.
 */
import { join } from 'node:path'
import { AnswerableError, type Suite } from '@answerable/core'
import type { NoteSigner } from '@answerable/core/note'
import type { Disk, DiskFile } from '../storage/disk.ts'
import { readCheckpoint, type SignedCheckpoint } from './signed-checkpoint.ts'

/** A page: a write of one does not touch the other. */
const PLACE_BYTES = 4096
const PLACES = 2

export class SignedFile {
  readonly #file: DiskFile
  #turn = 0

  private constructor(file: DiskFile) {
    this.#file = file
  }

  /** For a log that is new. */
  static async create(disk: Disk, folder: string): Promise<SignedFile> {
    const path = join(folder, 'signed')
    await disk.preallocate(path, PLACES * PLACE_BYTES, new Uint8Array(0))
    return new SignedFile(await disk.open(path))
  }

  /** Resolves when it is durable. One at a time. */
  async keep({ note }: SignedCheckpoint): Promise<void> {
    const bytes = Buffer.from(note)
    if (bytes.length >= PLACE_BYTES) throw new AnswerableError('too-large', 'a checkpoint of over a page')
    const place = Buffer.alloc(PLACE_BYTES)
    place.set(bytes)
    await this.#file.write(place, this.#turn * PLACE_BYTES)
    this.#turn = (this.#turn + 1) % PLACES
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** The newest whole one; undefined where there is none. */
export async function lastKept(
  disk: Disk,
  folder: string,
  signer: NoteSigner,
  suite: Suite,
): Promise<SignedCheckpoint | undefined> {
  const path = join(folder, 'signed')
  const bytes = await disk.readFile(path)
  if (bytes === undefined) return undefined
  let last: SignedCheckpoint | undefined
  for (let i = 0; i < PLACES; i++) {
    const place = bytes.subarray(i * PLACE_BYTES, (i + 1) * PLACE_BYTES)
    const end = place.indexOf(0)
    if (end <= 0) continue
    try {
      const found = readCheckpoint(place.subarray(0, end), signer, suite, path)
      if (found.size > (last?.size ?? -1)) last = found
    } catch {
      // Cut off while it was written: the other one is from before.
    }
  }
  return last
}
