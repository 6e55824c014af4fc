/** Altering a stopped node's files, as an attacker would who knows their form. */
import { join } from 'node:path'
import { AnswerableError } from '@answerable/core'
import { type DiskFile, realDisk } from '../storage/index.ts'
import { encodeBatch, readBatch, type ScannedBatch, SEGMENT_HEADER_BYTES } from '../storage/segment.ts'

/** What becomes of the batch's checksum: left as it was, or made good again. */
export type Checksum = 'left' | 'repaired'

const RESPONSE = '"name":"response","digest":{"sha256":"'

/** Flips a bit of a stored statement: in the digest of the response, so that the statement still reads as one. */
export function flipStatement(log: string, index: number, checksum: Checksum): Promise<void> {
  return flipRecord(log, index, checksum, ({ statement }) => {
    const start = Buffer.from(statement).indexOf(RESPONSE)
    if (start === -1) throw new AnswerableError('internal', 'this statement has no response')
    // A decimal digit with its last bit flipped is another one.
    const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39
    const at = statement.findIndex((byte, i) => i >= start + RESPONSE.length && isDigit(byte))
    statement[at]! ^= 1
  })
}

/** Flips a bit of a record's encrypted content. */
export function flipContent(log: string, index: number, checksum: Checksum): Promise<void> {
  return flipRecord(log, index, checksum, ({ content }) => {
    content[content.length >> 1]! ^= 1
  })
}

/** Flips a bit of a value in one of the log's columns: `level-0` holds the leaf hashes, `entries` the entries. */
export async function flipHash(log: string, column: 'level-0' | 'entries', index: number): Promise<void> {
  await change(join(log, 'tiles', `${column}.hashes`), async file => {
    const value = await file.read(index * 32, 32)
    value[7]! ^= 1
    await file.write(value, index * 32)
  })
}

async function flipRecord(
  log: string,
  index: number,
  checksum: Checksum,
  flip: (record: ScannedBatch['records'][number]) => void,
): Promise<void> {
  await change(segmentOf(log), async file => {
    const batch = await batchOf(file, index)
    const stored = await file.read(batch.start, batch.end - batch.start)
    flip(batch.records[index - batch.firstIndex]!)
    const { bytes } = encodeBatch(batch.firstIndex, batch.records)
    if (checksum === 'repaired') return file.write(bytes, batch.start)
    // The checksum stands before the records, so the last byte that differs is the one that was flipped.
    const at = bytes.findLastIndex((byte, i) => byte !== stored[i])
    await file.write(bytes.subarray(at, at + 1), batch.start + at)
  })
}

/** The statement that a stopped node's disk has at an index. */
export async function storedStatement(log: string, index: number): Promise<Uint8Array> {
  let statement = new Uint8Array(0)
  await change(segmentOf(log), async file => {
    const { firstIndex, records } = await batchOf(file, index)
    statement = new Uint8Array(records[index - firstIndex]!.statement)
  })
  return statement
}

/** The first segment: a throwaway log fills no second one. */
function segmentOf(log: string): string {
  return join(log, 'segments', '00000000.seg')
}

async function batchOf(file: DiskFile, index: number): Promise<ScannedBatch> {
  let at = SEGMENT_HEADER_BYTES
  let firstIndex = 0
  for (;;) {
    const batch = await readBatch(file, at, firstIndex, await file.size())
    if (batch === undefined) throw new AnswerableError('internal', `no record ${index} in the segment`)
    if (index < firstIndex + batch.records.length) return batch
    at = batch.end
    firstIndex += batch.records.length
  }
}

async function change(path: string, act: (file: DiskFile) => Promise<void>): Promise<void> {
  const file = await realDisk.open(path)
  try {
    await act(file)
  } finally {
    await file.close()
  }
}
