/**
 * Content keys, one fixed slot a record, in files of their own: overwriting a slot makes the record's content
 * unreadable for good, wherever the segment was copied to. Backups must leave this folder out (docs/operations.md).
 *
 *   slot  state u8 | zeros to 4 | CRC-32 of key and entry digest u32 | key 32 bytes | zeros to 64
 *
 * A slot never crosses a sector, and its state comes first and is one byte, so that an erasure cut short by a crash has
 * either not begun or says `erased`: it never looks like a key that did not become durable.
 */
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { AnswerableError } from '@answerable/core'
import type { Disk, DiskFile } from './disk.ts'
import { OpenFiles } from './open-files.ts'

const SLOT_BYTES = 64
const CHECK_AT = 4
const KEY_AT = 8
const SLOTS_PER_FILE = 1 << 16
/** States differ in several bits, so that no flipped one turns a lost key into an erased one. */
const EMPTY = 0
const HELD = 0xa5
const ERASED = 0x3c
export const KEY_BYTES = 32
/** Slots overwritten in one write. */
const MOST_ERASED = 4096

export type KeySlot =
  | { state: 'held'; key: Uint8Array; check: number }
  | { state: 'empty' }
  | { state: 'erased' }
  /** A torn write, or damage. */
  | { state: 'damaged' }

/** Binds a key to the record it opens, so that a slot from before a crash is not taken for the record's own. */
export function keyCheck(key: Uint8Array, entry: Uint8Array): number {
  return crc32(entry, crc32(key))
}

export class KeyFile {
  readonly #disk: Disk
  readonly #folder: string
  readonly #slots: number
  readonly #files: OpenFiles
  /** Numbers of the files that are there, and of those being made. */
  readonly #there = new Set<number>()
  readonly #making = new Map<number, Promise<void>>()
  /** The file that was last made ahead, or tried. */
  #prepared = 0

  private constructor(disk: Disk, folder: string, slots: number) {
    this.#disk = disk
    this.#folder = folder
    this.#slots = slots
    this.#files = new OpenFiles(disk)
  }

  static async open(disk: Disk, folder: string, slotsPerFile: number = SLOTS_PER_FILE): Promise<KeyFile> {
    const keys = new KeyFile(disk, folder, slotsPerFile)
    for (const name of await disk.list(folder)) {
      if (/^\d{8}\.keys$/.test(name)) keys.#there.add(Number(name.slice(0, 8)))
    }
    return keys
  }

  /** Whether the files of these records are there. They are made before the records, so one missing was removed. */
  has(index: number, count = 1): boolean {
    const last = this.#numberOf(index + count - 1)
    for (let number = this.#numberOf(index); number <= last; number++)
      if (!this.#there.has(number)) return false
    return true
  }

  /**
   * Makes the files for `count` records from `size`, the first that has none yet. Where one stands for records that
   * are there already, their keys are gone and their slots say so.
   */
  async prepare(size: number, count = 1): Promise<void> {
    const last = this.#numberOf(size + count - 1)
    for (let number = this.#numberOf(size); number <= last; number++) {
      if (!this.#there.has(number)) await this.#make(number, size)
    }
  }

  /** Makes the next file, once, while that of `size` has room, so that no commit has to wait for it. */
  prepareNext(size: number): void {
    const next = this.#numberOf(size) + 1
    if (size % this.#slots < this.#slots / 2 || this.#prepared >= next || this.#there.has(next)) return
    this.#prepared = next
    // A failure shows when the file is needed: the commit that needs it tries again.
    this.#make(next, size).catch(() => undefined)
  }

  /**
   * Writes the slots of consecutive records, durably, in files that are prepared. `undefined` leaves a slot empty: a
   * record without content. Settles when no write is under way any more, failed or not: a slot is written again after
   * a failure, and the older write must not come second.
   */
  async write(
    firstIndex: number,
    keys: readonly ({ key: Uint8Array; check: number } | undefined)[],
  ): Promise<void> {
    const writes: Promise<void>[] = []
    for (let i = 0; i < keys.length; ) {
      const index = firstIndex + i
      const count = Math.min(keys.length - i, this.#slots - (index % this.#slots))
      const bytes = Buffer.alloc(count * SLOT_BYTES)
      for (let j = 0; j < count; j++) {
        const slot = keys[i + j]
        if (slot === undefined) continue
        bytes[j * SLOT_BYTES] = HELD
        bytes.writeUInt32BE(slot.check, j * SLOT_BYTES + CHECK_AT)
        bytes.set(slot.key, j * SLOT_BYTES + KEY_AT)
      }
      writes.push(this.#use(index, file => file.write(bytes, this.#offsetOf(index))))
      i += count
    }
    if (writes.length === 1) return writes[0]
    for (const outcome of await Promise.allSettled(writes)) {
      if (outcome.status === 'rejected') throw outcome.reason
    }
  }

  async read(index: number): Promise<KeySlot> {
    if (!this.has(index)) return { state: 'empty' }
    const bytes = await this.#use(index, file => file.read(this.#offsetOf(index), SLOT_BYTES))
    if (bytes.length < SLOT_BYTES)
      throw new AnswerableError('corrupt', `${this.pathOf(index)}: not a whole key file`)
    const state = bytes[0]
    if (state === HELD)
      return {
        state: 'held',
        key: bytes.subarray(KEY_AT, KEY_AT + KEY_BYTES),
        check: bytes.readUInt32BE(CHECK_AT),
      }
    return { state: state === ERASED ? 'erased' : state === EMPTY ? 'empty' : 'damaged' }
  }

  pathOf(index: number): string {
    return this.#path(this.#numberOf(index))
  }

  /** Overwrites slots. The medium may keep old blocks below the file system; docs/operations.md says so. */
  async erase(index: number, count: number): Promise<void> {
    for (let at = index; at < index + count; ) {
      const slots = Math.min(index + count - at, this.#slots - (at % this.#slots), MOST_ERASED)
      const offset = this.#offsetOf(at)
      if (this.has(at)) await this.#use(at, file => file.write(erasedSlots(slots), offset))
      at += slots
    }
  }

  /** Makes durable what another process may have left in the slots of these records. */
  async sync(index: number, count: number): Promise<void> {
    for (let at = index; at < index + count; at += this.#slots - (at % this.#slots)) {
      if (this.has(at)) await this.#use(at, file => file.sync())
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#making.values())
    await this.#files.close()
  }

  #make(number: number, size: number): Promise<void> {
    const making = this.#making.get(number)
    if (making !== undefined) return making
    const gone = Math.max(0, size - number * this.#slots)
    const made = this.#disk
      .preallocate(this.#path(number), this.#slots * SLOT_BYTES, erasedSlots(gone))
      .then(() => {
        this.#there.add(number)
      })
      .finally(() => this.#making.delete(number))
    this.#making.set(number, made)
    return made
  }

  #use<T>(index: number, work: (file: DiskFile) => Promise<T>): Promise<T> {
    return this.#files.use(this.pathOf(index), work)
  }

  #path(number: number): string {
    return join(this.#folder, `${String(number).padStart(8, '0')}.keys`)
  }

  #numberOf(index: number): number {
    return Math.floor(index / this.#slots)
  }

  #offsetOf(index: number): number {
    return (index % this.#slots) * SLOT_BYTES
  }
}

function erasedSlots(count: number): Buffer {
  const bytes = Buffer.alloc(count * SLOT_BYTES)
  for (let i = 0; i < count; i++) bytes[i * SLOT_BYTES] = ERASED
  return bytes
}
