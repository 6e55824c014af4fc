/** Random bytes out of a pool: a call takes seven pieces, and asking the system for each costs more than hashing. */
import { randomFillSync } from 'node:crypto'

const POOL = Buffer.allocUnsafeSlow(32 * 1024)
let used = POOL.length

/** `length` random bytes of their own. The pool keeps no copy of what it gave. */
export function randomBytes(length: number): Buffer {
  if (used + length > POOL.length) {
    randomFillSync(POOL)
    used = 0
  }
  const bytes = Buffer.allocUnsafeSlow(length)
  POOL.copy(bytes, 0, used, used + length)
  POOL.fill(0, used, used + length)
  used += length
  return bytes
}
