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

/** As many texts as asked for, each of `length` random bytes in base64url. */
export function randomTexts(length: number, count: number): string[] {
  // Encoded in one go: with zeros up to the next multiple of three bytes between them, each ends where a digit does.
  const stride = Math.ceil(length / 3) * 3
  const digits = Math.ceil((length * 4) / 3)
  return withRandom(stride * count, bytes => {
    for (let at = length; at < bytes.length; at += stride) bytes.fill(0, at, at + stride - length)
    const text = bytes.toString('base64url')
    const texts: string[] = []
    for (let at = 0; at < text.length; at += (stride * 4) / 3) texts.push(text.slice(at, at + digits))
    return texts
  })
}
