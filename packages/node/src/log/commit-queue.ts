/**
 * Group commit without a timer: whatever waits when a commit ends is the next commit, in the order it came. A commit
 * that fails fails for all that wait, and those who come after it are tried again.
 */
import type { NewRecord, Position } from '../storage/storage.ts'

export interface Committed {
  index: number
  position: Position
}

/** A record that is made when its batch is: one after the other, that costs half of making each as its call comes. */
export interface Draft {
  /** About how many bytes the record will have. */
  bytes: number
  make(): NewRecord
  /** Whether a checkpoint over it will be asked for as soon as it is durable. */
  signed?: boolean
}

interface Waiting {
  draft: Draft
  resolve(committed: Committed): void
  reject(error: unknown): void
}

/** Records and bytes of one commit: what a batch's buffers may hold at once. */
export const MOST_RECORDS = 4096
export const MOST_BYTES = 32 << 20

export class CommitQueue {
  /** Makes records durable, all or none, and tells where each is. Never called twice at a time. */
  readonly #commit: (records: NewRecord[], signed: boolean) => Promise<Committed[]>
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined

  constructor(commit: (records: NewRecord[], signed: boolean) => Promise<Committed[]>) {
    this.#commit = commit
  }

  add(draft: Draft): Promise<Committed> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ draft, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Calls that are ready in this turn of the event loop belong to one batch: a commit costs the same for all.
      await endOfTurn()
      const batch = this.#take()
      try {
        const records: NewRecord[] = []
        const made = batch.filter(waiting => makes(waiting, records))
        if (made.length === 0) continue
        const signed = made.some(({ draft }) => draft.signed)
        const committed = await this.#commit(records, signed)
        for (let i = 0; i < made.length; i++) made[i]!.resolve(committed[i]!)
      } catch (error) {
        for (const { reject } of batch) reject(error)
        // Those who came meanwhile would meet the same fault, and their answers must not wait for it to pass.
        for (const { reject } of this.#waiting.splice(0)) reject(error)
      }
    }
    this.#running = undefined
  }

  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { draft } of this.#waiting) {
      bytes += draft.bytes
      if (count > 0 && (bytes > MOST_BYTES || count >= MOST_RECORDS)) break
      count++
    }
    if (count === this.#waiting.length) {
      const all = this.#waiting
      this.#waiting = []
      return all
    }
    return this.#waiting.splice(0, count)
  }
}

/** Adds the record that a draft makes. One that cannot be made fails alone. */
function makes({ draft, reject }: Waiting, records: NewRecord[]): boolean {
  try {
    records.push(draft.make())
    return true
  } catch (error) {
    reject(error)
    return false
  }
}

function endOfTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
