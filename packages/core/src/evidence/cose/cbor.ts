/**
 * CBOR (RFC 8949) as signed documents have it, read strictly: lengths in their shortest form (section 4.1) and stated
 * beforehand, no key twice, nothing that two readers could take for different values. The order of keys is left as it is,
 * since signers keep to none. Depth and counts are bounded before anything is built.
 */
import { fromUtf8 } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'

/** Integers are safe ones; there are no floats and no tags: what is tagged is unwrapped by whoever expects that. */
export type Cbor = number | string | boolean | null | Uint8Array | Cbor[] | CborMap
export type CborMap = ReadonlyMap<number | string, Cbor>

export interface CborLimits {
  maxBytes: number
  /** Arrays and maps within one another; `[]` has depth 1; 4 unless told. */
  maxDepth?: number
  /** Items of all arrays and maps together; 1,024 unless told. */
  maxItems?: number
  /** Whether the outermost item may be a map whose length is left open (section 3.2.2), as one signer writes it. */
  openMap?: boolean
}

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const
const OPEN = 31
const BREAK = 0xff

/**
 * The one item that these bytes are. Throws `too-large`, `truncated`, `trailing-bytes`, `indefinite-length`, `too-deep`,
 * `duplicate-key`, and `bad-evidence` for whatever else is not taken.
 */
export function readCbor(bytes: Uint8Array, limits: CborLimits): Cbor {
  if (bytes.length > limits.maxBytes)
    throw new AnswerableError('too-large', `CBOR: over ${limits.maxBytes} bytes`)
  const reader = new Reader(bytes, limits)
  const value = reader.item(1)
  if (reader.at !== bytes.length)
    throw new AnswerableError('trailing-bytes', `CBOR: ${bytes.length - reader.at} bytes too many`)
  return value
}

class Reader {
  at = 0
  readonly #bytes: Uint8Array
  readonly #maxDepth: number
  readonly #openMap: boolean
  #left: number

  constructor(bytes: Uint8Array, { maxDepth = 4, maxItems = 1024, openMap = false }: CborLimits) {
    this.#bytes = bytes
    this.#maxDepth = maxDepth
    this.#openMap = openMap
    this.#left = maxItems
  }

  /** Recursion ends at `maxDepth`, whatever the bytes say. */
  item(depth: number): Cbor {
    const start = this.at
    const first = this.#byte()
    const major = first >> 5
    if ((first & 31) === OPEN) {
      if (major === MAJOR.map && start === 0 && this.#openMap) return this.#map(undefined, depth)
      if (first === BREAK) throw bad('an end of what was never left open')
      if (major >= MAJOR.bytes && major <= MAJOR.map)
        throw new AnswerableError('indefinite-length', 'CBOR: a length that is left open')
      throw bad(`an item of byte 0x${first.toString(16)}`)
    }
    if (major === MAJOR.simple) return simple(first)
    const length = this.#argument(first & 31)
    switch (major) {
      case MAJOR.unsigned:
        return length
      case MAJOR.negative:
        return -1 - length
      case MAJOR.bytes:
        return this.#take(length)
      case MAJOR.text:
        return text(this.#take(length))
      case MAJOR.array:
        return this.#array(length, depth)
      case MAJOR.map:
        return this.#map(length, depth)
      default:
        throw bad(`tag ${length}, where none belongs`)
    }
  }

  #array(length: number, depth: number): Cbor[] {
    this.#enter(depth)
    const list: Cbor[] = []
    for (let i = 0; i < length; i++) {
      this.#count()
      list.push(this.item(depth + 1))
    }
    return list
  }

  #map(length: number | undefined, depth: number): CborMap {
    this.#enter(depth)
    const map = new Map<number | string, Cbor>()
    for (let i = 0; length === undefined || i < length; i++) {
      if (length === undefined && this.#bytes[this.at] === BREAK) {
        this.at++
        break
      }
      this.#count()
      const key = this.item(depth + 1)
      if (typeof key !== 'number' && typeof key !== 'string') throw bad('a key that is no integer or text')
      if (map.has(key)) throw new AnswerableError('duplicate-key', `CBOR: the key ${shownKey(key)} twice`)
      map.set(key, this.item(depth + 1))
    }
    return map
  }

  #enter(depth: number): void {
    if (depth > this.#maxDepth)
      throw new AnswerableError('too-deep', `CBOR: nested over ${this.#maxDepth} deep`)
  }

  #count(): void {
    if (--this.#left < 0) throw new AnswerableError('too-large', 'CBOR: too many items')
  }

  #byte(): number {
    const byte = this.#bytes[this.at]
    if (byte === undefined) throw new AnswerableError('truncated', 'CBOR: it ends where an item belongs')
    this.at++
    return byte
  }

  #take(length: number): Uint8Array {
    const missing = this.at + length - this.#bytes.length
    if (missing > 0) throw new AnswerableError('truncated', `CBOR: ${missing} bytes missing`)
    const taken = this.#bytes.subarray(this.at, this.at + length)
    this.at += length
    return taken
  }

  /** What follows the first byte: a value, or a length. */
  #argument(short: number): number {
    if (short < 24) return short
    if (short > 27) throw bad('an item of a reserved kind')
    const size = 2 ** (short - 24)
    let value = 0
    for (const byte of this.#take(size)) value = value * 256 + byte
    // Section 4.1: each size holds what the next smaller one does not.
    if (value < (size === 1 ? 24 : 2 ** (4 * size))) throw bad('a number longer than it need be')
    // Also as a negative, which is one further from zero.
    if (value >= Number.MAX_SAFE_INTEGER) throw bad('a number of over 2^53')
    return value
  }
}

function simple(first: number): Cbor {
  if (first === 0xf4 || first === 0xf5) return first === 0xf5
  if (first === 0xf6) return null
  throw bad('a float, or a simple value other than true, false and null')
}

function text(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes)
  } catch (cause) {
    throw new AnswerableError('bad-evidence', 'CBOR: a text that is not UTF-8', { cause })
  }
}

function shownKey(key: number | string): string {
  return typeof key === 'number' ? `${key}` : JSON.stringify(key.slice(0, 64))
}

function bad(what: string): AnswerableError {
  return new AnswerableError('bad-evidence', `CBOR: ${what}`)
}

/** The head of an item (section 3): for what is signed and not itself sent. */
export function cborHead(major: 'bytes' | 'text' | 'array', length: number): Uint8Array {
  const first = MAJOR[major] << 5
  if (length < 24) return Uint8Array.of(first | length)
  if (length < 256) return Uint8Array.of(first | 24, length)
  if (length < 65_536) return Uint8Array.of(first | 25, length >> 8, length & 255)
  return Uint8Array.of(first | 26, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255)
}
