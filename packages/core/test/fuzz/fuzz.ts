/**
 * Feeds a target damaged inputs and holds it to what every parser promises: errors of ours and no others, an answer within
 * a second, and no memory that stays.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { toBase64 } from '../../src/bytes.ts'
import { AnswerableError } from '../../src/error.ts'
import { damaged, randomFrom } from './mutation.ts'

export interface Target {
  name: string
  /** Good inputs. */
  seeds: readonly Uint8Array[]
  /** Reads an input, and gives what follows from it; that may throw nothing at all. */
  read(bytes: Uint8Array): (() => void) | undefined
}

export interface FuzzOptions {
  count: number
  seed: number
  /** Ends earlier. */
  seconds?: number
}

export interface FuzzResult {
  name: string
  inputs: number
  /** How many could be read. */
  read: number
  /** Milliseconds that the slowest input took. */
  slowest: number
  seconds: number
  /** Bytes of heap more after than before; nothing where it ended before it was warm. */
  grown: number
}

/** Milliseconds for one input. */
const MOST_TIME = 1000
/** Bytes that the heap may be larger by, caches included. */
const MOST_GROWTH = 48 * 1024 * 1024
/** After so many, what is compiled and cached is there. */
const WARM = 2000

export class FuzzFault extends Error {
  constructor(target: Target, index: number, seed: number, bytes: Uint8Array, what: string, cause?: unknown) {
    super(
      `${target.name}: ${what}\n  seed ${seed}, input ${index}, ${bytes.length} bytes: ${toBase64(bytes)}`,
      { cause },
    )
    this.name = 'FuzzFault'
  }
}

export function fuzz(
  target: Target,
  { count, seed, seconds = Number.POSITIVE_INFINITY }: FuzzOptions,
): FuzzResult {
  const random = randomFrom(seed)
  const started = performance.now()
  const result: FuzzResult = { name: target.name, inputs: 0, read: 0, slowest: 0, seconds: 0, grown: 0 }
  for (const bytes of target.seeds)
    if (!attempt(target, -1, seed, bytes))
      throw new FuzzFault(target, -1, seed, bytes, 'a good input is not read')
  let before: number | undefined
  for (let i = 0; i < count; i++) {
    if (i === Math.min(WARM, count >> 1)) before = heapUsed()
    const bytes = damaged(target.seeds, random)
    const begun = performance.now()
    if (attempt(target, i, seed, bytes)) result.read++
    let took = performance.now() - begun
    // The machine may have been busy elsewhere: what counts then is the time that this process had.
    if (took > MOST_TIME) {
      const used = process.cpuUsage()
      attempt(target, i, seed, bytes)
      const { user, system } = process.cpuUsage(used)
      took = (user + system) / 1000
    }
    if (took > MOST_TIME) throw new FuzzFault(target, i, seed, bytes, `it takes ${Math.round(took)} ms`)
    result.slowest = Math.max(result.slowest, took)
    result.inputs++
    if ((i & 255) === 255 && performance.now() - started > seconds * 1000) break
  }
  if (before !== undefined) result.grown = heapUsed() - before
  result.seconds = (performance.now() - started) / 1000
  if (result.grown > MOST_GROWTH)
    throw new FuzzFault(target, result.inputs, seed, new Uint8Array(0), `${result.grown} bytes of heap stay`)
  return result
}

/** Whether it could be read. */
function attempt(target: Target, index: number, seed: number, bytes: Uint8Array): boolean {
  let follow: (() => void) | undefined
  try {
    follow = target.read(bytes)
  } catch (error) {
    if (error instanceof AnswerableError) return false
    throw new FuzzFault(target, index, seed, bytes, `it throws ${error}`, error)
  }
  try {
    follow?.()
  } catch (error) {
    throw new FuzzFault(target, index, seed, bytes, `what was read makes a check throw ${error}`, error)
  }
  return true
}

let collect: (() => void) | undefined

function heapUsed(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
  return process.memoryUsage().heapUsed
}
