/** Random bytes out of a pool: a call takes seven pieces, and asking the system for each costs more than hashing. */
import { randomFillSync } from 'node:crypto'

const POOL = Buffer.allocUnsafeSlow(32 * 1024)
let used = POOL.length

/** Has `use` read `length` random bytes where they lie; they are wiped when it returns. */
export function withRandom<T>(length: number, use: (bytes: Buffer) => T): T {
  if (used + length > POOL.length) {
    randomFillSync(POOL)
    used = 0
  }
  const bytes = POOL.subarray(used, used + length)
  used += length
  try {
    return use(bytes)
  } finally {
    bytes.fill(0)
  }
}

/** `length` random bytes of their own. */
export function randomBytes(length: number): Buffer {
  return withRandom(length, bytes => Buffer.from(bytes))
}

/** `length` random bytes as base64url: a salt never needs to be anything else. */
export function randomText(length: number): string {
  return withRandom(length, bytes => bytes.toString('base64url'))
}
