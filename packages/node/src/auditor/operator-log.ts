/**
 * An operator's log as an auditor reads it: over HTTP, from a server that may be slow, down or lying. What it gives out
 * counts only under a checkpoint that the log's key signed and that continues what the operator anchored in the registry.
 */
import { AnswerableError, equal, fromHex, fromUtf8 } from '@answerable/core'
import { MAX_NOTE_BYTES, parseNote, parseVkey, type VerifierKey } from '@answerable/core/note'
import type { State } from '@answerable/core/registry'
import {
  type Checkpoint,
  consistencyProof,
  formatTlogProof,
  HASH_LENGTH,
  inclusionProof,
  leafHash,
  neededForConsistency,
  neededForInclusion,
  openCheckpoint,
  parseBundle,
  parseCheckpoint,
  parseTlogProof,
  TILE_WIDTH,
  tileHashReader,
  tilePath,
  tilesForSubtrees,
  tileWidth,
  verifyConsistency,
  verifyInclusion,
} from '@answerable/core/tlog'
import { nodeSuite } from '../log/suite.ts'
import { type Deadline, exchange, type Fetch } from '../witness/exchange.ts'

export interface Anchored {
  size: number
  root: string
}

/** How a log is of no use to an auditor. */
export type LogFault =
  /** No answer, or none of a log. */
  | 'unreachable'
  | 'timeout'
  /** Its checkpoint is not signed by the key that the registry has. */
  | 'bad-checkpoint'
  /** It shows fewer entries than it anchored. */
  | 'rolled-back'
  /** It shows another tree than the one that it anchored. */
  | 'other-tree'
  /** What it gives out is not what its checkpoint is of. */
  | 'bad-tiles'
  /** The entry asked for is beyond its end. */
  | 'beyond'

export class LogError extends Error {
  readonly fault: LogFault
  /** The checkpoint that it showed, where there was one. */
  readonly note: string | undefined

  constructor(fault: LogFault, message: string, note?: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'LogError'
    this.fault = fault
    this.note = note
  }
}

export interface ProvenEntry {
  /** The 32 bytes that the log holds. */
  entry: Uint8Array
  /** tlog-proof under the checkpoint shown. */
  proof: string
}

/** Older logs of one operator that are looked for: it goes on with another each time an old copy came back. */
const MOST_OLDER = 8
/** Of an inference log, whose entries are digests. */
const MAX_BUNDLE = TILE_WIDTH * (32 + 2)

export class OperatorLog {
  readonly checkpoint: Checkpoint
  /** The note that the log's key signed. */
  readonly note: string
  readonly #reader: Reader

  private constructor(reader: Reader, note: string, checkpoint: Checkpoint) {
    this.#reader = reader
    this.note = note
    this.checkpoint = checkpoint
  }

  /** Opens a log at its newest checkpoint, shown to continue each of `anchors`. Rejects with `LogError` alone. */
  static async open(
    { url, vkey }: { url: string; vkey: string },
    anchors: readonly Anchored[],
    { send, deadline }: { send: Fetch; deadline: Deadline },
  ): Promise<OperatorLog> {
    const key = parseVkey(vkey, nodeSuite)
    const { base, note } = await findLog(url, key, send, deadline)
    let checkpoint: Checkpoint
    try {
      checkpoint = openCheckpoint(note, [key], nodeSuite).checkpoint
    } catch (cause) {
      throw new LogError('bad-checkpoint', (cause as Error).message, note, { cause })
    }
    const log = new OperatorLog(new Reader(base, send, deadline, note), note, checkpoint)
    for (const anchor of anchors) await log.#continues(anchor)
    return log
  }

  /** The entry at an index, and its proof. Rejects with `LogError` alone. */
  async entry(index: number): Promise<ProvenEntry> {
    const { size, root } = this.checkpoint
    if (index >= size) throw new LogError('beyond', `the log shows ${size} entries`, this.note)
    const tile = Math.floor(index / TILE_WIDTH)
    const entries = await this.#reader.entries(tile, tileWidth(0, tile, size))
    const entry = entries[index % TILE_WIDTH]!
    const needed = neededForInclusion(index, size)
    const tiles = await this.#reader.tiles(tilesForSubtrees(needed, size))
    return this.#checked(() => {
      const hashes = inclusionProof(index, size, tileHashReader(tiles, nodeSuite), nodeSuite)
      verifyInclusion({ index, size, leafHash: leafHash(entry, nodeSuite), proof: hashes, root }, nodeSuite)
      return { entry, proof: formatTlogProof({ index, hashes, checkpoint: this.note }) }
    }, 'bad-tiles')
  }

  async #continues({ size: oldSize, root }: Anchored): Promise<void> {
    const { size: newSize, root: newRoot } = this.checkpoint
    if (newSize < oldSize)
      throw new LogError('rolled-back', `it anchored ${oldSize} entries and shows ${newSize}`, this.note)
    const oldRoot = fromHex(root, HASH_LENGTH)
    if (newSize === oldSize && !equal(newRoot, oldRoot))
      throw new LogError('other-tree', `it has two roots at ${newSize} entries`, this.note)
    const needed = neededForConsistency(oldSize, newSize)
    const tiles = await this.#reader.tiles(tilesForSubtrees(needed, newSize))
    this.#checked(() => {
      const proof = consistencyProof(oldSize, newSize, tileHashReader(tiles, nodeSuite), nodeSuite)
      verifyConsistency({ oldSize, oldRoot, newSize, newRoot, proof }, nodeSuite)
    }, 'other-tree')
  }

  #checked<T>(work: () => T, fault: LogFault): T {
    try {
      return work()
    } catch (cause) {
      throw new LogError(fault, (cause as Error).message, this.note, { cause })
    }
  }
}

