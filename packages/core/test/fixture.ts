/** What tests everywhere take from here: a world of receipts, the log in it, and damage. */
import { concat } from '../src/bytes.ts'

export * from './test-log.ts'
export * from './world.ts'

/** A copy of `bytes` with the lowest bit of one of them changed, or any other change that `mask` says. */
export function flipped(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  const copy = concat(bytes)
  copy[at]! ^= mask
  return copy
}
