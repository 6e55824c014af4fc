/**
 * A segment: one preallocated, append-only file of batches. A batch is what one commit made durable; it is valid as a
 * whole or not at all, by its checksum. (Tampering is the Merkle tree's business; the checksum is for torn writes.)
 *
 *   header  magic u32 | version u32 | first index u64 | end of the segment before u64 | CRC-32 u32 | zeros to 64 bytes
 *   batch   magic u32 | payload length u32 | first index u64 | count u32 | CRC-32 of all the batch but itself u32
 *           payload: count times [statement length u32 | content length u32 | statement | content]
 *
 * All integers are big-endian.
 */
import { crc32 } from 'node:zlib'
import { AnswerableError } from '@answerable/core'
import type { DiskFile } from './disk.ts'

export interface StoredRecord {
  /** The exact statement. */
  statement: Uint8Array
  /** Encrypted content, by `content.ts`; empty where the statement has none. */
  content: Uint8Array
}

export const SEGMENT_HEADER_BYTES = 64
export const BATCH_HEADER_BYTES = 24
const RECORD_HEADER_BYTES = 8
const SEGMENT_MAGIC = 0x41_4e_53_31 // ANS1
const BATCH_MAGIC = 0x41_42_54_31 // ABT1
const VERSION = 1

export interface SegmentHeader {
  /** Index of the first record. */
  firstIndex: number
  /** Where the valid part of the segment before this one ends, in bytes: what lies behind it was never acknowledged. */
  previousEnd: number
}

export function segmentName(sequence: number): string {
  return `${String(sequence).padStart(8, '0')}.seg`
}

export function encodeSegmentHeader({ firstIndex, previousEnd }: SegmentHeader): Buffer {
  const head = Buffer.alloc(SEGMENT_HEADER_BYTES)
  head.writeUInt32BE(SEGMENT_MAGIC, 0)
  head.writeUInt32BE(VERSION, 4)
  head.writeBigUInt64BE(BigInt(firstIndex), 8)
  head.writeBigUInt64BE(BigInt(previousEnd), 16)
  head.writeUInt32BE(crc32(head.subarray(0, 24)), 24)
  return head
}

/** Throws `corrupt` with the file's name. */
export function decodeSegmentHeader(head: Buffer, path: string): SegmentHeader {
  if (head.length < SEGMENT_HEADER_BYTES || head.readUInt32BE(0) !== SEGMENT_MAGIC)
    throw new AnswerableError('corrupt', `${path}: not a segment of this store`)
  if (head.readUInt32BE(24) !== crc32(head.subarray(0, 24)))
    throw new AnswerableError('corrupt', `${path}: the header does not match its checksum`)
  if (head.readUInt32BE(4) !== VERSION)
    throw new AnswerableError(
      'corrupt',
      `${path}: version ${head.readUInt32BE(4)}; this program reads ${VERSION}`,
    )
  return { firstIndex: Number(head.readBigUInt64BE(8)), previousEnd: Number(head.readBigUInt64BE(16)) }
}

/** Bytes that a batch of these records takes. */
export function batchBytes(records: readonly StoredRecord[]): number {
  let bytes = BATCH_HEADER_BYTES
  for (const { statement, content } of records)
    bytes += RECORD_HEADER_BYTES + statement.length + content.length
  return bytes
}

/** Encodes a batch, and gives the offset of each record within it. */
export function encodeBatch(
  firstIndex: number,
  records: readonly StoredRecord[],
): { bytes: Buffer; offsets: number[] } {
  const bytes = Buffer.allocUnsafe(batchBytes(records))
  const offsets: number[] = []
  let at = BATCH_HEADER_BYTES
  for (const { statement, content } of records) {
    offsets.push(at)
    bytes.writeUInt32BE(statement.length, at)
    bytes.writeUInt32BE(content.length, at + 4)
    at += RECORD_HEADER_BYTES
    bytes.set(statement, at)
    at += statement.length
    bytes.set(content, at)
    at += content.length
  }
  bytes.writeUInt32BE(BATCH_MAGIC, 0)
  bytes.writeUInt32BE(bytes.length - BATCH_HEADER_BYTES, 4)
  bytes.writeBigUInt64BE(BigInt(firstIndex), 8)
  bytes.writeUInt32BE(records.length, 16)
  bytes.writeUInt32BE(batchChecksum(bytes), 20)
  return { bytes, offsets }
}

function batchChecksum(batch: Buffer): number {
  return crc32(batch.subarray(BATCH_HEADER_BYTES), crc32(batch.subarray(0, 20)))
}

