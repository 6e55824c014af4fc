/**
 * Group commit without a timer: whatever waits when a commit ends is the next commit, in the order it came. A commit
 * that fails fails for all that wait, and those who come after it are tried again.
 */
import type { NewRecord, Position } from '../storage/storage.ts'

export interface Committed {
  index: number
  position: Position
}

interface Waiting {
  record: NewRecord
  resolve(committed: Committed): void
  reject(error: unknown): void
}

/** Records and bytes of one commit: what a batch's buffers may hold at once. */
export const MOST_RECORDS = 4096
export const MOST_BYTES = 32 << 20

export class CommitQueue {
  /** Makes records durable, all or none, and tells where each is. Never called twice at a time. */
  readonly #commit: (records: NewRecord[]) => Promise<Committed[]>
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined

  constructor(commit: (records: NewRecord[]) => Promise<Committed[]>) {
    this.#commit = commit
  }

  add(record: NewRecord): Promise<Committed> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject })
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
        const committed = await this.#commit(batch.map(({ record }) => record))
        for (let i = 0; i < batch.length; i++) batch[i]!.resolve(committed[i]!)
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
    for (const { record } of this.#waiting) {
      bytes += record.statement.length + record.content.length
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

function endOfTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
