/**
 * Content keys, one fixed slot a record, in files of their own: overwriting a slot makes the record's content
 * unreadable for good, wherever the segment was copied to. Backups must leave this folder out (docs/operations.md).
 *
 *   slot  key 32 bytes | CRC-32 of key and entry digest u32 | state u32 (0 never written, 1 held, 2 erased)
 */
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { AnswerableError } from '@answerable/core'
import type { Disk, DiskFile } from './disk.ts'

const SLOT_BYTES = 40
const SLOTS_PER_FILE = 1 << 16
const HELD = 1
const ERASED = 2
export const KEY_BYTES = 32

export type KeySlot =
  | { state: 'held'; key: Uint8Array; check: number }
  | { state: 'empty' }
  | { state: 'erased' }

/** Binds a key to the record it opens, so that a slot from before a crash is not taken for the record's own. */
export function keyCheck(key: Uint8Array, entry: Uint8Array): number {
  return crc32(entry, crc32(key))
}

export class KeyFile {
  readonly #disk: Disk
  readonly #folder: string
  readonly #files = new Map<number, Promise<DiskFile>>()

  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  /** Makes the file for this index ready, so that no commit has to wait for it. */
  async prepare(index: number): Promise<void> {
    await this.#file(index, true)
  }

  /** Writes the slots of consecutive records, durably. `undefined` leaves a slot empty: a record without content. */
  async write(
    firstIndex: number,
    keys: readonly ({ key: Uint8Array; check: number } | undefined)[],
  ): Promise<void> {
    const writes: Promise<void>[] = []
    for (let i = 0; i < keys.length; ) {
      const index = firstIndex + i
      const count = Math.min(keys.length - i, SLOTS_PER_FILE - (index % SLOTS_PER_FILE))
      const bytes = Buffer.alloc(count * SLOT_BYTES)
      for (let j = 0; j < count; j++) {
        const slot = keys[i + j]
        if (slot === undefined) continue
        bytes.set(slot.key, j * SLOT_BYTES)
        bytes.writeUInt32BE(slot.check, j * SLOT_BYTES + KEY_BYTES)
        bytes.writeUInt32BE(HELD, j * SLOT_BYTES + KEY_BYTES + 4)
      }
      writes.push(this.#file(index, true).then(file => file.write(bytes, offsetOf(index))))
      i += count
    }
    await Promise.all(writes)
  }

  async read(index: number): Promise<KeySlot> {
    let file: DiskFile
    try {
      file = await this.#file(index, false)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: 'empty' }
      throw error
    }
    const bytes = await file.read(offsetOf(index), SLOT_BYTES)
    if (bytes.length < SLOT_BYTES) return { state: 'empty' }
    const state = bytes.readUInt32BE(KEY_BYTES + 4)
    if (state === HELD)
      return { state: 'held', key: bytes.subarray(0, KEY_BYTES), check: bytes.readUInt32BE(KEY_BYTES) }
    return { state: state === ERASED ? 'erased' : 'empty' }
  }

  /** Overwrites the slot. The medium may keep old blocks below the file system; docs/operations.md says so. */
  async erase(index: number): Promise<void> {
    const bytes = Buffer.alloc(SLOT_BYTES)
    bytes.writeUInt32BE(ERASED, KEY_BYTES + 4)
    const file = await this.#file(index, false)
    await file.write(bytes, offsetOf(index))
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()]
    this.#files.clear()
    for (const file of files) await (await file.catch(() => undefined))?.close()
  }

  #file(index: number, create: boolean): Promise<DiskFile> {
    const number = Math.floor(index / SLOTS_PER_FILE)
    const open = this.#files.get(number)
    if (open !== undefined) return open
    const opening = this.#open(number, create)
    this.#files.set(number, opening)
    // A failure is not kept: the next call tries again.
    opening.catch(() => this.#files.delete(number))
    return opening
  }

  async #open(number: number, create: boolean): Promise<DiskFile> {
    const path = join(this.#folder, `${String(number).padStart(8, '0')}.keys`)
    if (
      create &&
      !(await this.#disk.list(this.#folder)).includes(`${String(number).padStart(8, '0')}.keys`)
    ) {
      await this.#disk.preallocate(path, SLOTS_PER_FILE * SLOT_BYTES, Buffer.alloc(0))
    }
    const file = await this.#disk.open(path)
    if ((await file.size()) !== SLOTS_PER_FILE * SLOT_BYTES) {
      await file.close()
      throw new AnswerableError('corrupt', `${path}: not a whole key file`)
    }
    return file
  }
}

function offsetOf(index: number): number {
  return (index % SLOTS_PER_FILE) * SLOT_BYTES
}