export interface ScannedBatch {
  firstIndex: number
  /** Offsets in the segment: of the batch, and of its end. */
  start: number
  end: number
  records: (StoredRecord & { offset: number })[]
}

/** What batches are read from: a file, or a window over one. */
export type ByteReader = Pick<DiskFile, 'read'>

/**
 * Reads the batch at `at`, or undefined where there is no whole, valid batch with that first index before `limit`: the
 * end of the segment, or a batch that a crash tore.
 */
export async function readBatch(
  file: ByteReader,
  at: number,
  firstIndex: number,
  limit: number,
): Promise<ScannedBatch | undefined> {
  if (at + BATCH_HEADER_BYTES > limit) return undefined
  const head = await file.read(at, BATCH_HEADER_BYTES)
  if (head.length < BATCH_HEADER_BYTES || head.readUInt32BE(0) !== BATCH_MAGIC) return undefined
  if (Number(head.readBigUInt64BE(8)) !== firstIndex) return undefined
  const length = BATCH_HEADER_BYTES + head.readUInt32BE(4)
  if (at + length > limit) return undefined
  const bytes = await file.read(at, length)
  if (bytes.length < length || bytes.readUInt32BE(20) !== batchChecksum(bytes)) return undefined
  const records: ScannedBatch['records'] = []
  let offset = BATCH_HEADER_BYTES
  const count = bytes.readUInt32BE(16)
  for (let i = 0; i < count; i++) {
    if (offset + RECORD_HEADER_BYTES > length) return undefined
    const end = offset + recordBytes(bytes, offset)
    if (end > length) return undefined
    records.push({ ...decodeRecord(bytes.subarray(offset, end)), offset: at + offset })
    offset = end
  }
  return { firstIndex, start: at, end: at + length, records }
}

function recordBytes(bytes: Buffer, at: number): number {
  return RECORD_HEADER_BYTES + bytes.readUInt32BE(at) + bytes.readUInt32BE(at + 4)
}

function decodeRecord(bytes: Buffer): StoredRecord {
  const content = RECORD_HEADER_BYTES + bytes.readUInt32BE(0)
  return { statement: bytes.subarray(RECORD_HEADER_BYTES, content), content: bytes.subarray(content) }
}

/** What one read brings, so that most records take no second one. */
const FIRST_READ_BYTES = 4096

/** Reads one record at its offset. Throws `corrupt` where none can stand there before `limit`, the segment's end. */
export async function readRecord(
  file: DiskFile,
  offset: number,
  limit: number,
  path: string,
): Promise<StoredRecord> {
  const first = await file.read(offset, Math.max(0, Math.min(FIRST_READ_BYTES, limit - offset)))
  if (first.length >= RECORD_HEADER_BYTES) {
    const length = recordBytes(first, 0)
    const bytes = length <= first.length ? first.subarray(0, length) : undefined
    if (bytes !== undefined) return decodeRecord(bytes)
    if (offset + length <= limit) {
      const whole = await file.read(offset, length)
      if (whole.length === length) return decodeRecord(whole)
    }
  }
  throw new AnswerableError('corrupt', `${path}: no record at byte ${offset}`)
}

const SEARCH_BYTES = 1 << 20

/**
 * Whether any valid batch with a later index lies between `at` and `limit`. A crash tears only the last batch, so one
 * behind an invalid batch shows that the invalid one was whole once, and has been damaged since.
 */
export async function hasLaterBatch(
  file: ByteReader,
  at: number,
  firstIndex: number,
  limit: number,
): Promise<boolean> {
  const magic = Buffer.alloc(4)
  magic.writeUInt32BE(BATCH_MAGIC)
  // Pieces overlap by a header less one byte, so that each header is whole in one of them.
  for (let start = at; start + BATCH_HEADER_BYTES <= limit; start += SEARCH_BYTES - BATCH_HEADER_BYTES + 1) {
    const piece = await file.read(start, Math.min(SEARCH_BYTES, limit - start))
    for (let i = piece.indexOf(magic); i !== -1; i = piece.indexOf(magic, i + 1)) {
      if (i + BATCH_HEADER_BYTES > piece.length) break
      const index = Number(piece.readBigUInt64BE(i + 8))
      // The records between took room, so no number that a torn record's own bytes spell is taken for an index.
      const most = firstIndex + Math.ceil((start + i - at + 1) / RECORD_HEADER_BYTES)
      if (index <= firstIndex || index > most) continue
      if ((await readBatch(file, start + i, index, limit)) !== undefined) return true
    }
  }
  return false
}
