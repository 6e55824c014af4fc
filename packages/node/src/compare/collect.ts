/**
 * Asks for samples, some at a time, and takes them in the order in which they were begun: an order of arrival would
 * depend on what was answered. A sample that misses an answer is left out and counted; too many of these in a row, or one
 * refusal that is to last, and the side is taken to be gone.
 */
import type { ComparisonBody, ComparisonEnd } from '@answerable/core/compare'
import { isLasting } from './retry.ts'

export type Side = 'a' | 'b'
export interface Missed {
  missed: Side
  error: unknown
}

export interface CollectOptions<T> {
  /** Never rejects. */
  ask(signal: AbortSignal): Promise<T | Missed>
  /** Whether that was enough. */
  take(sample: T): boolean | Promise<boolean>
  samples: number
  parallel: number
  signal: AbortSignal | undefined
}

export interface Collected {
  ended: ComparisonEnd
  failed: ComparisonBody['failed']
  /** The last thing that went wrong with each side. */
  faults: { a?: string; b?: string }
}

const MOST_MISSED = 5

/** Throws what a side was refused for, where no sample was taken before. */
export async function collect<T extends object>(options: CollectOptions<T>): Promise<Collected> {
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const collected: Collected = { ended: 'samples', failed: { a: 0, b: 0 }, faults: {} }
  let taken = 0
  let missedInARow = 0
  try {
    for await (const sample of inOrder(() => options.ask(signal), options.samples, options.parallel)) {
      if (options.signal?.aborted) return { ...collected, ended: 'stopped' }
      if (!('missed' in sample)) {
        missedInARow = 0
        taken++
        if (await options.take(sample)) return { ...collected, ended: 'level' }
        continue
      }
      const { missed, error } = sample as Missed
      collected.failed[missed]++
      collected.faults[missed] = error instanceof Error ? error.message : String(error)
      // A side that never answered will hardly begin to: whoever mistyped an address should not wait for five.
      if (taken === 0) throw error
      if (!isLasting(error) && ++missedInARow < MOST_MISSED) continue
      return { ...collected, ended: 'failures' }
    }
    return collected
  } finally {
    stop.abort()
  }
}

/** Results in the order of their beginning, `parallel` under way at a time. */
async function* inOrder<T>(work: () => Promise<T>, count: number, parallel: number): AsyncGenerator<T> {
  const underWay: Promise<T>[] = []
  for (let begun = 0; begun < count || underWay.length > 0; ) {
    while (begun < count && underWay.length < parallel) {
      underWay.push(work())
      begun++
    }
    yield await underWay.shift()!
  }
}