/** Where a log answers: it is the gateway's own, or one that this continues. */
async function findLog(
  url: string,
  key: VerifierKey,
  send: Fetch,
  deadline: Deadline,
): Promise<{ base: string; note: string }> {
  const at = url.replace(/\/+$/, '')
  for (let i = 0; i <= MOST_OLDER; i++) {
    const base = i === 0 ? `${at}/log` : `${at}/logs/${i}`
    let note: string
    try {
      note = fromUtf8(await get(send, `${base}/checkpoint`, MAX_NOTE_BYTES, deadline))
      if (parseCheckpoint(parseNote(note).text).origin === key.name) return { base, note }
    } catch (error) {
      // One that is not there at all is not asked nine times; and behind the last of its older logs there are none.
      if (i > 0) break
      if (error instanceof LogError) throw error
      throw new LogError('bad-checkpoint', (error as Error).message, undefined, { cause: error })
    }
  }
  throw new LogError('unreachable', `${at} has no log ${key.name}`)
}

/** Hashes and entries, each tile once. */
class Reader {
  readonly #base: string
  readonly #send: Fetch
  readonly #deadline: Deadline
  readonly #note: string
  readonly #tiles = new Map<string, Uint8Array>()

  constructor(base: string, send: Fetch, deadline: Deadline, note: string) {
    this.#base = base
    this.#send = send
    this.#deadline = deadline
    this.#note = note
  }

  async tiles(
    needed: readonly { level: number; index: number; width: number }[],
  ): Promise<(level: number, index: number) => Uint8Array> {
    for (const { level, index, width } of needed) {
      const name = `${level}/${index}`
      if (this.#tiles.has(name)) continue
      const { bytes, width: had } = await this.#tile(level, index, width, TILE_WIDTH * HASH_LENGTH)
      if (bytes.length !== had * HASH_LENGTH)
        throw new LogError(
          'bad-tiles',
          `${tilePath(level, index, had)} has ${bytes.length} bytes`,
          this.#note,
        )
      this.#tiles.set(name, bytes.subarray(0, width * HASH_LENGTH))
    }
    return (level, index) => this.#tiles.get(`${level}/${index}`)!
  }

  async entries(index: number, width: number): Promise<Uint8Array[]> {
    const { bytes, width: had } = await this.#tile('entries', index, width, MAX_BUNDLE)
    try {
      return parseBundle(bytes, had)
    } catch (cause) {
      throw new LogError('bad-tiles', (cause as Error).message, this.#note, { cause })
    }
  }

  /** A log may drop a partial tile once the tile is full, so that one is asked for next. */
  async #tile(level: number | 'entries', index: number, width: number, most: number) {
    const ask = (at: number) =>
      get(this.#send, `${this.#base}/${tilePath(level, index, at)}`, most, this.#deadline, this.#note)
    try {
      return { bytes: await ask(width), width }
    } catch (error) {
      if (width === TILE_WIDTH || (error as LogError).fault === 'timeout') throw error
      return { bytes: await ask(TILE_WIDTH), width: TILE_WIDTH }
    }
  }
}

async function get(
  send: Fetch,
  url: string,
  most: number,
  deadline: Deadline,
  note?: string,
): Promise<Uint8Array> {
  const answer = await exchange(send, url, { method: 'GET' }, most, deadline)
  if ('fault' in answer) {
    const fault = answer.fault === 'timeout' || answer.fault === 'aborted' ? 'timeout' : 'unreachable'
    throw new LogError(fault, answer.message, note)
  }
  if (answer.status !== 200) throw new LogError('unreachable', `answered with ${answer.status}`, note)
  return answer.body
}

/** What the registry has that a log must continue: its newest anchor, and that of the epoch in question. */
export function anchorsOf(state: State, log: string, epoch?: number): Anchored[] {
  const anchors: Anchored[] = []
  const newest = state.logs.get(log)?.anchor
  if (newest) anchors.push({ size: newest.size, root: newest.root })
  const drawn = epoch === undefined ? undefined : state.epochs.get(String(epoch))?.drawnFrom
  const part = drawn?.find(one => one.log === log)
  if (part !== undefined && part.to !== newest?.size) anchors.push({ size: part.to, root: part.root })
  return anchors
}

/** The entry that a tlog-proof shows under a checkpoint of this log's own key; undefined where it shows none. */
export function provenIn(vkey: string, statement: Uint8Array, proof: string): number | undefined {
  try {
    const { index, hashes, checkpoint } = parseTlogProof(proof)
    const { size, root } = openCheckpoint(checkpoint, [parseVkey(vkey, nodeSuite)], nodeSuite).checkpoint
    const leaf = leafHash(nodeSuite.sha256(statement), nodeSuite)
    verifyInclusion({ index, size, leafHash: leaf, proof: hashes, root }, nodeSuite)
    return index
  } catch (error) {
    if (!(error instanceof AnswerableError)) throw error
    return undefined
  }
}
