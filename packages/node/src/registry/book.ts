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

export interface BookOptions {
  disk: Disk
  folder: string
  /** Of the log, under this process's own origin. */
  signer: NoteSigner
  suite?: Suite
  /** Told of each entry, in order, once it is durable; also of those read back at the start. */
  onEntry?: (outcome: Outcome, entry: Uint8Array) => void
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
  /** Index of each payload, by digest. */
  #byDigest = new Map<string, number>()
  #outcomes: Outcome[] = []
  #writing: Promise<unknown> = Promise.resolve()
  #closed = false

  private constructor(options: BookOptions, opened: Opened) {
    this.#options = options
    this.#log = opened.log
    this.#fold = opened.fold
    for (const { outcome, entry } of opened.outcomes) this.#note(outcome, entry)
  }

  static async open(options: BookOptions): Promise<RegistryBook> {
    return new RegistryBook(options, await open(options))
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
    return this.#outcomes[index]
  }

  /** What came of a statement, by its payload's digest: of its effective entry, or else its newest. */
  find(digest: string): Outcome | undefined {
    const index = this.#byDigest.get(digest)
    return index === undefined ? undefined : this.#outcomes[index]
  }

  /** Outcomes in order. */
  outcomes(): readonly Outcome[] {
    return this.#outcomes
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
      for (let at = 0; at < entries.length; at += BATCH) {
        const taken: { outcome: Outcome; entry: Uint8Array }[] = []
        for (const entry of entries.slice(at, at + BATCH)) {
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
      const { log } = await openAt(made, this.#options)
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
      const opened = await open(this.#options)
      // All at once: nobody may see a state between the two.
      this.#log = opened.log
      this.#fold = opened.fold
      this.#byDigest = new Map()
      this.#outcomes = []
      for (const { outcome, entry } of opened.outcomes) this.#note(outcome, entry)
    })
  }

  /** Goes on with the same tree under another key and origin. */
  resign(signer: NoteSigner): Promise<void> {
    return this.#exclusive(async () => {
      await this.#log.close()
      this.#options = { ...this.#options, signer }
      const opened = await open(this.#options)
      this.#log = opened.log
      this.#fold = opened.fold
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#writing
    await this.#log.close()
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
      await this.#refold()
      throw error
    }
    for (const { outcome, entry } of taken) this.#note(outcome, entry)
  }

  #note(outcome: Outcome, entry: Uint8Array): void {
    this.#outcomes[outcome.index] = outcome
    const { digest, index } = outcome
    if (digest !== undefined) {
      const before = this.#byDigest.get(digest)
      if (before === undefined || !this.#outcomes[before]!.effective) this.#byDigest.set(digest, index)
    }
    this.#options.onEntry?.(outcome, entry)
  }

  async #refold(): Promise<void> {
    const fold = new Registry(this.#options.suite ?? nodeSuite)
    const { size } = this.#log.signed
    for (let at = 0; at < size; at += BATCH)
      for (const entry of await this.#log.entries(at, Math.min(BATCH, size - at))) fold.append(entry)
    this.#fold = fold
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
  outcomes: { outcome: Outcome; entry: Uint8Array }[]
}

/** Opens the book, once a rewind that was cut off is over, or undone. */
async function open(options: BookOptions): Promise<Opened> {
  const { disk, folder } = options
  const made = nextOf(folder)
  if (await isThere(made)) {
    // The old one goes out of the way only when the new one is whole.
    if (await isThere(folder)) await rm(made, { recursive: true, force: true })
    else await disk.rename(made, folder)
  }
  return openAt(folder, options)
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

async function openAt(folder: string, { disk, signer, suite = nodeSuite }: BookOptions): Promise<Opened> {
  await forgetOther(disk, folder, signer)
  const storage = await FileStorage.open(disk, folder, {
    entryOf: suite.sha256,
    firstSegmentBytes: FIRST_SEGMENT,
    lastSegmentBytes: LAST_SEGMENT,
  })
  const fold = new Registry(suite)
  const outcomes: Opened['outcomes'] = []
  const log = await Log.open(
    { disk, folder, storage, signer, suite, entries: 'statement' },
    ({ statement }) => outcomes.push({ outcome: fold.append(statement), entry: statement }),
  ).catch(async error => {
    await storage.close()
    throw error
  })
  return { log, fold, outcomes }
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
