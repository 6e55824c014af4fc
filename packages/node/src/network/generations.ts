/**
 * A gateway's logs over time. A folder that came back from an old copy must not go on with its log: it would sign
 * another tree than the one that witnesses saw. So a new log continues for it, bound to the last witnessed checkpoint,
 * and the old one is kept for reading. The same is done at each boot of a node with hardware evidence (`boot.ts`).
 */
import { join } from 'node:path'
import { AnswerableError, errorCode, toHex } from '@answerable/core'
import { type NoteSigner, parseNote, parseVkey, type VerifierKey } from '@answerable/core/note'
import type { Receipt } from '@answerable/core/receipt'
import { parseCheckpoint } from '@answerable/core/tlog'
import { loadKey, noteSigner } from '../log/keys.ts'
import type { Log } from '../log/log.ts'
import { nodeSuite } from '../log/suite.ts'
import type { Documents } from '../record/documents.ts'
import { Receipts } from '../record/receipts.ts'
import { RecordStore } from '../record/store.ts'
import type { Disk } from '../storage/disk.ts'
import { type ForkEvidence, HISTORY, WitnessedHistory } from '../witness/index.ts'
import { type Generation, type Identity, saveIdentity } from './identity.ts'

/** The signer of a generation's log. Each has a key of its own: a policy takes no two logs with one key. */
export async function signerOf(disk: Disk, folder: string, generation: Generation): Promise<NoteSigner> {
  if (generation.vkey !== undefined) return goneSigner(parseVkey(generation.vkey, nodeSuite))
  const own = join(folder, generation.folder)
  await disk.list(own)
  return noteSigner(generation.origin, await loadKey(disk, join(own, 'key.pem')))
}

/** Of a key that ended with its process: it tells what the key signed, and signs nothing. */
function goneSigner(key: VerifierKey): NoteSigner {
  return {
    key,
    sign() {
      throw new AnswerableError('unavailable', `${key.name}: its key ended with the process that had it`)
    },
  }
}

/** Opens the next generation in the identity, after a witness proved the last one to be an old copy. */
export async function succeed(
  disk: Disk,
  folder: string,
  identity: Identity,
  fork: ForkEvidence,
): Promise<void> {
  const { origin } = identity.generations.at(-1)!
  const number = identity.generations.length + 1
  identity.generations.push({
    origin: `${origin.slice(0, origin.lastIndexOf('/'))}/inference-${number}`,
    folder: `inference-${number}`,
    predecessor: {
      origin,
      size: fork.size,
      root: toHex(parseCheckpoint(parseNote(fork.note).text).root),
      note: fork.note,
    },
  })
  await saveIdentity(disk, folder, identity)
}

export interface ReceiptSource {
  readonly receipts: Pick<Receipts, 'get' | 'indexesOf'>
  readonly store: Pick<RecordStore, 'log'>
}

/** A log from before a restore, or of an earlier boot. */
export interface OlderLog extends ReceiptSource {
  /** Its place among all of them, from 1. */
  readonly number: number
  readonly log: Log
  readonly receipts: Receipts
  readonly store: RecordStore
  readonly key: VerifierKey
  close(): Promise<void>
}

/** The logs before the current one, for reading alone. */
export async function openOlder(
  disk: Disk,
  folder: string,
  identity: Identity,
  documents: Documents,
): Promise<OlderLog[]> {
  const older: OlderLog[] = []
  for (const [i, generation] of identity.generations.slice(0, -1).entries()) {
    const signer = await signerOf(disk, folder, generation)
    const store = await openEnded(disk, folder, generation, signer)
    if (store === undefined) continue
    store.log.halt(new AnswerableError('rolled-back', 'this log was continued by another'))
    const { log, storage, index } = store
    // Its published checkpoint carries the cosignatures it had when the copy was made.
    const history = new WitnessedHistory(join(folder, generation.folder, HISTORY))
    const receipts = new Receipts({
      log,
      storage,
      index,
      documents,
      witnessed: () => log.published,
      first: one => history.first(one),
    })
    const close = async () => {
      history.close()
      await store.close()
    }
    older.push({ number: i + 1, receipts, log, store, key: signer.key, close })
  }
  return older
}

/** A log that takes no more records; undefined where its process ended before it took any. */
export async function openEnded(
  disk: Disk,
  folder: string,
  generation: Generation,
  signer: NoteSigner,
): Promise<RecordStore | undefined> {
  const ended = generation.vkey !== undefined
  try {
    return await RecordStore.open({ disk, folder: join(folder, generation.folder), signer, ended })
  } catch (error) {
    if (ended && errorCode(error) === 'not-found') return undefined
    throw error
  }
}

/** A receipt from whichever log holds the id. */
export function getFromAny(sources: readonly ReceiptSource[], id: string, secret?: string): Promise<Receipt> {
  return fromAny(sources, ({ receipts }) => receipts.get(id, secret))
}

/** The entries of an id, to its holder, and the log that has them. */
export function indexesFromAny(
  sources: readonly ReceiptSource[],
  id: string,
  secret: string,
): Promise<{ log: string; indexes: number[] }> {
  return fromAny(sources, async ({ receipts, store }) => ({
    log: store.log.origin,
    indexes: await receipts.indexesOf(id, secret),
  }))
}

/** Whatever the first of them has. */
export async function fromAny<S, T>(sources: readonly S[], get: (source: S) => Promise<T>): Promise<T> {
  let missing: unknown
  for (const source of sources) {
    try {
      return await get(source)
    } catch (error) {
      if (!(error instanceof AnswerableError) || error.code !== 'not-found') throw error
      missing ??= error
    }
  }
  throw missing
}
