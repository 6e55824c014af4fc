/**
 * A registry as one process holds it: its entries, durable, and the state that they come to. The log under it has a key
 * of this process's own. Only the host shows checkpoints signed by that key; at all others the same tree stands ready
 * to go on under it, should the host be moved there.
 */
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AnswerableError, fromUtf8, type Suite } from '@answerable/core'
import { type NoteSigner, parseNote } from '@answerable/core/note'
import { type Outcome, Registry } from '@answerable/core/registry'
import { parseCheckpoint } from '@answerable/core/tlog'
import { Log } from '../log/log.ts'
import { nodeSuite } from '../log/suite.ts'
import type { Disk } from '../storage/disk.ts'
import { FileStorage } from '../storage/files.ts'
import { Ahead, slices } from './ahead.ts'
import { Outcomes } from './outcomes.ts'

export interface BookOptions {
  disk: Disk
  folder: string
  /** Of the log, under this process's own origin. */
  signer: NoteSigner
  suite?: Suite
}

const FIRST_SEGMENT = 256 << 10
const LAST_SEGMENT = 16 << 20
/** Entries written together where many are at hand. */
const BATCH = 512
const MAX_ENTRY_BYTES = 65_535

export class RegistryBook {
  #options: BookOptions
  #log: Log
  #fold: Registry
  #outcomes: Outcomes
  readonly #ahead: Ahead
  #turn = 0
  #writing: Promise<unknown> = Promise.resolve()
  #closed = false

  private constructor(options: BookOptions, ahead: Ahead, opened: Opened) {
    this.#options = options
    this.#ahead = ahead
    this.#log = opened.log
    this.#fold = opened.fold
    this.#outcomes = opened.outcomes
  }

  static async open(options: BookOptions): Promise<RegistryBook> {
    const ahead = new Ahead(options.suite ?? nodeSuite)
    return new RegistryBook(options, ahead, await open(options, ahead, outcomesPath(options.folder, 0)))
  }

  get log(): Log {
    return this.#log
  }

  get registry(): Registry {
    return this.#fold
  }

  get state(): Registry['state'] {
    return this.#fold.state
  }

  get size(): number {
    return this.#fold.size
  }

  get origin(): string {
    return this.#options.signer.key.name
  }

  get signer(): NoteSigner {
    return this.#options.signer
  }

  outcome(index: number): Outcome | undefined {
    return this.#outcomes.at(index)
  }

  /** What came of a statement, by its payload's digest: of its effective entry, or else its newest. */
  find(digest: string): Outcome | undefined {
    return this.#outcomes.find(digest)
  }

  /** Entries of which `outcome`, `find` and `ofKind` know: those that are durable, while more are being written. */
  get noted(): number {
    return this.#outcomes.size
  }

  /** What came of the entries of a kind, in order, from an index on. */
  ofKind(kind: string, from?: number): Outcome[] {
    return this.#outcomes.ofKind(kind, from)
  }

  /** Parts of a log that are about to be appended, their signatures checked ahead. */
  checked(parts: AsyncIterable<readonly Uint8Array[]>): AsyncGenerator<readonly Uint8Array[], void> {
    return this.#ahead.checked(parts)
  }

  entries(index: number, count: number): Promise<Uint8Array[]> {
    return this.#log.entries(index, count)
  }

  /**
   * Appends what `take` accepts of the entries, each judged as the next. Resolves when all are durable, with the
   * outcome of each, whether it was taken or not. One call at a time; others wait.
   */
  append(
    entries: readonly Uint8Array[],
    take: (outcome: Outcome, entry: Uint8Array) => boolean = () => true,
  ): Promise<{ outcome: Outcome; taken: boolean }[]> {
    return this.#exclusive(async () => {
      const results: { outcome: Outcome; taken: boolean }[] = []
      for await (const part of this.#ahead.checked(slices(entries))) {
        const taken: { outcome: Outcome; entry: Uint8Array }[] = []
        for (const entry of part) {
          if (entry.length > MAX_ENTRY_BYTES)
            throw new AnswerableError('too-large', `a registry entry has at most ${MAX_ENTRY_BYTES} bytes`)
          const judged = this.#fold.check(entry)
          if (!take(judged, entry)) {
            results.push({ outcome: judged, taken: false })
            continue
          }
          const outcome = this.#fold.append(entry)
          taken.push({ outcome, entry })
          results.push({ outcome, taken: true })
        }
        await this.#store(taken)
      }
      return results
    })
  }

  /**
   * Goes back to the first `size` entries, because those after them are an abandoned end, and on from there with
   * others; nothing comes in between, a crash neither. What stood here is kept beside, as evidence, in a folder of its
   * own, unless `forget` says that it never was any.
   */
  rewind(size: number, next: readonly Uint8Array[] = [], forget = false): Promise<void> {
    return this.#exclusive(async () => {
      const entries: Uint8Array[] = []
      for (let at = 0; at < size; at += BATCH)
        entries.push(...(await this.#log.entries(at, Math.min(BATCH, size - at))))
      entries.push(...next)
      const { disk, folder, suite = nodeSuite } = this.#options
      const made = nextOf(folder)
      await rm(made, { recursive: true, force: true })
      const log = await openLog(made, this.#options)
      try {
        for (let at = 0; at < entries.length; at += BATCH)
          await write(log, entries.slice(at, at + BATCH), suite)
      } finally {
        await log.close()
      }
      await this.#log.close()
      const beside = `${folder}-abandoned-${Date.now()}`
      await disk.rename(folder, beside)
      await disk.rename(made, folder)
      if (forget) await rm(beside, { recursive: true, force: true })
      const opened = await open(this.#options, this.#ahead, outcomesPath(folder, ++this.#turn))
      // All at once: nobody may see a state between the two.
      const last = this.#outcomes
      this.#log = opened.log
      this.#fold = opened.fold
      this.#outcomes = opened.outcomes
      last.close()
    })
  }

  /** Goes on with the same tree under another key and origin. */
  resign(signer: NoteSigner): Promise<void> {
    return this.#exclusive(async () => {
      await this.#log.close()
      this.#options = { ...this.#options, signer }
      this.#log = await openLog(this.#options.folder, this.#options)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#writing
    await this.#log.close()
    this.#outcomes.close()
  }

  async #store(taken: readonly { outcome: Outcome; entry: Uint8Array }[]): Promise<void> {
    const suite = this.#options.suite ?? nodeSuite
    try {
      await write(
        this.#log,
        taken.map(({ entry }) => entry),
        suite,
      )
    } catch (error) {
      // The state is ahead of what is durable: it is made again from there.
      this.#fold = await foldOf(this.#log, this.#ahead)
      throw error
    }
    this.#outcomes.add(taken.map(({ outcome }) => outcome))
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new AnswerableError('unavailable', 'the registry is closing'))
    const done = this.#writing.then(work)
    this.#writing = done.catch(() => undefined)
    return done
  }
}

/** Resolves when all are durable. */
async function write(log: Log, entries: readonly Uint8Array[], suite: Suite): Promise<void> {
  await Promise.all(
    entries.map(entry =>
      log.append({ statement: entry, entry: suite.sha256(entry), content: new Uint8Array(0) }),
    ),
  )
}

interface Opened {
  log: Log
  fold: Registry
  outcomes: Outcomes
}

/** Opens the book, once a rewind that was cut off is over, or undone. What came of its entries is noted at `path`. */
async function open(options: BookOptions, ahead: Ahead, path: string): Promise<Opened> {
  const { disk, folder } = options
  const made = nextOf(folder)
  if (await isThere(made)) {
    // The old one goes out of the way only when the new one is whole.
    if (await isThere(folder)) await rm(made, { recursive: true, force: true })
    else await disk.rename(made, folder)
  }
  const log = await openLog(folder, options)
  const outcomes = new Outcomes(path)
  try {
    return { log, fold: await foldOf(log, ahead, outcomes), outcomes }
  } catch (error) {
    outcomes.close()
    await log.close()
    throw error
  }
}

/** Folds all that a log holds. */
async function foldOf(log: Log, ahead: Ahead, outcomes?: Outcomes): Promise<Registry> {
  const fold = new Registry(ahead.suite)
  for await (const part of ahead.checked(entriesOf(log))) {
    const done = part.map(entry => fold.append(entry))
    outcomes?.add(done)
  }
  return fold
}

async function* entriesOf(log: Log): AsyncGenerator<Uint8Array[]> {
  const { size } = log.signed
  for (let at = 0; at < size; at += BATCH) yield log.entries(at, Math.min(BATCH, size - at))
}

/** Two places, so that the next is whole before the last is given up. */
function outcomesPath(folder: string, turn: number): string {
  return `${folder}-outcomes-${turn % 2}.db`
}

/** Where a rewind makes the book that is to come. */
function nextOf(folder: string): string {
  return `${folder}-next`
}

async function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    error => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    },
  )
}

async function openLog(
  folder: string,
  { disk, signer, suite = nodeSuite }: Pick<BookOptions, 'disk' | 'signer' | 'suite'>,
): Promise<Log> {
  await forgetOther(disk, folder, signer)
  const storage = await FileStorage.open(disk, folder, {
    entryOf: suite.sha256,
    firstSegmentBytes: FIRST_SEGMENT,
    lastSegmentBytes: LAST_SEGMENT,
  })
  return Log.open({ disk, folder, storage, signer, suite, entries: 'statement' }).catch(async error => {
    await storage.close()
    throw error
  })
}

/**
 * Removes the checkpoint of a key that was replaced since: the tree is made again from the entries, and goes on under
 * the present key. What others saw of the old one is theirs to hold against it.
 */
async function forgetOther(disk: Disk, folder: string, signer: NoteSigner): Promise<void> {
  const path = join(folder, 'checkpoint')
  const note = await disk.readFile(path)
  if (note === undefined) return
  const { origin } = parseCheckpoint(parseNote(fromUtf8(note)).text)
  if (origin !== signer.key.name) await disk.remove(path)
}

/** The path of a book in a data folder. */
export function bookFolder(folder: string): string {
  return join(folder, 'registry')
}
